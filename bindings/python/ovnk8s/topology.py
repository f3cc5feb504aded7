"""The logical network: a cluster, the nodes in it, and what there is (topology.h)."""
from __future__ import annotations

import enum
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from ovnk8s._calls import CData, Handle, Struct, check, encoded, opened, take, text, text_or_none
from ovnk8s._ovnk8s import ffi, lib
from ovnk8s.addresses import (Addresses, IPAddress, IPInterface, IPNetwork, addresses, interfaces, joined, networks)

if TYPE_CHECKING:
    from ovnk8s.nb import Northbound
    from ovnk8s.plan import Plan

__all__ = ["Cluster", "Drawing", "Gateway", "Network", "Node", "Port", "Topology", "TopologyWishes"]

T = TypeVar("T")


class TopologyWishes(Handle):
    """What a plan can want of the cluster and its nodes."""

    def add_cluster(self, name: str, subnet: Addresses, *, join_subnet: Addresses | None = None,
                    service_range: Addresses | None = None) -> None:
        """Adds that the cluster exists.

        name: of the cluster router: by custom, of the master node.
        subnet: the subnet, or the two, out of which all nodes get theirs.
        join_subnet: between the cluster router and those of gateways; None: "100.64.1.0/24,fd98::/64".
        service_range: out of which Kubernetes takes the addresses of services. None: what the cluster has, which is none at
            first; "": none.

        Raises Invalid (a name that Kubernetes does not allow, something malformed, subnets that overlap), NoMemory; when
        the plan is applied Exists (the owner has a cluster already, of another name or subnet).

        >>> plan = Plan(owner="lab")
        >>> plan.add_cluster("lab-master", [ip_network("10.0.0.0/8"), "fd01::/48"])
        >>> plan.compute(nb) > 0
        True
        """
        self._call(lib.ovnk8s_cluster_add, Struct(
            "ovnk8s_cluster", name=name, subnet=joined(subnet), join_subnet=joined(join_subnet),
            service_range=joined(service_range)).pointer)

    def delete_cluster(self, *, force: bool = False) -> None:
        """Adds that there is no cluster; with `force` its nodes go too, with all on them. No error when there is none.

        Raises NoMemory; when the plan is applied Exists (there are nodes, and it is not forced).

        >>> plan = Plan()
        >>> plan.delete_cluster(force=True)
        >>> plan.apply(nb) > 0
        True
        """
        self._call(lib.ovnk8s_cluster_delete, lib.OVNK8S_FORCE if force else 0)

    def add_node(self, name: str, *, subnet: Addresses | None = None, cluster_subnet: Addresses | None = None,
                 ipv4_length: int | None = None, ipv6_length: int | None = None) -> None:
        """Adds that the node exists. The cluster may be added by the same plan.

        name: as Kubernetes calls the node.
        subnet: of its logical switch. None: it keeps what it has, or gets the first free one: see `node_subnets()`.
        cluster_subnet: what you believe the cluster's to be; None: no matter.
        ipv4_length, ipv6_length: of a subnet that is chosen; None: 24 and 64.

        Raises Invalid (a name that Kubernetes does not allow, something malformed), NoMemory; when the plan is applied
        NotFound (there is no cluster), Invalid (a subnet outside the cluster's), Exists (the node has another subnet; it
        overlaps that of another node; a switch of this name is somebody else's), Exhausted (no subnet is free).

        >>> plan = Plan()
        >>> plan.add_node("n2", subnet=ip_network("192.168.9.0/24"))
        >>> plan.apply(nb) > 0
        True
        """
        self._call(lib.ovnk8s_node_add, Struct(
            "ovnk8s_node", name=name, subnet=joined(subnet), cluster_subnet=joined(cluster_subnet),
            ipv4_length=ipv4_length, ipv6_length=ipv6_length).pointer)

    def node_subnets(self, name: str) -> tuple[IPNetwork, ...] | None:
        """The subnets that the latest `apply()` or `compute()` has given to a node that the plan adds, else None.

        >>> plan = Plan()
        >>> plan.add_node("n2")
        >>> changes = plan.apply(nb)
        >>> plan.node_subnets("n2")
        (IPv4Network('192.168.0.0/24'),)
        """
        with self._lock:
            found = text_or_none(lib.ovnk8s_plan_node_subnet(self._own(), encoded(name)))
        return None if found is None else networks(found)

    @property
    def service_range(self) -> tuple[IPNetwork, ...] | None:
        """That of the cluster after the latest `apply()` or `compute()`, which adds it or a node of it; None for none.

        >>> plan = Plan()
        >>> plan.add_cluster("kube-master", "192.168.0.0/16", service_range="10.96.0.0/16")
        >>> changes = plan.compute(nb)
        >>> plan.service_range
        (IPv4Network('10.96.0.0/16'),)
        """
        with self._lock:
            found = text_or_none(lib.ovnk8s_plan_service_range(self._own()))
        return None if found is None else networks(found)

    @property
    def join_subnets(self) -> tuple[IPNetwork, ...] | None:
        """The join subnets of the cluster, likewise.

        >>> plan = Plan()
        >>> plan.add_node("n1")
        >>> changes = plan.compute(nb)
        >>> plan.join_subnets
        (IPv4Network('100.64.1.0/24'),)
        """
        with self._lock:
            found = text_or_none(lib.ovnk8s_plan_join_subnet(self._own()))
        return None if found is None else networks(found)

    def delete_node(self, name: str) -> None:
        """Adds that the node does not exist, nor any port on it. It is no error when there is none.

        Raises Invalid (a name that Kubernetes does not allow), NoMemory.

        >>> plan = Plan()
        >>> plan.delete_node("n1")
        >>> plan.apply(nb) > 0
        True
        """
        self._call(lib.ovnk8s_node_delete, encoded(name))

    def repair(self) -> None:
        """Adds that the cluster, its nodes and their pod ports are as they were added. To compute it is a check.

        Raises NoMemory; when the plan is applied NotFound (the owner has no cluster), Exists (somebody else's row has the
        name of one that is missing).

        >>> plan = Plan()
        >>> plan.repair()
        >>> plan.apply(nb)
        0
        """
        self._call(lib.ovnk8s_topology_repair)

    def read_topology(self, *, node: str | None = None, ports: bool = False) -> None:
        """Adds that `Topology` will tell what there is. `Topology.read()` does all of it at once.

        node: that one alone; None: all of the owner's.
        ports: the ports of pods too, which takes time and memory in proportion.

        Raises Invalid (a name that Kubernetes does not allow), NoMemory.

        >>> plan = Plan()
        >>> plan.read_topology()
        >>> plan.compute(nb)
        0
        >>> Topology(plan).cluster.name
        'kube-master'
        """
        self._call(lib.ovnk8s_topology_read, ffi.NULL if node is None else encoded(node), int(ports))


class Cluster(NamedTuple):
    """A cluster as it is in the database.

    >>> Topology.read(nb).cluster.subnets
    (IPv4Network('192.168.0.0/16'),)
    """

    name: str
    subnets: tuple[IPNetwork, ...]
    join_subnets: tuple[IPNetwork, ...]
    service_range: tuple[IPNetwork, ...]

    def add_to(self, plan: TopologyWishes) -> None:
        """Adds that the same exists.

        >>> plan = Plan()
        >>> Topology.read(nb).cluster.add_to(plan)
        >>> plan.compute(nb)
        0
        """
        plan.add_cluster(self.name, self.subnets, join_subnet=self.join_subnets, service_range=self.service_range)


class Node(NamedTuple):
    """A node as it is in the database.

    gateways: the addresses of the cluster router there.
    addresses: the node's own.
    n_ports, capacity: how many pods have a port, and how many can; None: more than 64 bits count.

    >>> for node in Topology.read(nb).nodes:
    ...     print(node.name, *node.subnets, f"{node.n_ports} of {node.capacity}")
    n1 192.168.1.0/24 1 of 252
    """

    name: str
    subnets: tuple[IPNetwork, ...]
    gateways: tuple[IPInterface, ...]
    addresses: tuple[IPInterface, ...]
    n_ports: int
    capacity: int | None

    def add_to(self, plan: TopologyWishes) -> None:
        """Adds that the same exists, without ports.

        >>> plan = Plan()
        >>> Topology.read(nb).nodes[0].add_to(plan)
        >>> plan.compute(nb)
        0
        """
        plan.add_node(self.name, subnet=self.subnets)


class Gateway(NamedTuple):
    """A gateway as it is in the database.

    join_addresses: of its router, in the join subnet.
    is_first: it is the cluster's first gateway.

    >>> Topology.read(nb).gateways
    []
    """

    node: str
    chassis: str
    interface: str
    mac: str
    physical_ips: tuple[IPInterface, ...]
    default_gateways: tuple[IPAddress, ...]
    rampout_subnets: tuple[IPNetwork, ...]
    single_default: bool
    shared: bool
    join_addresses: tuple[IPInterface, ...]
    is_first: bool

    def add_to(self, plan: Plan) -> None:
        """Adds that the same exists.

        >>> plan = Plan()
        >>> for gateway in Topology.read(nb).gateways:
        ...     gateway.add_to(plan)
        """
        plan.add_gateway(self.node, chassis=self.chassis, interface=self.interface, mac=self.mac,
                         physical_ips=self.physical_ips, default_gateways=self.default_gateways,
                         rampout_subnets=self.rampout_subnets, single_default=self.single_default, shared=self.shared)


class Port(NamedTuple):
    """A pod port as it is in the database; mac and uid are None when they are not known.

    >>> for port in Topology.read(nb, ports=True).ports:
    ...     print(port.namespace, port.pod, port.node, *port.addresses, port.mac)
    default web n1 192.168.1.3/24 0a:58:c0:a8:01:03
    """

    namespace: str
    pod: str
    node: str
    addresses: tuple[IPInterface, ...]
    mac: str | None
    uid: str | None

    def add_to(self, plan: Plan) -> None:
        """Adds that the same exists.

        >>> plan = Plan()
        >>> for port in Topology.read(nb, ports=True).ports:
        ...     port.add_to(plan)
        >>> plan.compute(nb)
        0
        """
        plan.add_port(self.namespace, self.pod, self.node, addresses=self.addresses, mac=self.mac, uid=self.uid)


class Network(NamedTuple):
    """A network without a cluster as it is in the database.

    >>> plan = Plan()
    >>> plan.add_network("blue", "10.88.0.0/16")
    >>> changes = plan.apply(nb)
    >>> Topology.read(nb).networks[0].n_attachments
    0
    """

    name: str
    subnets: tuple[IPNetwork, ...]
    gateways: tuple[IPAddress, ...]
    routed: bool
    n_attachments: int

    def add_to(self, plan: Plan) -> None:
        """Adds that the same exists, without attachments.

        >>> plan = Plan()
        >>> for network in Topology.read(nb).networks:
        ...     network.add_to(plan)
        """
        plan.add_network(self.name, self.subnets, gateway=self.gateways or None, routed=self.routed)


class Drawing(enum.Enum):
    """A form of drawing: a tree for a terminal, JSON, for Graphviz, or a picture that stands alone.

    >>> Drawing("svg")
    <Drawing.SVG: 'svg'>
    """

    TEXT = "text"
    JSON = "json"
    DOT = "dot"
    SVG = "svg"


_DRAWINGS = {Drawing.TEXT: lib.OVNK8S_DRAWING_TEXT, Drawing.JSON: lib.OVNK8S_DRAWING_JSON,
             Drawing.DOT: lib.OVNK8S_DRAWING_DOT, Drawing.SVG: lib.OVNK8S_DRAWING_SVG}


class Topology(Handle):
    """What a plan has read because of `Plan.read_topology()`: a value that is not tied to a connection.

    str() is a tree for a terminal; in a notebook it is a picture.

    Raises Invalid (the plan has read nothing), NoMemory.

    >>> print(Topology.read(nb))
    kube-master  192.168.0.0/16
    ├── join  100.64.1.0/24
    └── n1    192.168.1.0/24  1 of 252 ports
    """

    def __init__(self, plan: Plan) -> None:
        with plan._lock:
            pointer = opened(lib.ovnk8s_topology_new, "ovnk8s_topology", plan._own())
        super().__init__(pointer, lib.ovnk8s_topology_free)

    @classmethod
    def read(cls, nb: Northbound, *, node: str | None = None, ports: bool = False, owner: str | None = None,
             timeout: float | None = None) -> Topology:
        """Reads it.

        node, ports: as `Plan.read_topology()`.
        owner: whose rows; None: "k8s".
        timeout: in seconds; None: the connection's.

        Raises what `Plan.read_topology()` and `Plan.compute()` do.

        >>> Topology.read(nb, node="n1", ports=True).ports[0].pod
        'web'
        """
        from ovnk8s.plan import Plan

        with Plan(owner=owner) as plan:
            plan.read_topology(node=node, ports=ports)
            plan.compute(nb, timeout=timeout)
            return cls(plan)

    @property
    def cluster(self) -> Cluster | None:
        """The cluster, if there is one.

        >>> Topology.read(nb).cluster.name
        'kube-master'
        """
        with self._lock:
            c = lib.ovnk8s_topology_cluster(self._own())
            return Cluster(text(c.name), networks(text(c.subnet)), networks(text(c.join_subnet)),
                           networks(text(c.service_range))) if c else None

    def _all(self, count: Callable[[CData], int], get: Callable[[CData, int], CData],
             made: Callable[[CData], T]) -> list[T]:
        with self._lock:
            own = self._own()
            return [made(get(own, i)) for i in range(count(own))]

    @property
    def nodes(self) -> list[Node]:
        """Ordered by name.

        >>> [node.name for node in Topology.read(nb).nodes]
        ['n1']
        """
        return self._all(lib.ovnk8s_topology_nodes, lib.ovnk8s_topology_node, _node)

    @property
    def gateways(self) -> list[Gateway]:
        """Ordered by node.

        >>> Topology.read(nb).gateways
        []
        """
        return self._all(lib.ovnk8s_topology_gateways, lib.ovnk8s_topology_gateway, _gateway)

    @property
    def ports(self) -> list[Port]:
        """Ordered by node, namespace and pod; none unless ports were asked for.

        >>> [port.pod for port in Topology.read(nb, ports=True).ports]
        ['web']
        """
        return self._all(lib.ovnk8s_topology_ports, lib.ovnk8s_topology_port, _port)

    @property
    def networks(self) -> list[Network]:
        """Networks without a cluster, ordered by name.

        >>> Topology.read(nb).networks
        []
        """
        return self._all(lib.ovnk8s_topology_networks, lib.ovnk8s_topology_network, _network)

    def draw(self, form: Drawing | Literal["text", "json", "dot", "svg"] = "text") -> str:
        """Draws it. Two equal topologies give the same text.

        Raises NoMemory.

        >>> Topology.read(nb).draw("dot").startswith("graph")
        True
        """
        out = ffi.new("char **")
        with self._lock:
            check(lib.ovnk8s_topology_draw(out, self._own(), _DRAWINGS[Drawing(form)]))
        return take(out)

    def to_dict(self) -> dict[str, Any]:
        """As docs/topology.md describes it.

        >>> Topology.read(nb).to_dict()["cluster"]["name"]
        'kube-master'
        """
        found: dict[str, Any] = json.loads(self.draw("json"))
        return found

    def __str__(self) -> str:
        return self.draw().rstrip("\n")

    def _repr_svg_(self) -> str:
        """For notebooks."""
        return self.draw("svg")


def _node(n: CData) -> Node:
    return Node(text(n.name), networks(text(n.subnet)), interfaces(text(n.gateways)), interfaces(text(n.addresses)),
                int(n.n_ports), None if n.capacity == 2**64 - 1 else int(n.capacity))


def _gateway(state: CData) -> Gateway:
    g = state.gateway
    return Gateway(text(g.node), text(g.chassis), text(g.interface), text(g.mac), interfaces(text(g.physical_ips)),
                   addresses(text(g.default_gateways)), networks(text(g.rampout_subnets)), bool(g.single_default),
                   bool(g.is_shared), interfaces(text(state.join_addresses)), bool(state.is_first))


def _port(p: CData) -> Port:
    return Port(text(p.pod_namespace), text(p.pod), text(p.node), interfaces(text(p.addresses)), text_or_none(p.mac),
                text_or_none(p.pod_uid))


def _network(state: CData) -> Network:
    n = state.network
    return Network(text(n.name), networks(text(n.subnet)), addresses(text(n.gateway)), bool(n.is_routed),
                   int(state.n_attachments))
