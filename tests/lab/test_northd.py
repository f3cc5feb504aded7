"""What OVN makes of the library's rows: ovn-northd takes them without a word, and packets go where they should."""
import json
import re

import pytest

from library import Northbound, Plan
from sandbox import in_parallel

NORTHD_LOG = "/var/log/ovn/ovn-northd.log"
SB, HV = 1, 2  # how far to wait


class Network:
    """The sandbox's Northbound database, changed through the library."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.central = sandbox.central
        self.nb = Northbound(f"unix:{self.central.path('/run/ovn/ovnnb_db.sock')}", timeout_ms=30000)
        self.told = 0

    def do(self, *calls, wait=SB) -> Plan:
        """Applies a plan of these calls, which changes something, and must not make ovn-northd complain."""
        self.complaints()
        plan = Plan()
        for name, *words in calls:
            getattr(plan, name)(*words)
        assert plan.apply(self.nb, wait=wait) > 0
        assert self.complaints() == []
        return plan

    def complaints(self) -> list[str]:
        """Warnings and errors that ovn-northd has logged since this was called last."""
        lines = self.central.path(NORTHD_LOG).read_text().splitlines()
        self.told, new = len(lines), lines[self.told:]
        return [line for line in new if re.search(r"\|(WARN|ERR|EMER)\|", line)]

    def nbctl(self, *words):
        self.central.run(["ovn-nbctl", "--wait=sb", *words])

    def southbound(self, table, column, **conditions) -> list[str]:
        words = [f"{name}={value}" for name, value in conditions.items()]
        return self.central.output(["ovn-sbctl", "--bare", f"--columns={column}", "find", table, *words]).split()


class Pod:
    """A pod as far as the network sees it: a namespace, plugged in with the addresses that the library has chosen."""

    def __init__(self, network, name, node, plan):
        self.network, self.name = network, name
        self.plug(node, plan)

    def plug(self, node, plan):
        self.node, self.netns, link = node, node.netns_add(self.name), f"v-{self.name}"
        addresses = plan.port_addresses(self.name).split(",")
        self.addresses = [address.partition("/")[0] for address in addresses]
        mac = self.network.southbound("Port_Binding", "mac", logical_port=f"default_{self.name}")[0]
        routers = [re.sub(r"[^.:]+$", "1", address) for address in self.addresses]
        peer = f"peer name eth0 address {mac} mtu 1400 netns {self.name}"
        node.run(["ip", "-batch", "-"], input=f"link add {link} type veth {peer}\nlink set {link} up\n")
        node.run(["ovs-vsctl", "add-port", "br-int", link, "--", "set", "Interface", link,
                  f"external_ids:iface-id=default_{self.name}"])
        self.netns.run(["ip", "-batch", "-"], input="link set eth0 up\n" + "".join(
            f"address add {address} dev eth0{' nodad' if ':' in address else ''}\n" for address in addresses) + "".join(
            f"route add default via {router}\n" for router in routers))
        self.netns.run(["ethtool", "-K", "eth0", "tx", "off"])  # a datapath in userspace does not complete checksums

    def unplug(self):
        self.node.run(["ovs-vsctl", "del-port", "br-int", f"v-{self.name}"])
        self.netns.delete()

    def reaches(self, other, wait=10) -> bool:
        """Whether it gets an answer from all addresses of the other one."""
        return all(self.netns.run(["ping", "-c", "1", "-i", "0.1", "-w", str(wait), address], check=False).returncode == 0
                   for address in other.addresses)


@pytest.fixture(scope="module")
def network(sandbox):
    return Network(sandbox)


@pytest.fixture
def cluster_of_two(network):
    """A cluster with the sandbox's nodes, and a pod on each, plugged in."""
    names = [node.name for node in network.sandbox.nodes]
    plan = network.do(("cluster_add", "master", "192.168.0.0/16,fd01::/48"), *(("node_add", name) for name in names),
                      ("port_add", "web", names[0]), ("port_add", "db", names[1]), wait=SB)
    pods = [Pod(network, name, node, plan) for name, node in zip(("web", "db"), network.sandbox.nodes)]
    network.nbctl("--wait=hv", "sync")
    yield pods
    in_parallel(*(pod.unplug for pod in pods))
    with Plan() as plan:
        plan.cluster_delete(True)
        plan.apply(network.nb, wait=SB)


def test_northd_takes_every_operation_without_a_word(network):
    bindings = lambda name: network.southbound("Port_Binding", "logical_port", logical_port=name)  # noqa: E731
    network.do(("cluster_add", "master", "192.168.0.0/16,fd01::/48"))
    assert bindings("rtoj-master") == ["rtoj-master"]
    network.do(("node_add", "n1"))
    network.do(("node_add", "n2", "192.168.7.0/24,fd01:0:0:7::/64"))
    assert bindings("rtos-n2") == ["rtos-n2"]
    network.do(*(("port_add", f"pod-{i}", "n1") for i in range(20)))
    assert bindings("default_pod-19") == ["default_pod-19"]
    network.do(("port_add", "pod-0", "n1", "192.168.0.99/24,fd01::99/64"))
    network.do(("port_add", "pod-1", "n2"))
    network.do(("port_delete", "pod-2", "n1"))
    assert bindings("default_pod-2") == []
    for damage in ["lr-del", "master"], ["ls-del", "n1"], ["lsp-del", "default_pod-3"], ["lrp-del", "rtos-n2"]:
        network.nbctl(*damage)
        network.do(("repair",))
    assert bindings("default_pod-3") == ["default_pod-3"]
    network.do(("node_delete", "n1"))
    assert bindings("default_pod-19") == []
    network.do(("cluster_delete", True))
    assert network.southbound("Port_Binding", "logical_port") == []
    assert network.southbound("Datapath_Binding", "_uuid") == []


def test_pods_on_different_nodes_reach_each_other(cluster_of_two):
    web, db = cluster_of_two
    assert web.reaches(db)
    assert db.reaches(web)


def test_a_pod_that_moves_or_changes_its_address_is_reached(network, cluster_of_two):
    web, db = cluster_of_two
    db.unplug()
    db.plug(web.node, network.do(("port_add", "db", web.node.name)))
    assert web.reaches(db)
    db.unplug()
    plan = network.do(("port_add", "db", network.sandbox.nodes[1].name, "192.168.1.77/24,fd01:0:0:1::77/64"))
    db.plug(network.sandbox.nodes[1], plan)
    assert db.addresses == ["192.168.1.77", "fd01:0:0:1::77"]
    assert web.reaches(db)


# Not a port of the router: when one comes back, from ovn-nbctl too, ovn-controller 23.03 uses it only after "recompute".
DAMAGE = {"router": ["lr-del", "master"], "switch": ["ls-del", "kube-minion2"], "pod-port": ["lsp-del", "default_db"],
          "addresses": ["lsp-set-addresses", "default_db", "0a:00:00:00:00:99 192.168.1.99"]}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_repair_brings_the_packets_back(network, cluster_of_two, damage):
    web, db = cluster_of_two
    assert web.reaches(db)
    network.nbctl("--wait=hv", *damage)
    assert not web.reaches(db, wait=1)
    network.do(("repair",), wait=HV)
    assert web.reaches(db)


def test_pods_of_a_deleted_node_are_out_of_reach(network, cluster_of_two):
    web, db = cluster_of_two
    network.do(("node_delete", db.node.name), wait=HV)
    assert not web.reaches(db, wait=1)
    network.do(("port_add", "other", web.node.name), wait=HV)


def test_a_node_that_was_deleted_comes_back(network, cluster_of_two):
    web, db = cluster_of_two
    network.do(("node_delete", db.node.name), wait=HV)
    db.unplug()
    db.plug(db.node, network.do(("node_add", db.node.name), ("port_add", "db", db.node.name), wait=HV))
    assert web.reaches(db)
    assert db.reaches(web)


def test_pods_keep_what_they_have_when_a_restored_database_is_repaired(network, cluster_of_two):
    """Each row gets another UUID by the restore, and its own again by the repair."""
    def ports() -> set[tuple]:
        table = json.loads(network.central.output(["ovn-nbctl", "--format=json", "--columns=_uuid,name,addresses", "list", "Logical_Switch_Port"]))
        return {tuple(map(str, row)) for row in table["data"]}

    web, db = cluster_of_two
    before = ports()
    network.central.run(["bash", "-c", "ovsdb-client backup unix:/run/ovn/ovnnb_db.sock OVN_Northbound >/run/backup && "
                                       "ovsdb-client restore unix:/run/ovn/ovnnb_db.sock OVN_Northbound </run/backup"])
    assert not before & ports()
    network.nbctl("--wait=hv", "sync")
    network.do(("repair",), wait=HV)
    assert ports() == before
    assert web.reaches(db, wait=60) and db.reaches(web, wait=60)
