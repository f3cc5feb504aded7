"""A backup that "ovsdb-client restore" has brought back has another UUID for each row: a check tells, and a repair adopts them."""
import json
import re
import subprocess

import pytest

from library import Northbound, Plan
from northbound import GENERATION_KEY, OWNER_KEY, Database
from overlay import at_once
from test_damage import add_foreign_things, add_topology, mutate

UUID = re.compile(r'"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"')


@pytest.fixture
def database(tmp_path):
    """With all that a cluster can have, and things of others."""
    with Database.start(tmp_path) as database, Northbound(database.remote) as nb:
        with Plan() as plan:
            add_topology(plan)
            plan.service_add("web", [{
                "protocol": "tcp", "port": 80, "node_port": 30080,
                "endpoints": [{"address": "192.168.0.3", "port": 8080, "node": "n1"}]}],
                             cluster_ips="10.96.0.10")
            plan.leader_take("somebody", 7)
            plan.apply(nb)
        add_foreign_things(database)
        [port] = [uuid for uuid, row in database.dump()["Logical_Switch_Port"].items() if row["name"] == "default_web"]
        database.transact(
            {"op": "insert", "table": "Port_Group", "row": {"name": "theirs", "ports": ["uuid", port]}},
            {"op": "insert", "table": "Gateway_Chassis", "uuid-name": "chassis", "row": {"name": "theirs", "chassis_name": "c", "priority": 1}},
            mutate("Logical_Router_Port", "rtos-n1", "gateway_chassis", ["named-uuid", "chassis"]))
        yield database


def restore(database: Database):
    """Backs the database up, and restores it."""
    backup, rows = database.folder / "backup", set(database.dump()["Logical_Switch"])
    with backup.open("wb") as file:
        subprocess.run(["ovsdb-client", "backup", database.remote, "OVN_Northbound"], check=True, stdout=file)
    with backup.open("rb") as file:
        subprocess.run(["ovsdb-client", "restore", database.remote, "OVN_Northbound"], check=True, stdin=file)
    assert not rows & set(database.dump()["Logical_Switch"])


def described(dump: dict) -> dict:
    """A database without UUIDs: rows by what they say, references by what they lead to."""
    names = {uuid: f"{table} {json.dumps(own_words(row), sort_keys=True)}" for table, rows in dump.items() for uuid, row in rows.items()}

    def named(row: dict) -> dict:
        return json.loads(UUID.sub(lambda found: json.dumps(names.get(found[1], found[1])), json.dumps(row)))

    return {table: sorted(json.dumps(plain(named(row)), sort_keys=True) for row in rows.values()) for table, rows in dump.items()}


def changed_rows(before: dict, after: dict) -> dict:
    """By table, the rows that are no more and those that are new."""
    old, new = described(before), described(after)
    return {table: (set(old[table]) - set(new[table]), set(new[table]) - set(old[table])) for table in old if old[table] != new[table]}


def own_words(row: dict) -> dict:
    """The row without what refers to others."""
    return {column: value for column, value in plain(row).items() if not UUID.search(json.dumps(value))}


def plain(row: dict) -> dict:
    """Sets in order, and without what differs each time."""
    kept = {column: [value[0], sorted(value[1], key=json.dumps)] if isinstance(value, list) and value[0] in ("set", "map") else value
            for column, value in row.items() if column != "_version"}
    if "external_ids" in kept:
        kept["external_ids"] = ["map", [pair for pair in kept["external_ids"][1] if pair[0] != GENERATION_KEY]]
    return kept


def owned_ids(dump: dict) -> set[str]:
    return {uuid for rows in dump.values() for uuid, row in rows.items()
            if [OWNER_KEY, "k8s"] in row.get("external_ids", ["map", []])[1]}


def overlay(database: Database, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run(database.overlay(*words), text=True, capture_output=True)


def test_what_was_restored_is_told_shown_and_adopted(database):
    before = database.dump()
    restore(database)
    restored = database.dump()
    assert not owned_ids(before) & owned_ids(restored)
    checked = overlay(database, "check")
    assert checked.returncode == 3, checked.stderr
    for line in ['- Logical_Switch "n1"', '- DNS "ledger of n1"', '+ Logical_Switch "n1"', '+ Logical_Switch_Port "default_web"', '+ Load_Balancer "default/web tcp"']:
        assert line in checked.stdout.splitlines()
    assert overlay(database, "repair", "--dry-run").stdout.startswith(checked.stdout)
    assert database.dump() == restored
    repaired = overlay(database, "repair")
    assert repaired.returncode == 0, repaired.stderr
    clean = overlay(database, "check")
    assert (clean.returncode, clean.stdout) == (0, "cluster: as it should be\n")
    after = database.dump()
    assert not changed_rows(before, after)
    assert owned_ids(after) == owned_ids(before)


def test_what_has_our_name_and_not_our_mark_is_in_the_way(database):
    restore(database)
    [switch] = [row for row in database.dump()["Logical_Switch"].values() if row["name"] == "n2"]
    ids = [pair for pair in switch["external_ids"][1] if pair[0] != OWNER_KEY]
    database.transact({"op": "update", "table": "Logical_Switch", "where": [["name", "==", "n2"]], "row": {"external_ids": ["map", ids]}})
    before = database.dump()
    for words in (["check"], ["repair"]):
        refused = overlay(database, *words)
        assert refused.returncode == 1
        assert "Logical_Switch n2: there is one of this name that belongs to somebody else" in refused.stderr
    assert database.dump() == before


def test_nothing_is_lost_that_others_put_into_a_row_while_it_is_adopted(database):
    restore(database)
    names = [f"new-{i}" for i in range(30)]

    def add_ports():
        for name in names:
            database.transact({"op": "insert", "table": "Logical_Switch_Port", "uuid-name": "new", "row": {"name": name}},
                              mutate("Logical_Switch", "n2", "ports", ["named-uuid", "new"]))

    with Northbound(database.remote, timeout_ms=60000) as nb, Plan() as plan:
        plan.repair()
        at_once([add_ports, lambda: plan.apply(nb)])
        assert plan.apply(nb) == 0
    dump = database.dump()
    [switch] = [row for row in dump["Logical_Switch"].values() if row["name"] == "n2"]
    ports = {dump["Logical_Switch_Port"][uuid]["name"] for _, uuid in switch["ports"][1]}
    assert ports >= {*names, "stor-n2", "default_cache"}
