"""Health checks of Services (healthCheckNodePort), as a load balancer outside asks for them at the address of each gateway.

The test writes EndpointSlices itself, as Kubernetes' controller would; no pod needs to run.
"""
import contextlib
import http.client
import json

import pytest

from gateways import HELPER, address_of, gateway, outside_of
from host import wait_for
from overlay import DUAL_SUBNET, set_up_dual_stack
from services import Service, endpoint

PROGRAM = "ovn-k8s-gateway-helper"
LOG, PID = f"/var/log/openvswitch/{PROGRAM}.log", f"/run/openvswitch/{PROGRAM}.pid"
PORTS = [{"protocol": "TCP", "port": 80, "targetPort": 8080}]
LOCAL = {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}
FAMILIES = pytest.mark.parametrize("family", [4, 6], ids=["ipv4", "ipv6"])
SILENCE = 10  # seconds
SQUATTER = """
import socket, sys
server = socket.create_server(("", int(sys.argv[1])))
print("ready", flush=True)
server.accept()
"""


@pytest.fixture(scope="module")
def overlay(cluster):
    set_up_dual_stack(cluster)
    return cluster


@pytest.fixture(scope="module")
def outside(overlay):
    """A host outside, with both nodes as gateways to it."""
    first, second = overlay.nodes
    with outside_of(overlay) as host, gateway(overlay, first, DUAL_SUBNET), gateway(overlay, second, DUAL_SUBNET):
        yield host


@pytest.fixture
def shop(overlay, outside):
    """A Service with a health check, and no endpoints yet."""
    with Service(overlay.api, "shop", PORTS, **LOCAL) as made:
        yield made


def check_port(service) -> int:
    return service.spec["healthCheckNodePort"]


def ask(outside, node, port: int, family: int = 4, path="/", method="GET") -> http.client.HTTPResponse | None:
    """The answer of a node to the outside; None where nobody listens."""
    client = http.client.HTTPConnection(address_of(node, family), port)
    try:
        client.sock = outside.connect(client.host, port)
        client.request(method, path)
        answer = client.getresponse()
        answer.body = answer.read().decode()
        return answer
    except (ConnectionError, http.client.BadStatusLine):
        return None
    finally:
        client.close()


def status(*words, **more) -> int | None:
    answer = ask(*words, **more)
    return answer.status if answer else None


def wait_for_status(wanted: int | None, outside, node, port, family: int = 4):
    wait_for(f"{wanted} from {node.name}", lambda: status(outside, node, port, family) == wanted, log=node.path(LOG))


def control(node, command: str) -> list[str]:
    return node.output(["ovs-appctl", "-t", PROGRAM, command]).splitlines()


@FAMILIES
def test_answers_follow_the_endpoints(overlay, outside, shop, family):
    near, far = overlay.nodes
    port = check_port(shop)
    for node in overlay.nodes:
        wait_for_status(503, outside, node, port, family)
    shop.slice("v4", [endpoint("192.168.2.9", near.name), endpoint("192.168.2.10", near.name)])
    wait_for_status(200, outside, near, port, family)
    assert status(outside, far, port, family) == 503
    shop.slice("v4", [endpoint("192.168.2.9", near.name, ready=False, terminating=True), endpoint("192.168.3.9", far.name)])
    wait_for_status(503, outside, near, port, family)  # though it serves to the last
    wait_for_status(200, outside, far, port, family)
    shop.slice("v4", [endpoint("192.168.2.9", near.name)])
    wait_for_status(200, outside, near, port, family)
    wait_for_status(503, outside, far, port, family)
    shop.delete_slice("v4")
    wait_for_status(503, outside, near, port, family)
    shop.patch(externalTrafficPolicy="Cluster")
    for node in overlay.nodes:
        wait_for_status(None, outside, node, port, family)


def test_what_is_answered(overlay, outside, shop):
    near, far = overlay.nodes
    shop.slice("v4", [endpoint("192.168.2.9", near.name), endpoint("192.168.2.10", near.name)])
    wait_for_status(200, outside, near, check_port(shop))
    wait_for_status(503, outside, far, check_port(shop))
    for node, n in (near, 2), (far, 0):
        for path in "/", "/healthz", "/any/thing?x=%00":
            answer = ask(outside, node, check_port(shop), path=path)
            assert answer.headers["Content-Type"] == "application/json"
            assert answer.headers["X-Load-Balancing-Endpoint-Weight"] == str(n)
            assert json.loads(answer.body) == {"service": {"namespace": "default", "name": "shop"}, "localEndpoints": n,
                                               "serviceProxyHealthy": True}
    assert ask(outside, near, check_port(shop), method="HEAD").body == ""
    assert status(outside, near, check_port(shop), method="POST") == 405


def test_several_services_come_and_go(overlay, outside):
    near = overlay.nodes[0]
    with contextlib.ExitStack() as stack:
        made = [stack.enter_context(Service(overlay.api, f"many{i}", PORTS, **LOCAL)) for i in range(5)]
        for service in made[:3]:
            service.slice("v4", [endpoint("192.168.2.9", near.name)])
        for i, service in enumerate(made):
            wait_for_status(200 if i < 3 else 503, outside, near, check_port(service))
        assert "health-checks: 5" in control(near, "status")
        ports = [check_port(service) for service in made]
    for port in ports:
        wait_for_status(None, outside, near, port)
    assert "health-checks: 0" in control(near, "status")
    with Service(overlay.api, "heir", PORTS, **LOCAL, healthCheckNodePort=ports[0]) as heir:
        wait_for_status(503, outside, near, ports[0])
        assert json.loads(ask(outside, near, ports[0]).body)["service"]["name"] == "heir"
        assert check_port(heir) == ports[0]


@pytest.mark.parametrize("end", [["ovs-appctl", "-t", PROGRAM, "exit"], None], ids=["told to exit", "killed"])
def test_a_restart_tells_nobody_that_there_are_no_endpoints(overlay, outside, shop, end):
    near = overlay.nodes[0]
    port = check_port(shop)
    shop.slice("v4", [endpoint("192.168.2.9", near.name)])
    wait_for_status(200, outside, near, port)
    pid = near.path(PID).read_text().strip()
    near.run(end or ["kill", "-9", pid])
    wait_for("the helper's end", lambda: not near.runs(pid))
    assert status(outside, near, port) is None
    near.run([*HELPER, "--pidfile", "--log-file", "-vconsole:emer", "--detach"])
    told = []
    wait_for("an answer", lambda: told.append(status(outside, near, port)) or told[-1], log=near.path(LOG))
    assert told[-1] == 200


def test_a_port_that_is_taken(overlay, outside):
    near, far = overlay.nodes
    port = 32111
    squatter = near.spawn("squatter", ["python3", "-c", SQUATTER, str(port)])
    wait_for("the squatter", lambda: "ready" in squatter.log.read_text(), log=squatter.log)
    why = f"default/unlucky: listening at port {port}: Address already in use"
    with Service(overlay.api, "unlucky", PORTS, **LOCAL, healthCheckNodePort=port):
        wait_for_status(503, outside, far, port)
        wait_for("the trouble to be told", lambda: f"unanswered: {why}" in control(near, "status"), log=near.path(LOG))
        squatter.kill()
        wait_for("another try", lambda: status(outside, near, port) == 503, timeout=120, log=near.path(LOG))
        assert not [line for line in control(near, "status") if line.startswith("unanswered")]
        assert near.path(LOG).read_text().count(why) == 1


def test_who_is_silent_is_cut_off(overlay, outside, shop):
    near = overlay.nodes[0]
    shop.slice("v4", [endpoint("192.168.2.9", near.name)])
    wait_for_status(200, outside, near, check_port(shop))
    clients = [outside.connect(address_of(near), check_port(shop), 4 * SILENCE) for _ in range(30)]
    assert "health-checks: 1" in control(near, "status")  # nobody is held up
    for client in clients:
        with contextlib.suppress(ConnectionError):
            assert client.recv(1) in (b"", b"H")  # the end, or a word on the timeout before it
        client.close()
    wait_for_status(200, outside, near, check_port(shop))


def test_what_was_known_last_counts_while_the_api_server_is_away(overlay, outside, shop):
    near = overlay.nodes[0]
    shop.slice("v4", [endpoint("192.168.2.9", near.name)])
    wait_for_status(200, outside, near, check_port(shop))
    before = near.path(LOG).read_text().count(overlay.api.url)
    overlay.api.server.kill()
    wait_for("the loss to be told", lambda: near.path(LOG).read_text().count(overlay.api.url) > before, log=near.path(LOG))
    assert status(outside, near, check_port(shop)) == 200
    overlay.api.start_server()
    overlay.api.wait_until_it_answers()
    shop.delete_slice("v4")
    wait_for_status(503, outside, near, check_port(shop))
