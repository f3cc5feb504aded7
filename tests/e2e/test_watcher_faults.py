"""The watcher behind a proxy that spoils what the API server says, in each way that there is: it comes to know the truth, in
bounded memory, with as few requests and as little work as the fault makes necessary, and in one and the same process."""
import json
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "kube"))

import fault_proxy as fp  # noqa: E402
from apiserver import CA  # noqa: E402
from chaos import make_service, write_slice  # noqa: E402
from host import wait_for  # noqa: E402
from overlay import Pod, Watcher  # noqa: E402
from truth import wait_for_truth  # noqa: E402

KUBECONFIG = "/run/proxy.kubeconfig"
MOST_MB = 64
SERVICES = 5
TIMEOUT = 2  # seconds, of the watcher's own requests
ERROR_EVENT = json.dumps({"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old"}}).encode() + b"\n"

WATCH = {
    "cut at once": fp.cut_after(0),
    "cut in an event": fp.cut_after(300),
    "half closed": fp.half_closed(300),
    "status 429": fp.status(429, b"busy", Retry_After="1"),
    "status 500": fp.status(500, b"{}"),
    "status 410": fp.status(410),
    "elsewhere": fp.status(302, Location="https://10.99.0.99/"),
    "200 without a body": fp.status(200),
    "gzip": fp.zipped,
    "drip": fp.drip(0.01, 150),
    "bytes that are no text": fp.with_garbage(b"\xff\xfe\0garbage\n", 0),
    "no event": fp.with_garbage(b"{}\n", 0),
    "an unknown event": fp.with_garbage(b'{"type":"NEW","object":{}}\n', 0),
    "garbage in an event": fp.with_garbage(b'"\0]}', 200),
    "an event that tells 410": fp.with_garbage(ERROR_EVENT, 0),
    "1 MB in the head": fp.status(200, X_Large="x" * (1 << 20)),
}
LASTING = {
    "each event twice": fp.twice,
    "late": fp.late(0.3),
    "an object without a name": fp.with_garbage(b'{"type":"ADDED","object":{"metadata":{"resourceVersion":"1"}}}\n', 0),
    "HTTP/1.0": fp.ancient,
}
LIST = {
    "cut": fp.cut_after(700),
    "garbage": fp.with_garbage(b'"\0]}', 500),
    "longer than it says": fp.sized(-20),
    "shorter than it says": fp.sized(20),
    "gzip": fp.zipped,
    "a gzip bomb": fp.bomb(200 << 20),
    "an object without end": fp.endless_list,
    "no list": fp.status(200, b"[]"),
    "half a list": fp.status(200, b'{"metadata":{"resourceVersion":"5"},"items":[{}'),
    "status 500": fp.status(500),
    "status 410": fp.status(410),
    "status 401": fp.status(401),
    "1 MB in the head": fp.status(200, X_Large="x" * (1 << 20)),
}
PATCH = {
    "cut": fp.cut_after(10),
    "status 409": fp.status(409, b'{"message":"conflict"}'),
    "status 429": fp.status(429, Retry_After="1"),
    "status 500": fp.status(500),
    "status 302": fp.status(302, Location="/"),
    "no answer": fp.silent,
    "gzip": fp.zipped,
    "HTTP/1.0": fp.ancient,
}


class Lab:
    """One watcher behind one proxy, for all tests."""

    def __init__(self, overlay, proxy, watcher):
        self.overlay, self.proxy, self.watcher = overlay, proxy, watcher
        self.pods, self.made = [], 0

    def watched(self) -> int:
        """How many collections it follows."""
        return len({path.partition("?")[0] for method, path in self.proxy.requests if "watch=1" in path})

    def make(self):
        """Makes two pods, deletes one, and makes another one of its name; and a service, or another slice of one."""
        number = self.made // 2
        if number < SERVICES:
            make_service(self.overlay, f"service{number}")
        write_slice(self.overlay, f"service{number % SERVICES}", [f"192.168.2.{200 + number % 50}"])
        names = [f"pod{self.made + i}" for i in range(2)]
        self.made += 2
        gone = self.pods.pop(0) if self.pods else None
        if gone:
            gone.delete()
            names.append(gone.name)
        self.pods += [Pod(self.overlay, name, self.overlay.nodes[len(name) % 2]) for name in names]


@pytest.fixture(scope="module")
def lab(overlay):
    with fp.FaultProxy(overlay.api) as proxy:
        overlay.central.write(KUBECONFIG, overlay.api.kubeconfig("watcher", server=proxy.url, **{"certificate-authority": CA}))
        with Watcher(overlay.central, f"--kubeconfig={KUBECONFIG}", f"--timeout={TIMEOUT}") as watcher:
            ready = Lab(overlay, proxy, watcher)
            ready.make()
            wait_for_truth(overlay)
            yield ready


@pytest.fixture
def bounded(lab):
    """What holds after each fault."""
    requests, cpu = len(lab.proxy.requests), lab.watcher.cpu_seconds()
    yield lab
    assert lab.watcher.alive()
    assert lab.watcher.peak_mb() < MOST_MB
    sent = lab.proxy.requests[requests:]
    assert len(sent) < 150, sent
    assert lab.watcher.cpu_seconds() - cpu < 2


def of_pods(what):
    return lambda passage: what(passage) and passage.path.startswith("/api/v1/pods?")


def of_others(what):
    return lambda passage: what(passage) and not passage.path.startswith("/api/v1/pods?")


def survive(lab, act, of, times=2):
    with lab.proxy.fault(act, of, times) as fault:
        lab.make()
        wait_for("the fault", lambda: fault.left < times, timeout=60)
        lab.make()
        wait_for("all of the fault", lambda: not fault.left, timeout=60)
    wait_for_truth(lab.overlay)


@pytest.mark.parametrize("name", WATCH)
def test_watch(bounded, name):
    survive(bounded, WATCH[name], of_pods(fp.is_watch))


@pytest.mark.parametrize("name", ["cut in an event", "status 410", "gzip", "garbage in an event"])
def test_watch_of_other_objects(bounded, name):
    """Once for each of the other collections."""
    survive(bounded, WATCH[name], of_others(fp.is_watch), bounded.watched() - 1)


@pytest.mark.parametrize("name", LASTING)
def test_what_is_odd_but_not_wrong(bounded, name):
    with bounded.proxy.fault(LASTING[name], fp.is_watch):
        bounded.make()
        wait_for_truth(bounded.overlay)
        bounded.make()
        wait_for_truth(bounded.overlay)


@pytest.mark.parametrize("name", LIST)
def test_list(bounded, name):
    with bounded.proxy.fault(fp.status(410), of_pods(fp.is_watch), 1):
        survive(bounded, LIST[name], of_pods(fp.is_list))


@pytest.mark.parametrize("name", PATCH)
def test_patch(bounded, name):
    survive(bounded, PATCH[name], fp.is_patch)


def test_nothing_is_done_while_nothing_is_answered(lab):
    """The API server takes connections and requests, and says nothing: nobody asks again and again."""
    before = len(lab.proxy.requests)
    with lab.proxy.fault(fp.silent):
        lab.make()
        wait_for("a request", lambda: any(method == "GET" for method, _ in lab.proxy.requests[before:]))
        requests, cpu = len(lab.proxy.requests), lab.watcher.cpu_seconds()
        lab.proxy.pause(3)
        assert len(lab.proxy.requests) - requests < 10 * lab.watched()
        assert lab.watcher.cpu_seconds() - cpu < 0.5
    wait_for_truth(lab.overlay)
    assert lab.watcher.peak_mb() < MOST_MB
