"""Moving the host's own network interface onto a bridge of Open vSwitch, and back (uplink.h)."""
from __future__ import annotations

import enum
from typing import NamedTuple

from ovnk8s._calls import CData, Struct, check, milliseconds, take, text
from ovnk8s._ovnk8s import ffi, lib
from ovnk8s.vswitch import Vswitch

__all__ = ["Uplink", "UplinkRecord", "UplinkState", "uplinks"]


class Uplink:
    """An interface of the host and its bridge.

    nic: the interface, such as "eth0".
    bridge: None: "br" and the name of the interface.

    >>> uplink = Uplink("uplink0")
    >>> print(uplink.preview(vswitch))
    + bridge "bruplink0"
    ...
    >>> uplink.move(vswitch, timeout=30)
    >>> [(record.nic, record.bridge, record.state.name) for record in uplinks(vswitch)]
    [('uplink0', 'bruplink0', 'MOVED')]
    >>> uplink.move_back(vswitch, timeout=30)
    """

    def __init__(self, nic: str | None = None, bridge: str | None = None) -> None:
        self._struct = Struct("ovnk8s_uplink", nic=nic, bridge=bridge)

    def _pointer(self, timeout: float | None = None, restore: bool = False) -> CData:
        self._struct.pointer.timeout_ms = milliseconds(timeout)
        self._struct.pointer.flags = lib.OVNK8S_UPLINK_RESTORE if restore else 0
        return self._struct.pointer

    def move(self, vswitch: Vswitch, *, restore: bool = False, timeout: float | None = None) -> None:
        """Makes the interface a port of its bridge, which gets all that the interface had. Twice changes nothing.

        restore: what is on record and the bridge does not have is given to it again.
        timeout: of the whole call, in seconds; None: the connection's.

        Raises Invalid (no valid name, the loopback interface), NotFound (no such interface), Exists (it is in another
        bridge or bond, or the bridge is somebody else's), Timeout, Conflict (another process moves an interface),
        Permission, Unavailable, Cancelled, System, NoMemory. After an error all is as it was, unless the message says that
        undoing failed.

        >>> Uplink("nowhere0").move(vswitch)
        Traceback (most recent call last):
        ovnk8s.errors.NotFound: ...
        """
        vswitch._call(lib.ovnk8s_uplink_move, self._pointer(timeout, restore))

    def move_back(self, vswitch: Vswitch, *, timeout: float | None = None) -> None:
        """Gives the interface all that its bridge has, and deletes the bridge. One of nic and bridge is enough.

        Raises what `move()` does; NotFound (neither bridge nor interface), Exists (the bridge has other ports).

        >>> Uplink("uplink0").move_back(vswitch)  # Nothing to do.
        """
        vswitch._call(lib.ovnk8s_uplink_move_back, self._pointer(timeout))

    def preview(self, vswitch: Vswitch, *, back: bool = False, timeout: float | None = None) -> str:
        """The steps that `move()`, or with `back` `move_back()`, would take now, as text; "" when none. Changes nothing.

        Raises what that call does before it changes something.

        >>> Uplink("uplink0").preview(vswitch, back=True)
        ''
        """
        out = ffi.new("char **")
        direction = lib.OVNK8S_UPLINK_MOVE_BACK if back else lib.OVNK8S_UPLINK_MOVE
        with vswitch._lock:
            check(lib.ovnk8s_uplink_preview(out, vswitch._own(), self._pointer(timeout), direction))
        return take(out)


class UplinkState(enum.IntEnum):
    """How far an uplink is: begun, done, or being undone.

    >>> UplinkState.MOVED.name
    'MOVED'
    """

    MOVING = lib.OVNK8S_UPLINK_MOVING
    MOVED = lib.OVNK8S_UPLINK_MOVED
    RETURNING = lib.OVNK8S_UPLINK_RETURNING


class UplinkRecord(NamedTuple):
    """What the database of Open vSwitch has on record.

    >>> UplinkRecord("eth0", "breth0", UplinkState.MOVED, 2, 3, 0).n_routes
    3
    """

    nic: str
    bridge: str
    state: UplinkState
    n_addresses: int
    n_routes: int
    n_rules: int


def uplinks(vswitch: Vswitch, *, timeout: float | None = None) -> list[UplinkRecord]:
    """All records, ordered by bridge.

    timeout: in seconds; None: the connection's.

    Raises Timeout, Unavailable, Cancelled, Protocol, NoMemory.

    >>> uplinks(vswitch)
    []
    """
    out, n = ffi.new("ovnk8s_uplink_record ***"), ffi.new("size_t *")
    with vswitch._within(timeout):
        vswitch._call(lib.ovnk8s_uplink_records, out, n)
    try:
        return [UplinkRecord(text(r.nic), text(r.bridge), UplinkState(r.state), r.n_addresses, r.n_routes, r.n_rules)
                for r in ffi.unpack(out[0], n[0])]
    finally:
        lib.ovnk8s_free(out[0])
