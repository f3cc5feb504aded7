"""Servers of an older and of a newer OVN: the whole life of a cluster in databases with their schemas."""
import contextlib
import json
import threading

import pytest

from library import Error, Northbound, Plan
from northbound import SCHEMA, Database, owned

# What came after OVN 20.03, of March 2020.
NEWER_TABLES = ("BFD", "Chassis_Template_Var", "Copp", "Load_Balancer_Group", "Mirror", "Mirror_Rule", "Network_Function",
                "Network_Function_Group", "Sample", "Sample_Collector", "Sampling_App", "Static_MAC_Binding", "DHCP_Relay")
NEWER_COLUMNS = {
    "NB_Global": ["nb_cfg_timestamp", "sb_cfg_timestamp", "hv_cfg_timestamp"],
    "Logical_Switch": ["load_balancer_group", "copp"],
    "Logical_Switch_Port": ["mirror_rules", "peer"],
    "Forwarding_Group": ["external_ids"],
    "Load_Balancer": ["selection_fields", "options"],
    "ACL": ["label", "options", "tier"],
    "Meter": ["fair"],
    "Logical_Router": ["load_balancer_group", "copp"],
    "Logical_Router_Port": ["ipv6_prefix", "status", "dhcp_relay"],
    "Logical_Router_Static_Route": ["route_table", "bfd", "options", "selection_fields"],
    "Logical_Router_Policy": ["nexthops", "options", "external_ids"],
    "NAT": ["external_port_range", "allowed_ext_ips", "exempted_ext_ips", "gateway_port", "match", "priority"],
    "DNS": ["options"]}


def write(folder, version: str, tables: dict):
    path = folder / "nb.ovsschema"
    path.write_text(json.dumps({"name": "OVN_Northbound", "version": version, "tables": tables}))
    return path


def installed() -> dict:
    return json.loads(SCHEMA.read_text())["tables"]


def refers_to(column: dict, tables) -> bool:
    bases = [column["type"].get(part) for part in ("key", "value")] if isinstance(column["type"], dict) else []
    return any(isinstance(base, dict) and base.get("refTable") in tables for base in bases)


def older(folder):
    """As it was in OVN 20.03, as far as tables and columns go."""
    tables = {name: table for name, table in installed().items() if name not in NEWER_TABLES}
    for name, table in tables.items():
        table["columns"] = {column: kind for column, kind in table["columns"].items()
                            if column not in NEWER_COLUMNS.get(name, ()) and not refers_to(kind, NEWER_TABLES)}
    return write(folder, "5.20.0", tables)


def newer(folder):
    """With a table more, and with more columns in each."""
    tables = installed()
    for table in tables.values():
        table["columns"].update({
            "novel_name": {"type": "string"},
            "novel_flag": {"type": {"key": "boolean", "min": 0, "max": 1}},
            "novel_options": {"type": {"key": "string", "value": "string", "min": 0, "max": "unlimited"}},
            "novel_things": {"type": {"key": {"type": "uuid", "refTable": "Novel_Thing"}, "min": 0, "max": "unlimited"}}})
    tables["Novel_Thing"] = {"isRoot": False, "columns": {"name": {"type": "string"}}}
    return write(folder, "99.0.0", tables)


def too_old(folder):
    """Before OVN had names of hosts to answer for."""
    tables = {name: table for name, table in installed().items() if name != "DNS"}
    del tables["Logical_Switch"]["columns"]["dns_records"]
    return write(folder, "5.0.0", tables)


@contextlib.contextmanager
def carried_to_the_southbound(database: Database):
    """Says of all that is written that it was carried on, as ovn-northd does."""
    database.transact({"op": "insert", "table": "NB_Global", "row": {}})
    done = threading.Event()

    def answer():
        while not done.wait(0.005):
            [found] = database.transact({"op": "select", "table": "NB_Global", "where": [], "columns": ["nb_cfg"]})
            asked = found["rows"][0]["nb_cfg"]
            database.transact({"op": "update", "table": "NB_Global", "where": [["sb_cfg", "!=", asked]],
                               "row": {"sb_cfg": asked}})

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


# One step of the life after the other.
LIFE = {
    "cluster": [("cluster_add", "master", "192.168.0.0/16,fd01::/48")],
    "nodes": [("node_add", "n1"), ("node_add", "n2", "192.168.7.0/24,fd01:0:0:7::/64"), ("node_add", "n3")],
    "ports": [("port_add", f"pod-{i}", f"n{i % 3 + 1}") for i in range(12)],
    "change": [("port_add", "pod-0", "n1", "192.168.0.99/24,fd01::99/64")],
    "move": [("port_add", "pod-1", "n3")],
    "deletion": [("port_delete", "pod-2", "n3"), ("node_delete", "n2")],
    "end": [("cluster_delete", True)]}


@pytest.mark.parametrize("schema", [older, newer])
def test_the_whole_life_of_a_cluster(tmp_path, schema):
    with Database.start(tmp_path, schema(tmp_path)) as database, carried_to_the_southbound(database), \
            Northbound(database.remote) as nb:
        for step, calls in LIFE.items():
            with Plan() as plan:
                for name, *words in calls:
                    getattr(plan, name)(*words)
                assert plan.apply(nb, wait=1) > 0, step
                assert plan.apply(nb) == 0, step
            if step == "end":
                break
            whole = owned(database.dump())
            database.transact({"op": "delete", "table": "DNS", "where": []},
                              {"op": "update", "table": "Logical_Router_Port", "where": [],
                               "row": {"mac": "0a:00:00:00:00:01"}})
            with Plan() as plan:
                plan.repair()
                assert plan.compute(nb) > 0, step
                plan.apply(nb, wait=1)
                assert plan.compute(nb) == 0, step
            assert owned(database.dump()) == whole, step
        assert owned(database.dump()) == {}


def test_a_server_without_a_table_that_is_needed_is_refused_by_name(tmp_path):
    with Database.start(tmp_path, too_old(tmp_path)) as database, Northbound(database.remote) as nb, Plan() as plan:
        before = database.dump()
        plan.cluster_add("master", "192.168.0.0/16")
        with pytest.raises(Error, match="DNS") as refused:
            plan.apply(nb)
        assert refused.value.code == "UNSUPPORTED"
        assert database.dump() == before
