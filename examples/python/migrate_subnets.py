#!/usr/bin/env python3
"""Takes the nodes and pods of a cluster over from another plugin, with the subnets and addresses that they have.

Most plugins leave the subnet of a node in its spec.podCIDRs, and Kubernetes has the addresses of pods in their status. All
of it becomes one plan: it is shown, and with --yes committed as one transaction, or not at all.
"""
from __future__ import annotations

import argparse
import ipaddress
import json
import sys
from pathlib import Path
from typing import Any

import ovnk8s


def add_nodes(plan: ovnk8s.Plan, nodes: list[dict[str, Any]]) -> dict[str, list[ovnk8s.IPNetwork]]:
    """Adds those that have subnets, and returns these."""
    subnets: dict[str, list[ovnk8s.IPNetwork]] = {}
    for node in nodes:
        name, spec = node["metadata"]["name"], node["spec"]
        texts = spec.get("podCIDRs") or [spec["podCIDR"]] if "podCIDR" in spec else []
        if texts:
            subnets[name] = [ipaddress.ip_network(text) for text in texts]
            plan.add_node(name, subnet=subnets[name])
    return subnets


def add_pods(plan: ovnk8s.Plan, pods: list[dict[str, Any]], subnets: dict[str, list[ovnk8s.IPNetwork]]) -> int:
    """Adds the ports of those that run on these nodes, and returns how many these are."""
    n = 0
    for pod in pods:
        meta, spec, status = pod["metadata"], pod["spec"], pod.get("status", {})
        ours = subnets.get(spec.get("nodeName", ""), [])
        addresses = [f"{address}/{subnet.prefixlen}" for subnet in ours
                     for address in (ipaddress.ip_address(ip["ip"]) for ip in status.get("podIPs", []))
                     if address.version == subnet.version and address in subnet]
        if addresses and not spec.get("hostNetwork") and status.get("phase") not in ("Succeeded", "Failed"):
            plan.add_port(meta["namespace"], meta["name"], spec["nodeName"], addresses=addresses, uid=meta["uid"])
            n += 1
    return n


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nb", required=True, metavar="REMOTE", help="the Northbound database")
    parser.add_argument("--name", default="cluster", help="of the cluster router")
    parser.add_argument("--cluster-subnet", required=True, metavar="CIDR[,CIDR]", help="that the nodes' are parts of")
    parser.add_argument("--kubeconfig", help="of the API server; else $KUBECONFIG or the host's settings tell")
    parser.add_argument("--file", type=Path, help="output of kubectl get nodes,pods -A -o json, in place of an API server")
    parser.add_argument("--yes", action="store_true", help="do it; otherwise it is only shown")
    given = parser.parse_args()
    if given.file:
        items = json.loads(given.file.read_text())["items"]
        nodes, pods = ([item for item in items if item["kind"] == kind] for kind in ("Node", "Pod"))
    else:
        with ovnk8s.Settings(kubeconfig=given.kubeconfig).open_kube() as kube:
            nodes, pods = kube.list("/api/v1/nodes"), kube.list("/api/v1/pods")
    with ovnk8s.Northbound(given.nb) as nb, ovnk8s.Plan() as plan:
        plan.add_cluster(given.name, given.cluster_subnet)
        subnets = add_nodes(plan, nodes)
        n_pods = add_pods(plan, pods, subnets)
        n_rows = plan.apply(nb) if given.yes else plan.compute(nb)
        print(plan)
        print(f"{len(subnets)} nodes, {n_pods} pods: {n_rows} rows{'' if given.yes else ', with --yes'}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ovnk8s.Error as error:
        sys.exit(f"migrate_subnets: {error}")
