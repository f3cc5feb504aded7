"""The OpenFlow flows of a gateway: which packets of a NIC that host and pods share are whose (flows.h)."""
from __future__ import annotations

from typing import Literal, NamedTuple

from ovnk8s._calls import CData, Handle, Struct, check, encoded, milliseconds, opened, text_or_none
from ovnk8s._connect import connect_options
from ovnk8s._ovnk8s import ffi, lib
from ovnk8s.addresses import IPAddress
from ovnk8s.cancel import Cancel
from ovnk8s.log import Log

__all__ = ["DEFAULT_ZONE", "FLOWS_COOKIE", "Bridge", "Flows", "FlowsResult", "GatewayFlows"]

FLOWS_COOKIE: int = lib.OVNK8S_FLOWS_COOKIE  # Of all flows that the library makes.
DEFAULT_ZONE: int = lib.OVNK8S_DEFAULT_ZONE  # Of the connection tracker.


class GatewayFlows:
    """What the flows of a gateway follow from.

    physical_port: the NIC, as a port of the bridge.
    patch_port: the way to br-int and the gateway router.
    mac: that host and gateway router share; None: it is not told apart.
    zone: of the connection tracker, 1 to 65535.
    ipv4, ipv6: for which families; one of them at least.

    >>> Flows(GatewayFlows("eth0", "k8s-patch-breth0-br-int", ipv6=False)) == Flows(
    ...     GatewayFlows("eth0", "k8s-patch-breth0-br-int"))
    False
    """

    def __init__(self, physical_port: str, patch_port: str, *, mac: str | None = None, zone: int = DEFAULT_ZONE,
                 ipv4: bool = True, ipv6: bool = True) -> None:
        self._struct = Struct("ovnk8s_gateway_flows", physical_port=physical_port, patch_port=patch_port, mac=mac,
                              zone=zone, ipv4=ipv4, ipv6=ipv6)

    @property
    def _pointer(self) -> CData:
        return self._struct.pointer


class Bridge(Handle):
    """An OpenFlow connection to one bridge.

    remote: its management socket, "unix:/run/openvswitch/BRIDGE.mgmt", or "tcp:ADDRESS:PORT".
    timeout: of each call that waits, in seconds; None: 10.
    cancel, log: as `Northbound`.

    Raises Invalid (the remote), Unsupported (an ssl: remote; neither OpenFlow 1.4 nor 1.5), Timeout (not reached),
    Protocol (what is there is no switch), Cancelled, NoMemory.

    >>> with Bridge("unix:/run/openvswitch/br-int.mgmt", timeout=5) as bridge:
    ...     len(bridge.mac)
    17
    """

    def __init__(self, remote: str, *, timeout: float | None = None, cancel: Cancel | None = None,
                 log: Log | None = None) -> None:
        options = connect_options(None, None, None, timeout, cancel, log)
        self._opened(opened(lib.ovnk8s_bridge_open, "ovnk8s_bridge", encoded(remote), options.pointer), timeout,
                     *options.kept)

    def _opened(self, pointer: CData, timeout: float | None, *kept: object) -> None:
        super().__init__(pointer, lib.ovnk8s_bridge_close, *kept)
        self._timeout_ms = milliseconds(timeout)

    @classmethod
    def _of(cls, pointer: CData, timeout: float | None, *kept: object) -> Bridge:
        """One that was opened otherwise."""
        bridge = cls.__new__(cls)
        bridge._opened(pointer, timeout, *kept)
        return bridge

    def set_timeout(self, timeout: float | None) -> None:
        """Sets the timeout of each call that waits from now on, in seconds; None: 10.

        >>> Bridge("unix:/run/openvswitch/br-int.mgmt").set_timeout(5)
        """
        self._timeout_ms = milliseconds(timeout)
        self._get(lib.ovnk8s_bridge_set_timeout, self._timeout_ms)

    @property
    def mac(self) -> str | None:
        """The MAC address of the bridge's own port; None when it is not known.

        >>> Bridge("unix:/run/openvswitch/br-int.mgmt").mac.count(":")
        5
        """
        with self._lock:
            return text_or_none(lib.ovnk8s_bridge_mac(self._own()))

    def delete_flows(self, *, timeout: float | None = None) -> FlowsResult:
        """Deletes all flows of the library's cookie. Raises what `Flows.apply()` does.

        timeout: in seconds; None: the connection's.

        >>> Bridge("unix:/run/openvswitch/lab.mgmt").delete_flows().added
        0
        """
        result = ffi.new("ovnk8s_flows_result *", {"size": ffi.sizeof("ovnk8s_flows_result")})
        with self._limit(lib.ovnk8s_bridge_set_timeout, timeout):
            self._call(lib.ovnk8s_flows_delete, result)
        return _result(result)


class FlowsResult(NamedTuple):
    """What applying has done, in flows. foreign: are not there: somebody else has one for the very same packets.

    >>> FlowsResult(3, 0, 0, 0).added
    3
    """

    added: int
    changed: int
    deleted: int
    foreign: int


class Flows(Handle):
    """The flows of a gateway, without services at first: a value. str() has one on each line, len() is their number.

    Raises Invalid (a port is missing or strange, the MAC address, the zone, no family), NoMemory.

    >>> flows = Flows(GatewayFlows("nic0", "patch0", mac="02:00:00:00:00:05", ipv6=False))
    >>> flows.add_service("tcp", 30080)
    >>> with Bridge("unix:/run/openvswitch/lab.mgmt") as bridge:
    ...     flows.apply(bridge).added == len(flows)
    True
    """

    def __init__(self, gateway: GatewayFlows) -> None:
        super().__init__(opened(lib.ovnk8s_flows_new, "ovnk8s_flows", gateway._pointer), lib.ovnk8s_flows_free)

    def add_service(self, protocol: Literal["tcp", "udp", "sctp"], port: int,
                    address: str | IPAddress | None = None) -> None:
        """Adds the flows that bring packets for a port from outside to the gateway router. Twice is no error.

        protocol, port: of the service.
        address: an external or load balancer's IP; None: it is a NodePort, at whichever address.

        Raises Invalid, NoMemory.

        >>> flows = Flows(GatewayFlows("nic0", "patch0"))
        >>> flows.add_service("udp", 53, ip_address("192.0.2.7"))
        >>> "192.0.2.7" in str(flows)
        True
        """
        self._call(lib.ovnk8s_flows_add_service, encoded(protocol), ffi.NULL if address is None else
                   encoded(str(address)), port)

    def apply(self, bridge: Bridge, *, timeout: float | None = None) -> FlowsResult:
        """Makes the flows of the library's cookie on the bridge these, by one atomic bundle.

        timeout: in seconds; None: the connection's.

        Raises NotFound (the bridge has no such port), Conflict (two ports whose names begin alike), Timeout, Cancelled,
        Protocol, Unsupported, Exhausted (its tables are full), Permission, NoMemory.

        >>> Flows(GatewayFlows("nowhere0", "patch0")).apply(Bridge("unix:/run/openvswitch/lab.mgmt"))
        Traceback (most recent call last):
        ovnk8s.errors.NotFound: ...
        """
        result = ffi.new("ovnk8s_flows_result *", {"size": ffi.sizeof("ovnk8s_flows_result")})
        with self._lock, bridge._limit(lib.ovnk8s_bridge_set_timeout, timeout):
            check(lib.ovnk8s_flows_apply(self._own(), bridge._own(), result))
        return _result(result)

    def __len__(self) -> int:
        return int(self._get(lib.ovnk8s_flows_count))

    def __str__(self) -> str:
        return self._written(lib.ovnk8s_flows_text).rstrip("\n")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Flows):
            return NotImplemented
        with self._lock, other._lock:
            return bool(lib.ovnk8s_flows_equal(self._own(), other._own()))

    __hash__ = None  # type: ignore[assignment]


def _result(result: CData) -> FlowsResult:
    return FlowsResult(result.added, result.changed, result.deleted, result.foreign)
