"""Nothing is lost: memory and descriptors are given back, on every path."""
import contextlib
import os
import subprocess
import sys

import ovnk8s

WORK = """
import os, sys
import ovnk8s

remote, turns = sys.argv[1], int(sys.argv[2])
log = lambda level, line: None

def work():
    with ovnk8s.Northbound(remote, log=log, cancel=ovnk8s.Cancel()) as nb:
        plan = ovnk8s.Plan()
        plan.add_cluster("m", "10.0.0.0/8")
        plan.add_node("n1")
        for i in range(50):
            plan.add_port("default", f"p{i}", "n1", uid="u" * 36)
        plan.add_service("default", "web", [ovnk8s.ServicePort(80, [ovnk8s.Endpoint("10.0.0.3", 80)] * 1)],
                         cluster_ips="10.96.0.1")
        plan.add_attachment(ovnk8s.Attachment("none", "h", "c"))
        try:
            plan.apply(nb)
        except ovnk8s.NotFound:
            pass
        plan = ovnk8s.Plan()
        plan.add_cluster("m", "10.0.0.0/8")
        plan.add_node("n1")
        plan.compute(nb)
        str(plan), plan.to_dict()
        applying = plan.apply_start(nb)
        applying.step()
        del applying
        plan.apply(nb)
        topology = ovnk8s.Topology.read(nb, ports=True)
        topology.nodes, topology.draw("svg")
        ovnk8s.Host("n1", "10.0.0.0/24", "10.0.0.0/8").preview()
        str(ovnk8s.Settings(nb=remote))
        subnets = ovnk8s.Subnets("10.0.0.0/24", ipv4_length=28)
        list(subnets)
        with ovnk8s.Kube("127.0.0.1:1", log=log) as kube:
            follower = kube.follow("/api/v1/pods")
            kube.step()
    for wrong in "nonsense", "unix:/nowhere":
        try:
            ovnk8s.Northbound(wrong, timeout=0.01)
        except ovnk8s.Error:
            pass

def kilobytes():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS:")).split()[1])

for _ in range(turns):
    work()
before, descriptors = kilobytes(), len(os.listdir("/proc/self/fd"))
for _ in range(turns):
    work()
print(kilobytes() - before, len(os.listdir("/proc/self/fd")) - descriptors)
"""


def test_memory_and_descriptors(database):
    """The second half of the work takes no more memory than the first: each turn uses about 200 KB that is given back."""
    told = subprocess.run([sys.executable, "-c", WORK, database.remote, "40"], capture_output=True, text=True, check=True)
    grown, descriptors = map(int, told.stdout.split())
    assert descriptors == 0
    assert grown < 2000, f"{grown} KB more after 40 turns"


def test_import_leaves_the_process_alone():
    """No thread, no signal handler, no descriptor; and what is not needed for it is not imported."""
    code = ("import os, signal, sys, threading\n"
            "def state(): return (len(os.listdir('/proc/self/fd')), threading.active_count(), "
            "[signal.getsignal(n) for n in (2, 13, 15)])\n"
            "before = state()\nimport ovnk8s\nassert state() == before, (before, state())\n"
            "print(*sorted({'asyncio', 'inspect', 'logging', 'pycparser', 'subprocess'} & set(sys.modules)))")
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert told == ""


def test_a_child_of_fork_makes_handles_of_its_own(cluster, database):
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException), ovnk8s.Northbound(database.remote) as nb:
            os.write(writer, ovnk8s.Topology.read(nb).cluster.name.encode())
        os._exit(0)
    os.close(writer)
    assert os.read(reader, 100) == b"kube-master"
    os.waitpid(child, 0)
    os.close(reader)
    assert ovnk8s.Topology.read(cluster).cluster.name == "kube-master"
