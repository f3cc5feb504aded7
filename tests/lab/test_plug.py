"""Containers plugged into a node by the library itself, with no CNI and no Kubernetes: made, checked, listed, removed."""
import json
import sys

import pytest

from host import HERE

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
    "attached MAC": (lambda c: c.set_id('attached_mac="0a:58:00:00:00:00"'), 'it has attached_mac "0a:58:00:00:00:00"'),
}


@pytest.mark.parametrize("what", DAMAGES)
def test_a_check_names_the_one_thing_that_is_broken(container, what):
    damage, words = DAMAGES[what]
    container.set_id = lambda pair: container.node.run(
        ["ovs-vsctl", "set", "Interface", container.host_interface, f"external_ids:{pair}"])
    container.plug()
    container.check()
    damage(container)
    with pytest.raises(Refused, match="^checking eth0 of container c1: ") as refused:
        container.check()
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
