"""Nodes as gateways of both families that share their NIC with the host, the way an operator makes them."""
from __future__ import annotations

import contextlib

from flows import tell_api_server
from outside import ADDRESSES, Outside
from overlay import overlay_command

BRIDGE, NIC = "breth1", "eth1"
HELPER = ["ovn-k8s-gateway-helper", f"--physical-bridge={BRIDGE}", f"--physical-interface={NIC}"]


def address_of(node, family: int = 4) -> str:
    """The node's, outside."""
    return f"10.33.74.{node.number}" if family == 4 else f"fd33::{node.number}"


@contextlib.contextmanager
def outside_of(overlay):
    """The outside, with all nodes plugged in."""
    host = Outside.start("outside", overlay.folder / "outside")
    host.lay()
    for node in overlay.nodes:
        host.plug(node)
    try:
        yield host
    finally:
        host.stop()


def move_nic(node):
    """The node's addresses outside, on a NIC that is moved onto a bridge."""
    node.run(["ip", "-batch", "-"], input=f"link set {NIC} up\naddress add {address_of(node)}/24 dev {NIC}\n"
                                          f"address add {address_of(node, 6)}/64 dev {NIC} nodad\n")
    node.run(["ovn-k8s-util", "nics-to-bridge", NIC])
    # A datapath in userspace leaves the kernel its own copy of what comes in at the NIC: it shall not answer to it.
    node.run(["ip", "link", "set", NIC, "address", f"02:00:00:00:99:{node.number:02x}", "arp", "off"])


@contextlib.contextmanager
def gateway(overlay, node, cluster_subnet: str):
    """The node as a gateway, with the helper."""
    move_nic(node)
    overlay_command(node, "gateway-init", {
        "cluster-ip-subnet": cluster_subnet, "node-name": node.name, "bridge-interface": BRIDGE,
        "physical-ip": f"{address_of(node)}/24,{address_of(node, 6)}/64", "default-gw": f"{ADDRESSES[4]},{ADDRESSES[6]}",
        "wait": "hv"})
    tell_api_server(overlay, node)
    node.run([*HELPER, "--pidfile", "--log-file", "-vconsole:emer", "--detach"])
    try:
        yield
    finally:
        node.run(["ovs-appctl", "-t", "ovn-k8s-gateway-helper", "exit"])
        node.run([*HELPER, "--remove"])
        node.run(["ovn-k8s-overlay", "gateway-del", node.name])
