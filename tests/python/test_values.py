"""What goes in and comes out: errors, addresses, handles, logs."""
import gc
import ipaddress
import logging
import threading
import weakref

import ovnk8s
import pytest


def test_each_code_has_its_exception():
    from ovnk8s._ovnk8s import lib
    from ovnk8s.errors import _BY_CODE
    codes = {getattr(lib, name): name[len("OVNK8S_"):] for name in dir(lib)
             if name.startswith("OVNK8S_") and isinstance(getattr(lib, name), int) and getattr(lib, name) < 0}
    assert set(_BY_CODE) == set(codes)
    for code, kind in _BY_CODE.items():
        assert kind.__name__.upper() == {"NOMEM": "NOMEMORY"}.get(codes[code], codes[code])
        assert issubclass(kind, ovnk8s.Error) and kind("what").args == ("what",) and str(kind("what")) == "what"
        assert ovnk8s.error_name(code) == codes[code]


def test_an_error_has_its_story(nb):
    plan = ovnk8s.Plan()
    plan.add_node("n1")
    with pytest.raises(ovnk8s.NotFound) as caught:
        plan.apply(nb)
    assert (caught.value.stage, caught.value.object) == ("plan", "n1")
    assert caught.value.cause and str(caught.value).startswith("adding node n1: ") and caught.value.code == -4


@pytest.mark.parametrize("kind, builtin", [
    (ovnk8s.Invalid, ValueError), (ovnk8s.NoMemory, MemoryError), (ovnk8s.NotFound, LookupError),
    (ovnk8s.Timeout, TimeoutError), (ovnk8s.Unavailable, ConnectionError), (ovnk8s.Permission, PermissionError),
    (ovnk8s.System, OSError)])
def test_exceptions_of_python(kind, builtin):
    assert issubclass(kind, builtin)


def test_addresses_of_every_kind(nb):
    plan = ovnk8s.Plan()
    plan.add_cluster("m", [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd01::/48")])
    plan.add_node("n1", subnet=(ipaddress.ip_network("10.1.0.0/24"), "fd01::/64"))
    plan.add_port("default", "a", "n1", addresses=[ipaddress.ip_interface("10.1.0.9/24"), "fd01::9/64"], uid="u")
    plan.add_port("default", "b", "n1")
    assert plan.apply(nb) > 0
    assert plan.node_subnets("n1") == (ipaddress.ip_network("10.1.0.0/24"), ipaddress.ip_network("fd01::/64"))
    assert plan.port_addresses("default", "b") == (ipaddress.ip_interface("10.1.0.3/24"),
                                                   ipaddress.ip_interface("fd01::3/64"))
    assert plan.port_addresses("default", "c") is None
    topology = ovnk8s.Topology.read(nb, ports=True)
    assert [(port.pod, port.uid, port.addresses[0].ip) for port in topology.ports] == [
        ("a", "u", ipaddress.ip_address("10.1.0.9")), ("b", None, ipaddress.ip_address("10.1.0.3"))]
    with pytest.raises(ValueError):
        ovnk8s.Plan().add_node("n\0")


def test_what_was_read_can_be_added_elsewhere(cluster):
    plan = ovnk8s.Plan()
    plan.add_network("blue", "10.88.0.0/16", routed=True)
    plan.add_gateway("n1", chassis="c", interface="eth1", mac="02:00:00:00:00:05", physical_ips="10.33.74.138/24",
                     default_gateways="10.33.74.253", rampout_subnets=["192.168.1.0/25", "192.168.1.128/25"])
    plan.apply(cluster)
    topology, again = ovnk8s.Topology.read(cluster, ports=True), ovnk8s.Plan()
    topology.cluster.add_to(again)
    for one in [*topology.nodes, *topology.ports, *topology.gateways, *topology.networks]:
        one.add_to(again)
    assert again.compute(cluster) == 0
    assert topology.gateways[0].join_addresses == (ipaddress.ip_interface("100.64.1.2/24"),)
    assert topology.to_dict()["gateways"][0]["first"] is topology.gateways[0].is_first is True
    assert topology._repr_svg_().startswith("<svg") and "n1" in str(topology)


def test_a_plan_shows_itself(cluster):
    plan = ovnk8s.Plan()
    plan.delete_port("default", "web", "n1")
    assert len(plan) == 0 and str(plan) == "" and list(plan) == [] and plan
    assert plan.compute(cluster) == len(plan) > 0
    assert '- Logical_Switch_Port "default_web"' in str(plan)
    gone = next(change for change in plan if change["table"] == "Logical_Switch_Port")
    assert (gone["action"], gone["name"]) == ("delete", "default_web") and len(gone["uuid"]) == 36
    assert plan.to_dict()["owner"] == "k8s" and repr(plan) == f"<Plan of {len(plan)} changes>"


def test_closed_handles_say_so(nb):
    plan = ovnk8s.Plan()
    with plan:
        assert not plan.closed
    plan.close()
    assert plan.closed
    with pytest.raises(ValueError, match="this Plan is closed"):
        plan.add_node("n1")
    with pytest.raises(ValueError, match="this Plan is closed"):
        plan.apply(nb)
    other = ovnk8s.Plan()
    nb.close()
    with pytest.raises(ValueError, match="this Northbound is closed"):
        other.apply(nb)


def test_what_is_lent_comes_back(cluster):
    plan = ovnk8s.Plan()
    plan.add_node("n2")
    applying = plan.apply_start(cluster)
    with pytest.raises(ValueError, match="in the hands of a Apply"):
        plan.compute(cluster)
    with pytest.raises(ValueError, match="in the hands"):
        cluster.close()
    del applying  # Forgotten, not closed.
    gc.collect()
    assert plan.apply(cluster) > 0


def test_a_connection_lives_as_long_as_whoever_has_it(database):
    watcher = ovnk8s.Watcher(ovnk8s.Northbound(database.remote), ovnk8s.Kube("127.0.0.1:1"))
    gc.collect()
    watcher.step()
    assert watcher.status.pods == 0 and watcher.wakes_in is not None
    watcher.close()


@pytest.mark.parametrize("kind", ["function", "logger"])
def test_logs(kind, caplog):
    lines = []
    caplog.set_level(logging.DEBUG)
    log = logging.getLogger("lab") if kind == "logger" else lambda level, line: lines.append((level, line))
    with ovnk8s.Kube("127.0.0.1:1", log=log) as kube:
        with kube.follow("/api/v1/pods") as follower:  # Nobody serves there.
            assert kube.run(lambda: bool(lines or caplog.records), timeout=60)
            assert "/api/v1/pods" in follower.failure
    if kind == "logger":
        assert caplog.records[0].levelno >= logging.DEBUG and caplog.records[0].name == "lab"
    else:
        assert isinstance(lines[0][0], ovnk8s.LogLevel) and lines[0][1]


def test_threads_take_turns(cluster):
    """One plan in many hands: the calls of each wait for the others'."""
    plan, errors = ovnk8s.Plan(), []

    def add(first):
        try:
            for i in range(first, first + 50):
                plan.add_port("default", f"p{i}", "n1")
                plan.compute(cluster)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=add, args=(first,)) for first in (0, 50, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    plan.apply(cluster)
    assert len(ovnk8s.Topology.read(cluster, ports=True).ports) == 151


def test_timeouts_are_seconds():
    for wrong in (-1, float("nan")):
        with pytest.raises(ValueError):
            ovnk8s.Northbound("unix:/nowhere", timeout=wrong)
    with pytest.raises(ovnk8s.Timeout):
        ovnk8s.Northbound("unix:/nowhere", timeout=0)
    with pytest.raises(ovnk8s.Timeout):
        ovnk8s.Northbound("unix:/nowhere", timeout=0.001)


def test_handles_are_freed_with_the_last_reference():
    plan = ovnk8s.Plan()
    seen = weakref.ref(plan)
    del plan
    assert seen() is None
