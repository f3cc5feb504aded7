"""Gateways that share their NIC with the host, set up by the programs in the order in which an operator does it."""
import contextlib
import itertools

import pytest

from flows import tell_api_server
from host import wait_for
from outside import ADDRESSES, ASKER, BEYOND, PORT, TELLER, Outside, seen
from overlay import CLUSTER_SUBNET, Pod
from services import Service, differences, endpoint

BRIDGE, NIC, NODE_PORT = "breth1", "eth1", 30080
TELLER_PORTS = [9090, 31234]  # the second is one that could be a NodePort
HELPER = ["ovn-k8s-gateway-helper", f"--physical-bridge={BRIDGE}", f"--physical-interface={NIC}"]
SERVER = """
import socket, sys
server = socket.create_server(("", int(sys.argv[2])))
print("ready", flush=True)
while True:
    with server.accept()[0] as connection:
        connection.sendall(sys.argv[1].encode())
"""
CLIENT = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), 5) as connection:
    print(connection.recv(100).decode(), end="")
"""


def serve(host, name: str, port: int, where=()):
    daemon = host.spawn(f"server-{name}", [*where, "python3", "-c", SERVER, name, str(port)])
    wait_for(name, lambda: "ready" in daemon.log.read_text(), log=daemon.log)


def ask(host, address: str, port: int) -> str:
    return host.run(["python3", "-c", CLIENT, address, str(port)]).stdout


def address_of(node) -> str:
    """The node's, outside."""
    return f"10.33.74.{node.number}"


@pytest.fixture(scope="module")
def outside(overlay):
    host = Outside.start("outside", overlay.folder / "outside")
    host.lay()
    for node in overlay.nodes:
        host.plug(node)
    yield host
    host.stop()


@contextlib.contextmanager
def bridge(node):
    """The node's address outside, on a NIC that was moved onto a bridge; it is back in the end."""
    mine = f"{address_of(node)}/24"
    node.run(["ip", "-batch", "-"], input=f"link set {NIC} up\naddress add {mine} dev {NIC}\n")
    node.run(["ovn-k8s-util", "nics-to-bridge", NIC])
    # A datapath in userspace leaves the kernel its own copy of what comes in at the NIC: it shall not answer to it.
    node.run(["ip", "link", "set", NIC, "address", f"02:00:00:00:99:{node.number:02x}", "arp", "off"])
    yield
    node.run(["ovn-k8s-util", "bridges-to-nic", BRIDGE])
    assert mine in node.output(["ip", "-brief", "address", "show", "dev", NIC])


@contextlib.contextmanager
def gateway(overlay, node):
    """The node as a gateway, with the helper."""
    with bridge(node):
        node.run(["ovn-k8s-overlay", "gateway-init", f"--cluster-ip-subnet={CLUSTER_SUBNET}", f"--node-name={node.name}",
                  f"--bridge-interface={BRIDGE}", f"--physical-ip={address_of(node)}/24", f"--default-gw={ADDRESSES[4]}",
                  "--wait=hv"])
        tell_api_server(overlay, node)
        node.run([*HELPER, "--pidfile", "--log-file", "-vconsole:emer", "--detach"])
        yield
        node.run(["ovs-appctl", "-t", "ovn-k8s-gateway-helper", "exit"])
        node.run([*HELPER, "--remove"])
        node.run(["ovn-k8s-overlay", "gateway-del", node.name])


@pytest.fixture(scope="module")
def gateways(overlay, outside):
    """Both nodes."""
    first, second = overlay.nodes
    with gateway(overlay, first), gateway(overlay, second):
        yield overlay.nodes


@pytest.fixture
def pods(overlay, watcher, gateways):
    """One on each node."""
    made = [Pod(overlay, name, node) for name, node in zip(["web", "db"], overlay.nodes)]
    for pod in made:
        pod.wait_for_annotation()
        pod.plug()
        serve(pod.node, pod.name, PORT, where=["ip", "netns", "exec", pod.name])
    yield made
    for pod in made:
        pod.cni("del")
        pod.netns.delete()
        pod.delete()


def test_everybody_gets_what_is_meant_for_them(overlay, outside, gateways, pods):
    for pod in pods:  # are seen by the address of a gateway
        wait_for("the pod to reach the outside",
                 lambda: pod.netns.run(["ping", "-c", "1", "-W", "1", BEYOND[4]], check=False).returncode == 0)
        assert set(seen(pod, 4, 10)) <= {address_of(node) for node in gateways}
    for node in gateways:
        serve(node, f"host-{node.name}", PORT)
        node.run(["ping", "-c", "2", "-i", "0.2", "-w", "10", ADDRESSES[4]])
    for number, (node, pod) in enumerate(zip(gateways, reversed(pods))):  # the pod is on the other node each time
        ports = [{"name": name, "protocol": "TCP", "port": port, "targetPort": PORT, "nodePort": NODE_PORT + 2 * number + i}
                 for i, (name, port) in enumerate([("pod", 80), ("host", 81)])]
        with Service(overlay.api, f"web-{number}", ports, type="NodePort") as web:
            web.slice("pod", [endpoint(pod.address, pod.node.name)], [{"name": "pod", "protocol": "TCP", "port": PORT}])
            web.slice("host", [endpoint(address_of(pod.node))], [{"name": "host", "protocol": "TCP", "port": PORT}])
            wait_for("the rows of the service", lambda: not differences(overlay.api, overlay.central))
            overlay.central.run(["ovn-nbctl", "--timeout=60", "--wait=hv", "sync"])
            wait_for("the flows of the NodePorts", lambda: f"tp_dst={web.node_port(1)}" in node.output(
                ["ovs-ofctl", "dump-flows", BRIDGE]))
            for _ in range(5):
                assert ask(outside, address_of(node), web.node_port()) == pod.name
                assert ask(outside, address_of(node), PORT) == f"host-{node.name}"
                for client in pods:
                    assert ask(client.netns, address_of(node), web.node_port()) == pod.name
            assert ask(outside, address_of(node), web.node_port(1)) == f"host-{pod.node.name}"
    assert overlay.central.run(["ovn-k8s-overlay", "check"]).returncode == 0


def test_pods_reach_hosts(overlay, gateways, pods):
    """The host that they are on, and the other one, which see the pod's own address. Others of the same network by SNAT."""
    for node in gateways:
        for port in TELLER_PORTS:
            daemon = node.spawn(f"teller-{port}", ["python3", "-c", TELLER.format(port=port)])
            wait_for("the host to listen", lambda: f":{port}" in node.output(["ss", "-Hltn"]), log=daemon.log)
    for node in overlay.nodes:
        node.run(["bash", "-c", "for rule in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 >$rule; done"])  # strict
    for pod in pods:
        for node, port in itertools.product(gateways, TELLER_PORTS):
            told = pod.netns.run(["python3", "-c", ASKER.format(port=port), address_of(node), "10"]).stdout
            assert set(told.split()) == {pod.address}
        wait_for("the pod to reach a host that is no gateway",
                 lambda: pod.netns.run(["ping", "-c", "1", "-W", "1", ADDRESSES[4]], check=False).returncode == 0)
        assert set(seen(pod, 4, 10)) <= {address_of(node) for node in gateways}
