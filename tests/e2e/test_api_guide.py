"""The programs of docs/api-guide.md: each is compiled, and run on a host of a cluster, in the order of the page."""
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from host import BUILT
from overlay import Pod

ROOT = Path(__file__).resolve().parents[2]
LIB = Path(os.environ.get("OVNK8S_BIN", BUILT)).resolve().parent / "lib"
BLOCK = re.compile(r"^```c run=(\S+)\n(.*?)^```$", re.M | re.S)
NODE, LOCAL = "kube-minion1", "unix:/run/ovn/ovnnb_db.sock"


@pytest.fixture(scope="module")
def guide(cluster, tmp_path_factory):
    """Runs a program of the guide by its name, on the central host unless another one is given."""
    folder = tmp_path_factory.mktemp("guide")
    programs = dict(BLOCK.findall((ROOT / "docs/api-guide.md").read_text()))
    for name, text in programs.items():
        (folder / f"{name}.c").write_text(text)
        subprocess.run(["cc", "-std=gnu17", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/include", f"-L{LIB}", f"-Wl,-rpath,{LIB}",
                        "-pthread", folder / f"{name}.c", "-o", folder / name, "-lovnk8s"], check=True)

    def run(name, *arguments, host=cluster.central, **options):
        return host.run([folder / name, *arguments], **options)
    run.programs = programs
    run.folder = folder
    return run


def test_every_program_is_run(guide):
    text = Path(__file__).read_text()
    assert guide.programs and [name for name in guide.programs if f'"{name}"' not in text] == []


def test_network(guide):
    assert guide("network", LOCAL, NODE).stdout == f"{NODE} has 192.168.0.0/24: 14 changes\n"
    assert guide("network", LOCAL, NODE).stdout == f"{NODE} has 192.168.0.0/24: 0 changes\n"


def test_ports(guide, cluster):
    assert guide("ports", LOCAL, NODE, "200").stdout == "202 changes, pod-0 is 192.168.0.3/24\n"
    refused = guide("ports", LOCAL, NODE, "500", check=False)
    assert refused.returncode == 1 and "all 252 addresses for pods are taken" in refused.stderr
    ports = cluster.central.output(["ovn-nbctl", "--bare", "--columns=name", "find", "Logical_Switch_Port",
                                    "external_ids:namespace=guide"])
    assert len(ports.split()) == 200
    assert guide("ports", LOCAL, NODE, "0").returncode == 0


def test_plug(guide, cluster):
    node = cluster.nodes[0]
    with_address = node.netns_add("guided")
    guide("plug", cluster.central.northbound, NODE, "hand", with_address.path, host=node)
    assert "192.168.0.250/24" in with_address.run(["ip", "address", "show", "eth0"]).stdout
    with_address.run(["ping", "-c", "1", "-w", "10", "192.168.0.1"])  # The cluster's router.


def test_gateway(guide, cluster):
    node = cluster.nodes[0]
    guide("gateway", cluster.central.northbound, NODE, "br-phy", f"{node.address}/24", host=node)
    assert "GR_kube-minion1" in cluster.central.output(["ovn-nbctl", "lr-list"])
    assert "k8s-patch-br-phy-br-int" in node.output(["ovs-vsctl", "list-ports", "br-phy"])


def test_service(guide, cluster):
    guide("service", LOCAL, "192.168.0.3")
    assert guide("service", LOCAL, "192.168.0.3", "192.168.0.4").stdout == "1 changes\n"
    assert guide("service", LOCAL, "192.168.0.3", "192.168.0.4").stdout == "0 changes\n"
    assert "192.168.0.4:8080" in cluster.central.output(["ovn-nbctl", "lb-list"])


def test_watcher(guide, cluster):
    pods = [Pod(cluster, name, cluster.nodes[0]) for name in ("red", "blue")]
    assert guide("watcher", LOCAL, "/etc/kubernetes/kubeconfig", "2").stdout == "2 pods, 2 ports\n"
    assert all(pod.annotation() for pod in pods)


def test_errors(guide):
    told = guide("errors", LOCAL, NODE, "192.168.7.0/24", check=False)
    assert told.returncode == 1 and told.stdout.startswith("EXISTS, stage plan: ")
    assert "the node has subnet 192.168.0.0/24, not 192.168.7.0/24" in told.stdout
    assert "somebody has to decide" in told.stdout
    assert "this will fail again" in guide("errors", LOCAL, NODE, "none", check=False).stdout


def test_cancel(guide):
    assert guide("cancel", LOCAL).stdout == "connecting\nconnected\n"
    with socket.create_server(("127.0.0.1", 0)) as silent:  # Takes connections, and says nothing.
        with subprocess.Popen([guide.folder / "cancel", f"tcp:127.0.0.1:{silent.getsockname()[1]}"], stdout=subprocess.PIPE,
                              text=True) as process:
            assert process.stdout.readline() == "connecting\n"
            silent.accept()
            process.send_signal(signal.SIGINT)
            assert process.stdout.read() == "CANCELLED\n"
    assert process.returncode == 1


def test_threads(guide):
    lines = [line.split() for line in guide("threads", LOCAL, NODE).stdout.splitlines()]
    assert len(lines) == 8 and len({address for _, address in lines}) == 8
    assert all(address.startswith("192.168.0.") for _, address in lines)
