"""The CNI plugin first in a list, with Debian's tuning, portmap and bandwidth plugins behind it."""
import json
import subprocess

import pytest

from host import wait_for
from overlay import Pod, Watcher, cni_input, set_up_overlay
from snapshot import differences, snapshot

FOLDER = "/etc/chain"
NETWORK = "chained"
HOST_PORT = 8080

# All that is found on PATH: where there is an ip6tables, CHECK of Debian's portmap seeks rules of IPv4 in it, in vain.
TOOLS = "/run/tools"

BEHIND = [{"type": "tuning", "mtu": 1300, "sysctl": {"net.core.somaxconn": "500"}},
          {"type": "portmap", "capabilities": {"portMappings": True}},
          {"type": "bandwidth", "capabilities": {"bandwidth": True}}]
LIMIT = {"ingressRate": 80_000_000, "ingressBurst": 8_000_000, "egressRate": 80_000_000, "egressBurst": 8_000_000}
WISHES = {"portMappings": [{"hostPort": HOST_PORT, "containerPort": 80, "protocol": "tcp"}], "bandwidth": LIMIT}


@pytest.fixture(scope="module")
def overlay(cluster):
    """One host is prepared for ports of pods: answers to what comes from outside go back by way of the host."""
    set_up_overlay(cluster)
    node = cluster.nodes[0]
    node.run(["bash", "-c", f'mkdir {TOOLS} && ln -s "$(type -P iptables)" "$(type -P cnitool)" {TOOLS}'])
    node.run(["sysctl", "-w", "net.ipv4.ip_forward=1"])
    node.run(["iptables", "-t", "nat", "-A", "POSTROUTING", "-o", "k8s-kube-minion", "!", "-s", "192.168.0.0/16",
              "-j", "MASQUERADE"])
    return cluster


class Chained:
    """A pod on the list's network."""

    def __init__(self, pod):
        self.pod = pod

    def call(self, verb, **options):
        return self.pod.cni(verb, ["env", f"PATH={TOOLS}"], NETWORK, {
            "CNI_PATH": "/opt/cni/bin:/usr/lib/cni", "NETCONFPATH": FOLDER, "CAP_ARGS": json.dumps(WISHES)}, **options)

    def add(self) -> dict:
        return json.loads(self.call("add").stdout)

    def complaint(self) -> str:
        """What CHECK says."""
        result = self.call("check", check=False)
        assert result.returncode != 0
        return result.stderr


@pytest.fixture(scope="module")
def chained(overlay):
    """A pod that was on the network once: what the other plugins make on first use and keep is there."""
    node = overlay.nodes[0]
    plugin = {key: value for key, value in cni_input(node).items() if key not in ("cniVersion", "name", "capabilities")}
    node.write(f"{FOLDER}/10-chained.conflist", json.dumps(
        {"cniVersion": "1.0.0", "name": NETWORK, "plugins": [plugin, *BEHIND]}))
    with Watcher(overlay.central):
        pod = Pod(overlay, "chained", node)
        pod.wait_for_annotation()
    chained = Chained(pod)
    chained.add()
    chained.call("del")
    return chained


@pytest.fixture(autouse=True)
def nothing_left(overlay, chained):
    """DEL, which may be repeated, leaves nothing of any plugin."""
    before = snapshot(overlay)
    yield
    for _ in range(2):
        assert chained.call("del").stdout == ""
    assert differences(before, snapshot(overlay)) == []


def test_what_each_plugin_adds(chained):
    result = chained.add()
    names = [interface["name"] for interface in result["interfaces"]]
    assert names[:2] == [chained.pod.interface("name"), "eth0"] and names[2].startswith("bwp")
    assert [ip["interface"] for ip in result["ips"]] == [1]
    assert chained.pod.netns.run(["cat", "/proc/sys/net/core/somaxconn"]).stdout.strip() == "500"
    link, = json.loads(chained.pod.netns.run(["ip", "-json", "link", "show", "eth0"]).stdout)
    assert link["mtu"] == 1300
    queues = json.loads(chained.pod.node.output(["tc", "-json", "qdisc", "show", "dev", names[0]]))
    assert {"tbf", "ingress"} <= {queue["kind"] for queue in queues}
    chained.pod.ping("192.168.3.2")


def test_the_host_port_leads_to_the_pod(overlay, chained):
    chained.add()
    pod, node = chained.pod, chained.pod.node
    with pod.netns.popen(["busybox", "nc", "-ll", "-p", "80", "-e", "echo", pod.name], stdin=subprocess.DEVNULL) as server:
        wait_for("the server", lambda: ":80" in pod.netns.run(["ss", "-Hltn"]).stdout)
        for host in [node, *overlay.nodes[1:], overlay.central]:
            assert host.output(["nc", "-w", "10", node.address, str(HOST_PORT)], stdin=subprocess.DEVNULL) == pod.name
        server.terminate()


@pytest.mark.parametrize("damage, word", [
    (["ip", "address", "flush", "dev", "eth0"], "eth0"),
    (["sysctl", "-w", "net.core.somaxconn=501"], "somaxconn")], ids=["ours", "tuning"])
def test_check_of_the_list(chained, damage, word):
    chained.add()
    assert chained.call("check").stdout == ""
    chained.pod.netns.run(damage)
    assert word in chained.complaint()
