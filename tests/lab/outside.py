"""A network outside the cluster: a host with a switch that nodes are plugged into by a second interface, eth1."""
from __future__ import annotations

import subprocess

from host import Host, wait_for

ADDRESSES = {4: "10.33.74.253", 6: "fd33::253"}    # where nodes find it
BEYOND = {4: "203.0.113.1", 6: "2001:db8::1"}      # what is reached by way of these
PORT = 8080
TELLER = """
import socket
server = socket.create_server(("::", {port}), family=socket.AF_INET6, dualstack_ipv6=True, backlog=100)
while True:
    client, address = server.accept()
    client.sendall(address[0].removeprefix("::ffff:").encode())
    client.close()
"""
# A busy machine may lose the first packets to a neighbour that nobody knows yet: they are sent again.
ASKER = """
import socket, sys
for _ in range(int(sys.argv[2])):
    with socket.create_connection((sys.argv[1], {port}), 20) as connection:
        print(connection.recv(100).decode())
"""


class Outside(Host):
    """It tells whoever connects to its port by which address it sees them."""

    def lay(self):
        self.run(["ip", "-batch", "-"], input="link add lan type bridge\nlink set lan up\n" + "".join(
            f"address add {ADDRESSES[family]}/{length} dev lan {more}\naddress add {BEYOND[family]} dev lo\n"
            for family, length, more in ((4, 24, ""), (6, 64, "nodad"))))
        self.run(["ethtool", "-K", "lan", "tx", "off"])  # a datapath in userspace does not complete checksums
        self.spawn("teller", ["python3", "-c", TELLER.format(port=PORT)])
        wait_for("the outside to listen", lambda: f":{PORT}" in self.output(["ss", "-Hltn"]))

    def plug(self, node: Host):
        """Gives the node its eth1. Process ids are those of the outside of both."""
        subprocess.run(["nsenter", f"--net=/proc/{self.pid}/ns/net", "ip", "-batch", "-"], text=True, check=True,
                       input=f"link add {node.name} type veth peer name eth1 netns {node.pid}\n"
                             f"link set {node.name} master lan up\n")
        self.run(["ethtool", "-K", node.name, "tx", "off"])


def seen(pod, family: int, times: int = 1) -> list[str]:
    """By which addresses the outside sees a pod's connections."""
    return pod.netns.run(["python3", "-c", ASKER.format(port=PORT), BEYOND[family], str(times)]).stdout.split()
