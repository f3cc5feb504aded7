"""The hosts of an OVN cluster: nodes with Open vSwitch and ovn-controller, and the central one that has the databases too.

The machine needs no kernel module of Open vSwitch: datapaths are in userspace. So the underlay address of a host is not on
eth0 but on br-phy, a bridge that eth0 is a port of, and tunnels are made by ovs-vswitchd itself.
"""
from __future__ import annotations

from host import Host, wait_for

SYSTEM_DB = "/etc/openvswitch/conf.db"


def background(project: str, name: str) -> list[str]:
    """Options that make a daemon go to the background, with its pid file and log where the packages have them too."""
    return ["--detach", "--no-chdir", f"--pidfile=/run/{project}/{name}.pid", f"--log-file=/var/log/{project}/{name}.log",
            "-vconsole:off", "-vsyslog:off"]


class Node(Host):
    """A host with Open vSwitch and ovn-controller. Its number makes its addresses."""

    def __init__(self, name: str, pid: int, born: int, number: int):
        super().__init__(name, pid, born)
        self.number = number
        self.address = f"10.99.0.{number}"
        self.address6 = f"fd99::{number}"

    def details(self) -> dict[str, int]:
        return {**super().details(), "number": self.number}

    def start_ovs(self):
        """Starts Open vSwitch, and brings the host's addresses up on br-phy."""
        self.run(["ovsdb-tool", "create", SYSTEM_DB, "/usr/share/openvswitch/vswitch.ovsschema"])
        self.run(["ovsdb-server", SYSTEM_DB, "--remote=punix:/run/openvswitch/db.sock",
                  *background("openvswitch", "ovsdb-server")])
        self.run(["ovs-vsctl", "--no-wait", "init", "--",
                  "set", "Open_vSwitch", ".", f"external_ids:system-id={self.name}", f"external_ids:hostname={self.name}"])
        # Started again when it aborts, as Debian's service is: version 3.1.0 does at times; see docs/gateways.md.
        self.run(["ovs-vswitchd", "--monitor", *background("openvswitch", "ovs-vswitchd")])
        self.run(["ip", "-batch", "-"], input="link set eth0 addrgenmode none\nlink set eth0 up\n")
        mac = self.path("/sys/class/net/eth0/address").read_text().strip()
        self.run(["ovs-vsctl", "add-br", "br-phy", "--", "add-port", "br-phy", "eth0", "--",
                  "set", "Bridge", "br-phy", "datapath_type=netdev", "fail_mode=standalone", f"other_config:hwaddr={mac}"])
        self.run(["ip", "-batch", "-"], input=f"address add {self.address}/24 dev br-phy\n"
                                              f"address add {self.address6}/64 dev br-phy nodad\n"
                                              "link set br-phy up\n")
        self._leave_to_datapath()

    def _leave_to_datapath(self):
        """A datapath in userspace leaves the kernel its own copy of what comes in at interfaces that are ports of bridges:
        it shall not answer to that. Neither does the one of eth0 answer for br-phy, nor those of pods for the host."""
        self.run(["ip", "link", "set", "eth0", "address", f"02:00:00:00:00:{self.number:02x}", "arp", "off"])
        self.run(["bash", "-c", "echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore"])

    def start_controller(self, southbound: str):
        """Joins the OVN cluster with that Southbound remote."""
        self.run(["ovs-vsctl", "set", "Open_vSwitch", ".",
                  f"external_ids:ovn-remote={southbound}", "external_ids:ovn-encap-type=geneve",
                  f"external_ids:ovn-encap-ip={self.address}", "external_ids:ovn-bridge-datapath-type=netdev"])
        self.run(["ovn-controller", *background("ovn", "ovn-controller")])


class Central(Node):
    """The node that also has the Northbound and Southbound databases, with northd between them."""

    @property
    def northbound(self) -> str:
        return f"tcp:{self.address}:6641"

    @property
    def southbound(self) -> str:
        return f"tcp:{self.address}:6642"

    def start_databases(self):
        for name, port, schema in ("ovnnb_db", 6641, "ovn-nb"), ("ovnsb_db", 6642, "ovn-sb"):
            database = f"/var/lib/ovn/{name}.db"
            self.run(["ovsdb-tool", "create", database, f"/usr/share/ovn/{schema}.ovsschema"])
            self.run(["ovsdb-server", database, f"--remote=punix:/run/ovn/{name}.sock", f"--remote=ptcp:{port}:[::]",
                      f"--unixctl=/run/ovn/{name}.ctl", *background("ovn", name)])
        self.run(["ovn-nbctl", "init"])
        self.run(["ovn-northd", *background("ovn", "ovn-northd")])

    def wait_for_chassis(self, nodes: list[Node]):
        """Waits until the ovn-controllers of the nodes have registered, and done all that they do to a host at first."""
        for node in nodes:
            wait_for(f"ovn-controller of {node.name} to register",
                     lambda: self.output(["ovn-sbctl", "--bare", "--columns=_uuid", "find", "Chassis", f"name={node.name}"]),
                     log=node.path("/var/log/ovn/ovn-controller.log"))
        self.run(["ovn-nbctl", "--timeout=60", "--wait=hv", "sync"])
