"""A writer that is killed at any moment leaves all as it was, or all done; and doing it again is enough.

strace kills it on entering the n-th call of one kind to the system, for every n until it ends unharmed. Before a call that
sends, nothing of that has been sent; before the next call of any kind, all of it.
"""
import json
import signal
import subprocess
import sys

import pytest

from host import HERE
from library import Northbound, Plan
from northbound import Database, owned

SENDING = ("sendto", "sendmsg", "write", "writev")
WAITING = "recvfrom"  # what comes after sending

# A process that does what the arguments say: the remote, and calls of a plan as JSON.
WRITER = """
import json, sys
sys.path.insert(0, sys.argv[1])
from library import Northbound, Plan
with Northbound(sys.argv[2]) as nb, Plan() as plan:
    for name, *words in json.loads(sys.argv[3]):
        getattr(plan, name)(*words)
    plan.apply(nb)
"""

CLUSTER = [["cluster_add", "master", "192.168.0.0/16,fd01::/48"]]
NODE = [["node_add", "n1"]]
PORTS = [["port_add", f"pod-{i}", "n1"] for i in range(20)]
MANY_PORTS = [["port_add", f"many-{i}", "n1"] for i in range(100)]

SUBNET = "--cluster-ip-subnet=192.168.0.0/16,fd01::/48"

# name: (what was done before, what is done while being killed, the command of ovn-k8s-overlay that does it)
CASES = {
    "cluster-add": ([], CLUSTER + [["node_add", "master"]],
                    ["master-init", "--logical-only", "--node-name=master", SUBNET]),
    "node-add": (CLUSTER, NODE, ["minion-init", "--logical-only", "--node-name=n1", SUBNET]),
    "ports-add": (CLUSTER + NODE + PORTS, MANY_PORTS, None),
    "port-moves": (CLUSTER + NODE + PORTS + [["node_add", "n2"]], [["port_add", "pod-3", "n2"]], None),
    "port-delete": (CLUSTER + NODE + PORTS, [["port_delete", "pod-3", "n1"]], None),
    "node-delete": (CLUSTER + NODE + PORTS, [["node_delete", "n1"]], ["node-del", "n1"]),
    "cluster-delete": (CLUSTER + NODE + PORTS, [["cluster_delete", True]], ["cluster-del", "--force"]),
    "repair": (CLUSTER + NODE + PORTS, [["repair"]], ["repair"])}


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    with Database.start(tmp_path_factory.mktemp("nb")) as database:
        yield database


@pytest.fixture(scope="module")
def nb(database):
    with Northbound(database.remote) as nb:
        yield nb


def do(nb: Northbound, calls) -> int:
    with Plan() as plan:
        for name, *words in calls:
            getattr(plan, name)(*words)
        return plan.apply(nb)


def prepare(database: Database, nb: Northbound, case: str):
    database.restore({table: {} for table in database.schema})
    before, _, _ = CASES[case]
    if before:
        do(nb, before)
    if case == "repair":
        database.transact(
            {"op": "delete", "table": "DNS", "where": [["records", "!=", ["map", []]]]},
            {"op": "delete", "table": "Logical_Router", "where": []},
            {"op": "update", "table": "Logical_Switch_Port", "where": [["name", "==", "default_pod-7"]],
             "row": {"addresses": "x"}})


def command_line(database: Database, case: str) -> list[str]:
    _, calls, command = CASES[case]
    if command:
        return database.overlay(*command)
    return [sys.executable, "-SEc", WRITER, HERE, database.remote, json.dumps(calls)]


def killed(database: Database, command: list[str], call: str, n: int) -> bool:
    """Runs the command, which dies on entering call number n of a kind to the system. False when it has done fewer."""
    result = subprocess.run(["strace", "-f", "-qq", "-o", database.folder / "strace.log", "-e", f"trace={call}",
                             "-e", f"inject={call}:signal=SIGKILL:when={n}", *command],
                            capture_output=True, text=True, timeout=30)
    assert result.returncode in (0, -signal.SIGKILL), result.stderr
    database.settle(clients=1)
    return result.returncode != 0


def assert_clean(nb: Northbound, case: str):
    if case != "cluster-delete":
        with Plan() as plan:
            plan.repair()
            assert plan.compute(nb) == 0, plan.text


@pytest.mark.parametrize("case", CASES)
def test_killed_at_any_call(database, nb, case):
    prepare(database, nb, case)
    calls, command = CASES[case][1], command_line(database, case)
    whole = database.dump()
    before = owned(whole)
    do(nb, calls)
    after = owned(database.dump())
    assert before != after
    times = {"before": 0, "after": 0}

    def at_each(call: str):
        n = 1
        while True:
            database.restore(whole)
            if not killed(database, command, call, n):
                break
            found = owned(database.dump())
            assert found in (before, after), f"killed at {call} number {n}, it has left something half done"
            times["after" if found == after else "before"] += 1
            do(nb, calls)  # again
            assert owned(database.dump()) == after, f"killed at {call} number {n}, doing it again is not enough"
            assert_clean(nb, case)
            n += 1
        assert owned(database.dump()) == after

    for call in SENDING:
        at_each(call)
    for _ in range(5):  # how often it asks whether there is an answer already differs from run to run
        at_each(WAITING)
        if times["after"]:
            break
    assert times["before"] >= 4 and times["after"] >= 1, times
