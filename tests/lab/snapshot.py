"""What the programs under test could have changed: the databases and the CNI folders of a sandbox's hosts."""
from __future__ import annotations

import json

from host import Host
from sandbox import Sandbox

OWN_LIFE = {"statistics", "status", "up"}  # columns that daemons of Open vSwitch and OVN rewrite on their own
OWN_KEYS = {"ovn-nb-cfg", "ovn-nb-cfg-ts"}  # likewise keys: ovn-controller tells there how far it is


def lasting(value):
    """A value of a column without the keys that come and go."""
    if isinstance(value, list) and value[:1] == ["map"]:
        return ["map", [pair for pair in value[1] if pair[0] not in OWN_KEYS]]
    return value


def database(host: Host, server: str, name: str) -> dict[str, list]:
    """All rows of a database, by table."""
    tables = {}
    for line in host.output(["ovsdb-client", "--format=json", "dump", server, name]).splitlines():
        table = json.loads(line)
        rows = [{column: lasting(value) for column, value in zip(table["headings"], row) if column not in OWN_LIFE}
                for row in table["data"]]
        tables[table["caption"]] = sorted(rows, key=json.dumps)
    return tables


def snapshot(sandbox: Sandbox) -> dict:
    """Compares equal to another snapshot exactly when nothing has changed between them."""
    found = {"Northbound": database(sandbox.central, "unix:/run/ovn/ovnnb_db.sock", "OVN_Northbound")}
    for host in [sandbox.central, *sandbox.nodes]:
        found[host.name] = {
            "Open_vSwitch": database(host, "unix:/run/openvswitch/db.sock", "Open_vSwitch"),
            "links": host.output(["ip", "-brief", "address"]),
            "routes": host.output(["ip", "route"]),
            "CNI": host.output(["bash", "-c", "ls -lR --time-style=full-iso /etc/cni /opt/cni 2>&1; true"])}
    return found


def differences(before, after, path: str = "") -> list[str]:
    """What differs between two snapshots, as lines for the report of a failed test."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [line for key in sorted({*before, *after})
                for line in differences(before.get(key), after.get(key), f"{path}/{key}")]
    return [] if before == after else [f"{path}: {before} -> {after}"]
