"""Services: packets to every kind of address, from pods, from nodes and from outside, find the right endpoint."""
import pytest

from host import wait_for
from library import Error, Northbound, Plan
from northbound import Database
from outside import ADDRESSES
from test_gateway import address_of, gateway_words, run, network, outside, overlay  # noqa: F401
from test_northd import HV, Pod
from test_schemas import older

PORT = 8080
# Tells by TCP and UDP who it is, and by which address it sees the client.
SERVER = f"""
import socket, sys, threading
name = sys.argv[1]
udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
udp.bind(("::", {PORT}))
tcp = socket.create_server(("::", {PORT}), family=socket.AF_INET6, dualstack_ipv6=True, backlog=100)
words = lambda address: (name + " " + address[0].removeprefix("::ffff:")).encode()
def serve():
    while True:
        _, address = udp.recvfrom(100)
        udp.sendto(words(address), address)
threading.Thread(target=serve, daemon=True).start()
while True:
    client, address = tcp.accept()
    client.sendall(words(address))
    client.close()
"""
# Prints what it is told, or why it is told nothing, once for each connection.
CLIENT = """
import socket, sys
address, port, kind, times = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
for _ in range(times):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        try:
            client.connect((address, port))
            if kind == "udp":
                client.send(b"?")
            print(client.recv(100).decode() or "nothing")
        except OSError as error:
            print(type(error).__name__)
"""
REFUSED = {"ConnectionRefusedError"}
CLUSTER_IPS = {4: "10.96.0.10", 6: "fd96::10"}


def ask(client, address: str, port: int, kind: str = "tcp", times: int = 12) -> set[str]:
    """All that a client is told by a service."""
    return set(client.run(["python3", "-c", CLIENT, address, str(port), kind, str(times)]).stdout.splitlines())


def names(answers: set[str]) -> set[str]:
    return {answer.split()[0] for answer in answers}


@pytest.fixture(scope="module")
def gateways(overlay, outside):  # noqa: F811
    """Both nodes."""
    for node in overlay.nodes:
        run(node, *gateway_words(node, "physical"), "--wait=hv")
    return overlay.nodes


@pytest.fixture(scope="module")
def pods(overlay, network, gateways):  # noqa: F811
    """By name: a server and a client on each node."""
    placed = {f"{kind}{i + 1}": node for i, node in enumerate(overlay.nodes) for kind in ("server", "client")}
    plan = network.do(*(("port_add", name, node.name) for name, node in placed.items()), wait=HV)
    found = {name: Pod(network, name, node, plan) for name, node in placed.items()}
    for name in "server1", "server2":
        pod = found[name]
        pod.node.spawn(name, ["ip", "netns", "exec", name, "python3", "-c", SERVER, name])
        wait_for(f"{name} to listen", lambda: f":{PORT}" in pod.netns.run(["ss", "-Hltn"]).stdout)
    for pod in found.values():
        for server in "server1", "server2":
            wait_for(f"{pod.name} to reach {server}", lambda: pod.reaches(found[server], 1))
    return found


@pytest.fixture
def state(network, pods):  # noqa: F811
    """States the service "web", which goes in the end."""
    def service(port: int = 80, kinds=("tcp",), servers=("server1", "server2"), node_port: int = 0, **fields):
        ends = [{"address": address, "port": PORT, "node": pods[name].node.name}
                for name in servers for address in pods[name].addresses]
        ports = [{"protocol": kind, "port": port, "node_port": node_port, "endpoints": ends} for kind in kinds]
        with Plan() as plan:
            plan.service_add("web", ports, **{"cluster_ips": ",".join(CLUSTER_IPS.values()), **fields})
            plan.apply(network.nb, wait=HV)
    network.complaints()
    yield service
    with Plan() as plan:
        plan.service_delete("web")
        plan.apply(network.nb, wait=HV)
    assert network.complaints() == []


@pytest.mark.parametrize("family", CLUSTER_IPS)
@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_a_cluster_ip_from_pods(state, pods, family, kind):
    state(kinds=["tcp", "udp"])
    for name in "client1", "client2":
        answers = ask(pods[name].netns, CLUSTER_IPS[family], 80, kind, 24)
        assert names(answers) == {"server1", "server2"}
        assert {answer.split()[1] for answer in answers} == {pods[name].addresses[0 if family == 4 else 1]}


def test_an_endpoint_reaches_itself(state, pods):
    state(servers=["server1"])
    for address in CLUSTER_IPS.values():
        assert names(ask(pods["server1"].netns, address, 80)) == {"server1"}


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_without_endpoints_connections_are_refused(state, pods, gateways, outside, kind):  # noqa: F811
    state(kinds=["tcp", "udp"], servers=[], node_port=30080)
    for address in CLUSTER_IPS.values():
        assert ask(pods["client1"].netns, address, 80, kind, 2) == REFUSED
    for family in CLUSTER_IPS:
        assert ask(outside, address_of(gateways[1], family), 30080, kind, 2) == REFUSED


def test_sessions_stick(state, pods):
    state(affinity_s=60)
    for name in "client1", "client2":
        for address in CLUSTER_IPS.values():
            assert len(ask(pods[name].netns, address, 80, times=24)) == 1


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_node_ports(state, pods, gateways, outside, kind):  # noqa: F811
    state(kinds=["tcp", "udp"], node_port=30080)
    for client in outside, pods["client1"].netns, pods["client2"].netns:
        for node in gateways:
            for family in CLUSTER_IPS:
                assert names(ask(client, address_of(node, family), 30080, kind, 24)) == {"server1", "server2"}


def test_external_addresses(state, pods, gateways, outside):  # noqa: F811
    state(external_ips="198.51.100.7", load_balancer_ips="198.51.100.8")
    outside.run(["ip", "route", "replace", "198.51.100.0/24", "via", address_of(gateways[0], 4)])
    for client in outside, pods["client1"].netns:
        for address in "198.51.100.7", "198.51.100.8":
            assert names(ask(client, address, 80, times=24)) == {"server1", "server2"}


def test_internal_traffic_that_is_local(state, pods):
    state(internal_local=True)
    for i in "12":
        for address in CLUSTER_IPS.values():
            assert names(ask(pods[f"client{i}"].netns, address, 80)) == {f"server{i}"}
    state()
    assert names(ask(pods["client1"].netns, CLUSTER_IPS[4], 80, times=24)) == {"server1", "server2"}


def test_external_traffic_that_is_local_keeps_the_client(state, pods, gateways, outside):  # noqa: F811
    """Both are gateways, and share what leaves the cluster; but replies go by the one that was asked."""
    state(external_local=True, node_port=30080)
    for i, node in enumerate(gateways):
        for family in CLUSTER_IPS:
            assert ask(outside, address_of(node, family), 30080, times=24) == {f"server{i + 1} {ADDRESSES[family]}"}
            assert names(ask(pods["client1"].netns, address_of(node, family), 30080, times=24)) == {"server1", "server2"}
    state(external_local=True, node_port=30080, servers=["server1"])
    assert ask(outside, address_of(gateways[1], 4), 30080, times=1) == REFUSED


def test_check_knows_of_groups(state, overlay):  # noqa: F811
    state(node_port=30080, external_local=True, internal_local=True)
    assert run(overlay.central, "check").returncode == 0


def test_services_on_an_old_server(tmp_path):
    """It has no groups: services are refused, and everything else does without."""
    with Database.start(tmp_path, older(tmp_path)) as database, Northbound(database.remote) as nb, Plan() as plan:
        plan.cluster_add("master", "192.168.0.0/16")
        plan.apply(nb)
        plan.service_add("web", [{"protocol": "tcp", "port": 80}], cluster_ips="10.96.0.1")
        with pytest.raises(Error, match="Load_Balancer_Group") as refused:
            plan.apply(nb)
        assert refused.value.code == "UNSUPPORTED"
