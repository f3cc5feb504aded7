"""The work of "bench-work ports" by the Python bindings, in one plan: REMOTE PREFIX NODES PORTS NETWORK.

Prints, as JSON, how long that took, and what came before: {"ms": TIME, "import_ms": TIME, "connect_ms": TIME,
"peak_kb": MEMORY, "call_us": TIME}, of which the last is what one call of the library costs that does nothing.
"""
import json
import resource
import sys
import time

begun = time.perf_counter()
import ovnk8s  # noqa: E402
from ovnk8s._ovnk8s import lib  # noqa: E402

imported = time.perf_counter()


def call_us(n: int = 100000) -> float:
    function = lib.ovnk8s_error_name
    start = time.perf_counter()
    for _ in range(n):
        function(0)
    called = time.perf_counter()
    for _ in range(n):
        pass
    return (called - start - (time.perf_counter() - called)) / n * 1e6


def main(remote: str, prefix: str, nodes: str, ports: str, network: str):
    start = time.perf_counter()
    nb = ovnk8s.Northbound(remote)
    connected = time.perf_counter()
    pods = [(f"web-{prefix}{i}-7d4b9c6f5-{j:05}", f"{prefix}{i}", f"{network}.{i}.{j + 3}/24",
             f"6f1c2d3e-4b5a-4c7d-8e9f-{j:012x}") for i in range(int(nodes)) for j in range(int(ports))]
    begin = time.perf_counter()
    plan = ovnk8s.Plan()
    for pod, node, address, uid in pods:
        plan.add_port("production", pod, node, addresses=address, uid=uid)
    plan.apply(nb)
    end = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"ms": (end - begin) * 1e3, "import_ms": (imported - begun) * 1e3,
                      "connect_ms": (connected - start) * 1e3, "peak_kb": peak, "call_us": call_us()}))


main(*sys.argv[1:])
