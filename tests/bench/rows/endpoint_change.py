"""One endpoint of one service comes or goes: processor time of the watcher and bytes written to the Northbound database, with
1,000 services against the same with 10; and with these on 100 nodes against 10."""
import json
from collections.abc import Iterator

from bench import Bench, Row, compared, until
from crowded import ENDPOINTS, service_objects
from watched import ADDRESSES_PER_NODE, SLICES, Watched, Watcher, watched_of

SERVICE = "service-0"
DATABASE = "/var/lib/ovn/ovnnb_db.db"


def vips(watched: Watched) -> list:
    """What the load balancers of the service have."""
    ours = ["external_ids", "includes", ["map", [["k8s-service-name", SERVICE]]]]
    return watched.transact({"op": "select", "table": "Load_Balancer", "columns": ["vips"], "where": [ours]})[0]["rows"]


def make_services(watched: Watched, first: int, last: int):
    watched.send([f"POST {path} {json.dumps(item)}" for i in range(first, last) for path, item in service_objects(
        f"service-{i}", [f"pod-{j}" for j in range(ENDPOINTS)], 0x10000 + i * ENDPOINTS)])


def change(watched: Watched, endpoints: int):
    """Writes the slice of the service with so many endpoints, and waits until the database has them."""
    before = vips(watched)
    _, (path, item) = service_objects(SERVICE, [f"pod-{j}" for j in range(endpoints)], 0x10000)
    watched.api.request("PUT", f"{path}/{item['metadata']['name']}", item)
    until(lambda: vips(watched) != before, "the change in the database")


def cost(watched: Watched, watcher: Watcher, changes: int) -> tuple[float, float]:
    """Processor time in ms, and bytes, of one change."""
    file = watched.central.path(DATABASE)
    cpu, size = watcher.usage().cpu_ms, file.stat().st_size
    for i in range(changes):
        change(watched, ENDPOINTS + i % 2 + 1)
    return (watcher.usage().cpu_ms - cpu) / changes, (file.stat().st_size - size) / changes


def measured(watched: Watched) -> list[tuple[float, float]]:
    bench = watched.bench
    with watched.watcher() as watcher:
        watcher.wait_until_settled(0)
        for endpoints in ENDPOINTS + 1, ENDPOINTS + 2:
            change(watched, endpoints)
        return [cost(watched, watcher, bench.size(50, 2)) for _ in range(bench.size(5, 1))]


def rows(name: str, ours: list[tuple[float, float]], reference: list[tuple[float, float]]) -> Iterator[Row]:
    for row, unit, i in (name, "ms", 0), (f"{name}-bytes", "bytes", 1):
        yield compared(row, unit, [one[i] for one in ours], [one[i] for one in reference], "<= 1.2 x")


def measure(bench: Bench) -> Iterator[Row]:
    watched = watched_of(bench, "endpoint-change")
    if not watched:
        return
    watched.clear()
    watched.make_nodes(10 * ADDRESSES_PER_NODE)
    few, many = 10, bench.size(1000, 20)
    make_services(watched, 0, few)
    with watched.watcher() as watcher:
        watcher.wait_until_settled(0)
    if not vips(watched):
        return  # a watcher that serves pods alone
    reference = measured(watched)
    make_services(watched, few, many)
    ours = measured(watched)
    yield from rows("endpoint-change", ours, reference)
    watched.make_nodes(bench.size(100, 12) * ADDRESSES_PER_NODE)
    yield from rows("endpoint-change-nodes", measured(watched), ours)
