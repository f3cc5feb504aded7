"""How the library is called: handles, structs, texts, and what callbacks have raised."""
from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

from ovnk8s._ovnk8s import ffi, lib
from ovnk8s.errors import last_error

CData = Any  # What cffi hands out: a pointer, or a struct.
H = TypeVar("H", bound="Handle")


class Raised(threading.local):
    """The exception that a callback of this thread has raised, until the call that called it returns."""

    exception: BaseException | None = None


raised = Raised()


def check(code: int) -> None:
    """Raises what the call that has returned this code, or a callback during it, wants to be raised."""
    if code or raised.exception is not None:
        exception, raised.exception = raised.exception, None
        raise exception or last_error(code)


def keep_exception(kind: type[BaseException], exception: BaseException, traceback: TracebackType) -> None:
    """What callbacks do with an exception ("onerror" of cffi)."""
    raised.exception = exception


def text(value: CData) -> str:
    """A string of the library. NULL is ""."""
    return str(ffi.string(value).decode(errors="replace")) if value else ""


def text_or_none(value: CData) -> str | None:
    return text(value) if value else None


def take(out: CData) -> str:
    """The text that a call has handed over, by a char **."""
    try:
        return text(out[0])
    finally:
        lib.ovnk8s_free(out[0])


def encoded(value: str) -> bytes:
    """A string for the library."""
    if "\0" in value:
        raise ValueError("a string with a zero in it")
    return value.encode()


_CHARS = ffi.typeof("char[]")


def string(value: str) -> CData:
    """The same for a field of a struct, as long as it is kept. Nothing is copied, which matters to those with thousands."""
    return ffi.from_buffer(_CHARS, encoded(value) + b"\0")


def milliseconds(seconds: float | None) -> int:
    """A timeout for the library, where 0 stands for the default, which None is here."""
    if seconds is None:
        return 0
    if not seconds >= 0:
        raise ValueError(f"a timeout of {seconds} s")
    return min(max(1, math.ceil(seconds * 1000)), 2**31 - 1)


def _keeping(pointer: CData, kept: list[Any]) -> CData:
    """A pointer as long as which lives what is in the list: what it points to is not cffi's business otherwise."""
    def release(_: CData) -> None:
        kept.clear()

    return ffi.gc(pointer, release)


class Struct:
    """A struct of the library with its defaults, and fields that are given by keyword; None leaves the default."""

    def __init__(self, kind: str, **fields: Any) -> None:
        self.kept: list[Any] = []
        self.pointer: CData = _keeping(ffi.new(f"{kind} *"), self.kept)
        getattr(lib, f"{kind}_init")(self.pointer)
        for name, value in fields.items():
            if value is not None:
                setattr(self.pointer, name, self._kept(value))

    def _kept(self, value: Any) -> Any:
        if isinstance(value, str):
            value = string(value)
        self.kept.append(value)
        return value


class Handle:
    """A handle of the library. It can be used by any thread; others wait as long as one is in a call of it."""

    def __init__(self, pointer: CData, free: Callable[[CData], None], *kept: object) -> None:
        """What is kept lives until the handle has been freed."""
        def release(freed: CData, kept: object = kept) -> None:
            free(freed)

        self._lock = threading.RLock()
        self._borrower: weakref.ref[Handle] | None = None
        self._borrowed: tuple[Handle, ...] = ()
        self._timeout_ms = 0  # Of a connection; 0: the library's.
        self._pointer: CData = ffi.gc(pointer, release if kept else free)

    def _own(self) -> CData:
        """The C handle, for a call that is made with the lock."""
        if self._pointer is None:
            raise ValueError(f"this {type(self).__name__} is closed")
        borrower = self._borrower and self._borrower()
        if borrower:
            raise ValueError(f"this {type(self).__name__} is in the hands of a {type(borrower).__name__}")
        return self._pointer

    def _call(self, function: Callable[..., int], *arguments: Any) -> None:
        """Calls a function that takes this handle first, and raises what it fails with."""
        with self._lock:
            check(function(self._own(), *arguments))

    def _get(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Calls a function that takes this handle first, and does not fail."""
        with self._lock:
            return function(self._own(), *arguments)

    def _limit(self, function: Callable[[CData, int], None], timeout: float | None) -> Limit:
        """Within it calls that wait have this timeout, if one is given. Takes the lock."""
        return Limit(self, function, timeout)

    def _written(self, function: Callable[..., int], *arguments: Any) -> str:
        """Calls a function that takes this handle first, and last a place for the text that it writes."""
        out = ffi.new("char **")
        self._call(function, *arguments, out)
        return take(out)

    def _borrow(self, *handles: Handle) -> None:
        """Makes that nobody else can use these handles before this one has been closed."""
        self._borrowed = handles
        for handle in handles:
            handle._borrower = weakref.ref(self)

    @property
    def closed(self) -> bool:
        """Whether close() was called."""
        return self._pointer is None

    def close(self) -> None:
        """Frees what the library has of it, which also happens when nothing refers to it any more. Twice is no error."""
        with self._lock:
            if self._pointer is not None:
                pointer, self._pointer = self._own(), None
                ffi.release(pointer)
        for handle in self._borrowed:
            handle._borrower = None
        self._borrowed = ()

    def __enter__(self: H) -> H:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class Limit:
    """A timeout for the calls of one connection: that of the connection comes back at the end."""

    def __init__(self, handle: Handle, function: Callable[[CData, int], None], timeout: float | None) -> None:
        self._handle = handle
        self._function = function
        self._timeout = milliseconds(timeout)

    def __enter__(self) -> None:
        self._handle._lock.acquire()
        if self._timeout:
            try:
                self._function(self._handle._own(), self._timeout)
            except BaseException:
                self._handle._lock.release()
                raise

    def __exit__(self, *exception: object) -> None:
        try:
            if self._timeout:
                self._function(self._handle._own(), self._handle._timeout_ms)
        finally:
            self._handle._lock.release()


def opened(function: Callable[..., int], kind: str, *arguments: Any) -> CData:
    """Calls a function that creates a handle, which it takes a place for first."""
    out = ffi.new(f"{kind} **")
    check(function(out, *arguments))
    return out[0]
