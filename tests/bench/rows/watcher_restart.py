"""The watcher's start with 10,000 pods and 1,000 services that have all they need, until it has found that out: against
downloading the same lists and the same tables at the same time, without understanding any of it."""
import json
import threading
import time
from collections.abc import Iterator

from bench import Bench, Row, answer_of, compared, interleave
from crowded import Crowded, crowded_of

LISTS = ["/api/v1/pods", "/api/v1/services", "/apis/discovery.k8s.io/v1/endpointslices"]
TABLES = ["Logical_Switch", "Logical_Switch_Port", "Load_Balancer", "Load_Balancer_Group"]


def dump(crowded: Crowded):
    file = crowded.folder / "dump"
    selects = [{"op": "select", "table": table, "where": []} for table in TABLES]
    file.write_text(json.dumps({"method": "transact", "params": ["OVN_Northbound", *selects], "id": 1}))
    answer_of([str(crowded.bench.helpers / "bench-raw"), str(crowded.central.path("/run/ovn/ovnnb_db.sock")), str(file)])


def measure(bench: Bench) -> Iterator[Row]:
    crowded = crowded_of(bench, "watcher-restart")
    if not crowded:
        return
    cpu = []

    def ours() -> float:
        start = time.perf_counter()
        with crowded.watcher() as watcher:
            watcher.wait_until_settled(len(crowded.pods))
            ms = (time.perf_counter() - start) * 1e3
            cpu.append(watcher.usage().cpu_ms)
            status = watcher.status()
            assert (status["commits"], status["patches"]) == ("0", "0"), status
        return ms

    def raw() -> float:
        start = time.perf_counter()
        thread = threading.Thread(target=dump, args=[crowded])
        thread.start()
        crowded.send([f"GET {path}" for path in LISTS], at_once=len(LISTS), version=2)
        thread.join()
        return (time.perf_counter() - start) * 1e3

    yield compared("watcher-restart", "ms", *interleave(bench.size(7, 1), ours, raw), goal="<= 1.5 x")
    yield Row("watcher-restart-cpu", "ms", sorted(cpu)[len(cpu) // 2])
