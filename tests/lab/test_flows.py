"""The gateway helper on a real bridge: its flows come back whatever happens, and disturb neither the host nor other flows."""
import contextlib
import socket
import threading
import time

import pytest

from flows import BRIDGE, COOKIE, FLAGS, LOG, NIC, PATCH, PID, PROGRAM, SERVICES, Helper, dump, has, own_flows, \
    plug_patch, service, tell_api_server, wait_for_flows
from host import wait_for
from overlay import assert_refused

ECHO = """
import socket, threading
def echo(connection):
    while data := connection.recv(65536):
        connection.sendall(data)
server = socket.create_server(("0.0.0.0", 7007))
while True:
    threading.Thread(target=echo, args=(server.accept()[0],), daemon=True).start()
"""


@pytest.fixture(scope="module")
def node(cluster):
    node = cluster.nodes[0]
    plug_patch(node)
    tell_api_server(cluster, node)
    return node


@pytest.fixture
def helper(node):
    """The helper, running during one test, after which its flows are gone."""
    with Helper(node) as running:
        yield running
    node.run([PROGRAM, *FLAGS, "--remove"])


def restart_vswitchd(node):
    node.kill_and_restart("/run/openvswitch/ovs-vswitchd.pid")


# --- What is there

def test_a_dry_run_prints_the_flows_and_changes_nothing(node):
    before = dump(node)
    printed = node.output([PROGRAM, *FLAGS, "--dry-run"]).splitlines()
    assert dump(node) == before
    with Helper(node) as helper:
        assert sorted(line.replace(PATCH, PATCH[:15]) for line in printed) == own_flows(node)
        helper.stop()
    assert node.output([PROGRAM, *FLAGS, "--remove"]) == f"{len(printed)} flows deleted"
    assert dump(node) == before


def test_flows_stay_and_the_second_start_sends_nothing(node, helper):
    before = own_flows(node)
    helper.stop()
    assert own_flows(node) == before
    helper.start()
    helper.settle()
    assert helper.status()["bundles"] == "0"


@pytest.mark.parametrize("version", ["OpenFlow14", "OpenFlow15"])
def test_either_version_of_openflow(node, version):
    node.run(["ovs-vsctl", "set", "Bridge", BRIDGE, f"protocols=OpenFlow10,{version}"])
    try:
        with Helper(node) as helper:
            node.run(["ovs-ofctl", "del-flows", BRIDGE, "table=1"])
            wait_for_flows(node, helper.wanted())
            helper.stop()
            helper.start()
            helper.settle()
            assert helper.status()["bundles"] == "0"
    finally:
        node.run(["ovs-vsctl", "clear", "Bridge", BRIDGE, "protocols"])
        node.run([PROGRAM, *FLAGS, "--remove"])


# --- Others

def test_flows_of_others_survive(node, helper):
    foreign = ["cookie=0x5,priority=100,tcp,in_port=eth0,tp_dst=9999,actions=drop", "table=1,priority=7,actions=NORMAL"]
    for flow in foreign:
        node.run(["ovs-ofctl", "add-flow", BRIDGE, flow])
    before = [flow for flow in dump(node) if flow not in own_flows(node)]
    assert len(before) == 3  # the bridge's own is one of them
    node.run(["ovs-ofctl", "del-flows", BRIDGE, COOKIE])
    wait_for_flows(node, helper.wanted())
    helper.stop()
    node.run([PROGRAM, *FLAGS, "--remove"])
    assert dump(node) == before
    node.run(["ovs-ofctl", "del-flows", BRIDGE, "cookie=0x5/-1"])
    node.run(["ovs-ofctl", "--strict", "del-flows", BRIDGE, "table=1,priority=7"])


def test_a_foreign_flow_for_the_same_packets_is_left_alone(cluster, node, helper):
    node.run(["ovs-ofctl", "add-flow", BRIDGE, "cookie=0x5,priority=100,tcp,in_port=eth0,tp_dst=30999,actions=NORMAL"])
    with service(cluster, "taken", type="NodePort", ports=[{"port": 80, "nodePort": 30999}]):
        wait_for("the other family", lambda: has(node, "tcp6", "tp_dst=30999"))
        assert not has(node, "tcp", "tp_dst=30999")
        assert dump(node, "cookie=0x5/-1") == ["cookie=0x5, priority=100,tcp,in_port=eth0,tp_dst=30999 actions=NORMAL"]
        wait_for("its mention", lambda: helper.status()["foreign"] == "1")
        assert "somebody else has a flow" in node.path(LOG).read_text()
        node.run(["ovs-ofctl", "del-flows", BRIDGE, "cookie=0x5/-1"])
        wait_for("our own", lambda: has(node, "tcp", "tp_dst=30999"))


def test_deleted_flows_are_back(node, helper):
    wanted = helper.wanted()
    node.run(["ovs-ofctl", "del-flows", BRIDGE, COOKIE])
    wait_for_flows(node, wanted)
    node.run(["ovs-ofctl", "--strict", "del-flows", BRIDGE, f"priority=50,ip,in_port={NIC}"])
    wait_for_flows(node, wanted)
    node.run(["ovs-ofctl", "del-flows", BRIDGE])  # with the bridge's own, which is not ours to bring back
    wait_for_flows(node, wanted)
    node.run(["ovs-ofctl", "add-flow", BRIDGE, "priority=0,actions=NORMAL"])


@pytest.mark.parametrize("words", [
    ["-O", "OpenFlow14", "mod-flows", BRIDGE, "table=1,ct_state=+trk+est,ip,actions=drop"],
    ["add-flow", BRIDGE, "cookie=0x6f766e6b38736777,priority=77,udp,actions=drop"],
    ["add-flow", BRIDGE, "cookie=0x6f766e6b38736777,table=1,priority=0,idle_timeout=60,actions=NORMAL"]],
    ids=["modified", "added", "timeout"])
def test_flows_that_somebody_changes_are_set_right(node, helper, words):
    wanted = helper.wanted()
    node.run(["ovs-ofctl", *words])
    wait_for_flows(node, wanted)
    wait_for("peace", lambda: helper.status()["installed"] == "yes")
    assert "idle_timeout" not in node.output(["ovs-ofctl", "dump-flows", BRIDGE, COOKIE])


def test_it_does_not_act_on_its_own_changes(cluster, node, helper):
    with service(cluster, "once", type="NodePort", ports=[{"port": 80, "nodePort": 30500}]):
        wait_for("the flow", lambda: has(node, "tcp", "tp_dst=30500"))
        before = helper.status()["bundles"]
        time.sleep(0.5)
        assert helper.status()["bundles"] == before


# --- Restarts

def test_flows_are_back_after_a_restart_of_vswitchd(node, helper):
    wanted = helper.wanted()
    for _ in range(3):
        restart_vswitchd(node)
        wait_for_flows(node, wanted)


def test_a_port_that_comes_again_has_another_number(node, helper):
    node.run(["ovs-vsctl", "del-port", PATCH])
    wait_for("the trouble", lambda: "no such port" in helper.status().get("reason", ""), log=node.path(LOG))
    node.run(["ovs-vsctl", "add-port", BRIDGE, "spare", "--", "set", "Interface", "spare", "type=internal"])
    plug_patch(node)
    wait_for_flows(node, helper.wanted())
    assert "reason" not in helper.status()
    node.run(["ovs-vsctl", "del-port", "spare"])


def test_a_host_stream_survives_whatever_happens_to_the_helper(cluster, node):
    node.spawn("echo", ["python3", "-c", ECHO])
    client = wait_for("the echo server", lambda: connect(cluster.nodes[1], node))
    stop, broken = threading.Event(), []

    def stream():
        try:
            client.settimeout(10)
            while not stop.is_set():
                client.sendall(b"x" * 4096)
                left = 4096
                while left:
                    data = client.recv(left)
                    assert data, "closed"
                    left -= len(data)
        except (OSError, AssertionError) as error:
            broken.append(error)

    thread = threading.Thread(target=stream)
    thread.start()
    try:
        with Helper(node) as helper:
            time.sleep(0.5)
            helper.kill()
            time.sleep(0.5)
            helper.start()
            time.sleep(0.5)
            node.run(["ovs-ofctl", "del-flows", BRIDGE, COOKIE])
            time.sleep(0.5)
            helper.stop()
        time.sleep(0.5)
        node.run([PROGRAM, *FLAGS, "--remove"])
        time.sleep(0.5)
    finally:
        stop.set()
        thread.join()
        client.close()
    assert not broken


def connect(source, target) -> socket.socket | None:
    with contextlib.suppress(OSError):
        return source.connect(target.address, 7007)
    return None


# --- Services

def test_node_ports_follow_services(cluster, node, helper):
    ports = [{"name": "a", "port": 80, "nodePort": 30080}, {"name": "b", "port": 53, "protocol": "UDP", "nodePort": 30053},
             {"name": "c", "port": 99, "protocol": "SCTP", "nodePort": 30099}]
    before = own_flows(node)
    with service(cluster, "web", type="NodePort", ports=ports):
        wait_for("the flows", lambda: has(node, "tcp", "tp_dst=30080") and has(node, "tcp6", "tp_dst=30080"))
        for word in "udp", "udp6":
            assert has(node, word, "tp_dst=30053")
        for word in "sctp", "sctp6":
            assert has(node, word, "tp_dst=30099")
        cluster.api.request("PATCH", f"{SERVICES}/web", {"spec": {"type": "ClusterIP"}},
                            content_type="application/merge-patch+json")
        wait_for("their end", lambda: own_flows(node) == before)
    with service(cluster, "inner", type="ClusterIP", ports=[{"port": 80}]):
        time.sleep(0.3)
        assert own_flows(node) == before


def test_external_and_load_balancer_addresses(cluster, node, helper):
    before = own_flows(node)
    with service(cluster, "balanced", type="LoadBalancer", externalIPs=["192.0.2.7"], ports=[{"port": 443, "nodePort": 30443}]):
        wait_for("the external IP", lambda: has(node, "tcp", "nw_dst=192.0.2.7", "tp_dst=443"))
        cluster.api.request("PATCH", f"{SERVICES}/balanced/status", {"status": {"loadBalancer": {"ingress": [
            {"ip": "192.0.2.8"}, {"ip": "2001:db8::8"}, {"ip": "192.0.2.9", "ipMode": "Proxy"}, {"hostname": "lb.example"}]}}},
            content_type="application/merge-patch+json")
        wait_for("the load balancer's", lambda: has(node, "tcp", "nw_dst=192.0.2.8", "tp_dst=443"))
        assert has(node, "tcp6", "ipv6_dst=2001:db8::8", "tp_dst=443")
        assert has(node, "tcp", "tp_dst=30443")
        assert "192.0.2.9" not in " ".join(own_flows(node))
    wait_for("their end", lambda: own_flows(node) == before)


def test_services_that_went_while_the_helper_was_away(cluster, node, helper):
    with service(cluster, "gone", type="NodePort", ports=[{"port": 80, "nodePort": 30600}]):
        wait_for("the flow", lambda: has(node, "tcp", "tp_dst=30600"))
        helper.stop()
    assert has(node, "tcp", "tp_dst=30600")
    helper.start()
    wait_for("its end", lambda: not has(node, "tcp", "tp_dst=30600"))


def test_without_the_api_server_flows_stay_and_come_back(cluster, node, helper):
    with service(cluster, "lasting", type="NodePort", ports=[{"port": 80, "nodePort": 30700}]):
        wait_for("the flow", lambda: has(node, "tcp", "tp_dst=30700"))
        wanted = helper.wanted()
        server = cluster.api.server
        server.host.run(["kill", "-STOP", str(server.pid)])
        try:
            node.run(["ovs-ofctl", "del-flows", BRIDGE, COOKIE])
            wait_for_flows(node, wanted)
            restart_vswitchd(node)
            wait_for_flows(node, wanted)
            # One that starts now knows of no Service, and leaves what is there.
            helper.kill()
            node.run(["ovs-ofctl", "--strict", "del-flows", BRIDGE, f"priority=50,ip,in_port={NIC}"])
            starting = node.popen([PROGRAM, *FLAGS, "--pidfile", "--detach", "--timeout=3", "-vconsole:off"])
            wait_for_flows(node, wanted)
            assert starting.wait(10) == 0
            helper.pid = node.path(PID).read_text().strip()
            assert own_flows(node) == wanted
        finally:
            server.host.run(["kill", "-CONT", str(server.pid)])
        wait_for("the services", lambda: helper.status()["synced"] == "yes")
        assert own_flows(node) == wanted


# --- Bad input

@pytest.mark.parametrize("words, status, said", [
    (["--physical-interface=eth0"], 2, ["--physical-bridge is missing"]),
    ([f"--physical-bridge={BRIDGE}"], 2, ["--physical-interface is missing"]),
    ([*FLAGS, "--dry-run", "--remove"], 2, ["exclude"]),
    (["--physical-bridge=nobr", "--physical-interface=eth0", "--timeout=5"], 1, ["nobr.mgmt", "No such file"]),
    (["--physical-bridge=../x", "--physical-interface=eth0"], 1, ["../x"]),
    ([f"--physical-bridge={BRIDGE}", "--physical-interface=eth9"], 1, ["eth9", "no such port"]),
    ([f"--physical-bridge={BRIDGE}", f"--physical-interface={PATCH}"], 1, ["physical port"]),
    ([*FLAGS, "--conntrack-zone=70000"], 1, ["conntrack-zone", "65535"]),
    ([*FLAGS, "--kubeconfig=/nowhere"], 1, ["/nowhere"])],
    ids=["no-bridge", "no-nic", "both", "bridge", "path", "nic", "same", "zone", "kubeconfig"])
def test_refused(node, words, status, said):
    before = dump(node)
    assert_refused(node.run([PROGRAM, *words, "-vconsole:off"], check=False), f"{PROGRAM}: ", *said, status=status)
    assert dump(node) == before
