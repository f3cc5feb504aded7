"""Networks without a cluster, in a real Northbound database: many who come and go at once."""
import pytest

from library import Error, Northbound, Plan
from northbound import Database, elements, owned
from test_writers import assert_different, at_once, names

HOSTS, CONTAINERS = 12, 6
SUBNET = "10.88.0.0/16,fd88::/64"


@pytest.fixture
def database(tmp_path):
    with Database.start(tmp_path) as database:
        yield database


def attach(database, host: str, container: str, network: str = "lab", **fields) -> str:
    """What a host does: the network is made by whoever comes first. The addresses that were given."""
    with Northbound(database.remote, timeout_ms=30000) as nb, Plan() as plan:
        plan.network_add(network, SUBNET)
        plan.attachment_add(network, host, container, **fields)
        plan.apply(nb)
        return plan.attachment_addresses(network, host, container)


def detach(database, host: str, container: str, network: str = "lab"):
    with Northbound(database.remote, timeout_ms=30000) as nb, Plan() as plan:
        plan.attachment_delete(network, host, container)
        plan.apply(nb)


def test_the_first_ones_all_make_the_network(database):
    given = at_once(lambda i: [attach(database, f"h{i}", f"c{j}") for j in range(CONTAINERS)], HOSTS)
    addresses = [address for one in given for pair in one for address in pair.split(",")]
    assert len(addresses) == 2 * HOSTS * CONTAINERS
    assert_different(addresses)
    assert names(database, "Logical_Switch") == ["lab"]
    ports = owned(database.dump())["Logical_Switch_Port"]
    assert len(ports) == HOSTS * CONTAINERS
    assert sorted(port["addresses"].split(" ", 1)[1].replace(" ", ",") for port in ports.values()) == \
        sorted(pair.replace("/16", "").replace("/64", "") for one in given for pair in one)
    assert given == at_once(lambda i: [attach(database, f"h{i}", f"c{j}") for j in range(CONTAINERS)], HOSTS)


def test_those_who_come_and_go_leave_nothing(database):
    def run(i):
        for j in range(CONTAINERS):
            attach(database, f"h{i}", f"c{j}")
            detach(database, f"h{i}", f"c{j}")
            detach(database, f"h{i}", f"c{j}")

    at_once(run, HOSTS)
    rows = owned(database.dump())
    assert "Logical_Switch_Port" not in rows
    switch, = rows["Logical_Switch"].values()
    assert switch["name"] == "lab" and not elements(switch["ports"])
    with Northbound(database.remote) as nb, Plan() as plan:
        plan.network_delete("lab")
        assert plan.apply(nb) == 2
    assert not any(owned(database.dump()).values())


def test_one_address_is_wished_for_by_many(database):
    def run(i):
        try:
            return attach(database, f"h{i}", "c", addresses="10.88.0.77")
        except Error as error:
            assert error.code == "EXISTS" and "10.88.0.77" in str(error) and "lab/h" in str(error)

    assert [one.split(",")[0] for one in at_once(run, HOSTS) if one] == ["10.88.0.77/16"]


def test_routed_networks_that_overlap_are_added_at_once(database):
    def run(i):
        with Northbound(database.remote, timeout_ms=30000) as nb, Plan() as plan:
            plan.network_add(f"n{i}", f"10.{i // 2}.0.0/16", is_routed=1)
            try:
                return plan.apply(nb)
            except Error as error:
                assert error.code == "EXISTS" and "both are routed" in str(error)

    assert len([n for n in at_once(run, HOSTS) if n]) == HOSTS // 2
    assert len(names(database, "Logical_Router_Port")) == HOSTS // 2
    assert names(database, "Logical_Router") == ["networks"]


def test_a_network_that_is_used_just_now_is_not_deleted(database):
    def run(i):
        with Northbound(database.remote, timeout_ms=30000) as nb, Plan() as plan:
            if i % 2:
                return attach(database, f"h{i}", "c")
            plan.network_delete("lab")
            try:
                plan.apply(nb)
            except Error as error:
                assert error.code == "EXISTS" and "still there" in str(error)

    attach(database, "h", "c")
    detach(database, "h", "c")
    at_once(run, HOSTS)
    switch, = owned(database.dump())["Logical_Switch"].values()
    assert len(elements(switch["ports"])) == HOSTS // 2


def test_a_switch_of_somebody_else_is_left_alone(database):
    database.transact({"op": "insert", "table": "Logical_Switch", "row": {"name": "lab"}})
    with pytest.raises(Error, match="Logical_Switch lab: there is one of this name that belongs to somebody else"):
        attach(database, "h", "c")


def test_a_network_beside_a_cluster_is_no_difference(database):
    with Northbound(database.remote) as nb, Plan() as plan:
        plan.cluster_add("master", "192.168.0.0/16")
        plan.node_add("n1")
        plan.network_add("n1-net", "10.1.0.0/24", is_routed=1)
        plan.attachment_add("n1-net", "h1", "c1")
        plan.port_add("web", "n1")
        plan.apply(nb)
    with Northbound(database.remote) as nb, Plan() as plan:
        plan.repair()
        assert plan.compute(nb) == 0, plan.text
        plan.cluster_delete(force=True)
        plan.apply(nb)
    assert names(database, "Logical_Switch") == ["n1-net"]
    assert attach(database, "h1", "c2", "n2-net")
