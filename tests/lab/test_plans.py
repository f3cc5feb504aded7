"""Plans of several things: whatever they are made of, all of it comes true, at once."""
import os
import random

import pytest

from library import Northbound, Plan
from northbound import Database, elements, owned

SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))
STEPS = 300
NODES, PODS, UIDS = [f"n{i}" for i in range(5)], [f"p{i}" for i in range(12)], [None, "uid-1", "uid-2"]


@pytest.fixture
def database(tmp_path):
    with Database.start(tmp_path) as database:
        yield database


@pytest.fixture
def nb(database):
    with Northbound(database.remote) as nb:
        yield nb


class Model:
    """What there should be: nodes, and on which of them each pod is."""

    def __init__(self):
        self.nodes: set[str] = set()
        self.ports: dict[str, str] = {}

    def add_to(self, plan: Plan, dice: random.Random) -> list:
        """Adds some calls to the plan, of which each is about something else. Returns them, for the report."""
        calls, touched = [], set()
        for _ in range(dice.choice([1, 1, 1, 2, 3, 6])):
            kind, node, pod = dice.choice(["node_add", "node_delete", "port_add", "port_add", "port_delete"]), \
                dice.choice(NODES), dice.choice(PODS)
            words = {"node_add": [node], "node_delete": [node], "port_add": [pod, node],
                     "port_delete": [pod, self.ports.get(pod, node)]}[kind]
            here = {other for other, on in self.ports.items() if on == node}
            about = {*words, self.ports.get(pod, node)} if pod in words else {node, *here}
            if touched & about or (kind == "port_add" and node not in self.nodes):
                continue
            touched |= about
            calls.append((kind, *words))
            getattr(plan, kind)(*words, **({"pod_uid": dice.choice(UIDS)} if kind == "port_add" else {}))
            self.follow(kind, *words)
        return calls

    def follow(self, kind: str, what: str, node: str | None = None):
        if kind == "node_add":
            self.nodes.add(what)
        elif kind == "node_delete":
            self.nodes.discard(what)
            self.ports = {pod: on for pod, on in self.ports.items() if on != what}
        elif kind == "port_add":
            self.ports[what] = node
        else:
            self.ports.pop(what, None)


def found(database: Database) -> tuple:
    """The same of the database, and the addresses of all ports."""
    dump = owned(database.dump())
    switches = {row["name"]: {uuid for _, uuid in elements(row["ports"])} for row in dump["Logical_Switch"].values()}
    ports = {row["name"]: [name for name, members in switches.items() if uuid in members]
             for uuid, row in dump["Logical_Switch_Port"].items()}
    pods = {name.removeprefix("default_"): on for name, on in ports.items() if name.startswith("default_")}
    addresses = [row["addresses"] for row in dump["Logical_Switch_Port"].values() if row["addresses"] != "router"]
    return set(switches) - {"join"}, pods, addresses


def test_random_plans_come_true(database, nb):
    """To repeat one that has failed, set SEED."""
    dice, model = random.Random(SEED), Model()
    with Plan() as plan:
        plan.cluster_add("master", "192.168.0.0/20,fd01::/56")
        plan.apply(nb)
    for step in range(STEPS):
        with Plan() as plan:
            story = f"SEED={SEED}, step {step}: {model.add_to(plan, dice)}"
            plan.apply(nb)
            assert plan.apply(nb) == 0, f"{story}\n{plan.text}"
        nodes, pods, addresses = found(database)
        assert nodes == model.nodes, story
        assert pods == {pod: [node] for pod, node in model.ports.items()}, story
        assert len(set(addresses)) == len(addresses), story
        with Plan() as plan:
            plan.repair()
            assert plan.compute(nb) == 0, f"{story}\n{plan.text}"


class Gateways:
    """What there should be: nodes, and which of them are gateways, how."""

    def __init__(self):
        self.nodes: set[str] = set()
        self.gateways: dict[str, dict] = {}

    def add_to(self, plan: Plan, dice: random.Random) -> list:
        """Adds some calls to the plan. Of several about one gateway the last counts. Returns them, for the report."""
        calls, touched = [], set()
        for node in dice.choices(NODES, k=dice.choice([1, 1, 2, 3, 6])):
            kind = dice.choice(["gateway_add", "gateway_add", "gateway_delete", "node_delete"]) if node in self.nodes else "node_add"
            if node in touched and kind.startswith("node"):
                continue
            touched.add(node)
            words = self.parameters(dice) if kind == "gateway_add" else {}
            calls.append((kind, node, words))
            getattr(plan, kind)(node, **words)
            self.follow(kind, node, words)
        return calls

    def parameters(self, dice: random.Random) -> dict:
        host = dice.randrange(2, 250)
        ips, vias = zip(*dice.choice([[FOUR], [SIX], [FOUR, SIX]]))
        return {"chassis": f"chassis-{host}", "interface": dice.choice(["eth1", "breth0"]), "mac": f"02:00:00:00:00:{host:02x}",
                "physical_ips": ",".join(ip.format(host) for ip in ips), "single_default": dice.choice([False, True]),
                "default_gateways": dice.choice([None, ",".join(vias)]),
                "rampout_subnets": dice.choice([None, "192.168.1.0/24", "192.168.1.0/24,fd01:0:0:1::/64"])}

    def follow(self, kind: str, node: str, words: dict):
        if kind == "node_add":
            self.nodes.add(node)
        elif kind == "gateway_add":
            self.gateways[node] = words
        else:
            self.gateways.pop(node, None)
            if kind == "node_delete":
                self.nodes.discard(node)

    def routes(self, first: str | None) -> list[tuple[str, str]]:
        """Those of the cluster router: to where, and by whom."""
        found = []
        for node, words in self.gateways.items():
            families = {6 if ":" in ip else 4 for ip in words["physical_ips"].split(",")}
            if node == first or not words["single_default"]:
                found += [("::/0" if family == 6 else "0.0.0.0/0", node) for family in families]
            found += [(subnet, node) for subnet in (words["rampout_subnets"] or "").split(",") if subnet]
        return sorted(found)


FOUR, SIX = ("10.33.74.{}/24", "10.33.74.1"), ("fd33::{:x}/64", "fd33::1")


def check_gateways(database: Database, model: Gateways):
    dump = owned(database.dump())
    routers = {row["name"].removeprefix("GR_"): row for row in dump["Logical_Router"].values() if row["name"].startswith("GR_")}
    assert routers.keys() == model.gateways.keys()
    firsts = [node for node, row in routers.items() if ["first_gateway", "yes"] in row["external_ids"][1]]
    assert len(firsts) == (1 if routers else 0)
    assert {node: dict(row["options"][1])["chassis"] for node, row in routers.items()} == {
        node: words["chassis"] for node, words in model.gateways.items()}
    ports = {row["name"]: row for row in dump["Logical_Router_Port"].values()}
    joins = {address.partition("/")[0]: node for node in routers for address in elements(ports[f"rtoj-GR_{node}"]["networks"])}
    assert len(joins) == 2 * len(routers)  # no address is another one's too
    [cluster] = [row for row in dump["Logical_Router"].values() if row["name"] == "master"]
    routes = [dump["Logical_Router_Static_Route"][uuid] for _, uuid in elements(cluster["static_routes"])]
    assert sorted((route["ip_prefix"], joins[route["nexthop"]]) for route in routes) == model.routes(*firsts or [None])
    physical = sorted(ip.partition("/")[0] for words in model.gateways.values() for ip in words["physical_ips"].split(","))
    assert sorted(row["external_ip"] for row in dump.get("NAT", {}).values()) == physical
    interfaces = {f"{words['interface']}_{node}" for node, words in model.gateways.items()}
    assert {row["name"] for row in dump["Logical_Switch_Port"].values() if row["addresses"] == "unknown"} == interfaces


def test_random_plans_of_gateways_come_true(database, nb):
    dice, model = random.Random(SEED), Gateways()
    with Plan() as plan:
        plan.cluster_add("master", "192.168.0.0/20,fd01::/56")
        plan.apply(nb)
    for step in range(STEPS):
        with Plan() as plan:
            story = f"SEED={SEED}, step {step}: {model.add_to(plan, dice)}"
            try:
                plan.apply(nb)
                check_gateways(database, model)
            except Exception as error:
                raise AssertionError(story) from error
            assert plan.apply(nb) == 0, f"{story}\n{plan.text}"
        with Plan() as plan:
            plan.repair()
            assert plan.compute(nb) == 0, f"{story}\n{plan.text}"


@pytest.fixture
def small_cluster(nb):
    """Two nodes, the first of which is full."""
    with Plan() as plan:
        plan.cluster_add("master", "192.168.0.0/22")
        plan.node_add("n1", "192.168.1.0/29")
        plan.node_add("n2")
        for i in range(4):
            plan.port_add(f"pod-{i}", "n1")
        plan.apply(nb)


def test_a_subnet_that_a_plan_frees_is_given_again_by_it(small_cluster, nb):
    with Plan() as plan:
        plan.node_delete("n1")
        plan.node_add("n3", "192.168.1.0/24")
        plan.apply(nb)


def test_an_address_that_a_plan_frees_is_given_again_by_it(small_cluster, nb):
    with Plan() as plan:
        plan.port_delete("pod-2", "n1")
        plan.port_add("more", "n1")
        plan.apply(nb)
        assert plan.port_addresses("more") == "192.168.1.5/29"


def test_a_node_is_left_and_deleted_by_one_plan(small_cluster, database, nb):
    with Plan() as plan:
        for i in range(4):
            plan.port_add(f"pod-{i}", "n2")
        plan.node_delete("n1")
        plan.apply(nb)
    nodes, pods, _ = found(database)
    assert nodes == {"n2"}
    assert pods == {f"pod-{i}": ["n2"] for i in range(4)}
