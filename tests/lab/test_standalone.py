"""The CNI plugin without Kubernetes: networks across hosts, made by whoever comes first."""
import json

import pytest

from cni import Attachment
from host import wait_for
from overlay import at_once, connect_hosts
from snapshot import differences, snapshot

CONFIGURATION = {"cniVersion": "1.1.0", "name": "lab", "type": "ovn-k8s-cni-overlay", "mode": "standalone",
                 "subnets": ["10.88.0.0/16", "fd88::/64"]}


@pytest.fixture(scope="module")
def hosts(sandbox):
    """Hosts with Open vSwitch and OVN, and no cluster."""
    connect_hosts(sandbox)
    plugin = "/opt/cni/bin/ovn-k8s-cni-overlay"
    for node in sandbox.nodes:
        node.run(["bash", "-euc", f"mkdir -p /opt/cni/bin; ln -s $(type -P ovn-k8s-cni-overlay) {plugin}"])
    return sandbox


@pytest.fixture
def clean(hosts):
    """Fails the test that asks for it when something is left of what it has made."""
    before = snapshot(hosts)
    yield
    assert differences(before, snapshot(hosts)) == []


class Container:
    """A network namespace with an interface, from ADD to DEL."""

    def __init__(self, node, container_id: str, args: str = "", **configuration):
        self.node = node
        self.netns = node.netns_add(container_id)
        self.attachment = Attachment(node, container_id, self.netns, {**CONFIGURATION, **configuration}, args)

    def __enter__(self):
        self.result = json.loads(self.attachment.call("ADD").stdout)
        self.addresses = [ip["address"].split("/")[0] for ip in self.result["ips"]]
        return self

    def __exit__(self, *_):
        self.delete()

    def delete(self):
        self.attachment.call("DEL")
        self.netns.delete()

    def check(self):
        self.attachment.configuration["prevResult"] = self.result
        return self.attachment.call("CHECK", check=False)

    def ping(self, other: "Container"):
        """Flows are installed on a container's own host when ADD returns, and on others a moment later."""
        for address in other.addresses:
            wait_for(f"an answer from {address}",
                     lambda address=address: not self.netns.run(["ping", "-c1", "-W1", address], check=False).returncode)


def network_delete(hosts, *names: str):
    for name in names:
        hosts.central.run(["ovn-k8s-overlay", "network-del", name])


def refusal(container: Container, verb: str = "ADD") -> dict:
    result = container.attachment.call(verb, check=False)
    assert result.returncode == 1
    return json.loads(result.stdout)


def test_containers_of_two_hosts_reach_each_other(hosts, clean):
    one, two = hosts.nodes
    with Container(one, "a") as a, Container(two, "a") as b, Container(two, "c") as c:
        assert {*a.addresses, *b.addresses, *c.addresses} == {f"{net}{i}" for net in ("10.88.0.", "fd88::") for i in (1, 2, 3)}
        for container in a, b, c:
            assert container.check().stdout == ""
        a.ping(b)
        b.ping(c)
        c.ping(a)
        assert "routes" not in a.result or not a.result["routes"]
    network_delete(hosts, "lab")


def test_routed_networks_reach_each_other(hosts, clean):
    one, two = hosts.nodes
    red = {"name": "red", "subnets": ["10.1.0.0/24", "fd01::/64"], "routed": True}
    blue = {"name": "blue", "subnets": ["10.2.0.0/24", "fd02::/64"], "routed": True, "gateway": ["10.2.0.254", "fd02::ff"]}
    with Container(one, "a", **red) as a, Container(two, "b", **blue) as b:
        assert [ip["gateway"] for ip in a.result["ips"] + b.result["ips"]] == ["10.1.0.1", "fd01::1", "10.2.0.254", "fd02::ff"]
        assert {route["dst"] for route in b.result["routes"]} == {"0.0.0.0/0", "::/0"}
        a.ping(b)
        b.ping(a)
        assert a.check().stdout == b.check().stdout == ""
    network_delete(hosts, "red", "blue")


def test_wishes(hosts, clean):
    node = hosts.nodes[0]
    fixed = {"runtimeConfig": {"mac": "02:00:00:00:00:07", "ips": ["10.88.0.7/16", "fd88::7"]}}
    ranged = {"subnets": None, "subnet": "10.89.0.0/16", "name": "ranged", "rangeStart": "10.89.1.5", "rangeEnd": "10.89.1.6",
              "gateway": "10.89.0.1", "routes": [{"dst": "192.0.2.0/24"}, {"dst": "198.51.100.0/24", "gw": "10.89.0.9"}]}
    with Container(node, "a", **fixed) as a, Container(node, "b", "IP=10.88.0.9;MAC=02:00:00:00:00:09") as b, \
            Container(node, "c", **ranged) as c:
        assert a.addresses == ["10.88.0.7", "fd88::7"] and b.addresses[0] == "10.88.0.9"
        assert c.addresses == ["10.89.1.5"]
        assert "02:00:00:00:00:07" in a.netns.run(["ip", "link", "show", "eth0"]).stdout
        routes = c.netns.run(["ip", "route"]).stdout
        assert "default via 10.89.0.1" in routes and "192.0.2.0/24 via 10.89.0.1" in routes
        assert "198.51.100.0/24 via 10.89.0.9" in routes
        a.ping(b)
        taken = Container(node, "d", **fixed)
        assert refusal(taken)["code"] == 108 and "lab/" in refusal(taken)["msg"]
        taken.delete()
    network_delete(hosts, "lab", "ranged")


def test_an_address_comes_back_when_it_is_free(hosts, clean):
    node = hosts.nodes[0]
    small = {"subnets": None, "subnet": "10.90.0.0/29", "name": "small"}
    for _ in range(2):
        containers = [Container(node, f"c{i}", **small).__enter__() for i in range(6)]
        one_too_many = Container(node, "d", **small)
        assert "all addresses from 10.90.0.1 to 10.90.0.6 are taken" in refusal(one_too_many)["msg"]
        one_too_many.delete()
        for container in containers:
            container.delete()
    network_delete(hosts, "small")


def test_what_is_left_behind_is_collected(hosts, clean):
    one, two = hosts.nodes
    with Container(two, "a") as elsewhere:
        gone, kept = [Container(one, name).__enter__() for name in ("gone", "kept")]
        gone.netns.delete()
        kept.attachment.configuration["cni.dev/valid-attachments"] = [{"containerID": "kept", "ifname": "eth0"}]
        assert kept.attachment.call("GC").stdout == ""
        ports = hosts.central.output(["ovn-nbctl", "--bare", "--columns=name", "list", "Logical_Switch_Port"]).split()
        assert sorted(port.split("/", 2)[2] for port in ports) == ["a/eth0", "kept/eth0"]
        kept.ping(elsewhere)
        kept.delete()
    network_delete(hosts, "lab")


def test_many_at_once(hosts, clean):
    containers = [Container(node, f"c{i}") for i in range(8) for node in hosts.nodes]
    at_once([container.__enter__ for container in containers])
    addresses = [address for container in containers for address in container.addresses]
    assert len(set(addresses)) == 2 * len(containers)
    containers[0].ping(containers[1])
    at_once([container.delete for container in containers])
    network_delete(hosts, "lab")


def test_delete_needs_little(hosts, clean):
    node = hosts.nodes[0]
    container = Container(node, "a").__enter__()
    container.netns.delete()
    container.attachment.variables["CNI_NETNS"] = ""
    for _ in range(2):
        assert container.attachment.call("DEL").stdout == ""
    for key in "subnets", "cniVersion":
        container.attachment.configuration.pop(key)
    assert container.attachment.call("DEL").stdout == ""
    network_delete(hosts, "lab")


def test_status(hosts):
    container = Container(hosts.nodes[0], "a")
    assert container.attachment.call("STATUS").stdout == ""
    container.attachment.configuration["nb"] = "tcp:10.99.0.1:1"
    container.attachment.configuration["timeout"] = 1
    assert refusal(container, "STATUS")["code"] == 50
    container.netns.delete()


BAD = {
    "no-subnet": ({"subnets": None}, '"subnet"'),
    "two-subnets": ({"subnet": "10.1.0.0/16"}, '"subnet"'),
    "malformed-subnet": ({"subnets": ["10.1.0.0"]}, "10.1.0.0"),
    "gateway-elsewhere": ({"gateway": "10.9.0.1"}, "10.9.0.1"),
    "half-a-range": ({"rangeStart": "10.88.0.5"}, "rangeEnd"),
    "range-elsewhere": ({"rangeStart": "10.9.0.5", "rangeEnd": "10.9.0.6"}, "10.9.0.5-10.9.0.6"),
    "routed-maybe": ({"routed": "maybe"}, "routed"),
    "route-without-destination": ({"routes": [{"gw": "10.88.0.1"}]}, "routes"),
}


@pytest.mark.parametrize("change, expected", BAD.values(), ids=BAD.keys())
def test_bad_configurations(hosts, clean, change, expected):
    container = Container(hosts.nodes[0], "a", **change)
    error = refusal(container)
    assert error["code"] == 7 and expected in error["msg"]
    container.netns.delete()
