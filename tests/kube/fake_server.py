#!/usr/bin/env python3
"""An HTTP/1.1 server for faults that a real API server does not produce on demand.

The first part of a path names a script: what to answer to the first request for it, to the second,
and so on; the last answer is for all further ones. "/log/NAME" tells the requests for it so far.

Prints the number of its port, and ends when its standard input does.
"""

import json
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from fake_lease import Leases


class Request:
    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body

    def as_dict(self):
        return {"method": self.method, "path": self.path, "headers": self.headers,
                "body": self.body.decode()}


# Answers. Each takes (connection, request) and returns whether the connection can be used again.

def status(code, message="as the script says", reason="", headers=""):
    body = json.dumps({"kind": "Status", "code": code, "message": message, "reason": reason})
    return text(code, body, headers)


def text(code, body, headers=""):
    def answer(connection, _request):
        data = body.encode()
        connection.sendall(f"HTTP/1.1 {code} X\r\nContent-Length: {len(data)}\r\n{headers}"
                           "Content-Type: application/json\r\n\r\n".encode() + data)
        return True
    return answer


def echo(connection, request):
    return text(200, json.dumps(request.as_dict()))(connection, request)


def raw(data):
    def answer(connection, _request):
        connection.sendall(data)
        return False
    return answer


def cut(_connection, _request):
    return False


def silent(_connection, _request):
    time.sleep(30)
    return False


def chunked(pieces, end="end"):
    """Sends each piece as a chunk, then ends well, cuts the connection, or holds it."""
    def answer(connection, _request):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in pieces:
            if isinstance(piece, float):
                time.sleep(piece)
            else:
                connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        if end == "end":
            connection.sendall(b"0\r\n\r\n")
        if end == "hold":
            connection.settimeout(30)
            connection.recv(1)
        return end == "end"
    return answer


def endless(connection, _request):
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    block = b"x" * (1 << 20)
    for _ in range(64):
        connection.sendall(block)
    return False


def thing(name, version, **more):
    return {"metadata": {"name": name, "resourceVersion": str(version)}, **more}


def listing(version, *names, token="", in_pieces=0):
    body = json.dumps({"kind": "List", "metadata": {"resourceVersion": str(version),
                                                    "continue": token},
                       "items": [thing(name, 1, text='brackets ]}" and \\') for name in names]},
                      indent=1).encode()
    if in_pieces:
        return chunked([body[i:i + in_pieces] for i in range(0, len(body), in_pieces)])
    return text(200, body.decode())


def event(kind, *args, **more):
    return json.dumps({"type": kind, "object": thing(*args, **more)}).encode() + b"\n"


def error_event(code):
    return json.dumps({"type": "ERROR", "object": {"kind": "Status", "code": code,
                                                   "message": "too old"}}).encode() + b"\n"


def split(data, size):
    return [data[i:i + size] for i in range(0, len(data), size)]


HOLD = chunked([], "hold")

SCRIPTS = {
    "echo": [echo],
    "status": [status(404, "no such thing"), status(403), status(409), status(409, "", "AlreadyExists"),
               status(422), status(503), status(302)],
    "proxy": [text(502, "<html>Bad\nGateway</html>")],
    "garbage": [raw(b"hello\r\nI am no API server\r\n")],
    "cut": [cut],
    "cut-body": [raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")],
    "silent": [silent],
    "slow": [chunked([b"x", 0.3] * 20)],
    "endless": [endless],
    "slow-bytes": [chunked([b"{", 0.1, b"}"])],

    "life": [listing(10, "a", "b", token="t/1=", in_pieces=7), listing(10, "c"),
             chunked(split(event("ADDED", "d", 11) + event("MODIFIED", "a", 12)
                           + event("DELETED", "b", 13) + event("BOOKMARK", "", 20), 9), "hold")],
    "page-expires": [listing(10, "a", token="t1"), status(410), listing(12, "a", "b"), HOLD],
    "page-fails": [listing(10, "a", token="t1"), status(500), listing(10, "b"), HOLD],
    "cut-list": [raw(b'HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{"metadata":'
                     b'{"resourceVersion":"9"},"items":[{"metadata":{"name":"x"}},{"meta'),
                 listing(10, "a"), HOLD],
    "short-list": [text(200, '{"metadata":{"resourceVersion":"9"},"items":[{}'),
                   text(200, '{"items":[]}'), text(200, '[]'), text(200, '{"items":[5]}'),
                   listing(10, "a"), HOLD],
    "gone-status": [listing(10, "a"), status(410), listing(20, "b"), HOLD],
    "gone-event": [listing(10, "a"), chunked([event("ADDED", "c", 11), error_event(410)]),
                   listing(20, "b"), HOLD],
    "cut-watch": [listing(10, "a"),
                  chunked([event("ADDED", "b", 11), event("ADDED", "c", 12)[:20]], "cut"),
                  chunked([event("ADDED", "c", 12)], "hold")],
    "bad-watch": [listing(10, "a")] + [chunked([b"hello\n"])] * 3 + [listing(20, "b"), HOLD],
    "error-watch": [listing(10, "a")] + [chunked([error_event(500)])] * 3
                   + [listing(20, "b"), HOLD],
    "short-watch": [listing(10, "a"), chunked([]), HOLD],
    **{f"stopped-{i}": [listing(10, "a"), chunked([event("ADDED", "b", 11)], "hold")]
       for i in range(4)},
    "busy": [status(429, headers="Retry-After: 1\r\n"), status(500), listing(10, "a"), HOLD],

    "ready": [text(200, json.dumps(thing("x", 5, ready=True)))],
    "later": [text(200, json.dumps(thing("x", 5))),
              chunked([event("MODIFIED", "x", 6), 0.2, event("MODIFIED", "x", 7, ready=True)],
                      "hold")],
    "appears": [status(404), listing(5), chunked([0.2, event("ADDED", "x", 6, ready=True)],
                                                 "hold")],
    "absent": [status(404), listing(5), HOLD],
    "deleted": [text(200, json.dumps(thing("x", 5))), chunked([event("DELETED", "x", 6)], "hold")],
    "unheard": [status(503), silent],
    "half-list": [text(200, json.dumps(thing("x", 5))), chunked([error_event(410)]),
                  chunked([b'{"metadata":{"resourceVersion":"9"},"items":['], "hold")],
    "never": [text(200, json.dumps(thing("x", 5))), HOLD],
    "forbidden": [status(403, "you may not")],
    "watch-forbidden": [text(200, json.dumps(thing("x", 5))), status(403, "you may not watch")],
    "public-list": [listing(10, "a", "b", token="t1", in_pieces=7), listing(10, "c")],
    "public-list-stopped": [listing(10, "a", "b")],
    "public-list-expires": [listing(10, "a", token="t1"), status(410), listing(12, "a")],
    "public-list-busy": [status(500), listing(10, "a")],
    "public-follow": [listing(10, "a", "b"), chunked([event("ADDED", "c", 11), event("DELETED", "a", 12)], "hold")],
    **{f"events-{i}": [text(201, "{}")] for i in range(7)},
    "events-refused": [status(403, "you may not")],
    "events-busy": [status(500), text(201, "{}")],
    "events-forgotten": [text(201, "{}"), status(404), text(201, "{}")],
    "events-lost": [cut, status(409, "", "AlreadyExists"), text(200, "{}")],
    "recovers": [status(503), status(503), listing(5), chunked(
        [event("ADDED", "x", 6, ready=True)], "hold")],
}

SCRIPTS.update({f"lease-{i}": Leases(sys.modules[__name__]) for i in range(20)})

log = {name: [] for name in SCRIPTS}


# "at-WHAT-HOW-N": the first answer to a LIST or a WATCH goes wrong at its N-th byte, of which the
# head has the first ones. What has happened is the same for all N. "/length/WHAT" tells how many.

HISTORY = [(11, event("ADDED", "c", 11)), (12, event("MODIFIED", "a", 12)), (13, event("DELETED", "b", 13)),
           (20, event("BOOKMARK", "", 20))]


class Recording:
    """A connection that keeps what is sent."""

    def __init__(self):
        self.sent = b""

    def sendall(self, data):
        self.sent += data


def bytes_of(answer, request):
    recording = Recording()
    answer(recording, request)
    return recording.sent


def goes_wrong(answer, how, n):
    def wrong(connection, request):
        whole = bytes_of(answer, request)
        connection.sendall(whole[:n])
        if how == "garbage":
            connection.sendall(b"\xff\0}" + whole[n + 1:])
        if how == "pause":
            time.sleep(0.01)
            connection.sendall(whole[n:])
        return False
    return wrong


def whole_answer(what, how="", version=10):
    if what == "list":
        return listing(10, "a", "b")
    events = [line for at, line in HISTORY if at > version]
    if how == "plain":
        return raw(b"HTTP/1.1 200 OK\r\n\r\n" + b"".join(events))
    return chunked(events, "cut" if how else "hold")


def answer_at(name, request):
    _, what, how, n = name.split("-")
    this = "watch" if "watch=1" in request.path else "list"
    version = int(request.path.rpartition("resourceVersion=")[2]) if this == "watch" else 0
    before = log.setdefault(name, [])
    is_first = this not in before
    before.append(this)
    if is_first and this == what:
        return goes_wrong(whole_answer(this, how, version), how, int(n))
    return whole_answer(this, version=version)


def answer_of(request):
    first, _, rest = request.path[1:].partition("/")
    if first == "log":
        return text(200, json.dumps([r.as_dict() for r in log[rest]]))
    if first == "length":
        return text(200, str(len(bytes_of(whole_answer(rest, "cut"), request))))
    if first.startswith("at-"):
        return answer_at(first, request)
    if first not in SCRIPTS:
        return status(404, f"no script {first}")
    number = len(log[first])
    log[first].append(request)
    if callable(SCRIPTS[first]):
        return SCRIPTS[first](request)
    return SCRIPTS[first][min(number, len(SCRIPTS[first]) - 1)]


def read_request(stream):
    line = stream.readline().decode()
    if not line:
        return None
    method, path, _ = line.split()
    headers = {}
    while (line := stream.readline().decode().strip()):
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Request(method, path, headers, stream.read(int(headers.get("content-length", 0))))


def serve(connection, tls):
    try:
        if tls:
            connection = tls.wrap_socket(connection, server_side=True)
        with connection, connection.makefile("rb") as stream:
            while (request := read_request(stream)) and answer_of(request)(connection, request):
                pass
            connection.shutdown(socket.SHUT_RDWR)
    except (OSError, ValueError):
        pass  # The client went away, which is its right.


def listen(tls):
    listener = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection, tls), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def make_certificate(folder):
    """For the name "fake" and no address, so that the name must be given."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=fake",
                    "-addext", "subjectAltName=DNS:fake", "-keyout", f"{folder}/key.pem", "-out",
                    f"{folder}/cert.pem"], check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
    context.load_verify_locations(f"{folder}/cert.pem")
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def main():
    with tempfile.TemporaryDirectory() as folder:
        tls = make_certificate(folder)
        print(listen(None), listen(tls), folder, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
