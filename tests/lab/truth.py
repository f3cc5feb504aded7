"""Whether what is in the Northbound database is what the pods and services of the API server need, no less and no more."""
from __future__ import annotations

import json
import time

import services
from host import LabError
from overlay import overlay_command
from sandbox import Sandbox

NORTHBOUND = "unix:/run/ovn/ovnnb_db.sock"


def pod_ports(sandbox: Sandbox, server: str = NORTHBOUND) -> dict[str, tuple[str, dict[str, str]]]:
    """The logical ports of pods: their addresses and external_ids, by name."""
    line = sandbox.central.output(["ovsdb-client", "--format=json", "--timeout=10", "dump", server, "OVN_Northbound",
                                   "Logical_Switch_Port", "name", "addresses", "external_ids"])
    table = json.loads(line)
    rows = [dict(zip(table["headings"], row)) for row in table["data"]]
    return {row["name"]: (row["addresses"], dict(row["external_ids"][1])) for row in rows
            if dict(row["external_ids"][1]).get("pod") == "true"}


def needs_port(pod: dict) -> bool:
    return bool(pod["spec"].get("nodeName")) and not pod["spec"].get("hostNetwork") \
        and pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")


def pod_differences(sandbox: Sandbox, server: str = NORTHBOUND) -> list[str]:
    """What is not as it should be, one line for each: pods without port or annotation, ports without pods, and those of which
    one tells something else than the other."""
    ports, found, holders = pod_ports(sandbox, server), [], {}
    for pod in filter(needs_port, sandbox.api.request("GET", "/api/v1/pods")["items"]):
        metadata = pod["metadata"]
        name = f"{metadata['namespace']}_{metadata['name']}"
        addresses, ids = ports.pop(name, ("", {}))
        annotation = json.loads(metadata.get("annotations", {}).get("ovn", "{}"))
        told = f"{annotation.get('mac_address')} {annotation.get('ip_address', '').partition('/')[0]}"
        if told != addresses:
            found.append(f"{name}: annotation: {told}, port: {addresses or 'none'}")
        if ids and (ids.get("pod-uid"), ids.get("node")) != (metadata["uid"], pod["spec"]["nodeName"]):
            found.append(f"{name}: the port is of another pod: {ids}")
        holders.setdefault(addresses, []).append(name)
    found += [f"{name}: a port without a pod" for name in ports]
    return found + [f"{address}: of {names}" for address, names in holders.items() if address and len(names) > 1]


def service_differences(sandbox: Sandbox, server: str = NORTHBOUND) -> list[str]:
    """The same for services; of the sandbox's own database alone."""
    return services.differences(sandbox.api, sandbox.central) if server == NORTHBOUND else []


def wait_for_truth(sandbox: Sandbox, timeout: float = 90, server: str = NORTHBOUND):
    """Until there is no difference, and "check" finds none in what is around the pods either."""
    deadline = time.monotonic() + timeout
    while found := pod_differences(sandbox, server) + service_differences(sandbox, server):
        if time.monotonic() > deadline:
            raise LabError("\n".join([f"{len(found)} differences after {timeout:g} s:", *found[:20]]))
        time.sleep(0.1)
    overlay_command(sandbox.central, "check", {})
