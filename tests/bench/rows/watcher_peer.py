"""What is known of ovn-kubernetes (2024-12, on a machine of this kind) at the same sizes, 1,000 pods and 500 services: its goals.
A start with all in place, and the Northbound database wiped under the running watcher: how long until it is filled again."""
import json
import statistics
import time
from collections.abc import Iterator

from bench import Bench, Row
from crowded import Crowded
from host import wait_for
from watched import ROOMY, Watched, Watcher, watched_of

NODES = "/api/v1/nodes"
ROOTS = ["Logical_Switch", "Logical_Router", "Load_Balancer", "Load_Balancer_Group", "DNS"]
COUNTED = ["Logical_Switch_Port", "Load_Balancer"]


def count(watched: Watched) -> list[int]:
    """The rows of some tables."""
    results = watched.transact(*({"op": "select", "table": table, "columns": ["_uuid"], "where": []} for table in COUNTED))
    return [len(result["rows"]) for result in results]


def make_known(watched: Watched):
    """Makes Kubernetes know the nodes, with the subnets that they have: they get the same ones again."""
    switches = watched.transact({"op": "select", "table": "Logical_Switch", "columns": ["name", "external_ids"], "where": []})
    subnets = {row["name"]: dict(row["external_ids"][1]).get("k8s-subnets") for row in switches[0]["rows"]}
    watched.send([f"POST {NODES} " + json.dumps({"metadata": {"name": name}, "spec": {"podCIDRs": [subnets[name]]}})
                  for name in watched.nodes])


def settle(watched: Watched, watcher: Watcher, rows: list[int]):
    wait_for("the rows", lambda: count(watched) == rows and watcher.is_settled(len(watched.pods)), timeout=ROOMY,
             still=lambda: watcher.process.poll() is None)


def restart(watched: Watched) -> tuple[float, float, float]:
    """Milliseconds, of these on the processor, and megabytes."""
    start = time.perf_counter()
    with watched.watcher() as watcher:
        watcher.wait_until_settled(len(watched.pods))
        ms, usage = (time.perf_counter() - start) * 1e3, watcher.usage()
    return ms, usage.cpu_ms, usage.peak_mb


def refill(watched: Watched, watcher: Watcher, rows: list[int]) -> tuple[float, float, float]:
    """The cluster itself is made by whoever made it first."""
    before, start = watcher.usage(), time.perf_counter()
    watched.transact(*({"op": "delete", "table": table, "where": []} for table in ROOTS))
    watched.overlay("master-init", "kube-master")
    settle(watched, watcher, rows)
    ms, usage = (time.perf_counter() - start) * 1e3, watcher.usage()
    return ms, usage.cpu_ms - before.cpu_ms, usage.peak_mb


def rows_of(name: str, samples: list[tuple[float, float, float]], goal: str) -> Iterator[Row]:
    for row, unit, i in (name, "ms", 0), (f"{name}-cpu", "ms", 1), (f"{name}-memory", "MB", 2):
        yield Row(row, unit, statistics.median(sample[i] for sample in samples), goal=None if i else goal)


def measure(bench: Bench) -> Iterator[Row]:
    watched = watched_of(bench, "watcher-peer")
    if not watched:
        return
    Crowded(watched, bench.size(1000, 20), bench.size(500, 5))
    turns = bench.size(7, 1)
    yield from rows_of("watcher-peer-restart", [restart(watched) for _ in range(turns)], "<= 550 ms")
    make_known(watched)
    with watched.watcher("--manage-nodes") as watcher:
        watcher.wait_until_settled(len(watched.pods))
        rows = count(watched)
        samples = [refill(watched, watcher, rows) for _ in range(turns)]
    yield from rows_of("watcher-peer-refill", samples, "<= 800 ms")
    watched.send([f"DELETE {NODES}/{name}" for name in watched.nodes])
