"""Containers plugged into a node by the library itself, with no CNI and no Kubernetes: made, checked, listed, removed."""
import json
import signal
import subprocess
import sys
import time

import pytest

from host import HERE, wait_for

SWITCH = "plugged"

# A process on the node that makes one call of library.Vswitch, and tells the outcome.
CALLER = """
import json, sys
sys.path.insert(0, sys.argv[1])
from library import Error, Vswitch
name, words, fields = json.loads(sys.argv[2])
with Vswitch() as vswitch:
    try:
        print(json.dumps({"result": getattr(vswitch, name)(*words, **fields)}))
    except Error as error:
        print(json.dumps({"error": error.code, "message": str(error)}))
"""


class Refused(Exception):
    """A call of the library has failed; "code" has the name of the error."""

    def __init__(self, answer):
        super().__init__(answer["message"])
        self.code = answer["error"]


def caller(name, *words, **fields) -> list[str]:
    return [sys.executable, "-SEc", CALLER, str(HERE), json.dumps([name, words, fields])]


def call(node, name, *words, **fields):
    answer = json.loads(node.output(caller(name, *words, **fields)))
    if "error" in answer:
        raise Refused(answer)
    return answer["result"]


class Container:
    """A container's namespace on a node, and its logical port; plug() plugs it in with "fields"."""

    def __init__(self, central, node, number: int, name: str | None = None, port: str | None = None):
        self.central, self.node, self.number = central, node, number
        self.name = name or f"c{number}"
        self.port = port or f"port{number}"
        self.mac = f"0a:58:0a:01:00:{number:02x}"
        self.address, self.address6 = f"10.1.0.{number}", f"fd01::{number:x}"
        central.run(["ovn-nbctl", "--may-exist", "lsp-add", SWITCH, self.port, "--", "lsp-set-addresses", self.port,
                     f"{self.mac} {self.address} {self.address6}"])
        self.netns = node.netns_add(self.name)
        self.fields = {
            "container_id": self.name, "interface": "eth0", "netns": self.netns.path, "iface_id": self.port,
            "iface_id_ver": "version-1", "mac": self.mac, "addresses": f"{self.address}/24,{self.address6}/64",
            "gateways": "10.1.0.254,fd01::fe", "routes": "172.16.0.0/12 10.1.0.253,172.31.0.0/16,fd07::/32", "mtu": 1400,
            "network": "blue", "timeout_ms": 30000}

    def plug(self, **more) -> str:
        self.host_interface = call(self.node, "plug_add", **{**self.fields, **more})
        return self.host_interface

    def check(self, **more):
        call(self.node, "plug_check", **{**self.fields, **more})

    def unplug(self):
        call(self.node, "plug_delete", self.name)

    def interface(self, column: str) -> str:
        return self.node.output(["ovs-vsctl", "--bare", f"--columns={column}", "find", "Interface",
                                 f"external_ids:sandbox={self.name}"])

    def ip(self, *words):
        self.netns.run(["ip", *words])


@pytest.fixture(scope="module")
def central(sandbox):
    sandbox.central.run(["ovn-nbctl", "ls-add", SWITCH])
    return sandbox.central


@pytest.fixture
def container(central, sandbox):
    made = Container(central, sandbox.nodes[0], 1)
    yield made
    made.unplug()
    made.netns.delete()


def rows(node) -> dict[str, set[str]]:
    """The UUIDs of all rows that plugging could leave behind."""
    return {table: set(node.output(["ovs-vsctl", "--bare", "--columns=_uuid", "list", table]).split())
            for table in ("Bridge", "Port", "Interface", "QoS", "Queue")}


def links(node) -> str:
    return node.output(["ip", "-br", "link"])


def test_what_was_plugged_passes_the_check_at_once_and_goes_without_a_trace(container):
    before = rows(container.node), links(container.node)
    container.plug()
    container.check()
    container.check(mac=None, mtu=0, addresses=None, gateways=None, routes=None, iface_id=None, iface_id_ver=None)
    container.unplug()
    assert (rows(container.node), links(container.node)) == before
    container.unplug()


# What breaks one thing, with the words that a failed check must then have.
DAMAGES = {
    "address": (lambda c: c.ip("address", "del", f"{c.address}/24", "dev", "eth0"), "no address 10.1.0.1/24"),
    "IPv6 address": (lambda c: c.ip("address", "del", f"{c.address6}/64", "dev", "eth0"), "no address fd01::1/64"),
    "default route": (lambda c: c.ip("route", "del", "default"), "no route 0.0.0.0/0 via 10.1.0.254"),
    "IPv6 default route": (lambda c: c.ip("-6", "route", "del", "default"), "no route ::/0 via fd01::fe"),
    "route": (lambda c: c.ip("route", "del", "172.16.0.0/12"), "no route 172.16.0.0/12 via 10.1.0.253"),
    "route of the gateway": (lambda c: c.ip("route", "del", "172.31.0.0/16"), "no route 172.31.0.0/16 via 10.1.0.254"),
    "MAC": (lambda c: c.ip("link", "set", "eth0", "address", "0a:58:0a:01:00:77"), "has the MAC 0a:58:0a:01:00:77"),
    "MTU": (lambda c: c.ip("link", "set", "eth0", "mtu", "1300"), "has the MTU 1300, not 1400"),
    "down": (lambda c: c.ip("link", "set", "eth0", "down"), "link eth0 is down"),
    "gone": (lambda c: c.ip("link", "del", "eth0"), "link eth0"),
    "another link": (lambda c: (c.ip("link", "set", "eth0", "name", "old"), c.ip("link", "add", "eth0", "type", "veth")),
                     "link eth0 is not the other end of veth"),
    "host's end down": (lambda c: c.node.run(["ip", "link", "set", c.host_interface, "down"]), "is down"),
    "namespace": (lambda c: c.netns.delete(), "/run/netns/c1"),
    "port of the bridge": (lambda c: c.node.run(["ovs-vsctl", "del-port", "br-int", c.host_interface]), "does not exist"),
    "iface-id": (lambda c: c.set_id("iface-id=other"), 'it has iface-id "other", not "port1"'),
    "version": (lambda c: c.set_id("iface-id-ver=other"), 'it has iface-id-ver "other", not "version-1"'),
    "sending limit": (lambda c: c.netns.run(["tc", "qdisc", "del", "dev", "eth0", "root"]), "eth0 sends without its limit"),
    "port's limit": (lambda c: c.node.run(["ovs-vsctl", "clear", "Port", c.host_interface, "qos"]), "sends without its limit"),
    "attached MAC": (lambda c: c.set_id('attached_mac="0a:58:00:00:00:00"'), 'it has attached_mac "0a:58:00:00:00:00"'),
}


@pytest.mark.parametrize("what", DAMAGES)
def test_a_check_names_the_one_thing_that_is_broken(container, what):
    damage, words = DAMAGES[what]
    container.set_id = lambda pair: container.node.run(
        ["ovs-vsctl", "set", "Interface", container.host_interface, f"external_ids:{pair}"])
    limits = {"ingress_rate": 10**8, "egress_rate": 10**8}
    container.plug(**limits)
    container.check(**limits)
    damage(container)
    with pytest.raises(Refused, match="^checking eth0 of container c1: ") as refused:
        container.check(**limits)
    assert words in str(refused.value)
    if what == "namespace":
        container.node.netns_add("c1")


def test_a_port_whose_flows_are_gone_fails_the_check(container):
    container.plug()
    container.central.run(["ovn-nbctl", "--wait=hv", "lsp-del", container.port])
    with pytest.raises(Refused, match="no flows"):
        container.check()


def test_the_list_tells_what_is_plugged(central, sandbox, container):
    other = Container(central, sandbox.nodes[0], 2, name="x" * 255)
    assert call(container.node, "plug_list") == []
    container.plug()
    other.plug(network=None)
    assert call(container.node, "plug_list") == [
        {"container_id": "c1", "interface": "eth0", "network": "blue", "iface_id": "port1",
         "host_interface": container.host_interface},
        {"container_id": "x" * 255, "interface": "eth0", "network": "", "iface_id": "port2",
         "host_interface": other.host_interface}]
    other.unplug()
    assert [one["container_id"] for one in call(container.node, "plug_list")] == ["c1"]


def test_all_addresses_are_usable_at_once(container):
    container.plug()
    addresses = container.netns.run(["ip", "-6", "address", "show", "dev", "eth0"]).stdout
    assert "tentative" not in addresses
    assert addresses.count("inet6 ") == 2  # its own, and that of the link
    assert "inet6 fe80::858:aff:fe01:1/64 scope link" in addresses
    container.ip("-6", "address", "flush", "dev", "eth0")


def test_a_container_without_ipv6_addresses_has_none_that_waits(container):
    container.plug(addresses=f"{container.address}/24", gateways=None, routes=None)
    assert "tentative" not in container.netns.run(["ip", "-6", "address", "show", "dev", "eth0"]).stdout


def test_ipv6_stays_off_where_it_is_not_asked_for(container):
    container.netns.run(["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"])
    container.plug(addresses=f"{container.address}/24", gateways=None, routes=None)
    assert container.netns.run(["ip", "-6", "address", "show", "dev", "eth0"]).stdout == ""
    container.unplug()
    container.plug()
    assert "tentative" not in container.netns.run(["ip", "-6", "address", "show", "dev", "eth0"]).stdout


def test_tcp_works_where_the_datapath_is_in_userspace(central, sandbox, container):
    other = Container(central, sandbox.nodes[1], 2)
    container.plug()
    other.plug()
    features = other.netns.run(["ethtool", "-k", "eth0"]).stdout
    assert "tx-checksumming: off" in features and "tx-tcp-segmentation: off" in features, features
    with other.netns.popen(["nc", "-lN", other.address, "8080"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as server:
        wait_for("the listener", lambda: ":8080" in other.netns.run(["ss", "-Hltn"]).stdout)
        assert container.netns.run(["nc", "-N", other.address, "8080"], input="a" * 50000).returncode == 0
        assert server.communicate()[0] == "a" * 50000
    other.unplug()
    other.netns.delete()


def test_routes_need_no_gateway_and_may_be_the_default_one(container):
    container.plug(gateways=None, routes="172.16.0.0/12,0.0.0.0/0 10.1.0.253,fd07::/32")
    routes = container.netns.run(["ip", "route"]).stdout
    assert "172.16.0.0/12 dev eth0" in routes and "default via 10.1.0.253 dev eth0" in routes
    container.unplug()
    container.plug(routes="0.0.0.0/0 10.1.0.253")
    container.check(routes="0.0.0.0/0 10.1.0.253")
    assert container.netns.run(["ip", "route"]).stdout.count("default") == 1


@pytest.fixture
def no_controller(container):
    """Holds ovn-controller on the container's node still."""
    pid = container.node.output(["cat", "/run/ovn/ovn-controller.pid"])
    container.node.run(["kill", "-STOP", pid])
    yield
    container.node.run(["kill", "-CONT", pid])


def plug_without_controller(container, **more):
    """Plugs it, and says in ovn-controller's place that it has flows."""
    node = container.node
    with node.popen(caller("plug_add", **{**container.fields, **more}), stdout=subprocess.PIPE) as plugging:
        row = wait_for("the interface", lambda: container.interface("_uuid"))
        node.run(["ovs-vsctl", "--no-wait", "set", "Interface", row, "external_ids:ovn-installed=true"])
        assert "result" in json.loads(plugging.communicate(timeout=60)[0])


def mtu(container) -> int:
    return json.loads(container.netns.run(["ip", "-json", "link", "show", "eth0"]).stdout)[0]["mtu"]


@pytest.mark.parametrize("types, address, expected", [
    ("geneve", "10.99.0.11", 1442), ("geneve", "fd99::11,10.99.0.11", 1422), ("vxlan", "10.99.0.11", 1450),
    ("stt,geneve,vxlan", "10.99.0.11", 1428), ("geneve", "10.99.0.200", 1500), ("geneve", "127.0.0.1", 1500),
    ("gre", "10.99.0.11", 1500)])
def test_the_mtu_is_what_fits_into_a_tunnel(no_controller, container, types, address, expected):
    set_encap = lambda types, address: container.node.run(  # noqa: E731
        ["ovs-vsctl", "set", "Open_vSwitch", ".", f'external_ids:ovn-encap-type="{types}"',
         f'external_ids:ovn-encap-ip="{address}"'])
    set_encap(types, address)
    try:
        plug_without_controller(container, mtu=0)
        assert mtu(container) == expected
        container.unplug()
        plug_without_controller(container, mtu=1300)
        assert mtu(container) == 1300
    finally:
        set_encap("geneve", container.node.address)


@pytest.fixture
def two_sandboxes(central, sandbox):
    """An older and a newer container of one logical port, on one node."""
    both = [Container(central, sandbox.nodes[0], 3, name=name, port="port3") for name in ("older", "newer")]
    both[0].plug()
    yield both
    for one in both:
        one.unplug()
        one.netns.delete()


def ids(container) -> dict[str, str]:
    """external_ids of its interface that say whose logical port it is."""
    found = dict(pair.partition("=")[::2] for pair in container.interface("external_ids").split())
    return {key: value for key, value in found.items() if key in ("iface-id", "former-iface-id")}


def bound_mac(central, port: str) -> str:
    return central.output(["ovn-sbctl", "--bare", "--columns=mac", "find", "Port_Binding", f"logical_port={port}"])


def test_the_newest_of_two_sandboxes_has_the_logical_port(two_sandboxes, sandbox, central):
    older, newer = two_sandboxes
    peer = Container(central, sandbox.nodes[1], 4)
    peer.plug()
    newer.plug()
    assert ids(older) == {"former-iface-id": "port3"} and ids(newer) == {"iface-id": "port3"}
    newer.check()
    with pytest.raises(Refused, match='it has iface-id "", not "port3"'):
        older.check()
    newer.netns.run(["ping", "-c", "1", "-i", "0.1", "-w", "20", peer.address])
    assert [(one["container_id"], one["iface_id"]) for one in call(newer.node, "plug_list")] == [
        ("newer", "port3"), ("older", "")]
    older.unplug()
    newer.check()
    newer.netns.run(["ping", "-c", "1", "-i", "0.1", "-w", "20", peer.address])
    peer.unplug()
    peer.netns.delete()


def test_a_newer_sandbox_that_fails_gives_the_logical_port_back(two_sandboxes):
    older, newer = two_sandboxes
    older.check()
    newer.ip("link", "add", "name", "other", "type", "veth")
    newer.ip("link", "set", "other", "up")
    newer.ip("route", "add", "172.16.0.0/12", "dev", "other")  # In the way of one of its own, after the port was added.
    with pytest.raises(Refused, match="a different one is in the way"):
        newer.plug()
    assert ids(older) == {"iface-id": "port3"} and ids(newer) == {}
    wait_for("the older one's flows", lambda: not failure_of(older.check))


def failure_of(check) -> str:
    try:
        check()
    except Refused as refused:
        return str(refused)
    return ""


def test_of_many_sandboxes_at_once_one_has_the_logical_port(central, sandbox, no_controller):
    node = sandbox.nodes[0]
    crowd = [Container(central, node, 5, name=f"of-many-{i}", port="port5") for i in range(8)]
    plugging = [node.popen(caller("plug_add", **{**one.fields, "timeout_ms": 60000}), stdout=subprocess.PIPE)
                for one in crowd]
    rows = [wait_for(f"the interface of {one.name}", lambda: one.interface("_uuid")) for one in crowd]
    assert sorted(ids(one).get("iface-id", "") for one in crowd) == [""] * 7 + ["port5"]
    for row in rows:
        node.run(["ovs-vsctl", "--no-wait", "set", "Interface", row, "external_ids:ovn-installed=true"])
    for process in plugging:
        assert "result" in json.loads(process.communicate(timeout=60)[0])
    for one in crowd:
        one.unplug()
        one.netns.delete()


def transfer(source, destination, size: int) -> float:
    """Sends bytes by TCP. Returns how many seconds that has taken."""
    with destination.netns.popen(["nc", "-lN", destination.address, "8080"], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE) as server:
        wait_for("the listener", lambda: ":8080" in destination.netns.run(["ss", "-Hltn"]).stdout)
        start = time.monotonic()
        source.netns.run(["nc", "-N", destination.address, "8080"], input="a" * size)
        assert server.communicate()[0] == "a" * size
        return time.monotonic() - start


def test_limits_hold_in_both_directions(central, sandbox, container):
    other = Container(central, sandbox.nodes[1], 2)
    other.plug()
    before = rows(container.node)
    container.plug(ingress_rate=100_000, egress_rate=100_000)
    # What exceeds the burst of 16,000 bytes takes its time, however fast the machine is.
    assert transfer(other, container, 40_000) > (40_000 - 16_000) * 8 / 100_000
    assert transfer(container, other, 40_000) > (40_000 - 16_000) * 8 / 100_000
    policing = container.node.output(["ovs-vsctl", "--bare", "--columns=ingress_policing_rate,ingress_policing_burst", "list",
                                      "Interface", container.host_interface]).split()
    assert policing == ["100", "128"]
    container.unplug()
    assert rows(container.node) == before
    other.unplug()
    other.netns.delete()


@pytest.mark.parametrize("fields, words", [
    ({"container_id": ""}, 'container id ""'), ({"container_id": "x" * 256}, "expected 1 to 255 characters"),
    ({"interface": "a/b"}, 'interface "a/b"'), ({"netns": None}, "no network namespace given"),
    ({"iface_id": ""}, "no iface-id given"), ({"mac": None}, "no MAC given"), ({"mac": "01:00:00:00:00:00"}, "a unicast one"),
    ({"addresses": None, "gateways": None}, "no addresses given"), ({"addresses": "10.1.0.1"}, 'addresses "10.1.0.1"'),
    ({"gateways": "10.2.0.1"}, 'gateways "10.2.0.1"'), ({"gateways": "10.1.0.2,10.1.0.3"}, "within each subnet"),
    ({"routes": "10.0.0.1/8"}, 'routes: "10.0.0.1/8"'), ({"routes": "10.0.0.0/8 fd01::9"}, 'routes: "10.0.0.0/8 fd01::9"'),
    ({"routes": "172.16.0.0/12,,"}, 'routes: ""'), ({"routes": "9" * 300}, 'routes: "999'), ({"mtu": 67}, "MTU 67"),
    ({"ingress_rate": 999}, "ingress: a rate out of range"), ({"egress_rate": 2**62}, "egress: a rate out of range"),
    ({"egress_burst": 1}, "egress: a burst without a rate")])
def test_what_cannot_be_is_refused_with_nothing_done(container, fields, words):
    before = rows(container.node), links(container.node)
    with pytest.raises(Refused, match=words) as refused:
        container.plug(**fields)
    assert refused.value.code == "INVALID"
    assert (rows(container.node), links(container.node)) == before


def test_names_of_hosts_ends_differ(central, sandbox):
    node, names = sandbox.nodes[0], ["a", "ab", "x" * 254 + "1", "x" * 254 + "2", "default-t7", "default-t8"]
    crowd = [Container(central, node, 20 + i, name=name) for i, name in enumerate(names)]
    assert len({one.plug() for one in crowd}) == len(names)
    for one in crowd:
        one.unplug()
        one.netns.delete()


def plugged_until(container, call: str, n: int) -> bool:
    """Plugs it in; it dies on entering call number n of a kind to the system. False when it has done fewer."""
    result = container.node.run(
        ["strace", "-f", "-qq", "-o", "/run/strace.log", "-e", f"trace={call}", "-e",
         f"inject={call}:signal=SIGKILL:when={n}",
         *caller("plug_add", **{**container.fields, "ingress_rate": 10**8, "egress_rate": 10**8})], check=False)
    assert result.returncode in (0, -signal.SIGKILL, 128 + signal.SIGKILL), result.stderr
    return result.returncode != 0


@pytest.mark.parametrize("call, step", [("sendto", 1), ("setns", 1), ("recvmsg", 3)])
def test_a_delete_removes_what_a_killed_one_has_left(container, call, step):
    """Before it sends, nothing of that has been sent; before it receives, all of it; and between two visits to the
    container's namespace it is in either."""
    node, inside = container.node, lambda: container.netns.run(["ip", "-br", "link"]).stdout
    before = rows(node), links(node), inside()
    seen, n = set(), 1
    while plugged_until(container, call, n):
        seen.add((len(rows(node)["QoS"] - before[0]["QoS"]), links(node) != before[1]))
        container.unplug()
        assert (rows(node), links(node), inside()) == before, f"killed at {call} number {n}"
        n += step
    assert seen == {(0, False), (0, True), (1, True)} if call == "sendto" else (1, True) in seen
