"""The daemons over HTTP: metrics and health, whatever clients do."""
import concurrent.futures
import contextlib
import http.client
import socket

import pytest

import prometheus
from host import wait_for
from overlay import WATCHER_LOG, Watcher

PORT = 9410
MOST_OF_ONE_ADDRESS = 32
SILENCE = 10  # seconds


@pytest.fixture(scope="module")
def daemon(overlay):
    """The watcher, listening at the loopback address of its host."""
    with Watcher(overlay.central, f"--metrics-address=127.0.0.1:{PORT}") as running:
        wait_for("readiness", lambda: ask(overlay.central, "/readyz")[0] == 200, log=overlay.central.path(WATCHER_LOG))
        yield running


@contextlib.contextmanager
def connection(host, timeout=20):
    """An HTTP connection from the host to its daemon."""
    client = http.client.HTTPConnection("127.0.0.1")
    client.sock = host.connect("127.0.0.1", PORT, timeout)
    try:
        yield client
    finally:
        client.close()


def ask(host, path, method="GET", body=None) -> tuple[int, dict, str]:
    with connection(host) as client:
        client.request(method, path, body)
        answer = client.getresponse()
        return answer.status, dict(answer.headers), answer.read().decode()


def exchange(host, data: bytes) -> bytes:
    """All that is answered to these bytes until the daemon closes the connection."""
    with host.connect("127.0.0.1", PORT, 3 * SILENCE) as client:
        answer = b""
        with contextlib.suppress(OSError):  # it may be closed before all is sent
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            while more := client.recv(65536):
                answer += more
        return answer


def test_ipv6(overlay):
    central = overlay.central
    with Watcher(central, f"--metrics-address=[::1]:{PORT}"):
        with central.connect("::1", PORT, 10) as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert client.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_health(daemon):
    host = daemon.central
    for path in "/healthz", "/readyz":
        status, headers, body = ask(host, path)
        assert (status, headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
        assert body == "OK"


def test_metrics_are_prometheus_text(daemon):
    status, headers, body = ask(daemon.central, "/metrics")
    assert (status, headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    families = prometheus.parse(body)
    assert all(name.startswith("ovnk8s_") for name in families)
    assert families["ovnk8s_watcher_nb_connected"].value() == 1
    assert families["ovnk8s_watcher_pod_latency_seconds"].type == "histogram"


def test_head_has_no_body(daemon):
    status, headers, body = ask(daemon.central, "/healthz", "HEAD")
    assert (status, headers["Content-Length"], body) == (200, "2", "")


@pytest.mark.parametrize("path", ["/", "/metric", "/metrics/", "/../metrics", "//metrics", "/healthz%00"])
def test_unknown_paths(daemon, path):
    assert ask(daemon.central, path)[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "MAKE"])
def test_wrong_methods(daemon, method):
    status, headers, _ = ask(daemon.central, "/metrics", method, "a body" if method != "OPTIONS" else None)
    assert (status, headers["Allow"]) == (405, "GET, HEAD")


def test_a_connection_is_kept_for_more(daemon):
    with connection(daemon.central) as client:
        for path in "/healthz", "/metrics", "/readyz", "/nothing":
            client.request("GET", path)
            answer = client.getresponse()
            answer.read()
            assert answer.status == (404 if path == "/nothing" else 200)


GARBAGE = {
    "nothing": b"", "noise": bytes(range(256)) * 20, "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 500,
    "half a line": b"GET /metr", "no version": b"GET /metrics\r\n\r\n", "zeros": b"\0" * 5000,
    "a long path": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    "many headers": b"GET /metrics HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % i for i in range(20_000)) + b"\r\n",
    "a long header": b"GET /metrics HTTP/1.1\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n",
    "a wrong length": b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\nabc",
    "an endless body": b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n" + b"z" * 1_000_000,
}


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage(daemon, data):
    answer = exchange(daemon.central, data)
    assert answer == b"" or answer.startswith(b"HTTP/1."), answer[:100]
    assert ask(daemon.central, "/healthz")[0] == 200
    assert daemon.alive()


def test_who_is_silent_is_cut_off_and_holds_nobody_up(daemon):
    host = daemon.central
    clients = [host.connect("127.0.0.1", PORT, 4 * SILENCE) for _ in range(5)]
    for client, data in zip(clients, (b"", b"G", b"GET /metrics HTTP/1.1\r\n", b"GET /metrics HTTP/1.1\r\nHost: ", b"\r\n")):
        client.sendall(data)
    assert ask(host, "/metrics")[0] == 200
    for client in clients:
        assert client.recv(1) in (b"", b"H")  # the end, or a word on the timeout before it
        client.close()


def test_who_is_slow_is_cut_off(daemon):
    """Though something comes again and again."""
    with daemon.central.connect("127.0.0.1", PORT, 1) as client:
        def ends() -> bool:
            try:
                client.sendall(b"x")
                return client.recv(1) == b""
            except TimeoutError:
                return False
            except ConnectionError:
                return True

        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: ")
        wait_for("the end of the connection", ends, timeout=120)


def test_who_does_not_read_holds_nobody_up(daemon):
    host = daemon.central
    with host.connect("127.0.0.1", PORT, 4 * SILENCE) as client:
        client.setblocking(False)
        with contextlib.suppress(BlockingIOError, ConnectionError):
            for _ in range(20_000):
                client.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert ask(host, "/metrics")[0] == 200


def test_many_connections(daemon):
    """Those of one address are bound in number; when they are gone, all is as before."""
    host = daemon.central
    fds = len(list(host.path(f"/proc/{daemon.pid}/fd").iterdir()))
    clients = [host.connect("127.0.0.1", PORT, 2 * SILENCE) for _ in range(3 * MOST_OF_ONE_ADDRESS)]
    wait_for("the surplus to be closed", lambda: len(
        list(host.path(f"/proc/{daemon.pid}/fd").iterdir())) <= fds + MOST_OF_ONE_ADDRESS)
    for client in clients:
        client.close()
    wait_for("an answer", lambda: answers(host))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert {status for status, _, _ in pool.map(lambda _: ask(host, "/metrics"), range(200))} == {200}
    wait_for("all to be closed", lambda: len(list(host.path(f"/proc/{daemon.pid}/fd").iterdir())) <= fds)


def answers(host) -> bool:
    try:
        return ask(host, "/healthz")[0] == 200
    except (ConnectionError, http.client.HTTPException):
        return False


def test_it_has_no_thread(daemon):
    ask(daemon.central, "/metrics")
    assert len(list(daemon.central.path(f"/proc/{daemon.pid}/task").iterdir())) == 1


@pytest.mark.parametrize("address, why", [
    ("9410", "expected IP:PORT or [IPv6]:PORT"), ("localhost:9410", "expected IP:PORT or [IPv6]:PORT"),
    ("::1:9410", "expected IP:PORT or [IPv6]:PORT"), ("127.0.0.1:http", "expected IP:PORT or [IPv6]:PORT"),
    ("127.0.0.1:99999", "expected IP:PORT or [IPv6]:PORT"), ("192.0.2.1:9410", "Cannot assign requested address"),
    (f"127.0.0.1:{PORT}", "Address already in use")])
def test_an_address_that_cannot_be(daemon, address, why):
    result = daemon.central.run(["ovn-k8s-watcher", "--overlay", f"--metrics-address={address}", "--unixctl=/run/other.ctl",
                                 "-vconsole:emer"], check=False)
    assert result.returncode == 1
    assert result.stderr.startswith("ovn-k8s-watcher: --metrics-address: ")
    assert why in result.stderr
    assert result.stderr.count("\n") == 1
