"""1,000 pod ports in one plan from Python, beside the same from C, and beside ovsdbapp."""
import json
import os
import statistics
import subprocess
from collections.abc import Iterator

from bench import HERE, Bench, Row, compared, interleave
from ports import NETWORK, PREFIX, Ports

SETUP, INSTALL = HERE.parent / "setup", HERE.parent / "python/install"


class Python:
    """A process of the Python bindings, which are installed beside the programs."""

    def __init__(self, bench: Bench, ports: Ports):
        build = bench.programs.parent
        site = build / "python/site"
        if not (site / "ovnk8s").is_dir():
            subprocess.run([INSTALL, build], check=True, stdout=subprocess.DEVNULL)
        python = subprocess.run([SETUP, "--print-python"], check=True, capture_output=True, text=True).stdout.strip()
        words = (ports.database.remote, PREFIX, ports.nodes, ports.ports, NETWORK)
        self.ports = ports
        self.command = [python, str(HERE / "python_ports.py"), *map(str, words)]
        self.environment = {**os.environ, "PYTHONPATH": str(site)}

    def work(self) -> dict:
        self.ports.refresh()
        done = subprocess.run(self.command, env=self.environment, stdout=subprocess.PIPE, text=True, check=True)
        return json.loads(done.stdout)


def started(told: dict) -> float:
    return told["import_ms"] + told["connect_ms"]


def measure(bench: Bench) -> Iterator[Row]:
    ports = Ports(bench, NETWORK)
    python = Python(bench, ports)
    ours, c = interleave(bench.size(21, 1), python.work, ports.ours)
    yield compared("ports-1000-py", "ms", [told["ms"] for told in ours], [ms for ms, _ in c], goal="<= 1.3 x")
    few, others = interleave(bench.size(3, 1), python.work, ports.ovsdbapp)
    yield compared("ports-1000-py-ovsdbapp", "ms", [told["ms"] for told in few], [told["ms"] for told in others])
    yield compared("ports-1000-py-start", "ms", list(map(started, few)), list(map(started, others)))
    yield Row("ports-1000-py-import", "ms", statistics.median(told["import_ms"] for told in ours))
    yield Row("ports-1000-py-connect", "ms", statistics.median(told["connect_ms"] for told in ours))
    yield compared("ports-1000-py-memory", "MB", [told["peak_kb"] / 1024 for told in few],
                   [told["peak_kb"] / 1024 for told in others])
    yield Row("ports-1000-py-call", "us", min(told["call_us"] for told in ours))
    ports.end()
