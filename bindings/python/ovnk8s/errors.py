"""Errors: an exception for each code of the library (error.h).

All derive from `Error`, and from the exception of Python that comes nearest, if one does:

>>> try:
...     Plan().add_node("no such name!")
... except Invalid as error:
...     print(error)
node name "no such name!": expected a DNS label, ...
"""
from __future__ import annotations

from ovnk8s._ovnk8s import ffi, lib

__all__ = ["Cancelled", "Conflict", "Error", "Exhausted", "Exists", "Invalid", "NoMemory", "NotFound", "Permission",
           "Protocol", "System", "Timeout", "Unavailable", "Unsupported", "error_name"]


class Error(Exception):
    """A call of the library has failed. str() is one line for people: what was being done, to what, and why it failed.

    code: the number of the library, an OVNK8S_... of error.h.
    stage: the step that failed, such as "connect", "read", "commit"; "" if it is not known.
    object: what it was done to: a node, a pod, a file, a remote; "" if it is not known.
    cause: the innermost reason alone, such as "Connection refused".

    >>> try:
    ...     Northbound("unix:/nowhere", timeout=0.1)
    ... except Error as error:
    ...     print(error.stage, error.object, error.cause)
    connect unix:/nowhere timed out: No such file or directory
    """

    code: int = 0

    def __init__(self, message: str, stage: str = "", object: str = "", cause: str = "") -> None:
        super().__init__(message)
        self.stage = stage
        self.object = object
        self.cause = cause or message


class Invalid(Error, ValueError):
    """An argument, option or input is malformed or contradicts another."""

    code = lib.OVNK8S_INVALID


class NoMemory(Error, MemoryError):
    """Memory ran out."""

    code = lib.OVNK8S_NOMEM


class Exists(Error):
    """It exists, and differs from what was asked for or is somebody else's."""

    code = lib.OVNK8S_EXISTS


class NotFound(Error, LookupError):
    """What the call works on does not exist."""

    code = lib.OVNK8S_NOTFOUND


class Conflict(Error):
    """Other writers were faster each time: try again."""

    code = lib.OVNK8S_CONFLICT


class Exhausted(Error):
    """No address or subnet is left."""

    code = lib.OVNK8S_EXHAUSTED


class Timeout(Error, TimeoutError):
    """The deadline passed."""

    code = lib.OVNK8S_TIMEOUT


class Unavailable(Error, ConnectionError):
    """A server cannot be reached or does not serve: try again later."""

    code = lib.OVNK8S_UNAVAILABLE


class Permission(Error, PermissionError):
    """The kernel or a server refused for lack of rights."""

    code = lib.OVNK8S_PERMISSION


class Cancelled(Error):
    """`Cancel.trigger()` was called."""

    code = lib.OVNK8S_CANCELLED


class Unsupported(Error):
    """A server is too old or lacks a table or column."""

    code = lib.OVNK8S_UNSUPPORTED


class Protocol(Error):
    """A server's answer makes no sense."""

    code = lib.OVNK8S_PROTOCOL


class System(Error, OSError):
    """A system call failed for another reason."""

    code = lib.OVNK8S_SYSTEM


_BY_CODE: dict[int, type[Error]] = {kind.code: kind for kind in (
    Invalid, NoMemory, Exists, NotFound, Conflict, Exhausted, Timeout, Unavailable, Permission, Cancelled, Unsupported,
    Protocol, System)}


def error_name(code: int) -> str:
    """The name of a code of the library, without its prefix; "UNKNOWN" if it has none.

    >>> error_name(Conflict.code)
    'CONFLICT'
    """
    return str(ffi.string(lib.ovnk8s_error_name(code)).decode())


def last_error(code: int) -> Error:
    """The exception for the latest failed call of this thread, which has returned this code."""
    failure = lib.ovnk8s_last_error()
    kind = _BY_CODE.get(code, Error)
    if failure.code != code:  # Something has failed since, or the library does not tell: the code alone is left.
        return kind(error_name(code))
    words = (failure.message, failure.stage, failure.object, failure.cause)
    return kind(*(ffi.string(word).decode(errors="replace") for word in words))
