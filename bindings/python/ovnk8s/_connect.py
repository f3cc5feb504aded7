"""What connections to OVSDB servers have in common."""
from __future__ import annotations

import os
from collections.abc import Callable

from ovnk8s._calls import CData, Handle, Struct, encoded, milliseconds, opened
from ovnk8s.cancel import Cancel, never
from ovnk8s.log import Log, log_fields


def connect_options(private_key: str | os.PathLike[str] | None, certificate: str | os.PathLike[str] | None,
                    ca_cert: str | os.PathLike[str] | None, timeout: float | None, cancel: Cancel | None,
                    log: Log | None) -> Struct:
    cancel = cancel or never()
    options = Struct("ovnk8s_connect_options", timeout_ms=milliseconds(timeout), cancel=cancel._own(),
                     private_key=private_key and os.fspath(private_key),
                     certificate=certificate and os.fspath(certificate), ca_cert=ca_cert and os.fspath(ca_cert),
                     **log_fields(log))
    options.kept.append(cancel)
    return options


class Database(Handle):
    """A connection to an OVSDB server."""

    remotes: str

    def _compute(self, plan: CData, options: CData) -> int:
        raise NotImplementedError


def connection(function: Callable[..., int], kind: str, remotes: str, options: Struct) -> CData:
    return opened(function, kind, encoded(remotes), options.pointer)
