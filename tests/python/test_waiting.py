"""Calls that wait: Ctrl-C, threads, asyncio. Nothing here is timed: what must not wait would wait for minutes."""
import asyncio
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

import ovnk8s
import pytest
from host import wait_for

LONG = 120  # Seconds that nobody wants to wait.

CHILD = """
import signal, sys
import ovnk8s
{handler}
nb = ovnk8s.Northbound({remote!r}, timeout=120)
plan = ovnk8s.Plan()
plan.add_cluster("m", "10.0.0.0/8")
print("waiting", flush=True)
try:
    {call}
except KeyboardInterrupt:
    print("interrupted", flush=True)
print(plan.compute(nb), flush=True)
"""


def waits(process):
    """Whether a process is inside poll(), of its own or of the library."""
    status = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    number = pathlib.Path(f"/proc/{process.pid}/syscall").read_text().split()[0]
    return status[0] == "S" and number in ("7", "22", "73", "232")  # poll, epoll_wait, and those of arm64


def run_child(database, call, handler=""):
    """Starts a child that waits for ovn-northd, which there is not; interrupts it as soon as it does."""
    words = [sys.executable, "-c", CHILD.format(remote=database.remote, call=call, handler=handler)]
    child = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=os.environ)
    try:
        assert child.stdout.readline() == "waiting\n"
        wait_for("the cluster", lambda: any(database.dump()["Logical_Router"].values()))
        wait_for("a wait", lambda: waits(child))
        yield child
        assert child.wait(LONG) == 0
    finally:
        child.kill()


CALLS = ['plan.apply(nb, wait="sb")',
         '__import__("asyncio").run(plan.apply_async(nb, wait="sb"))',
         'applying = plan.apply_start(nb, wait="sb"); applying.run(lambda: applying.is_over)']


@pytest.mark.parametrize("call", CALLS[:2], ids=["blocking", "asyncio"])
def test_ctrl_c_ends_a_wait_and_nothing_else(database, call):
    for child in run_child(database, call):
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "interrupted\n"
        assert child.stdout.readline() == "0\n"  # The connection is as good as before.


def test_a_handler_that_raises_nothing_ends_no_wait(database):
    handler = 'signal.signal(signal.SIGUSR1, lambda number, frame: print("seen", flush=True))'
    for child in run_child(database, CALLS[0], handler):
        child.send_signal(signal.SIGUSR1)
        assert child.stdout.readline() == "seen\n"
        wait_for("a wait", lambda: waits(child))
        database.transact({"op": "update", "table": "NB_Global", "where": [], "row": {"sb_cfg": 1 << 40}})
        assert child.stdout.readline() == "0\n"


def test_ctrl_c_ends_opening(tmp_path):
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(tmp_path / "mute"))
        mute.listen()
        code = ("import ovnk8s\ntry:\n    ovnk8s.Northbound('unix:%s/mute', timeout=120)\n"
                "except KeyboardInterrupt:\n    print('interrupted')" % tmp_path)
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        try:
            connection, _ = mute.accept()
            wait_for("a wait", lambda: waits(child))
            child.send_signal(signal.SIGINT)
            assert child.communicate(timeout=LONG)[0] == "interrupted\n"
            connection.close()
        finally:
            child.kill()


@pytest.fixture
def mute(tmp_path):
    """A server that takes connections and says nothing."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "mute"))
        listener.listen()
        yield f"unix:{tmp_path}/mute"


def test_another_thread_cancels(mute):
    cancel, caught = ovnk8s.Cancel(), []

    def wait():
        try:
            ovnk8s.Northbound(mute, timeout=LONG, cancel=cancel)
        except ovnk8s.Error as error:
            caught.append(type(error))

    thread = threading.Thread(target=wait)
    thread.start()
    cancel.trigger()
    thread.join(LONG / 2)
    assert caught == [ovnk8s.Cancelled]


def test_a_call_that_waits_keeps_nobody_else_from_working(cluster, mute):
    """One thread waits for a server that says nothing, while this one does a whole plan."""
    cancel = ovnk8s.Cancel()
    results = []

    def wait():
        with pytest.raises(ovnk8s.Cancelled):
            ovnk8s.Northbound(mute, timeout=LONG, cancel=cancel)
        results.append("cancelled")

    thread = threading.Thread(target=wait)
    thread.start()
    plan = ovnk8s.Plan()
    plan.add_node("n2")
    assert plan.apply(cluster) > 0
    assert results == [] and thread.is_alive()
    cancel.trigger()
    thread.join(LONG / 2)
    assert results == ["cancelled"]


def test_two_connections_in_two_threads(cluster, database):
    """Each waits until ovn-northd, which is played here, has seen both commits: neither can be first."""
    errors = []

    def work(name):
        try:
            with ovnk8s.Northbound(database.remote) as own, ovnk8s.Plan() as plan:
                plan.add_node(name)
                plan.apply(own, wait="sb", timeout=LONG)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("n2", "n3")]
    for thread in threads:
        thread.start()
    number = wait_for("both", lambda: (n := global_row(database)["nb_cfg"]) >= 2 and n, still=lambda: not errors)
    assert all(thread.is_alive() for thread in threads)
    database.transact({"op": "update", "table": "NB_Global", "where": [], "row": {"sb_cfg": number}})
    for thread in threads:
        thread.join(LONG)
    assert errors == []


def global_row(database):
    rows = list(database.dump()["NB_Global"].values())
    return rows[0] if rows else {"nb_cfg": 0}


@pytest.fixture(autouse=True)
def northbound_global(request):
    """A row of NB_Global as ovn-northd makes it, with nothing to wait for yet."""
    if "database" not in request.fixturenames:
        yield
        return
    database = request.getfixturevalue("database")
    if not database.dump()["NB_Global"]:
        database.transact({"op": "insert", "table": "NB_Global", "row": {}})
    database.transact({"op": "update", "table": "NB_Global", "where": [], "row": {"nb_cfg": 0, "sb_cfg": 0}})
    yield


def test_asyncio_waits_by_descriptor(database, nb):
    """While a plan waits for ovn-northd, a coroutine plays it; there is no thread, and plans take turns."""
    events = []

    async def northd():
        for turn in 1, 2:
            while global_row(database)["nb_cfg"] < turn:
                await asyncio.sleep(0)
            events.append(f"seen {turn}")
            database.transact({"op": "update", "table": "NB_Global", "where": [], "row": {"sb_cfg": turn}})

    async def add(plan, name):
        await plan.apply_async(nb, wait="sb", timeout=LONG)
        events.append(name)

    async def main():
        first, second = ovnk8s.Plan(), ovnk8s.Plan()
        first.add_cluster("m", "10.0.0.0/8")
        second.add_network("blue", "10.88.0.0/16")
        before = threading.active_count()
        await asyncio.gather(add(first, "first"), add(second, "second"), northd())
        assert threading.active_count() == before
        return await second.compute_async(nb)

    assert asyncio.run(main()) == 0
    assert events == ["seen 1", "first", "seen 2", "second"]


def test_a_task_that_is_cancelled_leaves_the_connection(nb):
    async def main():
        plan = ovnk8s.Plan()
        plan.add_cluster("m", "10.0.0.0/8")
        task = asyncio.ensure_future(plan.apply_async(nb, wait="sb", timeout=LONG))
        while not task.done() and not await asyncio.sleep(0) and not plan._borrower:
            pass
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await plan.apply_async(nb)
        return await plan.compute_async(nb)

    assert asyncio.run(main()) == 0


def test_asyncio_tells_errors(nb):
    plan = ovnk8s.Plan()
    plan.add_node("n1")
    with pytest.raises(ovnk8s.NotFound):
        asyncio.run(plan.apply_async(nb))
    with pytest.raises(ovnk8s.Timeout) as caught:
        plan.add_cluster("m", "10.0.0.0/8")
        other = ovnk8s.Plan()
        other.add_cluster("m", "10.0.0.0/8")
        asyncio.run(other.apply_async(nb, wait="sb", timeout=0.2))
    assert caught.value.stage == "wait"


def test_followers_share_a_connection(tmp_path):
    """Several coroutines on one connection: what one step brings wakes whoever waits for it."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Api(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            name = "pods" if "/pods" in self.path else "nodes"
            if "watch" in self.path:
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                time.sleep(LONG)
                return
            body = ('{"kind": "List", "metadata": {"resourceVersion": "1"}, "items": [{"metadata": {"name": "%s", '
                    '"uid": "%s"}}]}' % (name, name)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()

    async def first_object(kube, path):
        with kube.follow(path) as follower:
            async for event in follower:
                if event.kind is ovnk8s.EventKind.OBJECT:
                    return event.object["metadata"]["name"]

    async def main():
        with ovnk8s.Kube(f"127.0.0.1:{server.server_port}") as kube:
            return await asyncio.wait_for(asyncio.gather(*(first_object(kube, f"/api/v1/{kind}")
                                                           for kind in ("pods", "nodes", "pods"))), LONG)

    assert asyncio.run(main()) == ["pods", "nodes", "pods"]
    with ovnk8s.Kube(f"127.0.0.1:{server.server_port}") as kube:
        assert [one["metadata"]["name"] for one in kube.list("/api/v1/pods")] == ["pods"]

        def fail(found):
            raise RuntimeError(found["metadata"]["name"])
        with pytest.raises(RuntimeError, match="nodes"):
            kube.each("/api/v1/nodes", fail)
        with pytest.raises(ovnk8s.Timeout):
            with kube.follow("/api/v1/pods") as follower:
                for _ in range(4):
                    follower.next(timeout=1)
    server.shutdown()
