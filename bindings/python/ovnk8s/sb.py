"""Connections to the OVN Southbound database (sb.h)."""
from __future__ import annotations

import os
from typing import NamedTuple

from ovnk8s._calls import CData, milliseconds, text
from ovnk8s._connect import Database, connect_options, connection
from ovnk8s._ovnk8s import ffi, lib
from ovnk8s.addresses import IPAddress, addresses
from ovnk8s.cancel import Cancel
from ovnk8s.log import Log

__all__ = ["Chassis", "Southbound"]


class Chassis(NamedTuple):
    """A host that has joined OVN.

    name: the system-id of its Open vSwitch.
    hostname: "" if it did not tell.
    encap_type, encap_ip: how others reach it; "" and None if it has no way.

    >>> Chassis("c1", "node1", "geneve", None).hostname
    'node1'
    """

    name: str
    hostname: str
    encap_type: str
    encap_ip: IPAddress | None


class Southbound(Database):
    """A connection to the OVN_Southbound database, which is read and never written.

    Parameters and errors are those of `Northbound`.

    >>> with Southbound(sb.remotes, timeout=5) as connection:
    ...     sorted(chassis.hostname for chassis in connection.chassis())
    ['kube-master', 'kube-minion1', 'kube-minion2']
    """

    def __init__(self, remotes: str, *, private_key: str | os.PathLike[str] | None = None,
                 certificate: str | os.PathLike[str] | None = None, ca_cert: str | os.PathLike[str] | None = None,
                 timeout: float | None = None, cancel: Cancel | None = None, log: Log | None = None) -> None:
        options = connect_options(private_key, certificate, ca_cert, timeout, cancel, log)
        self._opened(connection(lib.ovnk8s_sb_open, "ovnk8s_sb", remotes, options), remotes, timeout, *options.kept)

    def _opened(self, pointer: CData, remotes: str, timeout: float | None, *kept: object) -> None:
        super().__init__(pointer, lib.ovnk8s_sb_close, *kept)
        self.remotes = remotes
        self._timeout_ms = milliseconds(timeout)

    @classmethod
    def _of(cls, pointer: CData, remotes: str, timeout: float | None, *kept: object) -> Southbound:
        """One that was opened otherwise."""
        sb = cls.__new__(cls)
        sb._opened(pointer, remotes, timeout, *kept)
        return sb

    def _compute(self, plan: CData, options: CData) -> int:
        return int(lib.ovnk8s_sb_compute(self._own(), plan, options))

    def set_timeout(self, timeout: float | None) -> None:
        """Sets the timeout of each call that waits from now on, in seconds; None: 10.

        >>> sb.set_timeout(5)
        """
        self._timeout_ms = milliseconds(timeout)
        self._get(lib.ovnk8s_sb_set_timeout, self._timeout_ms)

    def chassis(self, *, timeout: float | None = None) -> list[Chassis]:
        """All chassis, ordered by name.

        timeout: in seconds; None: the connection's.

        Raises Timeout, Unavailable, Unsupported (the server lacks a column), Cancelled, Protocol, NoMemory.

        >>> [chassis.encap_type for chassis in sb.chassis()]
        ['geneve', 'geneve', 'geneve']
        """
        out, n = ffi.new("ovnk8s_chassis ***"), ffi.new("size_t *")
        with self._limit(lib.ovnk8s_sb_set_timeout, timeout):
            self._call(lib.ovnk8s_sb_chassis, out, n)
        try:
            return [Chassis(text(c.name), text(c.hostname), text(c.encap_type),
                            next(iter(addresses(text(c.encap_ip))), None)) for c in ffi.unpack(out[0], n[0])]
        finally:
            lib.ovnk8s_free(out[0])
