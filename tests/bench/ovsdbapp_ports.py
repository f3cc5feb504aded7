"""The work of "bench-work ports" by ovsdbapp, in one transaction: REMOTE PREFIX NODES PORTS NETWORK.

Prints, as JSON, how long that took, without the download of the database before: {"ms": TIME, "import_ms": TIME,
"connect_ms": TIME, "peak_kb": MEMORY}.
"""
import json
import resource
import sys
import time

begun = time.perf_counter()
from ovsdbapp.backend.ovs_idl import connection  # noqa: E402
from ovsdbapp.schema.ovn_northbound.impl_idl import OvnNbApiIdlImpl  # noqa: E402

imported = time.perf_counter()


def columns(node: str, network: str, i: int, j: int) -> dict:
    address = f"0a:58:0a:fa:{i:02x}:{j + 3:02x} {network}.{i}.{j + 3}"
    return {"addresses": [address], "port_security": [address],
            "external_ids": {"namespace": "production", "pod": "true", "node": node,
                             "pod-uid": f"6f1c2d3e-4b5a-4c7d-8e9f-{j:012x}", "ovnk8s-owner": "k8s"}}


def main(remote: str, prefix: str, nodes: str, ports: str, network: str):
    start = time.perf_counter()
    idl = connection.OvsdbIdl.from_server(remote, "OVN_Northbound")
    api = OvnNbApiIdlImpl(connection.Connection(idl, timeout=120))
    connected = time.perf_counter()
    with api.transaction(check_error=True) as transaction:
        for i in range(int(nodes)):
            for j in range(int(ports)):
                node = f"{prefix}{i}"
                name = f"production_web-{node}-7d4b9c6f5-{j:05}"
                transaction.add(api.lsp_add(node, name, **columns(node, network, i, j)))
    end = time.perf_counter()
    print(json.dumps({"ms": (end - connected) * 1e3, "import_ms": (imported - begun) * 1e3,
                      "connect_ms": (connected - start) * 1e3,
                      "peak_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))


main(*sys.argv[1:])
