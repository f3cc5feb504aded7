"""ovn-k8s-gateway-helper on a node of the sandbox, whose NIC is a port of br-phy, and what is on that bridge."""
from __future__ import annotations

import contextlib
import re

from host import LabError, wait_for

BRIDGE, NIC = "br-phy", "eth0"
PATCH, PEER = f"k8s-patch-{BRIDGE}-br-int", f"k8s-patch-br-int-{BRIDGE}"
COOKIE = "cookie=0x6f766e6b38736777/-1"
SERVICES = "/api/v1/namespaces/default/services"
PROGRAM = "ovn-k8s-gateway-helper"
FLAGS = [f"--physical-bridge={BRIDGE}", f"--physical-interface={NIC}"]
PID, LOG = f"/run/openvswitch/{PROGRAM}.pid", f"/var/log/openvswitch/{PROGRAM}.log"


def dump(node, *words) -> list[str]:
    text = node.output(["ovs-ofctl", "--names", "--no-stats", "dump-flows", BRIDGE, *words])
    return sorted(line.strip() for line in text.splitlines() if "priority=" in line)


def own_flows(node) -> list[str]:
    return dump(node, COOKIE)


def has(node, *words) -> bool:
    """Whether one of our flows has all these words."""
    return any(all(word in re.split("[ ,]", flow) for word in words) for flow in own_flows(node))


class Helper:
    """ovn-k8s-gateway-helper on a node, in the background while a "with" block runs."""

    def __init__(self, node):
        self.node = node

    def start(self):
        self.node.run([PROGRAM, *FLAGS, "--pidfile", "--log-file", "-vfile:info", "-vconsole:emer", "--detach"])
        self.pid = self.node.path(PID).read_text().strip()

    def alive(self) -> bool:
        return self.node.path(f"/proc/{self.pid}").exists()

    def stop(self):
        self.node.run(["ovs-appctl", "-t", PROGRAM, "exit"])
        wait_for("the helper's end", lambda: not self.alive())

    def kill(self):
        self.node.run(["kill", "-9", self.pid])
        wait_for("the helper's end", lambda: not self.alive())

    def status(self) -> dict[str, str]:
        text = self.node.output(["ovs-appctl", "-t", PROGRAM, "status"])
        return dict(line.split(": ", 1) for line in text.splitlines())

    def wanted(self) -> list[str]:
        """The flows as the bridge will show them: with names of ports cut off."""
        text = self.node.output(["ovs-appctl", "-t", PROGRAM, "flows"])
        return sorted(line.replace(PATCH, PATCH[:15]) for line in text.splitlines() if line)

    def settle(self):
        wait_for("all flows", lambda: self.status()["synced"] == "yes" and self.status()["installed"] == "yes" and
                 own_flows(self.node) == self.wanted(), log=self.node.path(LOG))

    def __enter__(self):
        self.start()
        try:
            self.settle()
        except LabError:
            self.kill()
            raise
        return self

    def __exit__(self, *_):
        if self.alive():
            self.stop()


def wait_for_flows(node, wanted):
    wait_for("the flows", lambda: own_flows(node) == wanted, log=node.path(LOG))


def plug_patch(node):
    node.run(["ovs-vsctl", "--may-exist", "add-br", "br-int", "--",
              "--may-exist", "add-port", BRIDGE, PATCH, "--", "set", "Interface", PATCH, "type=patch", f"options:peer={PEER}",
              "--", "--may-exist", "add-port", "br-int", PEER, "--", "set", "Interface", PEER, "type=patch",
              f"options:peer={PATCH}"])


@contextlib.contextmanager
def service(cluster, name, **spec):
    """A Service with these ports."""
    cluster.api.request("POST", SERVICES, {"metadata": {"name": name}, "spec": {"selector": {"app": name}, **spec}})
    try:
        yield
    finally:
        cluster.api.request("DELETE", f"{SERVICES}/{name}")


def tell_api_server(cluster, node):
    """Lets the programs on a node find the API server."""
    for name, value in cluster.api.client_settings(node).items():
        node.run(["ovs-vsctl", "set", "Open_vSwitch", ".", f'external_ids:{name}="{value}"'])
