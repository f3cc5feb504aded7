"""The version of the library (version.h)."""
from __future__ import annotations

from ovnk8s._calls import text
from ovnk8s._ovnk8s import ffi, lib

__all__ = ["VERSION", "version"]

VERSION: str = ffi.string(lib.OVNK8S_VERSION).decode()  # That the bindings were compiled with.


def version() -> str:
    """The version of the library that is loaded, which may be a later one than VERSION.

    >>> version().count(".")
    2
    """
    return text(lib.ovnk8s_version())
