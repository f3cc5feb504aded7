"""What the library wants to tell besides errors (log.h)."""
from __future__ import annotations

import enum
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Union

from ovnk8s._calls import CData, text
from ovnk8s._ovnk8s import ffi, lib

if TYPE_CHECKING:
    import logging

__all__ = ["Log", "LogLevel"]


class LogLevel(enum.IntEnum):
    """How much a line matters.

    >>> LogLevel.WARN < LogLevel.INFO
    True
    """

    ERROR = lib.OVNK8S_LOG_ERROR
    WARN = lib.OVNK8S_LOG_WARN
    INFO = lib.OVNK8S_LOG_INFO
    DEBUG = lib.OVNK8S_LOG_DEBUG


Log = Union["logging.Logger", Callable[[LogLevel, str], Any]]  # A logger, or a function that receives each line.


@ffi.def_extern()
def ovnk8s_py_log(level: int, message: CData, payload: CData) -> None:
    log, line = ffi.from_handle(payload), text(message)
    if "logging" in sys.modules and isinstance(log, sys.modules["logging"].Logger):
        log.log(50 - 10 * level, "%s", line)  # ERROR is 1 here and 40 there, DEBUG 4 and 10.
    else:
        log(LogLevel(level), line)


def log_fields(log: Log | None) -> dict[str, CData]:
    """The fields of a struct of options by which the library is told of a log."""
    return {} if log is None else {"log": lib.ovnk8s_py_log, "log_payload": ffi.new_handle(log)}
