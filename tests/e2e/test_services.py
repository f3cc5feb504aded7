"""Services: packets from a pod, from a node and from outside find the endpoints that they should, and no others.

The test writes EndpointSlices itself, as Kubernetes' controller would. After each change it waits until the rows of the
Northbound database are those that the API's objects ask for, and OVN has taken them.
"""
import contextlib
import json

import pytest

from apiserver import SERVICE_RANGE
from gateways import address_of, gateway, outside_of
from host import LabError, wait_for
from outside import ADDRESSES
from overlay import DUAL_SUBNET, WATCHER_LOG, Pod, Watcher, set_up_dual_stack
from services import TYPES, Service, differences, endpoint
from talk import answers, serve

HTTP, OTHER = 8080, 9090
FAMILIES = pytest.mark.parametrize("family", [4, 6], ids=["ipv4", "ipv6"])
PROTOCOLS = pytest.mark.parametrize("protocol", ["tcp", "udp"])
DUAL = {"ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv4", "IPv6"]}
TERMINATING = {"ready": False, "serving": True, "terminating": True}
ANYWHERE = 24  # so many connections, of which some go to either of two endpoints, but once in millions of times


def port(protocol="TCP", number=80, target=HTTP, **more) -> dict:
    return {"protocol": protocol, "port": number, "targetPort": target, **more}


def target(name: str, number: int) -> dict:
    """A port of a slice."""
    return {"name": name, "protocol": "TCP", "port": number}


BOTH_PROTOCOLS = [port(name="tcp"), port("UDP", name="udp")]


@pytest.fixture(scope="module")
def overlay(cluster):
    set_up_dual_stack(cluster, **{"service-cluster-ip-range": SERVICE_RANGE})
    with Watcher(cluster.central):
        yield cluster


@pytest.fixture(scope="module")
def outside(overlay):
    """A host outside, with both nodes as gateways to it."""
    first, second = overlay.nodes
    with outside_of(overlay) as host, gateway(overlay, first, DUAL_SUBNET), gateway(overlay, second, DUAL_SUBNET):
        yield host


class Server(Pod):
    """A pod with a server that calls itself like the pod."""

    def __init__(self, overlay, name, node):
        super().__init__(overlay, name, node)
        self.wait_for_annotation()
        self.plug()
        serve(node, name, HTTP, OTHER, pod=name)
        self.addresses = {6 if ":" in text else 4: text.partition("/")[0] for text in self.annotation()["ip_addresses"]}

    def endpoint(self, family: int = 4, **conditions) -> dict:
        return endpoint(self.addresses[family], self.node.name, **conditions)

    def end(self):
        self.cni("del")
        self.delete()
        self.netns.delete()


@pytest.fixture(scope="module")
def pods(overlay, outside):
    """A server on each node."""
    made = [Server(overlay, name, node) for name, node in zip(["red", "blue"], overlay.nodes)]
    yield made
    for pod in made:
        pod.end()


def settle(overlay):
    """Waits until the database has what the API asks for, and OVN has it too."""
    try:
        wait_for("the rows of all services", lambda: not differences(overlay.api, overlay.central), timeout=60)
    except LabError as error:
        log = overlay.central.path(WATCHER_LOG).read_text().splitlines()[-15:]
        raise AssertionError("\n".join([str(error), *differences(overlay.api, overlay.central), *log])) from error
    overlay.central.run(["ovn-nbctl", "--timeout=60", "--wait=hv", "sync"])


@contextlib.contextmanager
def service(overlay, name, pods, ports=None, families=(4,), **spec):
    """A Service with these endpoints, when all is settled."""
    with Service(overlay.api, name, ports or [port()], **spec) as made:
        for family in families:
            made.slice(f"v{family}", [pod.endpoint(family) for pod in pods], family=family)
        settle(overlay)
        yield made


def names(told: list[str]) -> set[str]:
    """Who has answered, or what happened instead."""
    return {line.partition(" ")[0] for line in told}


def everybody(pods) -> set[str]:
    return {pod.name for pod in pods}


# --- The cluster's addresses

@pytest.fixture(scope="class")
def shop(overlay, pods):
    with service(overlay, "shop", pods, BOTH_PROTOCOLS, families=(4, 6), **DUAL) as made:
        yield made


@FAMILIES
@PROTOCOLS
class TestClusterAddress:
    def test_from_a_pod(self, pods, shop, protocol, family):
        for pod in pods:
            assert names(answers(pod.netns, protocol, shop.address(family), 80, ANYWHERE)) == everybody(pods)

    def test_from_a_node(self, overlay, pods, shop, protocol, family):
        for node in overlay.nodes:
            assert names(answers(node, protocol, shop.address(family), 80, ANYWHERE)) == everybody(pods)

    def test_other_ports_are_nobody_s(self, pods, shop, protocol, family):
        assert names(answers(pods[0].netns, protocol, shop.address(family), 81, timeout=1)) <= {"silence", "refused"}


@FAMILIES
@PROTOCOLS
def test_a_pod_reaches_itself_by_its_service(overlay, pods, protocol, family):
    with service(overlay, "mirror", pods[:1], BOTH_PROTOCOLS, families=(4, 6), **DUAL) as made:
        assert names(answers(pods[0].netns, protocol, made.address(family), 80, 3)) == {pods[0].name}


@FAMILIES
@PROTOCOLS
def test_without_endpoints_connections_are_refused(overlay, pods, protocol, family):
    with service(overlay, "empty", [], BOTH_PROTOCOLS, families=(), **DUAL) as made:
        for where in pods[0].netns, overlay.nodes[0]:
            assert answers(where, protocol, made.address(family), 80) == ["refused"]


def test_ports_go_by_name_and_may_differ_between_slices(overlay, pods):
    red, blue = pods
    ports = [port(name="web", target="web"), port(name="extra", number=81, target="extra")]
    with Service(overlay.api, "named", ports) as made:
        made.slice("one", [red.endpoint()], [target("web", HTTP), target("extra", OTHER)])
        made.slice("two", [blue.endpoint()], [target("web", OTHER)])
        settle(overlay)
        assert names(answers(red.netns, "tcp", made.address(), 80, ANYWHERE)) == everybody(pods)
        assert names(answers(red.netns, "tcp", made.address(), 81, 5)) == {"red"}


def test_sessions_stick_to_an_endpoint(overlay, pods):
    with service(overlay, "sticky", pods, sessionAffinity="ClientIP") as made:
        for pod in pods:
            assert len(names(answers(pod.netns, "tcp", made.address(), 80, ANYWHERE))) == 1
        made.patch(sessionAffinity="None")
        settle(overlay)
        assert names(answers(pods[0].netns, "tcp", made.address(), 80, ANYWHERE)) == everybody(pods)


def test_who_is_terminating_serves_only_for_lack_of_others(overlay, pods):
    red, blue = pods
    with service(overlay, "fading", pods) as made:
        made.slice("v4", [red.endpoint(**TERMINATING), blue.endpoint()])
        settle(overlay)
        assert names(answers(red.netns, "tcp", made.address(), 80, ANYWHERE)) == {"blue"}
        made.slice("v4", [red.endpoint(**TERMINATING), blue.endpoint(ready=False, serving=False)])
        settle(overlay)
        assert names(answers(red.netns, "tcp", made.address(), 80, 3)) == {"red"}
        made.slice("v4", [red.endpoint(ready=False, serving=False, terminating=True)])
        settle(overlay)
        assert answers(red.netns, "tcp", made.address(), 80) == ["refused"]


def test_endpoints_that_are_published_before_they_are_ready(overlay, pods):
    """Their slices say that they are ready, whatever they are."""
    red, _ = pods
    with service(overlay, "eager", [], families=(), publishNotReadyAddresses=True) as made:
        made.slice("v4", [red.endpoint(serving=False, terminating=True)])
        settle(overlay)
        assert names(answers(red.netns, "tcp", made.address(), 80, 3)) == {"red"}


def test_inner_traffic_stays_on_the_node(overlay, pods):
    red, blue = pods
    with service(overlay, "near", pods, internalTrafficPolicy="Local") as made:
        for pod in pods:
            assert names(answers(pod.netns, "tcp", made.address(), 80, ANYWHERE)) == {pod.name}
            assert names(answers(pod.node, "tcp", made.address(), 80, ANYWHERE)) == {pod.name}
        made.slice("v4", [red.endpoint()])
        settle(overlay)
        assert names(answers(red.netns, "tcp", made.address(), 80, 3)) == {"red"}
        assert names(answers(blue.netns, "tcp", made.address(), 80, timeout=1)) <= {"silence", "refused"}


# --- The outside

@pytest.fixture(scope="class")
def stall(overlay, pods):
    with service(overlay, "stall", pods, BOTH_PROTOCOLS, families=(4, 6), type="NodePort", **DUAL) as made:
        yield made


def wait_for_flows(overlay, number):
    """The gateway helpers learn of Services by themselves."""
    for node in overlay.nodes:
        wait_for(f"flows for port {number} on {node.name}", lambda: f"tp_dst={number}" in node.output(
            ["ovs-ofctl", "dump-flows", "breth1"]))


@FAMILIES
@PROTOCOLS
class TestNodePort:
    def test_from_outside(self, overlay, outside, pods, stall, protocol, family):
        number = stall.node_port(["tcp", "udp"].index(protocol))
        wait_for_flows(overlay, number)
        for node in overlay.nodes:
            assert names(answers(outside, protocol, address_of(node, family), number, ANYWHERE)) == everybody(pods)

    def test_from_a_pod(self, overlay, outside, pods, stall, protocol, family):
        number = stall.node_port(["tcp", "udp"].index(protocol))
        for node in overlay.nodes:
            assert names(answers(pods[0].netns, protocol, address_of(node, family), number, ANYWHERE)) == everybody(pods)


    def test_from_a_host(self, overlay, outside, pods, stall, protocol, family):
        """By the other's address: a host's own are its kernel's."""
        number = stall.node_port(["tcp", "udp"].index(protocol))
        wait_for_flows(overlay, number)
        for node, other in zip(overlay.nodes, reversed(overlay.nodes)):
            assert names(answers(node, protocol, address_of(other, family), number, ANYWHERE)) == everybody(pods)


def test_without_endpoints_the_outside_is_refused(overlay, outside, pods):
    with service(overlay, "closed", [], families=(), type="NodePort") as made:
        wait_for_flows(overlay, made.node_port())
        assert answers(outside, "tcp", address_of(overlay.nodes[0]), made.node_port()) == ["refused"]


EXTERNAL, BALANCED, PROXIED = "198.51.100.1", "198.51.100.2", "198.51.100.3"


@pytest.fixture
def routed(overlay, outside):
    """The outside and the second node send what is for these addresses to the first node."""
    first, second = overlay.nodes
    for host in outside, second:
        for address in EXTERNAL, BALANCED, PROXIED:
            host.run(["ip", "route", "replace", address, "via", address_of(first)])


def test_external_addresses(overlay, outside, pods, routed):
    with service(overlay, "export", pods, externalIPs=[EXTERNAL]) as made:
        wait_for_flows(overlay, 80)
        for where in outside, overlay.nodes[1], pods[0].netns:
            assert names(answers(where, "tcp", EXTERNAL, 80, ANYWHERE)) == everybody(pods)
        made.patch(externalIPs=[])
        settle(overlay)
        assert names(answers(pods[0].netns, "tcp", EXTERNAL, 80, timeout=1)) <= {"silence", "refused"}


def test_addresses_of_a_load_balancer(overlay, outside, pods, routed):
    with service(overlay, "balanced", pods, type="LoadBalancer", allocateLoadBalancerNodePorts=False) as made:
        made.balance({"ip": BALANCED, "ipMode": "VIP"}, {"ip": PROXIED, "ipMode": "Proxy"})
        settle(overlay)
        wait_for_flows(overlay, 80)
        for where in outside, overlay.nodes[1], pods[0].netns:
            assert names(answers(where, "tcp", BALANCED, 80, ANYWHERE)) == everybody(pods)


def test_outer_traffic_stays_on_the_node_and_shows_who_it_is_from(overlay, outside, pods):
    """Of another gateway's host, too, whose address pods reach by another way."""
    red, blue = pods
    with service(overlay, "porch", pods, type="NodePort", externalTrafficPolicy="Local") as made:
        wait_for_flows(overlay, made.node_port())
        for pod in pods:
            told = answers(outside, "tcp", address_of(pod.node), made.node_port(), 10)
            assert set(told) == {f"{pod.name} {ADDRESSES[4]}"}
        for pod, other in (red, blue.node), (blue, red.node):
            told = answers(other, "tcp", address_of(pod.node), made.node_port(), 10)
            assert set(told) == {f"{pod.name} {address_of(other)}"}
        made.slice("v4", [red.endpoint()])
        settle(overlay)
        assert names(answers(outside, "tcp", address_of(red.node), made.node_port(), 3)) == {"red"}
        assert names(answers(outside, "tcp", address_of(blue.node), made.node_port(), timeout=1)) <= {"silence", "refused"}
        assert names(answers(blue.netns, "tcp", made.address(), 80, 3)) == {"red"}


# --- Hosts as endpoints

@FAMILIES
def test_a_host_reaches_itself_by_a_service(overlay, outside, pods, family):
    """By its own physical address, which is also that of the gateway on it; and the other host, of the same service."""
    for node in overlay.nodes:
        serve(node, f"host-{node.name}", 8100 + family)
        node.run(["bash", "-c", "for rule in /proc/sys/net/ipv4/conf/k8s-*/rp_filter; do echo 1 >$rule; done"])  # strict
    hosts = {f"host-{node.name}" for node in overlay.nodes}
    with Service(overlay.api, f"hosts{family}", [port(target=8100 + family)], ipFamilies=[TYPES[family]]) as made:
        made.slice("all", [endpoint(address_of(node, family), node.name) for node in overlay.nodes], family=family)
        settle(overlay)
        for where in *overlay.nodes, *(pod.netns for pod in pods):
            assert names(answers(where, "tcp", made.address(family), 80, ANYWHERE)) == hosts
        for node in overlay.nodes:
            made.slice("all", [endpoint(address_of(node, family), node.name)], family=family)
            settle(overlay)
            assert names(answers(node, "tcp", made.address(family), 80, 5, size=5000)) == {f"host-{node.name}"}


# --- Addresses that several have

def pending(overlay) -> dict[str, str]:
    """What services are waiting for."""
    told = overlay.central.output(["ovs-appctl", "-T", "60", "-t", "ovn-k8s-watcher", "pending"])
    return {task["name"]: task["reason"] for task in json.loads(told) if task["kind"] == "Service"}


def notes(overlay, name: str) -> list[str]:
    """What kubectl describe shows."""
    found = overlay.api.request("GET", "/api/v1/namespaces/default/events?fieldSelector=involvedObject.kind=Service,"
                                       f"involvedObject.name={name}")["items"]
    return [event["message"] for event in found if event["reason"] == "AddressTaken"]


def test_of_two_services_one_has_the_address(overlay, outside, pods, routed):
    """The older one, until it goes: the other one has all else meanwhile, and people are told."""
    red, blue = pods
    says = f"external IP {EXTERNAL} port 80/TCP is taken by service default/claim-a"
    with service(overlay, "claim-a", [red], externalIPs=[EXTERNAL]), contextlib.ExitStack() as second:
        wait_for_flows(overlay, 80)
        later = second.enter_context(service(overlay, "claim-b", [blue], [
            port(name="web"), port(number=81, name="more")], externalIPs=[EXTERNAL]))
        wait_for_flows(overlay, 81)
        for where in outside, overlay.nodes[1], *(pod.netns for pod in pods):
            assert names(answers(where, "tcp", EXTERNAL, 80, 5)) == {"red"}
            assert names(answers(where, "tcp", EXTERNAL, 81, 5)) == {"blue"}
        assert names(answers(red.netns, "tcp", later.address(), 80, 5)) == {"blue"}
        wait_for("the reason", lambda: pending(overlay) == {"default/claim-b": says})
        wait_for("an Event", lambda: notes(overlay, "claim-b") == [says])
        keeps = second.pop_all()
    with keeps:
        settle(overlay)
        for where in outside, overlay.nodes[1], *(pod.netns for pod in pods):
            assert names(answers(where, "tcp", EXTERNAL, 80, 5)) == {"blue"}
        wait_for("nothing to be pending", lambda: not pending(overlay))


def test_an_external_address_may_be_a_gateway_s(overlay, outside, pods):
    """As kube-proxy has it. But a node port of another service is at that address too, and is not to be had."""
    red, blue = pods
    first, second = overlay.nodes
    with service(overlay, "lent", [red], [port(number=88)], externalIPs=[address_of(first)]):
        wait_for_flows(overlay, 88)
        for where in outside, second, blue.netns:
            assert names(answers(where, "tcp", address_of(first), 88, 5)) == {"red"}
    with service(overlay, "thief", [red], [port(number=30777)], externalIPs=[address_of(first)]), \
            service(overlay, "owner", [blue], [port(nodePort=30777)], type="NodePort"):
        wait_for_flows(overlay, 30777)
        for where in outside, second, red.netns:
            assert names(answers(where, "tcp", address_of(first), 30777, 5)) == {"blue"}
        wait_for("the reason", lambda: "node port of service default/owner" in pending(overlay).get("default/thief", ""))


def test_a_pod_s_address_is_not_to_be_had(overlay, outside, pods):
    """Nor that of a router: a Service would take away what is sent to it."""
    red, blue = pods
    with service(overlay, "robber", [blue], [port(number=HTTP)], externalIPs=[red.addresses[4], "100.64.1.1"]):
        assert names(answers(blue.netns, "tcp", red.addresses[4], HTTP, 5)) == {"red"}
        wait_for("the reason", lambda: "is an address inside the cluster, and 1 more" in pending(overlay).get("default/robber", ""))


# --- Changes

def test_each_change_of_a_service_is_followed(overlay, pods):
    red, blue = pods
    with service(overlay, "moving", pods) as made:
        made.patch(ports=[port(number=81, name="a"), port(number=82, target=OTHER, name="b")])
        made.slice("v4", [red.endpoint(), blue.endpoint()])
        settle(overlay)
        for number in 81, 82:
            assert names(answers(red.netns, "tcp", made.address(), number, ANYWHERE)) == everybody(pods)
        assert names(answers(red.netns, "tcp", made.address(), 80, timeout=1)) <= {"silence", "refused"}
        made.patch(type="NodePort")
        settle(overlay)
        made.patch(type="ClusterIP", ports=[port(number=81, name="a", nodePort=None)])
        made.delete_slice("v4")
        settle(overlay)
        assert answers(red.netns, "tcp", made.address(), 81) == ["refused"]
        made.slice("again", [blue.endpoint()])
        settle(overlay)
        assert names(answers(red.netns, "tcp", made.address(), 81, 3)) == {"blue"}


def rows_of(overlay, name: str) -> int:
    return overlay.central.output(["ovn-nbctl", "--bare", "--columns=name", "list", "Load_Balancer"]).count(name)


def test_services_without_addresses_have_no_rows(overlay, pods):
    with Service(overlay.api, "bodiless", [port()], clusterIP="None") as bodiless, \
            Service(overlay.api, "elsewhere", [], type="ExternalName", externalName="example.org"), \
            Service(overlay.api, "theirs", [port()], labels={"service.kubernetes.io/service-proxy-name": "other"}) as theirs:
        bodiless.slice("v4", [pods[0].endpoint()])
        theirs.slice("v4", [pods[0].endpoint()])
        with service(overlay, "ours", pods):
            assert rows_of(overlay, "ours")
            assert not any(rows_of(overlay, name) for name in ("bodiless", "elsewhere", "theirs"))


def test_sctp_has_rows(overlay, pods):
    """No more: a datapath in userspace does not translate it."""
    with service(overlay, "signal", pods, [port("SCTP", 38412, 38412)]) as made:
        assert made.address() in overlay.central.output(["ovn-nbctl", "--bare", "--columns=vips", "find", "Load_Balancer",
                                                         "protocol=sctp"])


def test_rows_that_somebody_changes_come_back(overlay, pods):
    with service(overlay, "stubborn", pods) as made:
        found = overlay.central.output(["ovn-nbctl", "--bare", "--columns=_uuid", "find", "Load_Balancer", "protocol=tcp"]).split()
        mine = [uuid for uuid in found if made.address() in overlay.central.output(
            ["ovn-nbctl", "get", "Load_Balancer", uuid, "vips"])]
        assert mine
        for uuid in mine:
            overlay.central.run(["ovn-nbctl", "clear", "Load_Balancer", uuid, "vips"])
        settle(overlay)
        for uuid in mine:
            overlay.central.run(["ovn-nbctl", "lb-del", uuid])
        settle(overlay)
        assert names(answers(pods[0].netns, "tcp", made.address(), 80, ANYWHERE)) == everybody(pods)
