"""The most memory of the watcher with 10,000 pods and 1,000 services: while it serves them all, and when it comes back to
them; and what it does in ten seconds in which nothing happens."""
import time
from collections.abc import Iterator

from bench import Bench, Row
from crowded import crowded_of

IDLE_S = 10


def measure(bench: Bench) -> Iterator[Row]:
    crowded = crowded_of(bench, "watcher-memory")
    if not crowded:
        return
    yield Row("watcher-memory", "MB", crowded.filling.peak_mb, goal="<= 64 MB")
    with crowded.watcher() as watcher:
        watcher.wait_until_settled(len(crowded.pods))
        before = watcher.usage()
        yield Row("watcher-memory-restart", "MB", before.peak_mb, goal="<= 64 MB")
        time.sleep(bench.size(IDLE_S, 1))
        yield Row("watcher-idle", "ms", watcher.usage().cpu_ms - before.cpu_ms, goal="report")
