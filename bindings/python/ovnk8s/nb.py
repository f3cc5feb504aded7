"""Connections to the OVN Northbound database (nb.h)."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ovnk8s._calls import CData, milliseconds
from ovnk8s._connect import Database, connect_options, connection
from ovnk8s._ovnk8s import lib
from ovnk8s.cancel import Cancel
from ovnk8s.log import Log

if TYPE_CHECKING:
    import asyncio

__all__ = ["Northbound"]


class Northbound(Database):
    """A connection to the OVN_Northbound database, which is open when this returns. It downloads no table.

    remotes: "unix:PATH", "tcp:IP:PORT", "ssl:IP:PORT", or several of them separated by commas, the servers of one
        cluster, of which the leader is sought.
    private_key, certificate, ca_cert: PEM files, for ssl: remotes. They are one set for the whole process.
    timeout: of each call that waits, in seconds; None: 10.
    cancel: ends waiting early.
    log: receives what is worth telling: a logger, or a function of level and line.

    Raises Invalid (no such form of remote, or an ssl: remote without good TLS files), NotFound and Permission (of a TLS
    file), Unsupported (another TLS identity is in use), Timeout (not reached), Cancelled, NoMemory.

    >>> with Northbound("unix:/run/ovn/ovnnb_db.sock", timeout=5) as connection:  # doctest: +SKIP
    ...     print(Topology.read(connection))
    """

    def __init__(self, remotes: str, *, private_key: str | os.PathLike[str] | None = None,
                 certificate: str | os.PathLike[str] | None = None, ca_cert: str | os.PathLike[str] | None = None,
                 timeout: float | None = None, cancel: Cancel | None = None, log: Log | None = None) -> None:
        options = connect_options(private_key, certificate, ca_cert, timeout, cancel, log)
        self._opened(connection(lib.ovnk8s_nb_open, "ovnk8s_nb", remotes, options), remotes, timeout, *options.kept)

    def _opened(self, pointer: CData, remotes: str, timeout: float | None, *kept: object) -> None:
        super().__init__(pointer, lib.ovnk8s_nb_close, *kept)
        self.remotes = remotes
        self._timeout_ms = milliseconds(timeout)
        self._turn: asyncio.Lock | None = None

    @classmethod
    def _of(cls, pointer: CData, remotes: str, timeout: float | None, *kept: object) -> Northbound:
        """One that was opened otherwise."""
        nb = cls.__new__(cls)
        nb._opened(pointer, remotes, timeout, *kept)
        return nb

    def _compute(self, plan: CData, options: CData) -> int:
        return int(lib.ovnk8s_plan_compute(plan, self._own(), options))

    def set_timeout(self, timeout: float | None) -> None:
        """Sets the timeout of each call that waits from now on, in seconds; None: 10.

        >>> nb.set_timeout(5)
        """
        self._timeout_ms = milliseconds(timeout)
        self._get(lib.ovnk8s_nb_set_timeout, self._timeout_ms)

    def _one_by_one(self) -> asyncio.Lock:
        """For coroutines, of which one at a time can use the connection."""
        if self._turn is None:
            import asyncio

            self._turn = asyncio.Lock()
        return self._turn
