"""Making a host a gateway: how Open vSwitch gets at the outside (gateway_host.h)."""
from __future__ import annotations

from typing import NamedTuple

from ovnk8s._calls import CData, Handle, Struct, check, encoded, milliseconds, take
from ovnk8s._ovnk8s import ffi, lib
from ovnk8s.addresses import Addresses, joined
from ovnk8s.vswitch import Vswitch

__all__ = ["GatewayHost", "GatewayHostWishes", "GatewayLook"]


class GatewayLook(NamedTuple):
    """What `Plan.add_gateway()` must know of a host.

    >>> GatewayLook("c1", "02:00:00:00:00:05").mac
    '02:00:00:00:00:05'
    """

    chassis: str
    mac: str


class GatewayHost:
    """How a host is a gateway. The logical side is `Plan.add_gateway()`.

    node: as there.
    physical_interface: a network interface for the gateway alone. It becomes a port of br-int, and LOSES ITS ADDRESSES.
    bridge_interface: or a bridge of Open vSwitch with such an interface in it. One of the two is given.
    physical_ips: the physical addresses, as `Plan.add_gateway()` has them.
    mac: of the interface, as `look()` tells it; None: it is read again.

    >>> host = GatewayHost("n1", physical_interface="outside0", physical_ips="10.33.74.138/24")
    >>> chassis, mac = host.look(vswitch)
    >>> plan = Plan()
    >>> plan.add_gateway("n1", chassis=chassis, interface="outside0", mac=mac, physical_ips="10.33.74.138/24")
    >>> plan.apply(nb) > 0
    True
    >>> host.setup(vswitch, timeout=20)
    >>> host.preview()
    ''
    """

    def __init__(self, node: str, *, physical_interface: str | None = None, bridge_interface: str | None = None,
                 physical_ips: Addresses | None = None, mac: str | None = None) -> None:
        self._struct = Struct("ovnk8s_gateway_host", node=node, physical_interface=physical_interface,
                              bridge_interface=bridge_interface, physical_ips=joined(physical_ips), mac=mac)

    def _pointer(self, timeout: float | None = None) -> CData:
        self._struct.pointer.timeout_ms = milliseconds(timeout)
        return self._struct.pointer

    def look(self, vswitch: Vswitch, *, timeout: float | None = None) -> GatewayLook:
        """Checks that the host can be such a gateway, and tells chassis and MAC address. Changes nothing.

        timeout: of the whole call, in seconds; None: the connection's.

        Raises Invalid (something malformed, or an interface that cannot be used), NotFound (no such interface or bridge, no
        system-id), Exists (the interface is in another bridge), Timeout, Cancelled, System, NoMemory.

        >>> GatewayHost("n1", physical_interface="nowhere0", physical_ips="10.33.74.138/24").look(vswitch)
        Traceback (most recent call last):
        ovnk8s.errors.NotFound: ...
        """
        chassis, mac = ffi.new("char **"), ffi.new("char **")
        with vswitch._lock:
            check(lib.ovnk8s_gateway_host_look(chassis, mac, vswitch._own(), self._pointer(timeout)))
        return GatewayLook(take(chassis), take(mac))

    def setup(self, vswitch: Vswitch, *, timeout: float | None = None) -> None:
        """Sets the host up. Doing it twice changes nothing.

        Raises what `look()` does, after which nothing was changed; Timeout (ovs-vswitchd did not make the ports),
        Permission: after these calling again is safe.

        >>> GatewayHost("n1", physical_interface="outside0", physical_ips="10.33.74.138/24").setup(vswitch, timeout=20)
        """
        vswitch._call(lib.ovnk8s_gateway_host_setup, self._pointer(timeout))

    def preview(self) -> str:
        """What `setup()` would change in the kernel now, as text for people; "" when nothing. Changes nothing.

        Raises Invalid, NotFound (no such interface), System, NoMemory.

        >>> GatewayHost("n1", physical_interface="nowhere0", physical_ips="10.33.74.138/24").preview()
        Traceback (most recent call last):
        ovnk8s.errors.NotFound: ...
        """
        out = ffi.new("char **")
        check(lib.ovnk8s_gateway_host_preview(out, self._pointer()))
        return take(out)

    @staticmethod
    def node(vswitch: Vswitch, bridge: str, *, timeout: float | None = None) -> str:
        """Which node the host is a gateway of by this bridge, as `setup()` has written it down.

        timeout: in seconds; None: the connection's.

        Raises Invalid (no name of a bridge), NotFound (of none), Timeout, Cancelled, NoMemory.

        >>> GatewayHost.node(vswitch, "lab")
        Traceback (most recent call last):
        ovnk8s.errors.NotFound: ...
        """
        out = ffi.new("char **")
        with vswitch._within(timeout):
            check(lib.ovnk8s_gateway_host_node(out, vswitch._own(), encoded(bridge)))
        return take(out)

    @staticmethod
    def delete(vswitch: Vswitch, node: str, *, timeout: float | None = None) -> None:
        """Undoes `setup()` in Open vSwitch. It is no error when the host is no gateway for the node.

        timeout: in seconds; None: the connection's.

        Raises Invalid (the name), Timeout, Cancelled, NoMemory.

        >>> GatewayHost.delete(vswitch, "n1")
        """
        with vswitch._within(timeout):
            vswitch._call(lib.ovnk8s_gateway_host_delete, encoded(node))


class GatewayHostWishes(Handle):
    """What a plan for Open vSwitch can want of a gateway's host."""

    def add_gateway_host(self, host: GatewayHost) -> None:
        """Adds the rows of Open vSwitch that `GatewayHost.setup()` makes, for `Plan.compute()` with a `Vswitch`.

        Raises Invalid, NoMemory.

        >>> plan = Plan()
        >>> plan.add_gateway_host(GatewayHost("n1", physical_interface="outside1", physical_ips="10.33.74.138/24",
        ...                                   mac="02:00:00:00:00:05"))
        >>> plan.compute(vswitch) > 0
        True
        """
        self._call(lib.ovnk8s_gateway_host_plan, host._pointer())

    def delete_gateway_host(self, node: str) -> None:
        """Adds what `GatewayHost.delete()` does, likewise.

        Raises Invalid (the name), NoMemory.

        >>> plan = Plan()
        >>> plan.delete_gateway_host("n9")
        >>> plan.compute(vswitch)
        0
        """
        self._call(lib.ovnk8s_gateway_host_delete_plan, encoded(node))
