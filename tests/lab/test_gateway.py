"""Gateways: pods reach the outside, which sees the gateway's address, whichever way the host is wired."""
import contextlib
import json
import re

import pytest

from host import wait_for
from outside import ADDRESSES, BEYOND, Outside, seen
from overlay import assert_refused, connect_hosts
from sandbox import in_parallel
from snapshot import snapshot
from test_northd import Network, Pod

COMMAND = "ovn-k8s-overlay: "
CLUSTER_SUBNET = "192.168.0.0/16,fd01::/48"
BRIDGE = "breth1"
WIRINGS = {"physical": ["--physical-interface=eth1"], "bridge": [f"--bridge-interface={BRIDGE}"]}


def run(host, *words, **options):
    return host.run(["ovn-k8s-overlay", *words], **options)


def json_of(host, *words, **options):
    return json.loads(run(host, *words, "--format=json", **options).stdout)


def address_of(node, family: int) -> str:
    """The gateway's, outside."""
    return f"10.33.74.{node.number}" if family == 4 else f"fd33::{node.number}"


def gateway_words(node, wiring: str) -> list[str]:
    return ["gateway-init", f"--cluster-ip-subnet={CLUSTER_SUBNET}", f"--node-name={node.name}", *WIRINGS[wiring],
            f"--physical-ip={address_of(node, 4)}/24", f"--physical-ip={address_of(node, 6)}/64",
            f"--default-gw={ADDRESSES[4]}", f"--default-gw={ADDRESSES[6]}"]


@pytest.fixture(scope="module")
def overlay(sandbox):
    """The sandbox with nodes of both families."""
    connect_hosts(sandbox)
    run(sandbox.central, "master-init", f"--cluster-ip-subnet={CLUSTER_SUBNET}", f"--node-name={sandbox.central.name}")
    for node in sandbox.nodes:
        run(node, "minion-init", f"--cluster-ip-subnet={CLUSTER_SUBNET}", f"--node-name={node.name}")
    return sandbox


@pytest.fixture(scope="module")
def outside(overlay):
    """The outside, with both nodes plugged in."""
    host = Outside.start("outside", overlay.folder / "outside")
    host.lay()
    for node in overlay.nodes:
        host.plug(node)
    yield host
    host.stop()


@pytest.fixture(scope="module")
def network(overlay):
    return Network(overlay)


@pytest.fixture(scope="module")
def pods(overlay, network, outside):
    """One on each node."""
    names = ["web", "db"]
    plan = network.do(*(("port_add", name, node.name) for name, node in zip(names, overlay.nodes)))
    return [Pod(network, name, node, plan) for name, node in zip(names, overlay.nodes)]


@contextlib.contextmanager
def bridge(node):
    """A bridge with eth1 in it, as nics-to-bridge makes it."""
    node.run(["ip", "link", "set", "eth1", "up"])
    mac = node.path("/sys/class/net/eth1/address").read_text().strip()
    node.run(["ovs-vsctl", "add-br", BRIDGE, "--", "add-port", BRIDGE, "eth1", "--",
              "set", "Bridge", BRIDGE, "datapath_type=netdev", "fail_mode=standalone", f"other_config:hwaddr={mac}"])
    # The host has the gateway's MAC, and no helper here keeps their packets apart: what it sent would draw answers to it.
    node.run(["sysctl", "-qw", f"net.ipv6.conf.{BRIDGE}.disable_ipv6=1"])
    node.run(["ip", "link", "set", BRIDGE, "up"])
    try:
        yield
    finally:
        node.run(["ovs-vsctl", "del-br", BRIDGE])


@contextlib.contextmanager
def gateway(node, wiring: str, *words):
    with bridge(node) if wiring == "bridge" else contextlib.nullcontext():
        run(node, *gateway_words(node, wiring), *words, "--wait=hv")
        try:
            yield
        finally:
            run(node, "gateway-del", node.name, "--wait=hv")


def assert_reaches(pod, gateways):
    """All addresses beyond are reached, and it is these gateways that are seen there."""
    for family, beyond in BEYOND.items():
        wait_for(f"{pod.name} to reach {beyond}", lambda: pod.netns.run(
            ["ping", "-c", "1", "-W", "1", beyond], check=False).returncode == 0)
        expected = {address_of(node, family) for node in gateways}
        assert set(seen(pod, family, 40 if len(gateways) > 1 else 3)) == expected


def northbound(overlay, *words) -> str:
    return overlay.central.output(["ovn-nbctl", *words])


def interface(node, name: str) -> dict:
    out = json.loads(node.output(["ovs-vsctl", "--format=json", "--columns=type,external_ids,options,ofport", "find",
                                  "Interface", f"name={name}"]))
    assert len(out["data"]) == 1
    return {heading: dict(value[1]) if isinstance(value, list) and value[0] == "map" else value
            for heading, value in zip(out["headings"], out["data"][0])}


# --- Packets

@pytest.mark.parametrize("wiring", WIRINGS)
def test_pods_reach_the_outside(overlay, pods, network, wiring):
    node = overlay.nodes[0]
    network.complaints()
    with gateway(node, wiring):
        for pod in pods:
            assert_reaches(pod, [node])
        assert network.complaints() == []
        assert run(overlay.central, "check").returncode == 0
    assert pods[0].netns.run(["ping", "-c", "1", "-W", "1", BEYOND[4]], check=False).returncode != 0


def test_an_interface_of_its_own(overlay, pods):
    node = overlay.nodes[0]
    node.run(["ip", "-batch", "-"], input=f"address add {address_of(node, 4)}/24 dev eth1\n"
                                          f"address add {address_of(node, 6)}/64 dev eth1 nodad\nlink set eth1 down\n")
    with gateway(node, "physical"):
        [link] = json.loads(node.output(["ip", "-json", "address", "show", "dev", "eth1"]))
        assert link["addr_info"] == []
        assert "UP" in link["flags"]
        assert interface(node, "eth1")["external_ids"]["iface-id"] == f"eth1_{node.name}"
        assert node.output(["ovs-vsctl", "iface-to-br", "eth1"]) == "br-int"
        assert_reaches(pods[1], [node])
    assert "eth1" not in node.output(["ovs-vsctl", "list-ifaces", "br-int"]).split()


def test_a_bridge(overlay, outside):
    node = overlay.nodes[0]
    ends = f"k8s-patch-br-int-{BRIDGE}", f"k8s-patch-{BRIDGE}-br-int"
    with gateway(node, "bridge"):
        assert interface(node, ends[0])["external_ids"]["iface-id"] == f"{BRIDGE}_{node.name}"
        for i, name in enumerate(("br-int", BRIDGE)):
            assert node.output(["ovs-vsctl", "iface-to-br", ends[i]]) == name
            assert interface(node, ends[i])["options"] == {"peer": ends[1 - i]}
        mac = node.path(f"/sys/class/net/{BRIDGE}/address").read_text().strip()
        assert node.output(["ovs-vsctl", "get", "Bridge", BRIDGE, "other_config:hwaddr"]) == f'"{mac}"'
        assert mac in northbound(overlay, "get", "Logical_Router_Port", f"rtoe-GR_{node.name}", "mac")
        run(node, "gateway-del", node.name)
        assert "k8s-patch" not in node.output(["ovs-vsctl", "show"])


def test_two_gateways_share_the_traffic(overlay, pods):
    first, second = overlay.nodes
    with gateway(first, "physical"), gateway(second, "bridge"):
        for pod in pods:
            assert_reaches(pod, [first, second])
        status = json_of(overlay.central, "status")
        assert [(gw["node"], gw["first"]) for gw in status["gateways"]] == [(first.name, True), (second.name, False)]
        run(first, "gateway-del", first.name, "--wait=hv")
        for pod in pods:
            assert_reaches(pod, [second])
        assert [(gw["node"], gw["first"]) for gw in json_of(overlay.central, "status")["gateways"]] == [(second.name, True)]
        assert run(overlay.central, "check").returncode == 0


def test_a_single_default(overlay, pods):
    first, second = overlay.nodes
    with gateway(first, "physical"), gateway(second, "physical", "--single-default"):
        assert_reaches(pods[1], [first])
        run(first, "gateway-del", first.name, "--wait=hv")
        assert_reaches(pods[1], [second])


def test_rampout_subnets_leave_by_their_gateway(overlay, pods):
    first, second = overlay.nodes
    subnets = json_of(overlay.central, "topology")["nodes"]
    own = next(node["subnet"] for node in subnets if node["name"] == first.name)
    with gateway(first, "physical"), gateway(second, "physical", "--single-default", f"--rampout-ip-subnets={own}"):
        assert_reaches(pods[0], [second])
        assert_reaches(pods[1], [first])
        run(second, *gateway_words(second, "physical"), "--single-default", "--wait=hv")
        assert_reaches(pods[0], [first])


def test_a_repair_brings_a_gateway_back(overlay, pods):
    node = overlay.nodes[0]
    with gateway(node, "physical"):
        northbound(overlay, "--wait=hv", "lr-del", f"GR_{node.name}")
        assert run(overlay.central, "check", check=False).returncode == 3
        run(overlay.central, "repair", "--wait=hv")
        assert_reaches(pods[0], [node])


# --- Once more, and dryly

@pytest.mark.parametrize("wiring", WIRINGS)
def test_init_again_plans_nothing(overlay, outside, wiring):
    node = overlay.nodes[0]
    with gateway(node, wiring):
        before = snapshot(overlay)
        for mode in ["--dry-run"], ["--verbose"]:
            told = json_of(node, *gateway_words(node, wiring), *mode)
            assert told["node"] == node.name
            assert told["changes"] == told["host"]["changes"] == told["host"]["kernel"] == []
        assert "(0 rows" in run(node, *gateway_words(node, wiring)).stdout
        assert snapshot(overlay) == before
    assert "(0 rows" in run(node, "gateway-del", node.name).stdout


@pytest.mark.parametrize("wiring", WIRINGS)
def test_a_dry_run_tells_what_is_done(overlay, outside, wiring):
    node = overlay.nodes[0]
    node.run(["ip", "address", "replace", f"{address_of(node, 4)}/24", "dev", "eth1"])
    changes = lambda text: [line for line in text.splitlines() if re.match(r"[-+~] ", line)]  # noqa: E731
    with bridge(node) if wiring == "bridge" else contextlib.nullcontext():
        for words in gateway_words(node, wiring), ["gateway-del", node.name]:
            before = snapshot(overlay)
            foretold = run(node, *words, "--dry-run").stdout
            assert snapshot(overlay) == before
            assert changes(run(node, *words, "--verbose").stdout) == changes(foretold) != []
            assert ('- address 10.33.74.11/24 of link "eth1"' in foretold) == (wiring + words[0] == "physicalgateway-init")
    node.run(["ip", "address", "flush", "dev", "eth1"])


def test_the_wiring_can_be_changed(overlay, pods):
    node = overlay.nodes[0]
    with gateway(node, "physical"):
        node.run(["ovs-vsctl", "add-br", BRIDGE, "--", "set", "Bridge", BRIDGE, "datapath_type=netdev"])
        run(node, *gateway_words(node, "bridge"))
        assert "eth1" not in node.output(["ovs-vsctl", "list-ifaces", "br-int"]).split()
        assert northbound(overlay, "--bare", "--columns=name", "find", "Logical_Switch_Port",
                          f"name=eth1_{node.name}") == ""
        run(node, *gateway_words(node, "physical"), "--wait=hv")
        assert "k8s-patch" not in node.output(["ovs-vsctl", "show"])
        node.run(["ovs-vsctl", "del-br", BRIDGE])
        assert_reaches(pods[0], [node])


def test_logical_only(overlay, outside):
    name = overlay.central.name
    words = ["gateway-init", f"--node-name={name}", "--physical-interface=eth9", "--physical-ip=10.9.9.9/24", "--logical-only"]
    told = run(overlay.central, *words, "--chassis=c9", "--mac=02:00:00:00:00:09").stdout
    assert told.startswith(f"gateway {name}: added (")
    assert f"eth9_{name}" in northbound(overlay, "show", f"ext_{name}")
    run(overlay.central, "gateway-del", name, "--logical-only")
    assert_refused(run(overlay.central, *words, "--mac=02:00:00:00:00:09", check=False), COMMAND, "--chassis", status=2)


# --- Bad input

BAD = {
    "no-such-interface": (["--physical-interface=eth7"], ["eth7"]),
    "in-another-bridge": (["--physical-interface=eth0"], ["eth0", "br-phy"]),
    "a-bridge-as-interface": (["--physical-interface=br-phy"], ["br-phy", "bridge"]),
    "loopback": (["--physical-interface=lo"], ["lo", "loopback"]),
    "management-port": (["--physical-interface=k8s-kube-minion"], ["k8s-kube-minion", "br-int"]),
    "no-such-bridge": (["--bridge-interface=breth7"], ["breth7"]),
    "no-ovs-bridge": (["--bridge-interface=eth1"], ["eth1", "no bridge"]),
    "integration-bridge": (["--bridge-interface=br-int"], ["br-int"]),
    "no-name": (["--bridge-interface=a/b"], ["a/b"]),
}


@pytest.mark.parametrize("words, expected", BAD.values(), ids=BAD.keys())
def test_bad_interfaces(overlay, outside, unchanged, words, expected):
    node = overlay.nodes[0]
    common = [word for word in gateway_words(node, "physical") if "interface" not in word]
    for mode in [], ["--dry-run"]:
        assert_refused(run(node, *common, *words, *mode, check=False), COMMAND, node.name, *expected)


VALUES = {
    "default-gw": (["--default-gw=10.33.75.1"], ["10.33.75.1"]),
    "default-gw-itself": (["--default-gw=10.33.74.5"], ["10.33.74.5"]),
    "default-gw-family": (["--default-gw=fd33::1"], ["fd33::1"]),
    "physical-ip": (["--physical-ip=10.33.74.6/24"], ["10.33.74.5/24,10.33.74.6/24"]),
    "rampout": (["--rampout-ip-subnets=192.168.1.1/24"], ["192.168.1.1/24"]),
    "node": (["--node-name=nobody"], ["nobody", "no such node"]),
    "cluster": (["--cluster-ip-subnet=10.0.0.0/8"], ["192.168.0.0/16", "10.0.0.0/8"]),
    "owner": (["--owner=other"], ["no cluster"]),
}


@pytest.mark.parametrize("words, expected", VALUES.values(), ids=VALUES.keys())
def test_bad_values(overlay, outside, unchanged, words, expected):
    node = overlay.nodes[0]
    common = ["gateway-init", f"--node-name={node.name}", "--physical-interface=eth1", "--physical-ip=10.33.74.5/24"]
    for mode in [], ["--dry-run"]:
        assert_refused(run(node, *common, *words, *mode, check=False), COMMAND, *expected)


@pytest.mark.parametrize("words, expected", [
    ([], ["either --physical-interface or --bridge-interface"]),
    (["--physical-interface=eth1", "--bridge-interface=br"], ["either --physical-interface or --bridge-interface"]),
    (["--physical-interface=eth1"], ["--physical-ip is missing"]),
    (["--physical-interface=eth1", "--physical-ip=10.0.0.1/24"], ["--node-name is missing"]),
    (["--physical-interface=eth1", "--physical-ip=10.0.0.1/24", "--node-name=n", "--chassis=c"], ["--logical-only"]),
    (["--mtu=1400"], ["--mtu does not go with gateway-init"])])
def test_usage(overlay, unchanged, words, expected):
    assert_refused(run(overlay.nodes[0], "gateway-init", *words, check=False), COMMAND, *expected, status=2)


def test_gateways_of_others_that_are_in_the_way(overlay, outside):
    node = overlay.nodes[0]
    northbound(overlay, "lr-add", f"GR_{node.name}")
    before = snapshot(overlay)
    for mode in [], ["--dry-run"]:
        assert_refused(run(node, *gateway_words(node, "physical"), *mode, check=False), COMMAND, f"GR_{node.name}",
                       "belongs to somebody else")
    assert snapshot(overlay) == before
    northbound(overlay, "lr-del", f"GR_{node.name}")


@contextlib.contextmanager
def link_state(node, make: str, undo: str):
    node.run(["ip", "-batch", "-"], input=make)
    yield
    node.run(["ip", "-batch", "-"], input=undo)


ADDRESS = "link set eth1 up\naddress add 10.33.0.1/24 dev eth1\n", "address del 10.33.0.1/24 dev eth1\n"
STATES = {
    "bond": ("link add bond9 type bond\nlink set eth1 down\nlink set eth1 master bond9\n",
             "link set eth1 nomaster\nlink del bond9\n", ["eth1", "enslaved", "bond9"]),
    "linux-bridge": ("link add lbr9 type bridge\nlink set eth1 master lbr9\n", "link set eth1 nomaster\nlink del lbr9\n",
                     ["eth1", "enslaved", "lbr9"]),
    "other-network": (*ADDRESS, ["10.33.74.11/24", "eth1", "10.33.0.1/24"]),
}


@pytest.mark.parametrize("make, undo, expected", STATES.values(), ids=STATES.keys())
def test_an_interface_in_a_bad_state(overlay, outside, make, undo, expected):
    node = overlay.nodes[0]
    if "bond" in make and node.run(["ip", "link", "add", "bond8", "type", "bond"], check=False).returncode:
        pytest.skip("this kernel has no bonds")
    with link_state(node, make, undo):
        before = snapshot(overlay)
        for mode in [], ["--dry-run"]:
            assert_refused(run(node, *gateway_words(node, "physical"), *mode, check=False), COMMAND, *expected)
        assert snapshot(overlay) == before
    node.run(["ip", "link", "del", "bond8"], check=False)


def test_a_bridge_in_another_network(overlay, outside):
    node = overlay.nodes[0]
    with bridge(node):
        node.run(["ip", "address", "add", "10.33.0.1/24", "dev", BRIDGE])
        before = snapshot(overlay)
        assert_refused(run(node, *gateway_words(node, "bridge"), check=False), COMMAND, "10.33.74.11/24", BRIDGE, "10.33.0.1/24")
        node.run(["ip", "address", "add", f"{address_of(node, 4)}/24", "dev", BRIDGE])
        run(node, *gateway_words(node, "bridge"), "--dry-run")
        node.run(["ip", "address", "del", f"{address_of(node, 4)}/24", "dev", BRIDGE])
        assert snapshot(overlay) == before


def test_a_bridge_of_another_datapath(overlay, outside):
    node = overlay.nodes[0]
    node.run(["ovs-vsctl", "--no-wait", "add-br", "breth5", "--", "set", "Bridge", "breth5", "datapath_type=dummy"])
    node.run(["ip", "link", "add", "breth5", "type", "dummy"], check=False)
    refused = run(node, *[word.replace(BRIDGE, "breth5") for word in gateway_words(node, "bridge")], check=False)
    node.run(["ovs-vsctl", "del-br", "breth5"])
    node.run(["ip", "link", "del", "breth5"], check=False)
    assert_refused(refused, COMMAND, "breth5", "dummy", "netdev")


def test_the_address_of_tunnels_is_not_taken_away(overlay, outside):
    node = overlay.nodes[0]
    with link_state(node, f"address add {node.address}/32 dev eth1\n", f"address del {node.address}/32 dev eth1\n"):
        before = snapshot(overlay)
        assert_refused(run(node, *gateway_words(node, "physical"), check=False), COMMAND, "eth1", node.address, "ovn-encap-ip")
        assert snapshot(overlay) == before


def test_there_is_no_system_id(overlay, outside, unchanged):
    node = overlay.nodes[0]
    node.run(["bash", "-euc", """
        ovsdb-tool create /run/other.db /usr/share/openvswitch/vswitch.ovsschema
        ovsdb-server /run/other.db --detach --no-chdir --pidfile=/run/other.pid --unixctl=/run/other.ctl \\
            --log-file=/var/log/lab/other.log --remote=punix:/run/other.sock -vconsole:off
        ovs-vsctl --db=unix:/run/other.sock --no-wait init"""])
    words = [*gateway_words(node, "physical"), "--ovs=unix:/run/other.sock", f"--nb={overlay.central.northbound}"]
    refused = run(node, *words, check=False)
    node.run(["ovs-appctl", "-t", "/run/other.ctl", "exit"])
    assert_refused(refused, COMMAND, "system-id")


def test_others_do_not_suffer(overlay, pods):
    """What happens to gateways is nothing to pods that talk to each other."""
    web, db = pods
    with gateway(overlay.nodes[0], "physical"):
        assert web.reaches(db)
    in_parallel(lambda: web.reaches(db), lambda: db.reaches(web))
