"""Ending a blocking call early (cancel.h)."""
from __future__ import annotations

import functools
import signal

from ovnk8s._calls import Handle, keep_exception, opened
from ovnk8s._ovnk8s import ffi, lib

__all__ = ["Cancel"]


@ffi.def_extern(error=1, onerror=keep_exception)
def ovnk8s_py_interrupt(payload: object) -> int:
    """A signal has interrupted a wait: Python's handlers are called here, and what they raise ends the wait."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ())  # which calls them
    return 0


class Cancel(Handle):
    """A token that ends, from any thread, the waiting of all connections that were opened with it; for good.

    Ctrl-C needs none: whatever a Python signal handler raises ends a wait of the main thread, and the connection can be
    used further.

    Raises System (no descriptor left).

    >>> cancel = Cancel()
    >>> nb = Northbound(nb.remotes, cancel=cancel)
    >>> cancel.trigger()
    >>> Plan().apply(nb, wait="sb")
    Traceback (most recent call last):
    ovnk8s.errors.Cancelled: ...
    """

    def __init__(self) -> None:
        super().__init__(opened(lib.ovnk8s_cancel_new, "ovnk8s_cancel"), lib.ovnk8s_cancel_free)
        lib.ovnk8s_cancel_set_interrupt(self._pointer, lib.ovnk8s_py_interrupt, ffi.NULL)

    def trigger(self) -> None:
        """Cancels, for good. May be called repeatedly.

        >>> Cancel().trigger()
        """
        lib.ovnk8s_cancel_trigger(self._own())

    def close(self) -> None:
        """Does nothing: connections may still use it. It is freed after the last of them."""


@functools.lru_cache(maxsize=None)
def never() -> Cancel:
    """The token of whoever gave none: it lets Ctrl-C end waits, and is never triggered."""
    return Cancel()
