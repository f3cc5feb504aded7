"""The lab itself: its hosts are networked, keep to themselves, and leave nothing behind, however they end."""
import glob
import json
import os
import pathlib
import signal
import subprocess
import time

import pytest

from host import CommandFailed, LabError, wait_for
from sandbox import STATE, Sandbox

COMMAND = pathlib.Path(__file__).with_name("sandbox.py")
NO_NODES = ["--nodes", "0"]


def sandbox_command(*arguments, **options):
    return subprocess.run([COMMAND, *arguments], capture_output=True, text=True, timeout=60, **options)


def network_of(pid):
    return os.readlink(f"/proc/{pid}/ns/net")


def processes_in(networks):
    """All processes of the machine that are in one of these network namespaces."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if network_of(process.name) in networks:
                found.append(process.name)
        except OSError:
            pass  # it has ended meanwhile
    return found


def traces():
    """Where a sandbox could leave something in the machine."""
    return set(os.listdir("/sys/class/net")), pathlib.Path("/proc/self/mountinfo").read_text()


def test_logical_ports_on_two_hosts_ping_through_geneve(sandbox):
    central, nodes = sandbox.central, sandbox.nodes
    central.run(["ovn-nbctl", "ls-add", "switch"])
    pods = []
    for number, node in enumerate(nodes, start=1):
        port, mac, address = f"port{number}", f"0a:58:0a:01:00:0{number}", f"10.1.0.{number}"
        central.run(["ovn-nbctl", "lsp-add", "switch", port, "--", "lsp-set-addresses", port, f"{mac} {address}"])
        pod = node.netns_add(port)
        node.run(["ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "address", mac, "netns", port])
        node.run(["ip", "link", "set", port, "up"])
        pod.run(["ip", "address", "add", f"{address}/24", "dev", "eth0"])
        pod.run(["ip", "link", "set", "eth0", "up"])
        node.run(["ovs-vsctl", "add-port", "br-int", port, "--", "set", "Interface", port, f"external_ids:iface-id={port}"])
        pods.append(pod)
    central.run(["ovn-nbctl", "--wait=hv", "sync"])

    pods[0].run(["ping", "-c", "2", "-i", "0.1", "-w", "10", "10.1.0.2"])

    assert "tnl_push" in nodes[0].output(["ovs-appctl", "dpctl/dump-flows"])


def test_default_paths_are_private(sandbox):
    one, other = sandbox.nodes
    for folder in "/run", "/etc/cni/net.d", "/var/lib/cni", "/opt/cni/bin":
        one.write(f"{folder}/only-on-one", "")
        assert one.output(["ls", f"{folder}/only-on-one"])
        assert not other.path(f"{folder}/only-on-one").exists()
        assert not os.path.exists(f"{folder}/only-on-one")
    assert one.output(["hostname"]) == one.name


def test_a_failing_command_says_where_and_why(sandbox):
    with pytest.raises(CommandFailed, match="(?s)kube-minion1: ls /nowhere: exit status 2.*No such file"):
        sandbox.nodes[0].run(["ls", "/nowhere"])
    with pytest.raises(LabError, match="kube-minion1: sleep 9: not finished after 0.2 s"):
        sandbox.nodes[0].run(["sleep", "9"], timeout=0.2)


def test_commands_end_with_the_process_that_ran_them(sandbox):
    node = sandbox.nodes[0]
    command = node.popen(["sleep", "4711"])
    wait_for("sleep", lambda: "4711" in node.output(["ps", "-e", "-o", "args"]))
    command.kill()
    command.wait()
    wait_for("the end of sleep", lambda: "4711" not in node.output(["ps", "-e", "-o", "args"]))


def test_a_daemon_that_ends_is_not_waited_for(sandbox):
    daemon = sandbox.central.spawn("short", ["bash", "-c", "echo too bad"])
    with pytest.raises(LabError, match="(?s)the impossible: will not come any more.*too bad"):
        wait_for("the impossible", lambda: False, log=daemon.log, still=daemon.alive)


def test_close_leaves_nothing(tmp_path):
    before = traces()
    with Sandbox.create(nodes=1, folder=tmp_path / "lab") as sandbox:
        sandbox.nodes[0].netns_add("pod").popen(["sleep", "1000"])
        networks = {network_of(host.pid) for host in sandbox.hosts.values()}
        assert len(processes_in(networks)) > len(networks)
    assert processes_in(networks) == []
    assert traces() == before
    assert not (tmp_path / "lab").exists()


def test_an_error_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), Sandbox.create(nodes=0, folder=tmp_path / "lab") as sandbox:
        networks = {network_of(host.pid) for host in sandbox.hosts.values()}
        raise ZeroDivisionError
    assert processes_in(networks) == []
    assert not (tmp_path / "lab").exists()


@pytest.mark.parametrize("moment", ["", "wire/init.log", STATE], ids=["at once", "hosts", "cluster"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_creator_that_is_stopped_half_way_leaves_nothing_running(tmp_path, number, moment):
    """The moments are the first traces of a start, of its hosts, and of the cluster on them."""
    folder = tmp_path / "lab"
    creator = subprocess.Popen([COMMAND, "up", folder])
    wait_for("the start", (folder / moment).exists)
    creator.send_signal(number)
    assert creator.wait(timeout=20) != 0
    wait_for("the end of all hosts",
             lambda: subprocess.run(["pgrep", "-f", f"host-init [a-z0-9-]+ {folder}"]).returncode == 1)
    assert number == signal.SIGKILL or not folder.exists()


def test_down_cleans_up_after_a_killed_creator(tmp_path):
    folder = tmp_path / "lab"
    script = ("import pathlib, sandbox, sys, time\n"
              "sandbox.Sandbox.create(nodes=0, folder=pathlib.Path(sys.argv[1])).keep()\n"
              "print('kept', flush=True)\n"
              "time.sleep(1000)")
    with subprocess.Popen(["/usr/bin/python3", "-c", script, folder], cwd=COMMAND.parent, stdout=subprocess.PIPE) as creator:
        assert creator.stdout.readline() == b"kept\n"
        creator.kill()
    hosts = json.loads((folder / STATE).read_text())["hosts"].values()
    networks = {network_of(host["pid"]) for host in hosts}
    assert sandbox_command("down", folder).returncode == 0
    assert processes_in(networks) == []
    assert not folder.exists()


WORKER = """
import cluster, pathlib, sandbox, sys, time
sandbox.end_on_sigterm()
worker = cluster.Worker.start(sys.argv[1], pathlib.Path(sys.argv[2]), number=11)
try:
    worker.spawn("contained", ["bash", "-c", "cd /sys/fs/cgroup/pids 2>/dev/null || cd /sys/fs/cgroup; mkdir inner; "
                                             "echo 0 >inner/cgroup.procs; exec sleep 1000"])
    time.sleep(1000)
finally:
    worker.stop()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_control_groups_of_a_worker_end_with_its_creator(tmp_path, number):
    name = f"worker-{os.getpid()}"

    def groups(below=""):
        found = glob.glob(f"/sys/fs/cgroup/**/libovnk8s-*-{name}{below}", recursive=True)  # others may go meanwhile
        return [pathlib.Path(group) for group in found]

    with subprocess.Popen(["/usr/bin/python3", "-c", WORKER, name, tmp_path / "lab"], cwd=COMMAND.parent) as creator:
        wait_for("a process in a group", lambda: any((group / "cgroup.procs").read_text() for group in groups("/inner")))
        creator.send_signal(number)
    wait_for("the end of the control groups", lambda: not groups())


def test_command_line_with_two_sandboxes_side_by_side(tmp_path):
    folders = tmp_path / "a", tmp_path / "b"
    for folder in folders:
        assert sandbox_command("up", *NO_NODES, folder).stderr == ""
    for folder in folders:
        assert sandbox_command("exec", folder, "kube-master", "--", "ovn-nbctl", "ls-add", "same-name").returncode == 0
        assert sandbox_command("exec", folder, "kube-master", "--", "bash", "-c", "exit 7").returncode == 7
        assert "ovn-northd" in sandbox_command("status", folder).stdout
    assert sandbox_command("shell", folders[0], "kube-master", input="hostname\n").stdout == "kube-master\n"
    for folder in folders:
        assert sandbox_command("down", folder).returncode == 0
        assert sandbox_command("down", folder).stderr == f"sandbox: {folder}: no sandbox is here\n"


def test_wrong_folder_or_host_is_one_line(tmp_path, sandbox):
    assert sandbox_command("up", sandbox.folder).stderr == \
        f"sandbox: {sandbox.folder}: a sandbox wants a folder for itself, this one is not empty\n"
    assert sandbox_command("exec", sandbox.folder, "nobody", "--", "true").stderr == \
        "sandbox: nobody: no such host; there are wire, kube-master, kube-minion1, kube-minion2\n"
