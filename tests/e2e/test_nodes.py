"""--manage-nodes: nodes of the network come and go with the Nodes of the API server. And what people are told of failures."""
import json

import pytest

from host import wait_for
from overlay import PODS, WATCHER_LOG, Pod, Watcher, connect_hosts, master_flags, overlay_command

NODES = "/api/v1/nodes"
PATIENCE = 60


@pytest.fixture(scope="module")
def master(cluster):
    """The cluster with a network that no node has joined by hand."""
    connect_hosts(cluster)
    overlay_command(cluster.central, "master-init", master_flags(cluster.central))
    return cluster


@pytest.fixture
def watcher(master):
    with Watcher(master.central, "--manage-nodes") as running:
        yield running


class Registered:
    """A Node in the API server."""

    def __init__(self, sandbox, name: str, *cidrs: str):
        self.sandbox, self.name, self.api = sandbox, name, sandbox.api
        spec = {"podCIDR": cidrs[0], "podCIDRs": list(cidrs)} if cidrs else {}
        self.api.request("POST", NODES, {"metadata": {"name": name}, "spec": spec})

    def give(self, *cidrs: str):
        """What a controller of Kubernetes does a moment after a Node has come."""
        self.api.request("PATCH", f"{NODES}/{self.name}", {"spec": {"podCIDR": cidrs[0], "podCIDRs": list(cidrs)}},
                         content_type="application/merge-patch+json")

    def delete(self):
        self.api.request("DELETE", f"{NODES}/{self.name}")

    def subnet(self) -> str:
        """Of its logical switch; "" when there is none."""
        return self.sandbox.central.output(["ovn-nbctl", "--bare", "--columns=external_ids", "find", "Logical_Switch",
                                            f"name={self.name}"]).partition("k8s-subnets=")[2].split(" ")[0].strip('"')

    def wait_for(self, what: str, condition):
        return wait_for(f"{self.name}: {what}", lambda: condition(self.subnet()), timeout=PATIENCE,
                        log=self.sandbox.central.path(WATCHER_LOG))


def check(sandbox):
    sandbox.central.run(["ovn-k8s-overlay", "check"])


def events(sandbox, kind: str, name: str, reason: str) -> list[dict]:
    """As kubectl describe looks for them."""
    namespace = "default"
    found = sandbox.api.request("GET", f"/api/v1/namespaces/{namespace}/events?fieldSelector=involvedObject.kind={kind},"
                                       f"involvedObject.name={name}")["items"]
    return [event for event in found if event["reason"] == reason]


def wait_for_event(sandbox, kind: str, name: str, reason: str) -> dict:
    return wait_for(f"the event {reason} of {name}", lambda: events(sandbox, kind, name, reason), timeout=PATIENCE,
                    log=sandbox.central.path(WATCHER_LOG))[0]


def test_a_node_comes_and_goes_with_its_object(master, watcher):
    node = Registered(master, "managed")
    assert node.wait_for("a subnet", str).startswith("192.168.")
    check(master)
    node.delete()
    node.wait_for("no subnet", lambda subnet: not subnet)
    check(master)


def test_pod_cidrs_are_honoured(master, watcher):
    node = Registered(master, "given", "192.168.77.0/24")
    assert node.wait_for("a subnet", str) == "192.168.77.0/24"
    node.delete()
    node.wait_for("no subnet", lambda subnet: not subnet)


def test_pod_cidrs_that_come_late_are_honoured_too(master, watcher):
    node = Registered(master, "late")
    assert node.wait_for("a subnet", str) != "192.168.88.0/24"
    node.give("192.168.88.0/24")
    node.wait_for("the subnet", lambda subnet: subnet == "192.168.88.0/24")
    check(master)
    node.delete()
    node.wait_for("no subnet", lambda subnet: not subnet)


def test_a_node_outlives_its_object_as_long_as_it_has_pods(master, watcher):
    node = Registered(master, "busy")
    subnet = node.wait_for("a subnet", str)
    pod = Pod(master, "survivor", node)
    before = pod.wait_for_annotation()
    node.delete()
    waiting = ["ovs-appctl", "-T", "60", "-t", "ovn-k8s-watcher", "pending"]
    wait_for("the reason", lambda: "waiting for the end of 1 pods on it" in master.central.output(waiting), timeout=PATIENCE)
    assert (node.subnet(), pod.annotation()) == (subnet, before)
    again = Registered(master, "busy")  # as a kubelet does that is started anew
    wait_for("nothing pending", lambda: json.loads(master.central.output(waiting)) == [], timeout=PATIENCE)
    assert (node.subnet(), pod.annotation()) == (subnet, before)
    again.delete()
    pod.delete()
    node.wait_for("no subnet", lambda there: not there)
    check(master)


def test_what_went_while_no_watcher_was_running_goes(master):
    with Watcher(master.central, "--manage-nodes"):
        node = Registered(master, "absent")
        node.wait_for("a subnet", str)
    node.delete()
    assert node.subnet()
    with Watcher(master.central, "--manage-nodes"):
        node.wait_for("no subnet", lambda subnet: not subnet)


def test_a_node_that_was_added_by_hand_stays(master, watcher):
    """minion-init may come before the kubelet; only what had a Node once goes with it."""
    host = master.nodes[0]
    overlay_command(host, "minion-init", {"cluster-ip-subnet": "192.168.0.0/16", "node-name": host.name})
    passing = Registered(master, "passing")
    passing.wait_for("a subnet", str)
    passing.delete()
    passing.wait_for("no subnet", lambda subnet: not subnet)
    names = master.central.output(["ovn-nbctl", "--bare", "--columns=name", "list", "Logical_Switch"]).split()
    assert host.name in names
    node = Registered(master, host.name)
    marked = ["ovn-nbctl", "get", "Logical_Switch", host.name, "external_ids:k8s-node-uid"]
    wait_for("the mark", lambda: master.central.run(marked, check=False).returncode == 0, timeout=PATIENCE)
    node.delete()
    node.wait_for("no subnet", lambda subnet: not subnet)


def test_a_cidr_outside_of_the_cluster_is_an_event_of_the_node(master, watcher):
    node = Registered(master, "outside", "10.99.99.0/24")
    event = wait_for_event(master, "Node", "outside", "NodeFailed")
    assert "10.99.99.0/24 lies outside the cluster's, 192.168.0.0/16: trying again in" in event["message"]
    uid = master.api.request("GET", f"{NODES}/outside")["metadata"]["uid"]
    assert (event["type"], event["involvedObject"]["uid"]) == ("Warning", uid)
    node.delete()


def test_a_pod_without_a_node_is_told_so(master, watcher):
    class Nowhere:
        name = "nowhere"

    pod = Pod(master, "lost", Nowhere)
    event = wait_for_event(master, "Pod", "lost", "WaitingForNode")
    assert event["message"].startswith("waiting for node nowhere")
    assert event["involvedObject"]["uid"] == pod.uid
    assert event["source"]["component"] == event["reportingComponent"] == "ovn-k8s-watcher"
    pod.delete()


def test_both_annotations_are_written_where_both_are_wanted(master):
    with Watcher(master.central, "--manage-nodes", "--legacy-annotation"):
        node = Registered(master, "two")
        node.wait_for("a subnet", str)
        pod = Pod(master, "twice", node)
        given = pod.wait_for_annotation()
        annotations = master.api.request("GET", f"{PODS}/{pod.name}")["metadata"]["annotations"]
        assert json.loads(annotations["k8s.ovn.org/pod-networks"]) == {"default": {
            "ip_addresses": [given["ip_address"]], "gateway_ips": [given["gateway_ip"]], "mac_address": given["mac_address"],
            "ip_address": given["ip_address"], "gateway_ip": given["gateway_ip"]}}
        pod.delete()
        node.delete()
        node.wait_for("no subnet", lambda subnet: not subnet)
