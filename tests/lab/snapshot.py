"""What the programs under test could have changed: the databases and the CNI folders of a sandbox's hosts."""
from __future__ import annotations

import json
import re
import time

from host import Host
from sandbox import Sandbox

# What the daemons of Open vSwitch and OVN write of their own accord, some of it long after the change that made them:
OWN_COLUMNS = {"statistics", "status", "up", "ofport", "mac_in_use", "ifindex", "link_state", "link_speed", "link_resets",
               "admin_state", "duplex", "mtu", "cur_cfg", "datapath_id", "datapaths"}
OWN_TABLES = {"Datapath table"}
OWN_KEYS = re.compile(r"ovn-nb-cfg|ovn-installed|ct-zone-")  # the beginnings of keys


def lasting(value):
    """A value of a column without the keys that come and go."""
    if isinstance(value, list) and value[:1] == ["map"]:
        return ["map", [pair for pair in value[1] if not OWN_KEYS.match(str(pair[0]))]]
    return value


def database(host: Host, server: str, name: str) -> dict[str, list]:
    """All rows of a database, by table."""
    tables = {}
    for line in host.output(["ovsdb-client", "--format=json", "dump", server, name]).splitlines():
        table = json.loads(line)
        if table["caption"] in OWN_TABLES:
            continue
        rows = [{column: lasting(value) for column, value in zip(table["headings"], row) if column not in OWN_COLUMNS}
                for row in table["data"]]
        tables[table["caption"]] = sorted(rows, key=json.dumps)
    return tables


def state(sandbox: Sandbox) -> dict:
    """What is there at this moment."""
    found = {"Northbound": database(sandbox.central, "unix:/run/ovn/ovnnb_db.sock", "OVN_Northbound")}
    for host in [sandbox.central, *sandbox.nodes]:
        found[host.name] = {
            "Open_vSwitch": database(host, "unix:/run/openvswitch/db.sock", "Open_vSwitch"),
            "links": links(host),
            "routes": host.output(["ip", "route"]),
            "CNI": host.output(["bash", "-c", "ls -lR --time-style=full-iso /etc/cni /opt/cni 2>&1; true"]),
            "containers": containers(host)}
    return found


def links(host: Host) -> str:
    """The interfaces and their addresses, without what the kernel does to them when a carrier comes."""
    return re.sub(r"fe80::\S+ ?", "", host.output(["ip", "-brief", "address"])).replace("UNKNOWN", "UP     ")


def containers(host: Host) -> list[str]:
    """What containers of any runtime would leave behind: namespaces, results of CNI, packet filters, queues."""
    return host.output(["bash", "-c", """
        find /run/netns /var/lib/cni ! -type d 2>/dev/null
        ! type -P iptables-save >/dev/null || { iptables-save; ip6tables-save; } 2>/dev/null | sed '/^#/d; s/\\[.*//'
        tc qdisc show | grep -v noqueue"""], check=False).splitlines()


def snapshot(sandbox: Sandbox) -> dict:
    """Compares equal to another snapshot exactly when nothing has changed between them.

    Waits until what came before has come to rest: two readings in a row are alike."""
    before, found = None, state(sandbox)
    while before != found:
        time.sleep(0.05)
        before, found = found, state(sandbox)
    return found


def differences(before, after, path: str = "") -> list[str]:
    """What differs between two snapshots, as lines for the report of a failed test."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [line for key in sorted({*before, *after})
                for line in differences(before.get(key), after.get(key), f"{path}/{key}")]
    return [] if before == after else [f"{path}: {before} -> {after}"]
