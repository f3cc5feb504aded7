"""What the rows of the benchmark are made with: servers, stopwatches and a wire tap."""
from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
SCHEMA = Path("/usr/share/ovn/ovn-nb.ovsschema")


class Row(NamedTuple):
    """A measured row. Without a reference only the goal, if there is one, can judge it."""

    name: str
    unit: str
    ours: float
    reference: float | None = None
    goal: str | None = None
    best: tuple[float, float] | None = None  # The least of ours and of the reference.

    @property
    def ratio(self) -> float | None:
        return self.ours / self.reference if self.reference else None

    def as_json(self) -> dict:
        return {"name": self.name, "unit": self.unit, "ours": self.ours, "reference": self.reference,
                "ratio": self.ratio, "goal": self.goal}


def compared(name: str, unit: str, ours: list[float], reference: list[float], goal: str | None = None) -> Row:
    """A row of medians."""
    return Row(name, unit, statistics.median(ours), statistics.median(reference), goal, (min(ours), min(reference)))


class Database:
    """An ovsdb-server with an empty Northbound database."""

    def __init__(self, folder: Path, name: str):
        self.socket = folder / f"{name}.sock"
        self.remote = f"unix:{self.socket}"
        file = folder / f"{name}.db"
        subprocess.run(["ovsdb-tool", "create", file, SCHEMA], check=True)
        self.process = subprocess.Popen(["ovsdb-server", f"--remote=punix:{self.socket}", "--unixctl=none",
                                         "--no-chdir", "-vconsole:off", "-vsyslog:off", file])
        until(self.socket.exists, f"ovsdb-server of {file}")

    def stop(self):
        self.process.terminate()
        self.process.wait()


def until(condition: Callable[[], bool], what: str):
    deadline = time.monotonic() + 10
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.01)


class Tap:
    """A socket in front of a database that keeps the requests that pass through it."""

    def __init__(self, database: Database):
        self.database = database
        self.path = database.socket.with_suffix(".tap")
        self.remote = f"unix:{self.path}"
        self.sent = bytearray()
        self.threads: list[threading.Thread] = []

    def __enter__(self) -> Tap:
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen()
        self._start(self._accept)
        return self

    def __exit__(self, *_):
        self.threads[0].join()
        for thread in self.threads:
            thread.join()
        self.listener.close()
        self.path.unlink()

    def _start(self, function, *args):
        thread = threading.Thread(target=function, args=args, daemon=True)
        self.threads.append(thread)
        thread.start()

    def _accept(self):
        """Takes one connection: a process that is tapped makes no more."""
        client, _ = self.listener.accept()
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(self.database.socket))
        self._start(self._pass_on, client, server, self.sent)
        self._start(self._pass_on, server, client, bytearray())

    @staticmethod
    def _pass_on(source: socket.socket, to: socket.socket, kept: bytearray):
        while data := source.recv(1 << 16):
            kept += data
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)

    @property
    def requests(self) -> list[dict]:
        """What has been sent and is answered."""
        decoder, text, found, at = json.JSONDecoder(), self.sent.decode(), [], 0
        while at < len(text):
            message, at = decoder.raw_decode(text, at)
            if "method" in message:
                found.append(message)
        return found


class Bench:
    """Where rows are measured: its databases are shared by all of them."""

    def __init__(self, folder: Path, quick: bool):
        self.folder = folder
        self.quick = quick
        self.programs = Path(os.environ.get("OVNK8S_BIN", HERE.parents[1] / "build/release/bin"))
        self.helpers = self.programs.parent / "tests"
        self.databases: dict[tuple[int, int], Database] = {}
        self.others: dict[type, Any] = {}

    def size(self, number: int, quick: int) -> int:
        return quick if self.quick else number

    def database(self, nodes: int, ports: int) -> Database:
        """A database with a cluster of so many nodes, each with so many pod ports."""
        if (nodes, ports) not in self.databases:
            made = self.databases[nodes, ports] = Database(self.folder, f"{nodes}x{ports}")
            self.work(made, "fill", nodes, ports)
        return self.databases[nodes, ports]

    def shared(self, kind: type) -> Any:
        """The one object of that kind, made from this bench at the first use and stopped at the end."""
        if kind not in self.others:
            self.others[kind] = kind(self)
        return self.others[kind]

    def stop(self):
        for one in [*self.databases.values(), *self.others.values()]:
            one.stop()

    def work_command(self, database: Database | Tap, *words) -> list[str]:
        return [str(self.helpers / "bench-work"), database.remote, *map(str, words)]

    def work(self, database: Database | Tap, *words) -> dict:
        """Does something by bench-work, and returns what that tells."""
        return answer_of(self.work_command(database, *words))

    def raw(self, database: Database, request: dict) -> dict:
        """Sends one request, composed beforehand, by bench-raw."""
        file = self.folder / "request.json"
        file.write_text(json.dumps(request, separators=(",", ":")))
        return answer_of([str(self.helpers / "bench-raw"), str(database.socket), str(file)])


def answer_of(command: list[str]) -> dict:
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout or "{}")


def process_ms(command: list[str], status: int = 0) -> float:
    """How long a whole process takes, by a clock that starts before it is made."""
    quiet = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_WRONLY, 0) for fd in ([1, 2] if status else [1])]
    start = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=quiet)
    _, waited = os.waitpid(pid, 0)
    ms = (time.perf_counter() - start) * 1e3
    if os.waitstatus_to_exitcode(waited) != status:
        raise RuntimeError(f"status {waited}: {' '.join(command)}")
    return ms


def interleave(repeats: int, *measures: Callable[[], float | tuple[float, ...]]) -> list[list]:
    """Takes turns: what disturbs one of them disturbs the others too. The first turn does not count."""
    taken: list[list] = [[] for _ in measures]
    for turn in range(repeats + 1):
        for samples, measure in zip(taken, measures):
            sample = measure()
            if turn:
                samples.append(sample)
    return taken
