"""How much fits: many nodes and pods in one plan, and what is said when nothing is left."""
import pytest

from library import Error, Northbound, Plan
from northbound import Database, owned


@pytest.fixture
def database(tmp_path):
    with Database.start(tmp_path) as database:
        yield database


@pytest.fixture
def nb(database):
    with Northbound(database.remote, timeout_ms=60000) as nb:
        yield nb


def assert_refused(database, nb, plan, code, *words):
    """Applying the plan fails, says so, and changes nothing."""
    before = database.dump()
    with pytest.raises(Error) as refused:
        plan.apply(nb)
    assert refused.value.code == code
    for word in words:
        assert word in str(refused.value)
    assert database.dump() == before


def test_5000_nodes_in_one_plan(database, nb):
    """More than the 4,096 that fit into the 12 bits of some tunnels; a router of OVN has up to 32,767 ports."""
    with Plan() as plan:
        plan.cluster_add("master", "10.0.0.0/8")
        for i in range(5000):
            plan.node_add(f"n{i}")
        plan.apply(nb)
        assert plan.node_subnet("n4999") == "10.19.135.0/24"
    subnets = {dict(row["other_config"][1]).get("subnet") for row in owned(database.dump())["Logical_Switch"].values()}
    assert len(subnets - {None}) == 5000
    with Plan() as plan:
        plan.node_add("one-more")
        plan.apply(nb)
        assert plan.node_subnet("one-more") == "10.19.136.0/24"
    with Plan() as plan:
        plan.repair()
        assert plan.compute(nb) == 0


def test_a_cluster_without_a_free_subnet(database, nb):
    with Plan() as plan:
        plan.cluster_add("master", "192.168.0.0/22")
        for i in range(4):
            plan.node_add(f"n{i}")
        plan.apply(nb)
    with Plan() as plan:
        plan.node_add("n4")
        assert_refused(database, nb, plan, "EXHAUSTED", "node n4", "192.168.0.0/22", "4 subnets of length 24",
                       "all are taken")
    with Plan() as plan:
        plan.node_delete("n2")
        plan.apply(nb)
    with Plan() as plan:
        plan.node_add("n4")
        plan.apply(nb)
        assert plan.node_subnet("n4") == "192.168.2.0/24"


def test_a_plan_for_more_nodes_than_there_are_subnets_adds_none(database, nb):
    with Plan() as plan:
        plan.cluster_add("master", "192.168.0.0/22,fd01::/48")
        for i in range(5):
            plan.node_add(f"n{i}")
        assert_refused(database, nb, plan, "EXHAUSTED", "node n4", "192.168.0.0/22", "all are taken")


def test_a_node_without_a_free_address(database, nb):
    with Plan() as plan:
        plan.cluster_add("master", "192.168.0.0/22")
        plan.node_add("n1", "192.168.1.0/28")
        for i in range(12):
            plan.port_add(f"pod-{i}", "n1")
        plan.apply(nb)
    with Plan() as plan:
        plan.port_add("more", "n1")
        assert_refused(database, nb, plan, "EXHAUSTED", "default/more", "192.168.1.0/28", "node n1", "all 12 addresses")
    with Plan() as plan:
        plan.port_delete("pod-5", "n1")
        plan.apply(nb)
    with Plan() as plan:
        plan.port_add("more", "n1")
        plan.apply(nb)
        assert plan.port_addresses("more") == "192.168.1.8/28"
