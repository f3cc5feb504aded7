"""A gateway that shares its NIC with the host, set up by the programs in the order in which an operator does it."""
import pytest

from flows import service, tell_api_server
from host import wait_for
from outside import ADDRESSES, BEYOND, PORT, Outside, seen
from overlay import CLUSTER_SUBNET, Pod

BRIDGE, NIC, NODE_PORT = "breth1", "eth1", 30080
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
    return host.output(["python3", "-c", CLIENT, address, str(port)])


@pytest.fixture(scope="module")
def outside(overlay):
    host = Outside.start("outside", overlay.folder / "outside")
    host.lay()
    host.plug(overlay.nodes[0])
    yield host
    host.stop()


@pytest.fixture(scope="module")
def address(overlay, outside):
    """The node's address outside, on a NIC that was moved onto a bridge; it is back in the end."""
    node = overlay.nodes[0]
    mine = f"10.33.74.{node.number}"
    node.run(["ip", "-batch", "-"], input=f"link set {NIC} up\naddress add {mine}/24 dev {NIC}\n")
    node.run(["ovn-k8s-util", "nics-to-bridge", NIC])
    # A datapath in userspace leaves the kernel its own copy of what comes in at the NIC: it shall not answer to it.
    node.run(["ip", "link", "set", NIC, "address", "02:00:00:00:99:01", "arp", "off"])
    yield mine
    node.run(["ovn-k8s-util", "bridges-to-nic", BRIDGE])
    assert f"{mine}/24" in node.output(["ip", "-brief", "address", "show", "dev", NIC])


@pytest.fixture(scope="module")
def gateway(overlay, address):
    """The node as a gateway, with the helper."""
    node = overlay.nodes[0]
    node.run(["ovn-k8s-overlay", "gateway-init", f"--cluster-ip-subnet={CLUSTER_SUBNET}", f"--node-name={node.name}",
              f"--bridge-interface={BRIDGE}", f"--physical-ip={address}/24", f"--default-gw={ADDRESSES[4]}", "--wait=hv"])
    tell_api_server(overlay, node)
    node.run([*HELPER, "--pidfile", "--log-file", "-vconsole:emer", "--detach"])
    yield node
    node.run(["ovs-appctl", "-t", "ovn-k8s-gateway-helper", "exit"])
    node.run([*HELPER, "--remove"])
    node.run(["ovn-k8s-overlay", "gateway-del", node.name])


@pytest.fixture
def pod(overlay, watcher, gateway):
    """On the other node."""
    web = Pod(overlay, "web", overlay.nodes[1])
    web.wait_for_annotation()
    web.plug()
    yield web
    web.cni("del")
    web.delete()


def test_everybody_gets_what_is_meant_for_them(overlay, outside, address, gateway, pod):
    wait_for("the pod to reach the outside",
             lambda: pod.netns.run(["ping", "-c", "1", "-W", "1", BEYOND[4]], check=False).returncode == 0)
    assert seen(pod, 4, 3) == [address] * 3
    gateway.run(["ping", "-c", "2", "-i", "0.2", "-w", "10", ADDRESSES[4]])
    serve(gateway, "host", PORT)
    serve(overlay.nodes[1], "pod", PORT, where=["ip", "netns", "exec", pod.name])
    vip = f"{address}:{NODE_PORT}", f"{pod.address}:{PORT}"
    overlay.central.run(["ovn-nbctl", "--wait=hv", "lb-add", "node-port", *vip, "--",
                         "lr-lb-add", f"GR_{gateway.name}", "node-port"])
    with service(overlay, "web", type="NodePort", ports=[{"port": PORT, "nodePort": NODE_PORT}]):
        wait_for("the flow of the NodePort", lambda: f"tp_dst={NODE_PORT}" in gateway.output(
            ["ovs-ofctl", "dump-flows", BRIDGE]))
        for _ in range(5):
            assert ask(outside, address, NODE_PORT) == "pod"
            assert ask(outside, address, PORT) == "host"
    overlay.central.run(["ovn-nbctl", "lb-del", "node-port"])
    assert overlay.central.run(["ovn-k8s-overlay", "check"]).returncode == 0
