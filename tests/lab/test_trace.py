"""ovn-k8s-util trace: its verdict agrees with packets, and names what somebody has broken."""
import contextlib
import json

import pytest

from host import wait_for
from outside import ADDRESSES, BEYOND, Outside
from library import Plan
from overlay import assert_refused, connect_hosts
from sandbox import in_parallel
from test_northd import Network, Pod

CLUSTER_SUBNET = "192.168.0.0/16"


def trace(host, *words, **options):
    return host.run(["ovn-k8s-util", "trace", *words], check=False, **options)


def verdict(host, *words) -> tuple[bool, str | None]:
    """Whether it is reachable, and the table and name of what is in the way."""
    result = trace(host, *words, "--format=json")
    told = json.loads(result.stdout)
    assert result.returncode == (0 if told["reachable"] else 3), result
    assert result.stderr == ""
    broken = told["broken"]
    assert (broken is None) == told["reachable"]
    assert [hop for hop in told["hops"] if not hop["ok"]] == ([broken] if broken else [])
    return told["reachable"], f"{broken['table']} {broken['object']}" if broken else None


@pytest.fixture(scope="module")
def overlay(sandbox):
    """The network on the hosts, with a gateway on the first node."""
    connect_hosts(sandbox)
    sandbox.central.run(["ovn-k8s-overlay", "master-init", f"--cluster-ip-subnet={CLUSTER_SUBNET}",
                         f"--node-name={sandbox.central.name}"])
    for node in sandbox.nodes:
        node.run(["ovn-k8s-overlay", "minion-init", f"--cluster-ip-subnet={CLUSTER_SUBNET}", f"--node-name={node.name}"])
    outside = Outside.start("outside", sandbox.folder / "outside")
    outside.lay()
    outside.plug(sandbox.nodes[0])
    node = sandbox.nodes[0]
    node.run(["ovn-k8s-overlay", "gateway-init", f"--cluster-ip-subnet={CLUSTER_SUBNET}", f"--node-name={node.name}",
              "--physical-interface=eth1", f"--physical-ip=10.33.74.{node.number}/24", f"--default-gw={ADDRESSES[4]}"])
    yield sandbox
    outside.stop()


@pytest.fixture(scope="module")
def network(overlay):
    return Network(overlay)


@pytest.fixture(scope="module")
def pods(network):
    names = [node.name for node in network.sandbox.nodes]
    plan = network.do(("port_add", "web", names[0]), ("port_add", "db", names[1]), ("port_add", "cache", names[0]))
    pods = [Pod(network, name, node, plan)
            for name, node in zip(("web", "db", "cache"), (*network.sandbox.nodes, network.sandbox.nodes[0]))]
    network.nbctl("--wait=hv", "sync")
    yield pods
    in_parallel(*(pod.unplug for pod in pods))


def pings(pod, address, wait=1) -> bool:
    return pod.netns.run(["ping", "-c", "1", "-i", "0.1", "-w", str(wait), address], check=False).returncode == 0


def assert_all_is_well(pods):
    """Packets and verdicts, from everywhere."""
    web, db, cache = pods
    for host in [web.network.central, *web.network.sandbox.nodes]:
        for source, words, target in ((web, "default/db", db.addresses[0]), (db, db.name and "default/web", web.addresses[0]),
                                      (web, "default/cache", cache.addresses[0]), (db, "outside", BEYOND[4])):
            wait_for(f"{source.name} to reach {target}", lambda: pings(source, target))
            wait_for(f"{host.name} to find {words} reachable from {source.name}",
                     lambda: verdict(host, f"default/{source.name}", words) == (True, None))


def test_a_healthy_network(pods):
    assert_all_is_well(pods)
    web, db, _ = pods
    node = web.node
    assert verdict(node, f"node/{node.name}", "default/db") == (True, None)
    assert verdict(node, "default/db", f"node/{node.name}") == (True, None)
    assert verdict(node, "default/db", BEYOND[4]) == (True, None)
    assert verdict(node, "outside", "default/db") == (True, None)
    assert verdict(node, web.addresses[0], db.addresses[0]) == (True, None)
    text = trace(node, "default/web", "default/db").stdout.splitlines()
    assert text[-1] == "reachable"
    assert all(line.startswith("ok   ") for line in text[:-1])
    for table in "Logical_Switch_Port", "Port_Binding", "Interface", "Logical_Router_Port":
        assert any(f" {table} " in line for line in text)


@pytest.mark.parametrize("words, complaint", [
    ([], "SRC is missing"), (["default/web"], "DST is missing"), (["web", "default/db"], "expected NAMESPACE/POD"),
    (["default/web", "default/db", "http"], 'port "http"'), (["svc/default/web", "default/db"], "sends nothing"),
    (["default/web", "default/db", "80", "81"], 'unexpected argument "81"'),
    (["default/web", "default/db", "--dry-run"], "do not go with trace")])
def test_wrong_usage(overlay, words, complaint):
    assert_refused(trace(overlay.nodes[0], *words), complaint, status=2)


def test_a_database_that_is_not_there(overlay):
    assert_refused(trace(overlay.nodes[0], "default/web", "default/db", "--nb=tcp:127.0.0.1:1", "--timeout=5"),
                   "connecting to OVN_Northbound at tcp:127.0.0.1:1")


def test_what_never_was(overlay):
    assert verdict(overlay.nodes[0], "default/none", "default/db") == (False, "Logical_Switch_Port default_none")
    assert verdict(overlay.nodes[0], "default/db", "svc/default/none") == (False, "Load_Balancer svc/default/none")


# --- Damage to the Northbound database: what is done to it, from where to where packets go then, and what is named

DAMAGE = {
    "port": (["lsp-del", "default_db"], "db", "Logical_Switch_Port default_db"),
    "addresses": (["lsp-set-addresses", "default_db", "0a:00:00:00:00:99 192.168.2.99"], "db",
                  "Logical_Switch_Port default_db"),
    "senseless-addresses": (["lsp-set-addresses", "default_db", "0a:00:00:00:00:99 10.9.9.9"], "db",
                            "Logical_Switch_Port default_db"),
    "port-security": (["lsp-set-port-security", "default_web", "0a:00:00:00:00:99 192.168.1.99"], "db",
                      "Logical_Switch_Port default_web"),
    "disabled": (["lsp-set-enabled", "default_db", "disabled"], "db", "Logical_Switch_Port default_db"),
    "switch": (["ls-del", "kube-minion2"], "db", "Logical_Switch_Port default_db"),
    "router-port": (["lrp-del", "rtos-kube-minion2"], "db", "Logical_Router_Port rtos-kube-minion2"),
    "own-router-port": (["lrp-del", "rtos-kube-minion1"], "db", "Logical_Router_Port rtos-kube-minion1"),
    "switch-router-port": (["lsp-del", "stor-kube-minion2"], "db", "Logical_Switch_Port stor-kube-minion2"),
    "router": (["lr-del", "kube-master"], "db", "Logical_Router_Port rtos-kube-minion1"),
    "router-disabled": (["set", "Logical_Router", "kube-master", "enabled=false"], "db", "Logical_Router kube-master"),
    "default-route": (["lr-route-del", "kube-master", "0.0.0.0/0"], "outside", "Logical_Router kube-master"),
    "gateway-route": (["lr-route-del", "GR_kube-minion1", CLUSTER_SUBNET], "outside", "Logical_Router GR_kube-minion1"),
    "nat": (["lr-nat-del", "GR_kube-minion1"], "outside", "NAT GR_kube-minion1"),
    "outer-switch-port": (["lsp-del", "etor-GR_kube-minion1"], "outside", "Logical_Switch_Port etor-GR_kube-minion1"),
    "outer-interface": (["lsp-del", "eth1_kube-minion1"], "outside", "Logical_Switch ext_kube-minion1"),
    "acl": (["acl-add", "kube-minion2", "to-lport", "1000", "ip", "drop"], "db", "ACL "),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_to_the_northbound_database(network, pods, damage):
    words, target, named = damage
    web, db, _ = pods
    address = BEYOND[4] if target == "outside" else db.addresses[0]
    place = "outside" if target == "outside" else "default/db"
    wait_for("a healthy network", lambda: pings(web, address))
    network.central.run(["ovn-nbctl", "--wait=hv", *words])
    try:
        wait_for("packets to be lost", lambda: not pings(web, address))
        for host in [network.central, *network.sandbox.nodes]:
            assert verdict(host, "default/web", place) == (False, named)
    finally:
        if words[0] == "acl-add":
            network.nbctl("acl-del", "kube-minion2")
        for column, row in (("enabled", "default_db"),):
            network.nbctl("--if-exists", "clear", "Logical_Switch_Port", row, column)
        network.nbctl("--if-exists", "clear", "Logical_Router", "kube-master", "enabled")
        network.central.run(["ovn-k8s-overlay", "repair", "--wait=hv"])
        for node in network.sandbox.nodes:  # see test_northd.py: a router port that comes back needs it
            node.run(["ovn-appctl", "-t", "ovn-controller", "inc-engine/recompute"])
    assert_all_is_well(pods)


# --- Damage on a host: what breaks it and mends it again, and what is named where

@contextlib.contextmanager
def controller_stopped(network, pods):
    """As by its end in good order: the chassis leaves, and gives up its ports."""
    node = pods[1].node
    node.run(["ovn-appctl", "-t", "ovn-controller", "exit"])
    yield {network.central: "Port_Binding default_db", pods[0].node: "Port_Binding default_db"}
    node.start_controller(network.central.southbound)
    network.central.wait_for_chassis([network.central, *network.sandbox.nodes])


@contextlib.contextmanager
def tunnel_gone(network, pods):
    """Nobody puts it back: only its own host can tell."""
    node = pods[0].node
    node.run(["ovn-appctl", "-t", "ovn-controller", "exit", "--restart"])
    remote = f"options:remote_ip={network.sandbox.nodes[1].address}"
    name = node.output(["ovs-vsctl", "--bare", "--columns=name", "find", "Interface", remote])
    node.run(["ovs-vsctl", "del-port", "br-int", name])
    yield {node: "Interface to kube-minion2"}
    node.start_controller(network.central.southbound)


@contextlib.contextmanager
def interface_gone(network, pods):
    node, link = pods[1].node, "v-db"
    node.run(["ovs-vsctl", "del-port", "br-int", link])
    yield {network.central: "Port_Binding default_db", pods[0].node: "Port_Binding default_db",
           node: "Interface default_db"}
    node.run(["ovs-vsctl", "add-port", "br-int", link, "--", "set", "Interface", link,
              "external_ids:iface-id=default_db"])


@contextlib.contextmanager
def interface_on_another_bridge(network, pods):
    node, link = pods[1].node, "v-db"
    external_ids = ["--", "set", "Interface", link, "external_ids:iface-id=default_db"]
    node.run(["ovs-vsctl", "del-port", "br-int", link, "--", "add-br", "br-wrong", "--", "set", "Bridge", "br-wrong",
              "datapath_type=netdev", "--", "add-port", "br-wrong", link, *external_ids])
    yield {network.central: "Port_Binding default_db", node: f"Interface {link}"}
    node.run(["ovs-vsctl", "del-br", "br-wrong", "--", "add-port", "br-int", link, *external_ids])


@contextlib.contextmanager
def wrong_chassis(network, pods):
    """Another host has claimed the port."""
    wrong, right = pods[0].node, pods[1].node
    right.run(["ovs-vsctl", "remove", "Interface", "v-db", "external_ids", "iface-id"])
    wrong.run(["ovs-vsctl", "add-port", "br-int", "thief", "--", "set", "Interface", "thief", "type=internal",
               "external_ids:iface-id=default_db"])
    yield {network.central: "Port_Binding default_db", wrong: "Port_Binding default_db", right: "Interface default_db"}
    wrong.run(["ovs-vsctl", "del-port", "br-int", "thief"])
    right.run(["ovs-vsctl", "set", "Interface", "v-db", "external_ids:iface-id=default_db"])


@contextlib.contextmanager
def link_gone(network, pods):
    node = pods[1].node
    node.run(["ovs-vsctl", "set", "Interface", "v-db", "type=system", "options:peer=none"])
    node.run(["ovs-vsctl", "--", "--if-exists", "del-port", "br-int", "v-db", "--", "add-port", "br-int", "v-lost", "--",
              "set", "Interface", "v-lost", "external_ids:iface-id=default_db"], check=False)
    yield {network.central: "Port_Binding default_db", node: "Interface v-lost"}
    node.run(["ovs-vsctl", "del-port", "br-int", "v-lost", "--", "add-port", "br-int", "v-db", "--",
              "set", "Interface", "v-db", "external_ids:iface-id=default_db"])


@contextlib.contextmanager
def gateway_chassis_gone(network, pods):
    network.nbctl("set", "Logical_Router", "GR_kube-minion1", "options:chassis=nowhere")
    yield {host: "Logical_Router GR_kube-minion1" for host in [network.central, *network.sandbox.nodes]}
    network.central.run(["ovn-k8s-overlay", "repair", "--wait=hv"])


HOST_DAMAGE = [controller_stopped, tunnel_gone, interface_gone, interface_on_another_bridge, wrong_chassis, link_gone,
               gateway_chassis_gone]


@pytest.mark.parametrize("damage", HOST_DAMAGE, ids=lambda damage: damage.__name__)
def test_damage_on_a_host(network, pods, damage):
    web, db, _ = pods
    place, address = ("outside", BEYOND[4]) if damage is gateway_chassis_gone else ("default/db", db.addresses[0])
    wait_for("a healthy network", lambda: pings(web, address))
    with damage(network, pods) as named:
        wait_for("packets to be lost", lambda: not pings(web, address))
        for host, thing in named.items():
            wait_for(f"{host.name} to name {thing}", lambda: verdict(host, "default/web", place) == (False, thing))
    assert_all_is_well(pods)


def test_without_northd(network, pods):
    network.central.run(["ovn-appctl", "-t", "ovn-northd", "pause"])
    try:
        with Plan() as plan:
            plan.port_add("late", network.sandbox.nodes[0].name)
            plan.apply(network.nb)
        assert verdict(network.central, "default/late", "default/db") == (False, "Port_Binding default_late")
    finally:
        network.central.run(["ovn-appctl", "-t", "ovn-northd", "resume"])


def test_without_the_southbound_database(overlay, pods):
    result = trace(overlay.nodes[0], "default/web", "default/db", "--timeout=5", env={"OVN_SB_DB": "tcp:127.0.0.1:1"})
    assert result.returncode == 0
    assert "Port_Binding" not in result.stdout
    assert result.stderr.startswith("ovn-k8s-util: without the Southbound database: ")
    assert result.stderr.count("\n") == 1
