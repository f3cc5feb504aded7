"""The same as ports-1000, with addresses that the library chooses."""
import statistics
from collections.abc import Iterator

from bench import Bench, Row, compared
from ports import Ports, against_raw


def measure(bench: Bench) -> Iterator[Row]:
    ports = Ports(bench, "auto")
    ours, raw, memory = against_raw(ports)
    yield compared("ports-1000-auto", "ms", ours, raw, goal="<= 1.2 x")
    yield Row("ports-1000-auto-memory", "MB", statistics.median(memory), goal="<= 15 MB")
    ports.end()
