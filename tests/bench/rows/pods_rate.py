"""1,000 pods: committed and annotated per second, against what the API server takes of nothing but PATCH, over as many
connections. First with all of them waiting when the watcher starts, then while they are being made."""
import threading
import time
from collections.abc import Callable, Iterator

from bench import Bench, Row, compared, interleave
from watched import Watched, watched_of

WATCHERS_AT_ONCE = 64  # requests, over one connection of HTTP/2


def timed(watched: Watched, n: int, work: Callable[[], None]) -> float:
    """Milliseconds until so many pods have been annotated."""
    with watched.onlooker() as onlooker:
        start = time.perf_counter()
        thread = threading.Thread(target=work)
        thread.start()
        onlooker.wait_for(n)
        ms = (time.perf_counter() - start) * 1e3
        thread.join()
    return ms


def waiting(watched: Watched) -> Iterator[Row]:
    bench, n = watched.bench, watched.bench.size(1000, 20)
    watched.send(watched.new_pods(n))
    patches = watched.annotations(watched.pods)
    cpu = []

    def ours() -> float:
        with watched.onlooker() as onlooker:
            start = time.perf_counter()
            with watched.watcher() as watcher:
                onlooker.wait_for(n)
                ms = (time.perf_counter() - start) * 1e3
                cpu.append(watcher.usage())
        watched.forget()
        return ms

    def raw(at_once: int, version: int) -> Callable[[], float]:
        def once() -> float:
            ms = timed(watched, n, lambda: watched.send(patches, at_once=at_once, version=version))
            watched.forget()
            return ms
        return once

    a, b, c = interleave(bench.size(5, 1), ours, raw(WATCHERS_AT_ONCE, 2), raw(32, 1))
    yield compared("pods-rate", "ms", a, b, goal="<= 1.11 x")
    yield compared("pods-rate-32-connections", "ms", a, c)
    yield Row("pods-rate-cpu", "ms", sorted(usage.cpu_ms for usage in cpu)[len(cpu) // 2])
    yield Row("pods-rate-memory", "MB", max(usage.peak_mb for usage in cpu))


def arriving(watched: Watched) -> Iterator[Row]:
    bench, n = watched.bench, watched.bench.size(1000, 20)

    def ours() -> float:
        posts = watched.new_pods(n)
        with watched.watcher() as watcher:
            watcher.wait_until_settled(0)
            ms = timed(watched, n, lambda: watched.send(posts, at_once=WATCHERS_AT_ONCE, version=2))
        watched.forget()
        watched.delete_pods()
        return ms

    def raw() -> float:
        posts = watched.new_pods(n)
        patches = watched.annotations(watched.pods)
        both = [line for pair in zip(posts, (f"+{patch}" for patch in patches)) for line in pair]
        ms = timed(watched, n, lambda: watched.send(both, at_once=WATCHERS_AT_ONCE, version=2))
        watched.delete_pods()
        return ms

    yield compared("pods-rate-arriving", "ms", *interleave(bench.size(5, 1), ours, raw), goal="<= 1.11 x")


def measure(bench: Bench) -> Iterator[Row]:
    watched = watched_of(bench, "pods-rate")
    if not watched:
        return
    watched.clear()
    yield from waiting(watched)
    watched.delete_pods()
    yield from arriving(watched)
