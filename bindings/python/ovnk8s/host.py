"""Making a host a node: the integration bridge and the management port (host.h)."""
from __future__ import annotations

from ovnk8s._calls import CData, Handle, Struct, check, milliseconds, take
from ovnk8s._ovnk8s import ffi, lib
from ovnk8s.addresses import Addresses, joined
from ovnk8s.vswitch import Vswitch

__all__ = ["Host", "HostWishes"]


class Host:
    """What a host is as a node. The logical side is `Plan.add_node()`.

    node, subnet, cluster_subnet: as those of the node and the cluster.
    mtu: of the management port, in bytes; None: the default.
    service_range: the cluster's; None: none.
    join_subnet: the cluster's; None: no route to it.

    >>> host = Host("n1", "192.168.1.0/24", "192.168.0.0/16")
    >>> print(host.preview())
    ~ link "k8s-n1" up
    + address 192.168.1.2/24 of link "k8s-n1"
    ...
    >>> host.setup(vswitch, timeout=20)
    >>> host.preview()
    ''
    """

    def __init__(self, node: str, subnet: Addresses, cluster_subnet: Addresses, *, mtu: int | None = None,
                 service_range: Addresses | None = None, join_subnet: Addresses | None = None) -> None:
        self._struct = Struct("ovnk8s_host", node=node, subnet=joined(subnet), cluster_subnet=joined(cluster_subnet),
                              mtu=mtu, service_range=joined(service_range), join_subnet=joined(join_subnet))

    def _pointer(self, timeout: float | None = None) -> CData:
        self._struct.pointer.timeout_ms = milliseconds(timeout)
        return self._struct.pointer

    def setup(self, vswitch: Vswitch, *, timeout: float | None = None) -> None:
        """Sets the host up: bridge br-int, and the management port with its address and routes. Twice changes nothing.

        timeout: of the whole call, in seconds; None: the connection's.

        Raises Invalid (something malformed or contradictory), Exists (another address or route is in the way), Timeout
        (ovs-vswitchd did not make the port), Permission, Cancelled, System, NoMemory.

        >>> Host("n1", "192.168.1.0/24", "192.168.0.0/16").setup(vswitch, timeout=20)
        """
        vswitch._call(lib.ovnk8s_host_setup, self._pointer(timeout))

    def preview(self) -> str:
        """What `setup()` would change in the kernel now, as text for people; "" when nothing. Changes nothing.

        Raises Invalid, System, NoMemory.

        >>> "route 192.168.0.0/16" in Host("n2", "192.168.2.0/24", "192.168.0.0/16").preview()
        True
        """
        out = ffi.new("char **")
        check(lib.ovnk8s_host_preview(out, self._pointer()))
        return take(out)


class HostWishes(Handle):
    """What a plan for Open vSwitch can want of a node's host."""

    def add_host(self, host: Host) -> None:
        """Adds the rows of Open vSwitch that `Host.setup()` makes, for `Plan.compute()` with a `Vswitch`.

        Raises Invalid, NoMemory.

        >>> plan = Plan()
        >>> plan.add_host(Host("n3", "192.168.3.0/24", "192.168.0.0/16"))
        >>> plan.compute(vswitch) > 0
        True
        """
        self._call(lib.ovnk8s_host_plan, host._pointer())
