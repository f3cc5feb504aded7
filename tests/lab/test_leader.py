"""Who leads is written in the database: plans of those who led before are of no effect from that moment on."""
import json
import multiprocessing

import pytest

from library import Error, Northbound, Plan
from northbound import Database

LEADERS = 30
DEADLINE_MS = 30000
DEADLINE_S = 60


@pytest.fixture
def database(tmp_path):
    with Database.start(tmp_path) as database:
        with Northbound(database.remote) as nb, Plan() as plan:
            plan.cluster_add("master", "192.168.0.0/16,fd01::/48")
            plan.node_add("here")
            plan.apply(nb)
        yield database


def take(nb: Northbound, identity: str, term: int):
    with Plan() as plan:
        plan.leader_take(identity, term)
        plan.apply(nb)


def add_pod(nb: Northbound, pod: str, identity: str, term: int):
    with Plan() as plan:
        plan.leader_require(identity, term)
        plan.port_add(pod, "here")
        plan.apply(nb)


def written(database: Database) -> list[tuple[int, str]]:
    """What was committed in this order, by the database's own log: ("lead", term) and ("pod", term of who wrote it)."""
    found = []
    for line in (database.folder / "nb.db").read_text().splitlines():
        tables = json.loads(line) if line.startswith("{") else {}
        for row in tables.get("DNS", {}).values():
            pairs = dict(row["external_ids"][1]) if row and "external_ids" in row else {}
            found += [("lead", int(pairs["term"]))] if "term" in pairs else []
        names = [row["name"] for row in tables.get("Logical_Switch_Port", {}).values() if row and "name" in row]
        found += [("pod", int(name.removeprefix("default_").split("-")[0])) for name in names if name.startswith("default_")]
    return found


def lead(remote: str, term: int, begun):
    """Writes as the leader of this term until another one leads. Exits with 3 then."""
    with Northbound(remote, timeout_ms=DEADLINE_MS) as nb:
        take(nb, f"leader-{term}", term)
        try:
            for n in range(100000):
                add_pod(nb, f"{term}-{n}", f"leader-{term}", term)
                if n == 1:
                    begun.set()
                with Plan() as plan:
                    plan.leader_require(f"leader-{term}", term)
                    plan.port_delete(f"{term}-{n}", "here")
                    plan.apply(nb)
        except Error as error:
            assert error.code == "PERMISSION", error
            raise SystemExit(3)


def test_each_leader_writes_nothing_after_the_next_has_taken_the_lead(database):
    """In the middle of its work, between reading and committing, where a guard of the server alone can stop it."""
    context = multiprocessing.get_context("fork")
    leaders = []
    try:
        for term in range(1, LEADERS + 1):
            begun = context.Event()
            leaders.append(context.Process(target=lead, args=(database.remote, term, begun)))
            leaders[-1].start()
            assert begun.wait(DEADLINE_S), f"leader {term} writes nothing"
        with Northbound(database.remote) as nb:
            take(nb, "last", LEADERS + 1)
        for leader in leaders:
            leader.join(DEADLINE_S)
        assert [leader.exitcode for leader in leaders] == [3] * LEADERS
    finally:
        for leader in leaders:
            leader.kill()
    history = written(database)
    assert [term for what, term in history if what == "lead"] == [*range(1, LEADERS + 2)]
    assert [term for what, term in history] == sorted(term for what, term in history)
    assert {term for what, term in history if what == "pod"} == {*range(1, LEADERS + 1)}


def test_a_leader_that_wakes_up_changes_nothing(database):
    with Northbound(database.remote) as old, Northbound(database.remote) as new:
        take(old, "old", 1)
        add_pod(old, "first", "old", 1)
        take(new, "new", 2)
        before = database.dump()
        for attempt in lambda: add_pod(old, "late", "old", 1), lambda: take(old, "old", 1):
            with pytest.raises(Error, match="term 1: by the database new leads, for the term 2") as caught:
                attempt()
            assert caught.value.code == "PERMISSION"
        assert database.dump() == before
        add_pod(new, "second", "new", 2)


def test_people_write_whoever_leads(database):
    with Northbound(database.remote) as nb, Plan() as plan:
        take(nb, "leader", 1)
        plan.node_add("there")
        plan.apply(nb)
        assert plan.node_subnet("there")
    with Northbound(database.remote) as nb, Plan() as plan:
        plan.repair()
        assert plan.compute(nb) == 0, plan.text


def test_the_row_goes_with_the_cluster(database):
    with Northbound(database.remote) as nb, Plan() as plan:
        take(nb, "leader", 1)
        plan.cluster_delete(force=True)
        plan.apply(nb)
    assert not any(database.dump()[table] for table in ("DNS", "Logical_Switch", "Logical_Router"))
