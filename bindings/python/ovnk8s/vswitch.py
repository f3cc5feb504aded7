"""Connections to the Open vSwitch database of the host (vswitch.h)."""
from __future__ import annotations

import os

from ovnk8s._calls import CData, Limit, encoded, milliseconds
from ovnk8s._connect import Database, connect_options, connection
from ovnk8s._ovnk8s import lib
from ovnk8s.cancel import Cancel
from ovnk8s.log import Log

__all__ = ["Vswitch"]


class Vswitch(Database):
    """A connection to the Open_vSwitch database at `remotes`, such as "unix:/run/openvswitch/db.sock".

    Parameters and errors are those of `Northbound`.

    >>> with Vswitch("unix:/run/openvswitch/db.sock", timeout=5) as connection:
    ...     connection.external_id("ovn-encap-type")
    'geneve'
    """

    def __init__(self, remotes: str, *, private_key: str | os.PathLike[str] | None = None,
                 certificate: str | os.PathLike[str] | None = None, ca_cert: str | os.PathLike[str] | None = None,
                 timeout: float | None = None, cancel: Cancel | None = None, log: Log | None = None) -> None:
        options = connect_options(private_key, certificate, ca_cert, timeout, cancel, log)
        self._opened(connection(lib.ovnk8s_vswitch_open, "ovnk8s_vswitch", remotes, options), remotes, timeout, *options.kept)

    def _opened(self, pointer: CData, remotes: str, timeout: float | None, *kept: object) -> None:
        super().__init__(pointer, lib.ovnk8s_vswitch_close, *kept)
        self.remotes = remotes
        self._timeout_ms = milliseconds(timeout)

    @classmethod
    def _of(cls, pointer: CData, remotes: str, timeout: float | None, *kept: object) -> Vswitch:
        """One that was opened otherwise."""
        vswitch = cls.__new__(cls)
        vswitch._opened(pointer, remotes, timeout, *kept)
        return vswitch

    def _compute(self, plan: CData, options: CData) -> int:
        return int(lib.ovnk8s_vswitch_compute(self._own(), plan, options))

    def set_timeout(self, timeout: float | None) -> None:
        """Sets the timeout of each call that waits from now on, in seconds; None: 10.

        >>> vswitch.set_timeout(5)
        """
        self._timeout_ms = milliseconds(timeout)
        self._get(lib.ovnk8s_vswitch_set_timeout, self._timeout_ms)

    def _within(self, timeout: float | None) -> Limit:
        """The timeout of calls that have none of their own."""
        return self._limit(lib.ovnk8s_vswitch_set_timeout, timeout)

    def external_id(self, key: str, *, timeout: float | None = None) -> str:
        """The value of external_ids:key of table Open_vSwitch.

        timeout: in seconds; None: the connection's.

        Raises NotFound (no such key), Timeout, Cancelled, Protocol, NoMemory.

        >>> vswitch.external_id("system-id") in {chassis.name for chassis in sb.chassis()}
        True
        """
        with self._within(timeout):
            return self._written(lib.ovnk8s_vswitch_external_id, encoded(key))
