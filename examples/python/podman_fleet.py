#!/usr/bin/env python3
"""Makes a network for a fleet of podman hosts, and writes the CNI configuration of each.

All containers of all hosts are on one logical switch. So that no host has to ask another, each chooses addresses out of a
range of its own.
"""
from __future__ import annotations

import argparse
import ipaddress
import json
import sys
from pathlib import Path

import ovnk8s


def ranges(subnet: ipaddress.IPv4Network, hosts: list[str]) -> dict[str, tuple[str, str]]:
    """A part of the subnet for each host, all of one size; the first addresses are nobody's."""
    length = subnet.prefixlen + len(hosts).bit_length()
    with ovnk8s.Subnets(subnet, ipv4_length=length) as parts:
        parts.exclude(next(subnet.subnets(new_prefix=length)))
        return {host: (str(part[1]), str(part[-2])) for host, (part,) in zip(hosts, parts)
                if isinstance(part, ipaddress.IPv4Network)}


def configuration(name: str, subnet: ipaddress.IPv4Network, nb: str, first: str, last: str) -> str:
    plugin = {"type": "ovn-k8s-cni-overlay", "mode": "standalone", "nb": nb, "routed": True, "subnet": str(subnet),
              "rangeStart": first, "rangeEnd": last}
    return json.dumps({"cniVersion": "1.0.0", "name": name, "plugins": [plugin]}, indent=2) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nb", required=True, metavar="REMOTE", help="the Northbound database, as hosts reach it")
    parser.add_argument("--name", default="fleet", help="of the network")
    parser.add_argument("--subnet", default="10.88.0.0/16", type=ipaddress.IPv4Network)
    parser.add_argument("--output", default=Path("."), type=Path, metavar="FOLDER", help="where the configurations go")
    parser.add_argument("--dry-run", action="store_true", help="show what would be changed")
    parser.add_argument("hosts", nargs="+", metavar="HOST")
    given = parser.parse_args()
    with ovnk8s.Northbound(given.nb) as nb, ovnk8s.Plan() as plan:
        plan.add_network(given.name, given.subnet, routed=True)
        (plan.compute if given.dry_run else plan.apply)(nb)
        print(str(plan) or "as it was")
    for host, (first, last) in ranges(given.subnet, given.hosts).items():
        if not given.dry_run:
            file = given.output / f"{host}.conflist"
            file.write_text(configuration(given.name, given.subnet, given.nb, first, last))
        print(f"{host}: {first} to {last}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ovnk8s.Error as error:
        sys.exit(f"podman_fleet: {error}")
