"""An HTTP proxy between a client and a real API server that does to the answers what a test tells it to.

It runs in the test's process and listens on the host of the API server, with TLS by the same certificate or without:

    with FaultProxy(cluster.api) as proxy:
        with proxy.fault(cut_after(100), of=is_watch, times=3) as fault:
            ... the client talks to proxy.url ...
            wait_for("the fault", lambda: fault.done == 3)

A fault is a function from a Passage, a request with the answer of the API server, to whether the connection may be used
again. Where no fault applies, answers are passed on as they come.
"""
from __future__ import annotations

import contextlib
import ctypes
import gzip
import http.client
import socket
import ssl
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lab"))

from apiserver import FOLDER, PORT, ApiServer  # noqa: E402

PIECE = 1 << 16
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "host", "keep-alive"}


class Cut(Exception):
    """Ends the connection to the client."""


class Passage:
    """A request on its way through. Its answer comes from the API server at the first look at it."""

    def __init__(self, proxy: FaultProxy, client: socket.socket, method: str, path: str, headers: dict[str, str], body: bytes):
        self.proxy, self.client = proxy, client
        self.method, self.path, self.headers, self.body = method, path, headers, body
        self._upstream: http.client.HTTPConnection | None = None

    def ask(self) -> http.client.HTTPResponse:
        """Sends the request to the API server. Returns its answer, of which the head has come."""
        self._upstream = self.proxy.connect_upstream()
        kept = {name: value for name, value in self.headers.items() if name not in HOP_BY_HOP}
        self._upstream.request(self.method, self.path, self.body or None, kept)
        return self._upstream.getresponse()

    def close(self):
        if self._upstream:
            self._upstream.close()

    def pieces(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        """The body, as it comes in."""
        with self.proxy.known(self._upstream.sock):
            while data := response.read1(PIECE):
                yield data

    def send(self, data: bytes):
        self.client.sendall(data)

    def send_head(self, status: int, headers: dict[str, str], version: str = "1.1"):
        lines = [f"HTTP/{version} {status} X", *(f"{name}: {value}" for name, value in headers.items())]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    def send_chunk(self, data: bytes):
        if data:
            self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def pass_on(self, change: Callable[[Iterator[bytes]], Iterator[bytes]] = lambda pieces: pieces, **headers: str) -> bool:
        """Passes the answer on, its body changed, with more headers; "_" stands for "-" in their names."""
        response = self.ask()
        kept = {name: value for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP}
        kept.update({name.replace("_", "-"): value for name, value in headers.items()})
        self.send_head(response.status, {**kept, "Transfer-Encoding": "chunked"})
        for piece in change(self.pieces(response)):
            self.send_chunk(piece)
        self.send(b"0\r\n\r\n")
        return True


# What faults apply to.

def is_watch(passage: Passage) -> bool:
    return passage.method == "GET" and "watch=1" in passage.path


def is_list(passage: Passage) -> bool:
    return passage.method == "GET" and "limit=" in passage.path and "watch=1" not in passage.path


def is_patch(passage: Passage) -> bool:
    return passage.method == "PATCH"


def is_any(_passage: Passage) -> bool:
    return True


# Faults.

def plain(passage: Passage) -> bool:
    """None."""
    return passage.pass_on()


def changing(change: Callable[[Iterator[bytes]], Iterator[bytes]], **headers: str):
    return lambda passage: passage.pass_on(change, **headers)


def cut_after(n: int):
    """Ends the connection after so many bytes of the body."""
    def change(pieces: Iterator[bytes]) -> Iterator[bytes]:
        left = n
        for piece in pieces:
            yield piece[:left]
            left -= len(piece)
            if left <= 0:
                raise Cut
        raise Cut
    return changing(change)


def half_closed(n: int):
    """As cut_after(), but the other direction stays open, and nothing comes any more."""
    def fault(passage: Passage) -> bool:
        try:
            return cut_after(n)(passage)
        except Cut:
            passage.client.shutdown(socket.SHUT_WR)
            passage.proxy.hold(passage)
            return False
    return fault


def lines_of(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from (line + b"\n" for line in lines)
    yield rest


def twice(passage: Passage) -> bool:
    """Each event of a watch comes twice."""
    return passage.pass_on(lambda pieces: (line + line for line in lines_of(pieces)))


def late(seconds: float):
    """What comes, comes later."""
    def fault(passage: Passage) -> bool:
        def change(pieces: Iterator[bytes]) -> Iterator[bytes]:
            for piece in pieces:
                passage.proxy.pause(seconds)
                yield piece
        return passage.pass_on(change)
    return fault


def drip(seconds: float, most: int):
    """One byte at a time; the connection ends after so many."""
    def fault(passage: Passage) -> bool:
        def change(pieces: Iterator[bytes]) -> Iterator[bytes]:
            left = most
            for piece in pieces:
                for i in range(len(piece)):
                    passage.proxy.pause(seconds)
                    yield piece[i:i + 1]
                    left -= 1
                    if not left:
                        raise Cut
        return passage.pass_on(change)
    return fault


def with_garbage(garbage: bytes, after: int):
    """Something else comes in between after so many bytes."""
    def change(pieces: Iterator[bytes]) -> Iterator[bytes]:
        left = after
        for piece in pieces:
            if 0 <= left < len(piece):
                yield piece[:left] + garbage + piece[left:]
            else:
                yield piece
            left -= len(piece)
    return changing(change)


def status(code: int, body: bytes = b"", **headers: str):
    """The API server is not asked."""
    def fault(passage: Passage) -> bool:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        passage.send_head(code, {**named, "Content-Length": str(len(body))})
        passage.send(body)
        return True
    return fault


def silent(passage: Passage) -> bool:
    """No answer at all, until the fault is taken away."""
    passage.proxy.hold(passage)
    return False


def zipped(passage: Passage) -> bool:
    """gzip, although nobody has asked for it."""
    def change(pieces: Iterator[bytes]) -> Iterator[bytes]:
        packer = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
        for piece in pieces:
            yield packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH)
        yield packer.flush()
    return passage.pass_on(change, Content_Encoding="gzip")


def bomb(size: int):
    """gzip of so many zeros."""
    return status(200, gzip.compress(b"\0" * size), Content_Encoding="gzip", Content_Type="application/json")


def sized(difference: int):
    """A Content-Length that is wrong by so much."""
    def fault(passage: Passage) -> bool:
        response = passage.ask()
        body = response.read()
        passage.send_head(response.status, {"Content-Type": "application/json", "Content-Length": str(len(body) + difference)})
        passage.send(body)
        return False
    return fault


def ancient(passage: Passage) -> bool:
    """HTTP/1.0: the body ends with the connection."""
    response = passage.ask()
    passage.send_head(response.status, {"Content-Type": "application/json"}, version="1.0")
    for piece in passage.pieces(response):
        passage.send(piece)
    return False


def endless_list(passage: Passage) -> bool:
    """An object that never ends."""
    passage.send_head(200, {"Content-Type": "application/json", "Transfer-Encoding": "chunked"})
    passage.send_chunk(b'{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"')
    while True:
        passage.send_chunk(b"x" * PIECE)


class Fault:
    """A fault that a proxy has been told of."""

    def __init__(self, act, of, times: int):
        self.act, self.of, self.left = act, of, times
        self.done = 0


class FaultProxy:
    """See above. It works until its "with" block ends."""

    def __init__(self, api: ApiServer, tls: bool = True):
        self.api = api
        self.host = api.central
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str]] = []  # (method, path), in the order in which they came
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._sockets: set[socket.socket] = set()  # to the client and to the API server
        self._tls = self._own_tls() if tls else None
        self._trust = ssl.create_default_context(cadata=api.authority)
        self._listener = listen_on(self.host, self.host.address)
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://{self.host.address}:{self._listener.getsockname()[1]}"

    def _own_tls(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.host.path(f"{FOLDER}/server.crt"), self.host.path(f"{FOLDER}/server.key"))
        return context

    def __enter__(self) -> FaultProxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop_all()

    @contextlib.contextmanager
    def fault(self, act, of=is_any, times: int = 1 << 30) -> Iterator[Fault]:
        """Applies to so many of these requests, while the "with" block runs. Watches that are up by then are ended."""
        fault = Fault(act, of, times)
        with self._lock:
            self.faults.append(fault)
        self.drop_all()
        try:
            yield fault
        finally:
            with self._lock:
                self.faults.remove(fault)
            self.drop_all()

    def drop_all(self):
        """Ends all connections."""
        with self._lock:
            sockets = list(self._sockets)
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def pause(self, seconds: float):
        """Sleeps; not beyond the end of the proxy."""
        if self._closing.wait(seconds):
            raise Cut

    def hold(self, passage: Passage):
        """Until the client goes, or somebody ends the connection."""
        with contextlib.suppress(OSError):
            while passage.client.recv(1):
                pass

    def connect_upstream(self) -> http.client.HTTPConnection:
        address = self.host.address
        connection = http.client.HTTPConnection(address)
        connection.sock = self._trust.wrap_socket(self.host.connect(address, PORT), server_hostname=address)
        connection.sock.settimeout(None)
        return connection

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket):
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
            if self._tls:
                client = self._tls.wrap_socket(client, server_side=True)
            with self.known(client), client, client.makefile("rb") as stream:
                while (passage := self._read(client, stream)) and self._answer(passage):
                    pass
                client.shutdown(socket.SHUT_RDWR)

    @contextlib.contextmanager
    def known(self, one: socket.socket) -> Iterator[None]:
        """While the "with" block runs, drop_all() ends this connection too."""
        with self._lock:
            self._sockets.add(one)
        try:
            yield
        finally:
            with self._lock:
                self._sockets.discard(one)

    def _read(self, client: socket.socket, stream) -> Passage | None:
        line = stream.readline().decode()
        if not line:
            return None
        method, path, _ = line.split()
        headers = {}
        while (line := stream.readline().decode().strip()):
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return Passage(self, client, method, path, headers, stream.read(int(headers.get("content-length", 0))))

    def _answer(self, passage: Passage) -> bool:
        with self._lock:
            self.requests.append((passage.method, passage.path))
            fault = next((fault for fault in self.faults if fault.left and fault.of(passage)), None)
            if fault:
                fault.left -= 1
        try:
            return (fault.act if fault else plain)(passage)
        except Cut:
            return False
        finally:
            passage.close()
            if fault:
                fault.done += 1


def listen_on(host, address: str) -> socket.socket:
    """A socket that listens on a host, at a port that is free there."""
    made = []

    def inside():
        with open(f"/proc/{host.pid}/ns/net") as namespace:
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), 0) != 0:
                raise OSError(ctypes.get_errno(), f"{host.name}: cannot enter its network namespace")
        made.append(socket.create_server((address, 0)))

    thread = threading.Thread(target=inside)  # which never leaves that network again
    thread.start()
    thread.join()
    return made[0]
