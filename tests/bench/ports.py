"""Pod ports in one plan against the same rows as one raw transaction: what several rows have in common."""
from __future__ import annotations

from bench import HERE, Bench, Database, Tap, answer_of, interleave

PREFIX, NETWORK = "bench", "10.250"


class Ports:
    """1,000 ports on four nodes, which are made anew each time, in a database with 30,000."""

    def __init__(self, bench: Bench, addresses: str):
        self.bench = bench
        self.nodes, self.ports = bench.size(4, 2), bench.size(250, 5)
        self.database = bench.database(bench.size(120, 2), bench.size(250, 5))
        self.words = ["ports", PREFIX, self.nodes, self.ports, addresses]

    def refresh(self):
        self.bench.work(self.database, "fresh", PREFIX, self.nodes, NETWORK)

    def command(self) -> list[str]:
        return self.bench.work_command(self.database, *self.words)

    def ours(self) -> tuple[float, float]:
        """Time from the first call to the end of the last, and memory."""
        self.refresh()
        told = self.bench.work(self.database, *self.words)
        return told["ms"], told["peak_kb"] / 1024

    def ovsdbapp(self) -> dict:
        """The same by ovsdbapp, in a process of its own."""
        self.refresh()
        words = map(str, (self.database.remote, PREFIX, self.nodes, self.ports, NETWORK))
        return answer_of(["/usr/bin/python3", str(HERE / "ovsdbapp_ports.py"), *words])

    def record(self) -> list[dict]:
        """What the library sends."""
        self.refresh()
        with Tap(self.database) as tap:
            self.bench.work(tap, *self.words)
        return tap.requests

    def raw(self, request: dict) -> float:
        """The names, and so the identities, are the same each time: the very same bytes will do."""
        self.refresh()
        return self.bench.raw(self.database, request)["ms"]

    def end(self):
        self.bench.work(self.database, "node-del", *(f"{PREFIX}{i}" for i in range(self.nodes)))


def against_raw(ports: Ports) -> tuple[list[float], list[float], list[float]]:
    """Times of ours, of the raw transaction, and memory of ours in MB."""
    commit = ports.record()[-1]
    ours, raw = interleave(ports.bench.size(21, 1), ports.ours, lambda: ports.raw(commit))
    return [ms for ms, _ in ours], raw, [mb for _, mb in ours]


def rows_alone(commit: dict) -> dict:
    """The same transaction without ledger and guards: the rows that a pod port cannot do without."""
    name, *operations = commit["params"]
    kept = [o for o in operations if o["op"] != "wait" and o["table"].startswith("Logical_Switch")]
    return commit | {"params": [name, *kept]}
