"""The service range: hosts send there by their management ports, and nothing for no service leaves by a gateway."""
import json

import pytest

from host import wait_for
from outside import BEYOND, Outside
from overlay import assert_refused, connect_hosts, overlay_command
from snapshot import snapshot
from test_northd import Network, Pod

CLUSTER_SUBNET = "192.168.0.0/16,fd01::/48"
RANGE, OTHER = "10.96.0.0/16,fd02::/112", "203.0.113.0/24,2001:db8::/112"  # what is beyond the outside lies in the other one
OWN = ["192.168.2.2", "fd01:0:0:2::2"]  # of the first node
VIPS = ["10.96.0.10", "fd02::a"]
TELLER = """
import socket
server = socket.create_server(("::", 8080), family=socket.AF_INET6, dualstack_ipv6=True)
while True:
    with server.accept()[0] as client:
        client.sendall(client.getpeername()[0].removeprefix("::ffff:").encode())
"""
ASKER = """
import socket, sys
with socket.create_connection((sys.argv[1], 80), 5) as connection:
    print(connection.recv(100).decode())
"""


def init(host, subnets: str = "", **flags):
    """master-init or minion-init."""
    verb, subnet = ("master-init", "master") if host.name == "kube-master" else ("minion-init", "minion")
    return overlay_command(host, verb, {
        "cluster-ip-subnet": CLUSTER_SUBNET, f"{subnet}-switch-subnet": subnets or None, "node-name": host.name,
        **{name.replace("_", "-"): value for name, value in flags.items()}})


def port_of(node) -> str:
    return f"k8s-{node.name}"[:15]


def routes_of(node) -> set[tuple]:
    """By which next hop and from which address the host reaches what over its management port."""
    told = [json.loads(node.output(["ip", *family, "-json", "route", "show", "dev", port_of(node), "proto", "static"]))
            for family in ([], ["-6"])]
    return {(route["dst"], route["gateway"], route.get("prefsrc")) for route in told[0] + told[1]}


def to_pods(number: int) -> set[tuple]:
    """And to gateways, which are between them and the outside."""
    four, six = f"192.168.{number}.1", f"fd01:0:0:{number}::1"
    return {("192.168.0.0/16", four, None), ("fd01::/48", six, None), ("100.64.1.0/24", four, None), ("fd98::/64", six, None)}


def to_services(number: int, service_range: str) -> set[tuple]:
    four, six = service_range.split(",")
    return {(four, f"192.168.{number}.1", f"192.168.{number}.2"), (six, f"fd01:0:0:{number}::1", f"fd01:0:0:{number}::2")}


@pytest.fixture(scope="module")
def overlay(sandbox):
    """Nodes of both families, and a service range that all of them know."""
    connect_hosts(sandbox)
    init(sandbox.central, "192.168.1.0/24,fd01:0:0:1::/64", service_cluster_ip_range=RANGE)
    for number, node in enumerate(sandbox.nodes, 2):
        init(node, f"192.168.{number}.0/24,fd01:0:0:{number}::/64")
    return sandbox


@pytest.fixture(scope="module")
def pod(overlay):
    """On the second node; it tells by which address it sees whoever connects."""
    network = Network(overlay)
    plan = network.do(("port_add", "web", overlay.nodes[1].name))
    pod = Pod(network, "web", overlay.nodes[1], plan)
    overlay.central.run(["ovn-nbctl", "--wait=hv", "sync"])
    overlay.nodes[1].spawn("teller", ["ip", "netns", "exec", "web", "python3", "-c", TELLER])
    return pod


def test_hosts_have_routes(overlay):
    for number, node in enumerate([overlay.central, *overlay.nodes], 1):
        assert routes_of(node) == to_pods(number) | to_services(number, RANGE)


def test_it_is_shown(overlay, unchanged):
    told = overlay_command(overlay.central, "status", {"format": "json"}).stdout
    assert json.loads(told)["cluster"]["service_range"] == RANGE
    assert f"service range {RANGE}\n" in overlay_command(overlay.central, "status", {}).stdout
    assert f"  services {RANGE}\n" in overlay_command(overlay.central, "topology", {}).stdout
    assert overlay_command(overlay.central, "check", {}).returncode == 0


def test_doing_it_again_changes_nothing(overlay, unchanged):
    for verbosity in {"dry_run": True}, {"verbose": True}:
        for host in overlay.central, overlay.nodes[0]:
            told = json.loads(init(host, format="json", **verbosity).stdout)
            assert told["changes"] == told["host"]["changes"] == told["host"]["kernel"] == []


def test_another_range_replaces_the_first(overlay):
    node, port = overlay.nodes[0], port_of(overlay.nodes[0])
    strange = ["route", "add", "198.51.100.0/24", "via", "192.168.2.1", "dev", port, "proto", "static"]
    node.run(["ip", *strange])
    try:
        init(overlay.central, service_cluster_ip_range=OTHER, wait="hv")
        assert routes_of(overlay.central) == to_pods(1) | to_services(1, OTHER)
        before = snapshot(overlay)
        foretold = json.loads(init(node, dry_run=True, format="json").stdout)["host"]["kernel"]
        assert snapshot(overlay) == before
        words = lambda sign, service_range: [  # noqa: E731
            f"{sign} route {to} via {router} source {own}" for to, router, own in to_services(2, service_range)]
        assert sorted(line.partition(" over ")[0].partition(" table ")[0].partition(" priority ")[0] for line in foretold) == \
            sorted(words("-", RANGE) + words("+", OTHER))
        init(node)
        assert routes_of(node) == to_pods(2) | to_services(2, OTHER) | {("198.51.100.0/24", "192.168.2.1", None)}
        init(overlay.central, service_cluster_ip_range="")
        init(node)
        assert routes_of(node) == to_pods(2) | {("198.51.100.0/24", "192.168.2.1", None)}
    finally:
        node.run(["ip", *strange[:1], "del", *strange[2:]])
        init(overlay.central, service_cluster_ip_range=RANGE, wait="hv")
        init(node)
    assert routes_of(node) == to_pods(2) | to_services(2, RANGE)
    assert overlay_command(overlay.central, "check", {}).returncode == 0


def test_hosts_reach_services(overlay, pod):
    """As load balancers of every node's switch would have it."""
    words = []
    for i, vip in enumerate(VIPS):
        where = [f"{vip}:80", f"{pod.addresses[i]}:8080"] if i == 0 else [f"[{vip}]:80", f"[{pod.addresses[i]}]:8080"]
        words += ["--", "lb-add", f"web{i}", *where]
        for host in [overlay.central, *overlay.nodes]:
            words += ["--", "ls-lb-add", host.name, f"web{i}"]
    overlay.central.run(["ovn-nbctl", "--wait=hv", *words[1:]])
    try:
        for i, vip in enumerate(VIPS):
            assert overlay.nodes[0].output(["python3", "-c", ASKER, vip]) == OWN[i]
    finally:
        overlay.central.run(["ovn-nbctl", "--wait=hv", "lb-del", "web0", "--", "lb-del", "web1"])


def reaches(pod) -> list[bool]:
    return [pod.netns.run(["ping", "-c", "1", "-W", "1", beyond], check=False).returncode == 0 for beyond in BEYOND.values()]


def test_what_is_for_no_service_does_not_leave(overlay, pod):
    outside, node = Outside.start("outside", overlay.folder / "outside"), overlay.nodes[0]
    try:
        outside.lay()
        outside.plug(node)
        overlay_command(node, "gateway-init", {
            "node-name": node.name, "physical-interface": "eth1", "physical-ip": "10.33.74.11/24,fd33::11/64",
            "default-gw": "10.33.74.253,fd33::253", "rampout-ip-subnets": "192.168.3.0/24", "wait": "hv"})
        wait_for("the pod to reach what is beyond the outside", lambda: reaches(pod) == [True, True])
        network = pod.network
        network.complaints()
        init(overlay.central, service_cluster_ip_range=OTHER, wait="hv")
        assert reaches(pod) == [False, False]
        assert network.complaints() == []
        init(overlay.central, service_cluster_ip_range=RANGE, wait="hv")
        wait_for("the pod to reach what is beyond the outside", lambda: reaches(pod) == [True, True])
    finally:
        overlay_command(node, "gateway-del", {}, check=False)
        outside.stop()


@pytest.mark.parametrize("service_range, expected", [
    ("192.168.4.0/24", "overlaps the cluster subnet"), ("100.64.0.0/16", "overlaps the join subnet"),
    ("10.96.0.1/16", "host bits"), ("nonsense", "nonsense")])
def test_impossible_ranges(overlay, unchanged, service_range, expected):
    for mode in {}, {"dry-run": True}:
        assert_refused(overlay_command(overlay.central, "master-init", {
            "cluster-ip-subnet": CLUSTER_SUBNET, "node-name": overlay.central.name,
            "service-cluster-ip-range": service_range, **mode}, check=False), "service range", expected)


def test_only_the_master_is_told(overlay, unchanged):
    refused = overlay_command(overlay.nodes[0], "minion-init", {
        "cluster-ip-subnet": CLUSTER_SUBNET, "node-name": overlay.nodes[0].name,
        "service-cluster-ip-range": RANGE}, check=False)
    assert_refused(refused, "--service-cluster-ip-range does not go with minion-init", status=2)
