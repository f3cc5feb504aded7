"""How a cluster stands, as a table."""
from __future__ import annotations

from collections.abc import Iterable, Sequence

from ovnk8s.errors import Error
from ovnk8s.nb import Northbound
from ovnk8s.sb import Chassis, Southbound
from ovnk8s.topology import Topology

__all__ = ["status"]


def status(nb: Northbound, sb: Southbound | None = None, *, owner: str | None = None) -> str:
    """The nodes of a cluster, how many ports they have, and who has joined, as text.

    nb, sb: connections; without sb nothing is said about chassis.
    owner: whose rows; None: "k8s".

    Raises what `Topology.read()` does.

    >>> from ovnk8s.status import status
    >>> print(status(nb))
    cluster kube-master: 192.168.0.0/16
    NODE  SUBNET          PORTS  GATEWAY  CHASSIS
    n1    192.168.1.0/24  1/252  -        -
    """
    topology = Topology.read(nb, owner=owner)
    chassis = _chassis(sb)
    gateways = {gateway.node for gateway in topology.gateways}
    cluster = topology.cluster
    lines = [f"cluster {cluster.name}: {_texts(cluster.subnets)}" if cluster else "no cluster"]
    if topology.nodes:
        lines += _table(("NODE", "SUBNET", "PORTS", "GATEWAY", "CHASSIS"), [
            (node.name, _texts(node.subnets), str(node.n_ports) if node.capacity is None else
             f"{node.n_ports}/{node.capacity}", "yes" if node.name in gateways else "-",
             next((one.name for one in chassis if node.name in (one.name, one.hostname)), "-"))
            for node in topology.nodes])
    if topology.networks:
        lines += _table(("NETWORK", "SUBNET", "ATTACHMENTS"), [
            (network.name, _texts(network.subnets), str(network.n_attachments)) for network in topology.networks])
    return "\n".join(lines)


def _chassis(sb: Southbound | None) -> list[Chassis]:
    """A status without them is better than none."""
    try:
        return sb.chassis() if sb else []
    except Error:
        return []


def _texts(values: Iterable[object]) -> str:
    return ",".join(map(str, values))


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(heading, *rows)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in (heading, *rows)]
