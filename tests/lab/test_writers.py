"""Many who write at once: each gets something of its own, and nothing is lost or doubled."""
import collections
import multiprocessing
import re
import subprocess
import traceback

import pytest

from library import Error, Northbound, Plan
from northbound import Database, elements, owned

NODES = 64
WRITERS, PORTS = 16, 10
DEADLINE_MS = 30000


def at_once(work, n: int) -> list:
    """work(0), work(1), ... in a process each, which all begin at the same moment. What they returned, in this order."""
    context = multiprocessing.get_context("fork")
    gate, answers = context.Barrier(n), context.SimpleQueue()

    def run(i):
        try:
            gate.wait(30)
            answers.put((i, work(i), None))
        except BaseException:
            answers.put((i, None, traceback.format_exc()))

    processes = [context.Process(target=run, args=(i,)) for i in range(n)]
    for process in processes:
        process.start()
    found = dict((i, (value, error)) for i, value, error in (answers.get() for _ in processes))
    for process in processes:
        process.join()
    errors = [error for _, error in found.values() if error]
    assert not errors, f"{len(errors)} of {n} failed, the first:\n{errors[0]}"
    return [found[i][0] for i in range(n)]


@pytest.fixture
def database(tmp_path):
    with Database.start(tmp_path) as database:
        with Northbound(database.remote) as nb, Plan() as plan:
            plan.cluster_add("master", "192.168.0.0/16,fd01::/48")
            plan.node_add("here")
            plan.apply(nb)
        yield database


def assert_clean(database: Database):
    with Northbound(database.remote) as nb, Plan() as plan:
        plan.repair()
        assert plan.compute(nb) == 0, plan.text


def names(database: Database, table: str) -> list[str]:
    return sorted(row["name"] for row in owned(database.dump())[table].values())


def assert_different(values):
    doubled = [value for value, n in collections.Counter(values).items() if n > 1]
    assert not doubled


def minion_init(database: Database, name: str) -> list[str]:
    return database.overlay("minion-init", "--logical-only", f"--node-name={name}", "--timeout=30",
                            "--cluster-ip-subnet=192.168.0.0/16,fd01::/48")


def test_64_times_minion_init_at_once_are_64_nodes(database):
    def run(i):
        return subprocess.run(minion_init(database, f"n{i}"), capture_output=True, text=True)

    results = at_once(run, NODES)
    assert [result.stderr for result in results] == [""] * NODES
    assert [result.returncode for result in results] == [0] * NODES
    nodes = sorted(["here", *(f"n{i}" for i in range(NODES))])
    assert names(database, "Logical_Switch") == sorted([*nodes, "join"])
    assert names(database, "Logical_Router_Port") == sorted(["rtoj-master", *(f"rtos-{node}" for node in nodes)])
    assert names(database, "Logical_Switch_Port") == sorted(["jtor-master", *(f"{kind}-{node}" for kind in ("stor", "k8s")
                                                                              for node in nodes)])
    switches = owned(database.dump())["Logical_Switch"].values()
    for key in "subnet", "ipv6_prefix":
        assert_different(dict(row["other_config"][1]).get(key, row["name"]) for row in switches)
    subprocess.run(database.overlay("check"), check=True)


def test_gateways_added_and_deleted_at_once_have_different_places(database):
    with Northbound(database.remote) as nb, Plan() as plan:
        for i in range(WRITERS):
            plan.node_add(f"n{i}")
        plan.apply(nb)

    def run(i):
        with Northbound(database.remote, timeout_ms=DEADLINE_MS) as nb:
            for turn in range(5):
                with Plan() as plan:
                    if turn % 2:
                        plan.gateway_delete(f"n{i}")
                    else:
                        plan.gateway_add(f"n{i}", chassis=f"c{i}", interface="eth1", mac="02:00:00:00:00:05",
                                         physical_ips=f"10.33.74.{i + 2}/24", default_gateways="10.33.74.1",
                                         single_default=bool(i % 2))
                    plan.apply(nb)

    at_once(run, WRITERS)
    dump = owned(database.dump())
    routers = [row for row in dump["Logical_Router"].values() if row["name"].startswith("GR_")]
    assert len(routers) == WRITERS
    assert_different(re.search(r"join=(\S+)", dict(row["external_ids"][1])["k8s-gateway"])[1] for row in routers)
    assert sum(["first_gateway", "yes"] in row["external_ids"][1] for row in routers) == 1
    assert_clean(database)


def test_the_same_node_64_times_at_once_is_one_node(database):
    def add(i):
        with Northbound(database.remote, timeout_ms=DEADLINE_MS) as nb, Plan() as plan:
            plan.node_add("same")
            plan.apply(nb)
            return plan.node_subnet("same")

    assert len(set(at_once(add, NODES))) == 1
    assert names(database, "Logical_Switch") == ["here", "join", "same"]
    assert_clean(database)


def test_ports_of_one_node_added_at_once_get_different_addresses(database):
    def add(i):
        addresses = []
        with Northbound(database.remote, timeout_ms=DEADLINE_MS) as nb:
            for j in range(PORTS):
                with Plan() as plan:
                    plan.port_add(f"pod-{i}-{j}", "here")
                    plan.apply(nb)
                    addresses.append(plan.port_addresses(f"pod-{i}-{j}"))
        return addresses

    addresses = sum(at_once(add, WRITERS), [])
    assert_different(one for pair in addresses for one in pair.split(","))
    ports = [name for name in names(database, "Logical_Switch_Port") if name.startswith("default_")]
    assert ports == sorted(f"default_pod-{i}-{j}" for i in range(WRITERS) for j in range(PORTS))
    assert_clean(database)


def test_ports_of_one_node_come_and_go_at_once(database):
    """Each writer adds two ports, deletes the first, and so on: half of them are left."""
    def churn(i):
        with Northbound(database.remote, timeout_ms=DEADLINE_MS) as nb:
            for j in range(0, PORTS, 2):
                with Plan() as plan:
                    plan.port_add(f"pod-{i}-{j}", "here")
                    plan.port_add(f"pod-{i}-{j + 1}", "here")
                    plan.apply(nb)
                with Plan() as plan:
                    plan.port_delete(f"pod-{i}-{j}", "here")
                    plan.apply(nb)

    at_once(churn, WRITERS)
    rows = [row for row in owned(database.dump())["Logical_Switch_Port"].values() if row["name"].startswith("default_")]
    assert sorted(row["name"] for row in rows) == sorted(f"default_pod-{i}-{j}" for i in range(WRITERS)
                                                         for j in range(1, PORTS, 2))
    assert_different(row["addresses"] for row in rows)
    assert_clean(database)


def test_nodes_come_and_go_at_once(database):
    """A node that goes gives its subnet back while others look for one."""
    def churn(i):
        with Northbound(database.remote, timeout_ms=DEADLINE_MS) as nb:
            for j in range(3):
                for call in ("node_add", "node_delete", "node_add"):
                    with Plan() as plan:
                        getattr(plan, call)(f"n{i}-{j}")
                        plan.apply(nb)

    at_once(churn, WRITERS)
    rows = [row for row in owned(database.dump())["Logical_Switch"].values() if row["name"].startswith("n")]
    assert sorted(row["name"] for row in rows) == sorted(f"n{i}-{j}" for i in range(WRITERS) for j in range(3))
    assert_different(dict(row["other_config"][1])["subnet"] for row in rows)
    assert_clean(database)


def test_a_repair_amid_writers_undoes_nothing(database):
    """What others add stays, what they delete stays away, and the damage of one that is no writer of ours is undone."""
    def work(i):
        with Northbound(database.remote, timeout_ms=DEADLINE_MS) as nb:
            for j in range(PORTS):
                for calls in [("port_add", f"pod-{i}-{j}", "here"), ("node_add", f"n{i}-{j}")], \
                             [("port_delete", f"pod-{i}-{j}", "here"), ("node_delete", f"n{i}-{j}")]:
                    with Plan() as plan:
                        for name, *words in calls if i else [("repair",)]:
                            getattr(plan, name)(*words)
                        plan.apply(nb)
                if i == 1:
                    database.transact({"op": "update", "table": "Logical_Switch_Port", "where": [["name", "==", "k8s-here"]],
                                       "row": {"addresses": "damaged"}})
            if i:
                with Plan() as plan:
                    plan.port_add(f"last-{i}", "here")
                    plan.apply(nb)

    at_once(work, 6)
    with Northbound(database.remote) as nb, Plan() as plan:
        plan.repair()
        plan.apply(nb)
    assert names(database, "Logical_Switch") == ["here", "join"]
    assert [name for name in names(database, "Logical_Switch_Port") if name.startswith("default_")] == [
        f"default_last-{i}" for i in range(1, 6)]
    assert_clean(database)


def attempt(database: Database, *calls) -> str | None:
    """Applies a plan of these calls. The code of the error, if any."""
    with Northbound(database.remote, timeout_ms=DEADLINE_MS) as nb, Plan() as plan:
        for name, *words in calls:
            getattr(plan, name)(*words)
        try:
            plan.apply(nb)
        except Error as error:
            return error.code


def test_one_of_many_gets_the_subnet_that_all_want(database):
    codes = at_once(lambda i: attempt(database, ("node_add", f"n{i}", "192.168.9.0/24,fd01:0:0:9::/64")), WRITERS)
    assert sorted(codes, key=str) == ["EXISTS"] * (WRITERS - 1) + [None]
    assert len(names(database, "Logical_Switch")) == 3
    assert_clean(database)


def test_one_of_many_gets_the_address_that_all_want(database):
    codes = at_once(lambda i: attempt(database, ("port_add", f"pod-{i}", "here", "192.168.0.77/24,fd01::77/64")), WRITERS)
    assert sorted(codes, key=str) == ["EXISTS"] * (WRITERS - 1) + [None]
    assert len(names(database, "Logical_Switch_Port")) == 4
    assert_clean(database)


def test_addresses_that_are_given_and_chosen_at_once_differ(database):
    def add(i):
        given = f"192.168.0.{3 + i // 2}/24,fd01::{3 + i // 2:x}/64" if i % 2 else None
        return attempt(database, ("port_add", f"pod-{i}", "here", given))

    codes = at_once(add, 2 * WRITERS)
    assert set(codes) <= {None, "EXISTS"}
    rows = owned(database.dump())["Logical_Switch_Port"].values()
    assert_different(row["addresses"] for row in rows if row["addresses"] != "router")
    assert_clean(database)


def test_a_pod_that_is_added_on_many_nodes_at_once_is_on_one(database):
    assert attempt(database, *(("node_add", f"n{i}") for i in range(WRITERS))) is None
    codes = at_once(lambda i: attempt(database, ("port_add", "web", f"n{i}")), WRITERS)
    assert codes == [None] * WRITERS
    dump = owned(database.dump())
    assert names(database, "Logical_Switch_Port").count("default_web") == 1
    [web] = [uuid for uuid, row in dump["Logical_Switch_Port"].items() if row["name"] == "default_web"]
    assert sum(["uuid", web] in elements(row["ports"]) for row in dump["Logical_Switch"].values()) == 1
    assert sum(key == "default_web" for row in dump["DNS"].values() for key, _ in row["records"][1]) == 1
    assert_clean(database)


def test_ports_of_a_node_that_goes_and_comes_belong_to_it_or_are_gone(database):
    def work(i):
        for j in range(PORTS):
            calls = [("node_delete", "here")] if i == 0 else [("port_add", f"pod-{i}-{j}", "here")]
            assert attempt(database, *calls) in (None, "NOTFOUND")
            if i == 0:
                assert attempt(database, ("node_add", "here")) is None

    at_once(work, 8)
    assert_clean(database)
    dump = owned(database.dump())
    ports = {uuid for row in dump["Logical_Switch"].values() for _, uuid in elements(row["ports"])}
    assert ports == set(dump["Logical_Switch_Port"])
