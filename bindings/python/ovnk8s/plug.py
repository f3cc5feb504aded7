"""Plugging a container into the integration bridge of its host (plug.h)."""
from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from ovnk8s._calls import CData, Struct, encoded, milliseconds, text
from ovnk8s._ovnk8s import ffi, lib
from ovnk8s.addresses import Addresses, joined
from ovnk8s.vswitch import Vswitch

__all__ = ["Plug", "Plugged", "plugged"]


class Plug:
    """What a container's interface shall be.

    container_id: of the sandbox: unique on the host, of any length and form.
    interface: its name inside the container.
    netns: path of the container's network namespace.
    iface_id: name of the logical switch port; iface_id_ver: which incarnation of it, such as the pod's uid.
    mac: "0a:58:0a:01:02:03".
    addresses: with lengths, of each family one at most.
    gateways: for the default routes; None: none.
    mtu: in bytes; None: what fits into a tunnel.
    routes: further ones: "DESTINATION" or "DESTINATION GATEWAY" each.
    network: the name of the network that it is attached to.
    ingress_rate, ingress_burst, egress_rate, egress_burst: limits in bits per second and bits, as the container sees it.

    >>> plug = Plug("c0ffee", netns="/run/netns/c1", iface_id="default_web", mac="0a:58:c0:a8:01:03",
    ...             addresses="192.168.1.3/24", gateways="192.168.1.1")
    >>> len(plug.add(vswitch, timeout=20))
    15
    >>> plug.check(vswitch)
    >>> [(one.container_id, one.iface_id) for one in plugged(vswitch)]
    [('c0ffee', 'default_web')]
    >>> plug.delete(vswitch)
    """

    def __init__(self, container_id: str, *, interface: str = "eth0", netns: str | os.PathLike[str] | None = None,
                 iface_id: str | None = None, iface_id_ver: str | None = None, mac: str | None = None,
                 addresses: Addresses | None = None, gateways: Addresses | None = None, mtu: int | None = None,
                 routes: str | Iterable[str] | None = None, network: str | None = None, ingress_rate: int | None = None,
                 ingress_burst: int | None = None, egress_rate: int | None = None,
                 egress_burst: int | None = None) -> None:
        self.container_id = container_id
        self.interface = interface
        self._struct = Struct(
            "ovnk8s_plug", container_id=container_id, interface=interface, netns=netns and os.fspath(netns),
            iface_id=iface_id, iface_id_ver=iface_id_ver, mac=mac, addresses=joined(addresses),
            gateways=joined(gateways), mtu=mtu,
            routes=routes if routes is None or isinstance(routes, str) else ",".join(routes), network=network,
            ingress_rate=ingress_rate, ingress_burst=ingress_burst, egress_rate=egress_rate, egress_burst=egress_burst)

    def _pointer(self, timeout: float | None) -> CData:
        self._struct.pointer.timeout_ms = milliseconds(timeout)
        return self._struct.pointer

    def add(self, vswitch: Vswitch, *, timeout: float | None = None) -> str:
        """Makes the interface, connects it, and waits until its flows are installed. Returns the name of the host's end.

        On failure everything is as before.

        timeout: of the whole call, in seconds; None: the connection's.

        Raises Invalid (something malformed), NotFound (no such namespace, no br-int), Exists (the container has such an
        interface, or this one was plugged before), Timeout (no flows, in stage "flows"), Permission, Cancelled, System,
        NoMemory.

        >>> Plug("c0ffee", netns="/run/netns/nowhere", iface_id="default_web", mac="0a:58:c0:a8:01:03",
        ...      addresses="192.168.1.3/24").add(vswitch)
        Traceback (most recent call last):
        ovnk8s.errors.NotFound: ...
        """
        name = ffi.new("char[16]")
        vswitch._call(lib.ovnk8s_plug_add, self._pointer(timeout), name)
        return text(name)

    def check(self, vswitch: Vswitch, *, timeout: float | None = None) -> None:
        """Finds out whether all that `add()` has made is still so. Changes nothing.

        Raises NotFound (something is missing), Conflict (something is not as it should be): the message names the one
        thing; Invalid, Timeout, Unavailable, Permission, Cancelled, System, NoMemory: it could not be found out.

        >>> Plug("never", netns="/run/netns/c1").check(vswitch)
        Traceback (most recent call last):
        ovnk8s.errors.NotFound: ...
        """
        vswitch._call(lib.ovnk8s_plug_check, self._pointer(timeout))

    def delete(self, vswitch: Vswitch, *, timeout: float | None = None) -> None:
        """Removes what `add()` has made for this container and interface, even half of it. No error when there is nothing.

        timeout: in seconds; None: the connection's.

        Raises Invalid, Timeout, Permission, Cancelled, System, NoMemory.

        >>> Plug("never").delete(vswitch)
        """
        with vswitch._within(timeout):
            vswitch._call(lib.ovnk8s_plug_delete, encoded(self.container_id), encoded(self.interface))


class Plugged(NamedTuple):
    """What is plugged, as Open vSwitch has it on record. network is "" for none, iface_id when a newer one has it.

    >>> Plugged("c0ffee", "eth0", "", "default_web", "veth0").interface
    'eth0'
    """

    container_id: str
    interface: str
    network: str
    iface_id: str
    host_interface: str


def plugged(vswitch: Vswitch, *, timeout: float | None = None) -> list[Plugged]:
    """All that is plugged on this host, ordered by container and interface.

    timeout: in seconds; None: the connection's.

    Raises Timeout, Unavailable, Cancelled, Protocol, NoMemory.

    >>> plugged(vswitch)
    []
    """
    out, n = ffi.new("ovnk8s_plugged ***"), ffi.new("size_t *")
    with vswitch._within(timeout):
        vswitch._call(lib.ovnk8s_plug_list, out, n)
    try:
        return [Plugged(text(p.container_id), text(p.interface), text(p.network), text(p.iface_id),
                        text(p.host_interface)) for p in ffi.unpack(out[0], n[0])]
    finally:
        lib.ovnk8s_free(out[0])
