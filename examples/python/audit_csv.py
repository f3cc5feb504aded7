#!/usr/bin/env python3
"""Writes an audit of a cluster to standard output, as CSV: what each node and pod has, and what is damaged.

The exit status is 1 when a repair would change something.
"""
from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator

import ovnk8s

HEADING = ("kind", "name", "node", "addresses", "state")


def words(values: tuple[object, ...]) -> str:
    return " ".join(map(str, values))


def rows(topology: ovnk8s.Topology, chassis: list[ovnk8s.Chassis]) -> Iterator[tuple[str, ...]]:
    joined = {name for one in chassis for name in (one.name, one.hostname)}
    for node in topology.nodes:
        use = f"{node.n_ports} of {node.capacity} ports"
        yield "node", node.name, node.name, words(node.subnets), use if node.name in joined else f"{use}, no chassis"
    for gateway in topology.gateways:
        yield "gateway", f"GR_{gateway.node}", gateway.node, words(gateway.physical_ips), "first" if gateway.is_first else ""
    for port in topology.ports:
        yield "pod", f"{port.namespace}/{port.pod}", port.node, words(port.addresses), port.mac or ""
    for network in topology.networks:
        yield "network", network.name, "", words(network.subnets), f"{network.n_attachments} attachments"


def damages(nb: ovnk8s.Northbound) -> Iterator[tuple[str, ...]]:
    """What a repair would change."""
    with ovnk8s.Plan() as plan:
        plan.repair()
        plan.compute(nb)
        for change in plan:
            columns = sorted({*change["added"], *change["removed"]})
            yield "damage", f"{change['table']} {change['name']}", "", "", f"{change['action']} {' '.join(columns)}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nb", required=True, metavar="REMOTE", help="the Northbound database")
    parser.add_argument("--sb", metavar="REMOTE", help="the Southbound database, for who has joined")
    given = parser.parse_args()
    out = csv.writer(sys.stdout, lineterminator="\n")
    chassis = []
    if given.sb:
        with ovnk8s.Southbound(given.sb) as sb:
            chassis = sb.chassis()
    with ovnk8s.Northbound(given.nb) as nb:
        out.writerow(HEADING)
        out.writerows(rows(ovnk8s.Topology.read(nb, ports=True), chassis))
        found = list(damages(nb))
        out.writerows(found)
    return 1 if found else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ovnk8s.Error as error:
        sys.exit(f"audit_csv: {error}")
