"""Each verb of cnitool on a node, with a list of version 1.1.0, as the specification's own tool calls the plugin."""
import json

import pytest

from overlay import CNI_CONF, Pod, Watcher, at_once
from snapshot import differences, snapshot

FOLDER = "/etc/newest"
CROWD, ROUNDS = 20, 10


@pytest.fixture(scope="module")
def node(overlay):
    """Has the configuration that was installed, of which the runtime takes the newest version."""
    node = overlay.nodes[0]
    conf = json.loads(node.path(CNI_CONF).read_text())
    node.write(f"{FOLDER}/10-newest.conflist", json.dumps({**conf, "cniVersion": "1.1.0"}))
    return node


@pytest.fixture(scope="module")
def pods(overlay, node):
    """Annotated pods with namespaces that wait for their eth0."""
    with Watcher(overlay.central):
        made = at_once([lambda i=i: Pod(overlay, f"tool-{i}", node) for i in range(CROWD)])
        for pod in made:
            pod.wait_for_annotation()
            assert pod.netns
    return made


@pytest.fixture(autouse=True)
def nothing_left(overlay, pods):
    """Every test ends as it began."""
    before = snapshot(overlay)
    yield
    assert differences(before, snapshot(overlay)) == []


def cnitool(pod, verb, **options):
    return pod.cni(verb, env={"NETCONFPATH": FOLDER}, **options)


def quiet(pod, verb):
    assert cnitool(pod, verb).stdout == ""


def test_each_verb(pods):
    pod = pods[0]
    given = pod.annotation()
    quiet(pod, "status")
    result = json.loads(cnitool(pod, "add").stdout)
    assert result["cniVersion"] == "1.1.0"
    assert result["interfaces"][1] == {"name": "eth0", "mac": given["mac_address"], "mtu": 1400, "sandbox": pod.netns.path}
    assert result["ips"] == [{"interface": 1, "address": given["ip_address"], "gateway": given["gateway_ip"]}]
    quiet(pod, "check")
    pod.ping("192.168.3.2")
    pod.netns.run(["ip", "route", "delete", "default"])
    broken = cnitool(pod, "check", check=False)
    assert broken.returncode == 1 and "192.168.2.1" in broken.stderr
    for _ in range(2):
        quiet(pod, "del")


def test_garbage_collection(pods):
    """cnitool knows no container that is to stay: those that it has added itself it deletes, and then lets the plugin clean."""
    for pod in pods[:2]:
        cnitool(pod, "add")
    quiet(pods[2], "gc")
    assert [pod.interface("name") for pod in pods[:2]] == ["", ""]


def test_status_without_open_vswitch(pods, node):
    node.run(["mv", "/run/openvswitch/db.sock", "/run/openvswitch/moved"])
    try:
        result = cnitool(pods[0], "status", check=False)
    finally:
        node.run(["mv", "/run/openvswitch/moved", "/run/openvswitch/db.sock"])
    assert result.returncode == 1 and "/run/openvswitch/db.sock" in result.stderr


def test_two_hundred_containers_twenty_at_once(pods):
    def come_and_go(pod):
        for _ in range(ROUNDS):
            result = json.loads(cnitool(pod, "add").stdout)
            assert result["ips"][0]["address"] == given[pod]
            quiet(pod, "del")

    given = {pod: pod.annotation()["ip_address"] for pod in pods}
    at_once([lambda pod=pod: come_and_go(pod) for pod in pods])
