"""1,000 pod ports, with their addresses, in one plan into a database with 30,000."""
import statistics
from collections.abc import Iterator

from bench import Bench, Row, compared, interleave, process_ms
from ports import NETWORK, Ports, against_raw, rows_alone


def whole(ports: Ports) -> float:
    ports.refresh()
    return process_ms(ports.command())


def measure(bench: Bench) -> Iterator[Row]:
    ports = Ports(bench, NETWORK)
    ours, raw, memory = against_raw(ports)
    yield compared("ports-1000", "ms", ours, raw, goal="<= 1.2 x")
    yield Row("ports-1000-memory", "MB", statistics.median(memory), goal="<= 15 MB")
    requests = ports.record()
    alone = rows_alone(requests[-1])
    yield compared("ports-1000-process", "ms", *interleave(
        bench.size(11, 1), lambda: whole(ports), lambda: ports.raw(requests[-1])))
    yield compared("ports-1000-rows-alone", "ms", *interleave(
        bench.size(11, 1), lambda: ports.ours()[0], lambda: ports.raw(alone)))
    yield compared("ports-1000-ovsdbapp", "ms", *interleave(
        bench.size(2, 1), lambda: ports.ours()[0], lambda: ports.ovsdbapp()["ms"]))
    yield Row("ports-1000-requests", "requests", len(requests))
    ports.end()
