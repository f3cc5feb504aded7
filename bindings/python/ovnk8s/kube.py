"""A connection to a Kubernetes API server (kube.h)."""
from __future__ import annotations

import enum
import json
import os
import time
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from ovnk8s._calls import CData, Handle, Limit, Struct, encoded, keep_exception, milliseconds, opened, take, text
from ovnk8s._loop import Stepper
from ovnk8s._ovnk8s import ffi, lib
from ovnk8s.cancel import Cancel, never
from ovnk8s.errors import Timeout
from ovnk8s.log import Log, log_fields

__all__ = ["Event", "EventKind", "Follower", "Kube", "KubeObject"]

KubeObject = dict[str, Any]  # As the API server has it.


class Kube(Stepper):
    """A connection to an API server; nothing is sent before it is used.

    server: "https://10.0.0.1:6443", "http://..." or "host:port", which is http.
    ca_certificate, client_certificate, client_key: paths of PEM files, or the PEM text.
    token: a bearer token; token_file: or the file that holds it.
    tls_server_name: the name in the server's certificate, if not the host.
    kubeconfig: path of a kubeconfig file; context: in it; None: its current-context. With neither server nor kubeconfig the
        service account of the pod that the program runs in is used.
    insecure_skip_tls_verify: believe any certificate: for experiments only.
    timeout: of each call that waits, in seconds; None: 10.
    cancel: ends waiting early.
    log: receives log lines: a logger, or a function of level and line.

    Raises Invalid (options or a file contradictory or malformed), NotFound (a file, or no server given), Permission (a
    file), Unsupported (libcurl is missing or too old), NoMemory, System.

    >>> with Kube(**kube_options) as connection:
    ...     connection.get("/version")["major"]
    '1'
    """

    def __init__(self, server: str | None = None, *, ca_certificate: str | os.PathLike[str] | None = None,
                 token: str | None = None, token_file: str | os.PathLike[str] | None = None,
                 client_certificate: str | os.PathLike[str] | None = None,
                 client_key: str | os.PathLike[str] | None = None, tls_server_name: str | None = None,
                 kubeconfig: str | os.PathLike[str] | None = None, context: str | None = None,
                 insecure_skip_tls_verify: bool = False, timeout: float | None = None, cancel: Cancel | None = None,
                 log: Log | None = None) -> None:
        cancel = cancel or never()
        options = Struct(
            "ovnk8s_kube_options", server=server, ca_certificate=ca_certificate and os.fspath(ca_certificate),
            token=token, token_file=token_file and os.fspath(token_file),
            client_certificate=client_certificate and os.fspath(client_certificate),
            client_key=client_key and os.fspath(client_key), tls_server_name=tls_server_name,
            kubeconfig=kubeconfig and os.fspath(kubeconfig), context=context,
            insecure_skip_tls_verify=insecure_skip_tls_verify, timeout_ms=milliseconds(timeout), cancel=cancel._own(),
            **log_fields(log))
        self._opened(opened(lib.ovnk8s_kube_open, "ovnk8s_kube", options.pointer), timeout, cancel,
                     *options.kept)

    def _opened(self, pointer: CData, timeout: float | None, *kept: object) -> None:
        super().__init__(pointer, lib.ovnk8s_kube_close, *kept)
        self._timeout_ms = milliseconds(timeout)
        self._followers: weakref.WeakSet[Follower] = weakref.WeakSet()

    @classmethod
    def _of(cls, pointer: CData, timeout: float | None, *kept: object) -> Kube:
        """One that was opened otherwise."""
        kube = cls.__new__(cls)
        kube._opened(pointer, timeout, *kept)
        return kube

    def set_timeout(self, timeout: float | None) -> None:
        """Sets the timeout of each call that waits from now on, in seconds; None: 10.

        >>> kube.set_timeout(5)
        """
        self._timeout_ms = milliseconds(timeout)
        self._get(lib.ovnk8s_kube_set_timeout, self._timeout_ms)

    def _within(self, timeout: float | None) -> Limit:
        """The timeout of calls that have none of their own."""
        return self._limit(lib.ovnk8s_kube_set_timeout, timeout)

    def request(self, method: str, path: str, body: str | None = None, *,
                content_type: str | None = None, timeout: float | None = None) -> tuple[int, str]:
        """Sends one request; returns the HTTP status, whatever it is, and the body of the answer.

        method: such as "GET".
        path: begins with "/", may have a query; what is not plain in it is percent-encoded by you.
        body: text to send; content_type: of it; None: "application/json".
        timeout: in seconds; None: the connection's.

        Raises Invalid (method or path), Unavailable (no connection, or it broke), Permission (the server's certificate is
        not to be believed), Timeout, Cancelled, Protocol (no HTTP, or too long an answer), NoMemory, System.

        >>> kube.request("GET", "/nowhere")[0]
        404
        """
        status, reply = ffi.new("int *"), ffi.new("char **")
        with self._within(timeout):
            self._call(lib.ovnk8s_kube_request, encoded(method), encoded(path), _optional(content_type),
                       _optional(body), status, reply)
        return status[0], take(reply)

    def get(self, path: str, *, timeout: float | None = None) -> KubeObject:
        """Fetches an object.

        timeout: in seconds; None: the connection's.

        Raises what `request()` does, and for a status that means failure NotFound (404), Permission (401, 403), Exists
        (AlreadyExists), Conflict (other 409, 410, 412), Invalid (400, 405, 406, 413, 415, 422), Unavailable (408, 429,
        5xx), Protocol (any other but 2xx).

        >>> kube.get("/api/v1/namespaces/default")["metadata"]["name"]
        'default'
        """
        with self._within(timeout):
            found: KubeObject = json.loads(self._written(lib.ovnk8s_kube_get, encoded(path)))
        return found

    def patch(self, path: str, body: KubeObject | str, *, content_type: str | None = None,
              timeout: float | None = None) -> KubeObject:
        """Patches an object, and returns it as it is then.

        body: the patch, as an object or as text; content_type: its kind; None: "application/merge-patch+json".
        timeout: in seconds; None: the connection's.

        Raises what `get()` does. A merge patch with a metadata.uid is applied to that very object or raises Conflict.

        >>> patch = {"metadata": {"labels": {"lab": "blue"}}}
        >>> kube.patch("/api/v1/namespaces/default", patch)["metadata"]["labels"]["lab"]
        'blue'
        """
        words = body if isinstance(body, str) else json.dumps(body)
        with self._within(timeout):
            patched: KubeObject = json.loads(self._written(
                lib.ovnk8s_kube_patch, encoded(path), _optional(content_type), encoded(words)))
        return patched

    def list(self, path: str, *, field_selector: str | None = None, label_selector: str | None = None,
             timeout: float | None = None) -> list[KubeObject]:
        """Lists a collection, in pages.

        path: "/api/v1/pods", "/api/v1/namespaces/NAME/pods".
        field_selector: "spec.nodeName=n1"; label_selector: "app=web"; None: all.
        timeout: in seconds; None: the connection's.

        Raises what `get()` does; Conflict (the list took too long: list again).

        >>> sorted(namespace["metadata"]["name"] for namespace in kube.list("/api/v1/namespaces"))[0]
        'default'
        """
        objects: list[KubeObject] = []
        self.each(path, objects.append, field_selector=field_selector, label_selector=label_selector, timeout=timeout)
        return objects

    def each(self, path: str, function: Callable[[KubeObject], object], *, field_selector: str | None = None,
             label_selector: str | None = None, timeout: float | None = None) -> None:
        """Calls a function with each object of a collection while the answer comes in, so that memory has one at a time.

        The function may not use this connection. What it raises ends the list. A server that fails for a while is asked
        again; objects may be told once more then.

        Raises what `list()` does.

        >>> names = []
        >>> kube.each("/api/v1/namespaces", lambda namespace: names.append(namespace["metadata"]["name"]))
        >>> "default" in names
        True
        """
        collection = _collection(path, field_selector, label_selector)
        handle = ffi.new_handle(function)
        with self._within(timeout):
            self._call(lib.ovnk8s_kube_list, collection.pointer, lib.ovnk8s_py_each, handle)

    def follow(self, path: str, *, field_selector: str | None = None, label_selector: str | None = None) -> Follower:
        """Follows a collection: a list, then a watch from there on, and both again after whatever goes wrong.

        Parameters are those of `list()`. Raises Invalid (the path), NoMemory.

        >>> with kube.follow("/api/v1/namespaces", field_selector="metadata.name=default") as follower:
        ...     for event in follower:
        ...         print(event.kind.name, event.object and event.object["metadata"]["name"])
        ...         if event.kind is EventKind.SYNCED:
        ...             break
        BEGIN_LIST None
        OBJECT default
        SYNCED None
        """
        follower = Follower(self, _collection(path, field_selector, label_selector))
        self._followers.add(follower)
        return follower

    def fileno(self) -> int:
        """A descriptor that is readable when there is something to do."""
        return int(self._get(lib.ovnk8s_kube_fd))

    @property
    def wakes_in(self) -> float | None:
        """After how many seconds there is something to do even if the descriptor stays silent; None: never."""
        return self._seconds(self._get(lib.ovnk8s_kube_timeout))

    def step(self) -> None:
        """Does what there is to do for followers, and waits for nothing.

        Raises NoMemory, System.

        >>> kube.step()
        """
        self._call(lib.ovnk8s_kube_step)

    def close(self) -> None:
        """Drops what is under way, with all followers, and closes the connection."""
        for follower in list(self._followers):
            follower.close()
        super().close()


class EventKind(enum.Enum):
    """What an event tells.

    BEGIN_LIST: all objects will be told anew, up to SYNCED.
    OBJECT: the object is there: listed, added or modified. May tell the same state more than once.
    GONE: the object, given in its last state, is there no more.
    SYNCED: all objects have been told since BEGIN_LIST: others that are known exist no more.

    >>> EventKind("gone")
    <EventKind.GONE: 'gone'>
    """

    BEGIN_LIST = "begin_list"
    OBJECT = "object"
    GONE = "gone"
    SYNCED = "synced"


class Event(NamedTuple):
    """What a follower tells; with the object that it is about.

    >>> Event(EventKind.SYNCED).object is None
    True
    """

    kind: EventKind
    object: KubeObject | None = None


class Follower(Handle):
    """Follows a collection, made by `Kube.follow()`: an iterator of events, and in coroutines an asynchronous one.

    Iterating waits for the next event, for ever; `next()` has a timeout. Several followers may be on one connection.

    >>> import asyncio
    >>> async def count():
    ...     with kube.follow("/api/v1/namespaces") as follower:
    ...         async for event in follower:
    ...             if event.kind is EventKind.SYNCED:
    ...                 return "seen all"
    >>> asyncio.run(count())
    'seen all'
    """

    def __init__(self, kube: Kube, collection: Struct) -> None:
        self._kube = kube
        self._events: deque[Event] = deque()
        handle = ffi.new_handle(self._events)
        handler = Struct("ovnk8s_kube_handler", begin_list=lib.ovnk8s_py_begin_list, object=lib.ovnk8s_py_object,
                         gone=lib.ovnk8s_py_gone, synced=lib.ovnk8s_py_synced, payload=handle)
        with kube._lock:
            pointer = opened(lib.ovnk8s_kube_follow, "ovnk8s_kube_follower", kube._own(), collection.pointer,
                             handler.pointer)
        super().__init__(pointer, lib.ovnk8s_kube_follow_stop, kube, handle, handler)
        self._lock = kube._lock  # It is part of the connection.

    @property
    def failure(self) -> str:
        """The one-line story of the latest failure, "" while all is well: it is tried again, for ever.

        >>> with kube.follow("/api/v1/namespaces") as follower:
        ...     follower.failure
        ''
        """
        with self._lock:
            return text(lib.ovnk8s_kube_follow_failure(self._own()))

    def next(self, *, timeout: float | None = None) -> Event:
        """Waits for the next event.

        timeout: in seconds; None: for ever.

        Raises Timeout, NoMemory, System.

        >>> with kube.follow("/api/v1/namespaces") as follower:
        ...     follower.next(timeout=10).kind.name
        'BEGIN_LIST'
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._events:
            self._own()
            if deadline is not None and time.monotonic() >= deadline:
                raise Timeout(f"following: no event in {timeout} s", stage="request")
            self._kube._turn(deadline)
        return self._events.popleft()

    def __iter__(self) -> Follower:
        return self

    def __next__(self) -> Event:
        return self.next()

    def __aiter__(self) -> Follower:
        return self

    async def __anext__(self) -> Event:
        while not self._events:
            self._own()
            await self._kube._turn_async()
        return self._events.popleft()


def _optional(value: str | None) -> CData:
    return ffi.NULL if value is None else encoded(value)


def _collection(path: str, field_selector: str | None, label_selector: str | None) -> Struct:
    return Struct("ovnk8s_kube_collection", path=path, field_selector=field_selector, label_selector=label_selector)


@ffi.def_extern(error=lib.OVNK8S_CANCELLED, onerror=keep_exception)
def ovnk8s_py_each(found: CData, payload: CData) -> int:
    ffi.from_handle(payload)(json.loads(ffi.string(found)))
    return 0


def _tell(payload: CData, event: Event) -> None:
    ffi.from_handle(payload).append(event)


@ffi.def_extern(onerror=keep_exception)
def ovnk8s_py_begin_list(payload: CData) -> None:
    _tell(payload, Event(EventKind.BEGIN_LIST))


@ffi.def_extern(onerror=keep_exception)
def ovnk8s_py_object(found: CData, payload: CData) -> None:
    _tell(payload, Event(EventKind.OBJECT, json.loads(ffi.string(found))))


@ffi.def_extern(onerror=keep_exception)
def ovnk8s_py_gone(found: CData, payload: CData) -> None:
    _tell(payload, Event(EventKind.GONE, json.loads(ffi.string(found))))


@ffi.def_extern(onerror=keep_exception)
def ovnk8s_py_synced(payload: CData) -> None:
    _tell(payload, Event(EventKind.SYNCED))
