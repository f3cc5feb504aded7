"""Whatever somebody else does to a row of the library's, a check names it and a repair undoes it; foreign things survive.

What is damaged is not written here: it is all that the plan that made the topology says it inserts.
"""
import dataclasses

import pytest

from library import Error, Northbound, Plan
from northbound import GENERATION_KEY, OWNER_KEY, Database, Refused, by_uuid, elements, is_map

GARBAGE = "damaged"
REFERENCES = "ports", "nat", "static_routes", "policies", "load_balancer_group"


@dataclasses.dataclass
class Network:
    """A topology with foreign things in it and beside it."""
    database: Database
    nb: Northbound
    inserted: list[dict]  # the changes of the plan that made it
    whole: dict           # all of the database

    def owned_part(self, dump: dict) -> dict:
        """What the library has stated, by (table, UUID, column, key or None)."""
        return {address: value for address, value in facts(dump).items() if self.is_owned(*address)}

    def foreign_part(self, dump: dict) -> dict:
        return {address: value for address, value in facts(dump).items()
                if not self.is_owned(*address) and address[2:] != ("external_ids", GENERATION_KEY)}

    def is_owned(self, table, uuid, column, key) -> bool:
        stated = self.stated.get((table, uuid), {}).get(column)
        if isinstance(stated, dict):
            return key in stated
        return stated is not None and (column not in REFERENCES or key in self.owned_ids)

    def __post_init__(self):
        self.stated = {(change["table"], change["uuid"]): change["added"] for change in self.inserted}
        self.owned_ids = {change["uuid"] for change in self.inserted}


def facts(dump: dict) -> dict:
    """A dump in small pieces: a pair of a map and a reference to a row are pieces of their own."""
    found = {}
    for table, rows in dump.items():
        for uuid, row in rows.items():
            for column, value in row.items():
                if is_map(value):
                    found.update({(table, uuid, column, key): item for key, item in value[1]})
                elif column in REFERENCES:
                    found.update({(table, uuid, column, element[1]): True for element in elements(value)})
                elif column != "_version":
                    found[table, uuid, column, None] = value
    return found


def add_topology(plan: Plan):
    plan.cluster_add("master", "192.168.0.0/16,fd01::/48", service_range="10.96.0.0/16,fd02::/112")
    plan.node_add("n1")
    plan.node_add("n2", "192.168.7.0/24,fd01:0:0:7::/64")
    plan.port_add("web", "n1", pod_uid="b7e0a3d0-1111-4c5e-9a3e-0d8f5a1c0001")
    plan.port_add("db", "n1")
    plan.port_add("cache", "n2", "192.168.7.77/24,fd01:0:0:7::77/64", mac="0a:58:00:00:00:77")
    plan.port_add("web", "n2", pod_namespace="other", pod_uid="b7e0a3d0-1111-4c5e-9a3e-0d8f5a1c0002")
    plan.gateway_add("n1", chassis="chassis-1", interface="eth1", mac="02:00:00:00:00:05", physical_ips="10.33.74.5/24,fd33::5/64",
                     default_gateways="10.33.74.1,fd33::1")
    plan.gateway_add("n2", chassis="chassis-2", interface="breth0", mac="02:00:00:00:00:06", physical_ips="10.33.74.6/24",
                     is_shared=True, default_gateways="10.33.74.1", rampout_subnets="192.168.7.0/24", single_default=True)


def mutate(table: str, name: str, column: str, value) -> dict:
    return {"op": "mutate", "table": table, "where": [["name", "==", name]], "mutations": [[column, "insert", value]]}


def add_foreign_things(database: Database):
    """On every row that is owned, of what a column can have more of; and rows of others beside them and below them."""
    for table, rows in database.dump().items():
        for uuid in rows:
            maps = [column for column, kind in database.schema[table]["columns"].items()
                    if isinstance(kind["type"], dict) and kind["type"].get("value") == "string"
                    and kind["type"]["key"] == "string" and column != "records"]
            if maps:
                database.transact({"op": "mutate", "table": table, "where": by_uuid(uuid), "mutations": [
                    [column, "insert", ["map", [["foreign", "kept"]]]] for column in maps]})
    new = {name: ["named-uuid", name] for name in ("acl", "port", "dns", "nat", "route", "router_port")}
    database.transact(
        {"op": "insert", "table": "Logical_Switch", "row": {
            "name": "foreign", "other_config": ["map", [["subnet", "10.0.0.0/24"]]]}},
        {"op": "insert", "table": "DNS", "uuid-name": "dns", "row": {"records": ["map", [["example.com", "10.0.0.1"]]]}},
        {"op": "insert", "table": "ACL", "uuid-name": "acl", "row": {
            "priority": 1000, "direction": "to-lport", "match": "ip", "action": "drop"}},
        {"op": "insert", "table": "Logical_Switch_Port", "uuid-name": "port", "row": {
            "name": "foreign-port", "addresses": "0a:00:00:00:00:01 192.168.0.200"}},
        {"op": "insert", "table": "NAT", "uuid-name": "nat", "row": {
            "type": "snat", "external_ip": "172.16.0.1", "logical_ip": "192.168.0.0/16"}},
        {"op": "insert", "table": "Logical_Router_Static_Route", "uuid-name": "route", "row": {
            "ip_prefix": "0.0.0.0/0", "nexthop": "100.64.1.2"}},
        {"op": "insert", "table": "Logical_Router_Port", "uuid-name": "router_port", "row": {
            "name": "foreign-router-port", "mac": "0a:00:00:00:00:02", "networks": "10.0.0.1/24"}},
        mutate("Logical_Switch", "n1", "acls", new["acl"]), mutate("Logical_Switch", "n1", "ports", new["port"]),
        mutate("Logical_Switch", "n1", "dns_records", new["dns"]), mutate("Logical_Router", "master", "nat", new["nat"]),
        mutate("Logical_Router", "master", "static_routes", new["route"]),
        mutate("Logical_Router", "master", "ports", new["router_port"]))


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with Database.start(tmp_path_factory.mktemp("nb")) as database, Northbound(database.remote) as nb:
        with Plan() as plan:
            add_topology(plan)
            plan.apply(nb)
            inserted = plan.changes
        add_foreign_things(database)
        yield Network(database, nb, inserted, database.dump())


# --- Damage: (what was done, table, UUID, the operations that do it; None to destroy the row)

def damages(network: Network):
    """All that can be done to one owned row, or to one owned column or key of it."""
    for change in network.inserted:
        table, uuid = change["table"], change["uuid"]
        row = network.whole[table][uuid]
        yield "destroyed", table, uuid, None
        for column, stated in change["added"].items():
            yield f"{column} cleared", table, uuid, [update(table, uuid, column, emptied(network, table, column))]
            if isinstance(stated, dict):
                yield from damages_of_map(network, table, uuid, column, stated)
            elif column in REFERENCES:
                for element in elements(row[column]):
                    if element[1] in network.owned_ids:
                        yield f"{column} without {element[1]}", table, uuid, [take(table, uuid, column, ["set", [element]])]
            else:
                yield from damages_of_strings(network, table, uuid, column)


def update(table: str, uuid: str, column: str, value) -> dict:
    return {"op": "update", "table": table, "where": by_uuid(uuid), "row": {column: value}}


def take(table: str, uuid: str, column: str, value) -> dict:
    return {"op": "mutate", "table": table, "where": by_uuid(uuid), "mutations": [[column, "delete", value]]}


def emptied(network: Network, table: str, column: str):
    kind = network.database.schema[table]["columns"][column]["type"]
    if isinstance(kind, str) or kind.get("min", 1) == 1:
        return ""
    return ["map", []] if "value" in kind else ["set", []]


def damages_of_map(network: Network, table: str, uuid: str, column: str, stated: dict):
    now = dict(network.whole[table][uuid][column][1])
    for key in stated:
        def edit(value):
            return [update(table, uuid, column, ["map", [[k, v] for k, v in {**now, key: value}.items()]])]
        yield f"{column}:{key} removed", table, uuid, [take(table, uuid, column, ["set", [key]])]
        yield f"{column}:{key} edited", table, uuid, edit(GARBAGE)
        yield f"{column}:{key} emptied", table, uuid, edit("")
        for value in {value for change in network.inserted if change["table"] == table
                      for k, value in change["added"].get(column, {}).items() if k == key or column == "records"}:
            if value != now[key]:
                yield f"{column}:{key} edited to {value}", table, uuid, edit(value)


def damages_of_strings(network: Network, table: str, uuid: str, column: str):
    now = elements(network.whole[table][uuid][column])
    others = [elements(row[column]) for other, row in network.whole[table].items() if other in network.owned_ids]
    for value in [[GARBAGE], [*now, GARBAGE], *others]:
        if value != now:
            yield f"{column} edited to {value}", table, uuid, [update(table, uuid, column, ["set", value])]
    if len(now) > 1:
        for i in range(len(now)):
            yield f"{column} without {now[i]}", table, uuid, [update(table, uuid, column, ["set", now[:i] + now[i + 1:]])]


# --- What must come of it

def row_key(change: dict) -> tuple:
    return change["table"], change["uuid"]


def differing_rows(network: Network, dump: dict) -> set[tuple]:
    before, after = network.owned_part(network.whole), network.owned_part(dump)
    return {address[:2] for address in before.keys() | after.keys() if before.get(address) != after.get(address)}


def complaints(network: Network) -> list[str]:
    """Checks and repairs the damaged network, and says what was wrong with that."""
    damaged, found = network.database.dump(), []
    expected = differing_rows(network, damaged)
    with Plan() as plan:
        plan.repair()
        plan.compute(network.nb)
        named = {row_key(change) for change in plan.changes}
        text = plan.text
        if named != expected:
            found.append(f"the check named {named}, not {expected}")
        for change in plan.changes:
            if f'{change["table"]} "{change["name"]}"' not in text:
                found.append(f'{change["name"]} is not in the text')
        plan.apply(network.nb)
        if again := plan.apply(network.nb):
            found.append(f"{again} changes were left to a second repair")
    repaired = network.database.dump()
    if wrong := differing_rows(network, repaired):
        found.append(f"after the repair {wrong} differ")
    before, after = network.foreign_part(damaged), network.foreign_part(repaired)
    if changed := [address for address in before if after.get(address) != before[address]]:
        found.append(f"foreign things were changed: {changed}")
    rows_before = {address[:2] for address in facts(damaged)}
    if new := [address for address in after if address not in before and address[:2] in rows_before]:
        found.append(f"foreign things are new: {new}")
    return found


def test_the_rows_with_the_owner_s_mark_are_those_of_the_plan(network):
    marked = {uuid for rows in network.whole.values() for uuid, row in rows.items()
              if [OWNER_KEY, "k8s"] in row.get("external_ids", ["map", []])[1]}
    groups = set(network.whole["Load_Balancer_Group"])  # rows of that table have no place for a mark
    assert marked == network.owned_ids - groups
    assert groups <= network.owned_ids


def test_an_undamaged_network_is_clean(network):
    assert complaints(network) == []
    assert network.database.dump() == network.whole


def failures(network: Network, damages) -> list[str]:
    """Does each damage alone, and tells which were not named and undone."""
    failed, done = [], 0
    for what, table, uuid, operations in damages:
        name = next(change["name"] for change in network.inserted if change["uuid"] == uuid)
        try:
            network.database.transact(*operations) if operations else network.database.destroy(table, uuid)
        except Refused:
            continue  # the server itself does not allow that
        try:
            wrong = complaints(network)
        except Error as error:
            wrong = [f"{error.code}: {error}"]
        failed += [f"{table} {name}: {what}: {complaint}" for complaint in wrong]
        network.database.restore(network.whole)
        done += 1
    assert done > 10
    return failed


def test_any_damage_to_a_row_is_named_and_undone(network):
    failed = failures(network, damages(network))
    assert not failed, f"{len(failed)}:\n" + "\n".join(failed[:20])


# --- What nobody can tell from a legitimate state

def entry(network: Network, node: str, port: str, edit) -> dict:
    """The operation that edits the entry of a port in the ledger of its node."""
    ledger = next(change for change in network.inserted if change["name"] == f"ledger of {node}")
    records = dict(network.whole["DNS"][ledger["uuid"]]["records"][1])
    records[port] = edit(records.get(port))
    return update("DNS", ledger["uuid"], "records", ["map", [[key, value] for key, value in records.items()]])


def ledger_of(network: Network, node: str) -> list:
    """Its entries."""
    rows = network.database.dump()["DNS"].values()
    return next(row["records"][1] for row in rows if ["node", node] in row["external_ids"][1])


def uid_of(network: Network, port: str) -> str | None:
    row = next(row for row in network.database.dump()["Logical_Switch_Port"].values() if row["name"] == port)
    return dict(row["external_ids"][1]).get("pod-uid")


@pytest.mark.parametrize("port, edit", [
    ("default_web", lambda entry: f"{entry.partition(';')[0]};another-uid"),
    ("default_db", lambda entry: f"{entry};another-uid")], ids=["changed", "added"])
def test_the_ledger_decides_about_the_uid_of_a_pod(network, port, edit):
    """Two places have the uid, so one of two is believed: of an entry that is right about the addresses, the uid too."""
    network.database.transact(entry(network, "n1", port, edit))
    with Plan() as plan:
        plan.repair()
        plan.apply(network.nb)
        assert [change["name"] for change in plan.changes] == [port]
        assert plan.apply(network.nb) == 0
    assert uid_of(network, port) == "another-uid"
    network.database.restore(network.whole)


def test_an_entry_of_the_ledger_is_a_port_that_somebody_has_deleted(network):
    """One that somebody else has written there looks just like that."""
    network.database.transact(entry(network, "n1", "default_ghost", lambda _: "0a:58:c0:a8:00:99 192.168.0.153 fd01::99"))
    with Plan() as plan:
        plan.repair()
        plan.apply(network.nb)
        assert {change["name"] for change in plan.changes} == {"default_ghost", "n1"}
        assert plan.apply(network.nb) == 0
    network.database.restore(network.whole)


def test_an_entry_of_the_ledger_with_the_address_of_another_port_is_no_port(network):
    network.database.transact(entry(network, "n1", "default_ghost", lambda _: dict(ledger_of(network, "n1"))["default_db"]))
    with Plan() as plan:
        plan.repair()
        plan.apply(network.nb)
        assert [change["name"] for change in plan.changes] == ["ledger of n1"]
    assert "default_ghost" not in dict(ledger_of(network, "n1"))
    network.database.restore(network.whole)


# --- What is no edit of a single owned element

def misplaced_ports(network: Network):
    """A port that another row of the library has too. OVN has no use for a port that is in two places."""
    for change in network.inserted:
        table, uuid = change["table"], change["uuid"]
        for other in network.inserted:
            if "ports" in change["added"] and "ports" in other["added"] and other["table"] == table and other is not change:
                for element in elements(network.whole[table][other["uuid"]]["ports"]):
                    if element[1] in network.owned_ids:
                        yield f"with {element[1]} of {other['name']}", table, uuid, [
                            {"op": "mutate", "table": table, "where": by_uuid(uuid),
                             "mutations": [["ports", "insert", ["set", [element]]]]}]


def test_a_port_in_two_places_is_named_and_put_right(network):
    failed = failures(network, misplaced_ports(network))
    assert not failed, f"{len(failed)}:\n" + "\n".join(failed[:20])


def test_a_uid_that_was_taken_from_the_ledger_comes_back(network):
    """The port itself still tells, and nobody contradicts it."""
    network.database.transact(entry(network, "n1", "default_web", lambda entry: entry.partition(";")[0]))
    try:
        assert complaints(network) == []
    finally:
        network.database.restore(network.whole)


def test_entries_of_the_ledger_that_are_no_ports_survive(network):
    network.database.transact(entry(network, "n1", "example.com", lambda _: "10.0.0.1"))
    try:
        assert complaints(network) == []
    finally:
        network.database.restore(network.whole)


@pytest.mark.parametrize("damage", [
    pytest.param({"op": "delete", "table": "DNS", "where": []}, id="destroyed"),
    pytest.param({"op": "update", "table": "DNS", "where": [], "row": {"records": ["map", []]}}, id="emptied")])
def test_no_address_is_given_twice_when_the_ledger_is_lost(network, damage):
    network.database.transact(damage)
    try:
        with Plan() as plan:
            plan.port_add("new", "n1")
            plan.apply(network.nb)
        addresses = [row["addresses"] for row in network.database.dump()["Logical_Switch_Port"].values()
                     if row["addresses"] not in ("router", "unknown")]
        assert len(set(addresses)) == len(addresses)
    finally:
        network.database.restore(network.whole)


def test_no_subnet_is_given_twice_when_the_ledger_has_lost_them(network):
    [ledger] = [change for change in network.inserted if change["name"] == "ledger of the cluster"]
    ids = {**dict(network.whole["DNS"][ledger["uuid"]]["external_ids"][1]), "k8s-taken-subnets": ""}
    network.database.transact(update("DNS", ledger["uuid"], "external_ids", ["map", [list(pair) for pair in ids.items()]]))
    try:
        with Plan() as plan:
            plan.node_add("n3")
            plan.apply(network.nb)
            assert plan.node_subnet("n3") == "192.168.1.0/24,fd01:0:0:1::/64"
    finally:
        network.database.restore(network.whole)
