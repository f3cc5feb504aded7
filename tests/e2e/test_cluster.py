"""The programs in a whole Kubernetes cluster: kubelets let containerd make the containers, and containerd calls the plugin."""
import contextlib
import itertools
import json
import re
import subprocess

import pytest

from host import LabError, environment, wait_for
from images import NAME
from overlay import PODS, WATCHER_LOG, Watcher, set_up_cluster
from runtime import CTR, spawn_containerd
from sandbox import Sandbox
from snapshot import differences, snapshot

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
PATIENCE = 120  # seconds, for what takes a few on a quiet machine
COUNT = 60

# Every container is a web server that tells its pod's name. It must be stopped by a signal that the first process obeys.
CONTAINER = {
    "name": "main", "image": NAME,
    "command": ["sh", "-c", "trap 'exit 0' TERM; echo $POD >/tmp/index.html; httpd -f -p 8080 -h /tmp & wait"],
    "env": [{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
    "readinessProbe": {"httpGet": {"port": 8080}, "periodSeconds": 1, "timeoutSeconds": 5}}
SPEC = {"containers": [CONTAINER], "terminationGracePeriodSeconds": 5, "automountServiceAccountToken": False}


@pytest.fixture(scope="module")
def cluster():
    with Sandbox.create(kubelets=True) as ready:
        yield ready


@pytest.fixture(scope="module")
def overlay(cluster):
    """The cluster with its network, and the watcher running."""
    set_up_cluster(cluster)
    with Watcher(cluster.central):
        yield cluster


class Pod:
    """A pod of the cluster as a user sees it."""

    def __init__(self, cluster, name):
        self.cluster = cluster
        self.name = name

    @classmethod
    def create(cls, cluster, name, node, **spec):
        cluster.api.request("POST", PODS, {
            "metadata": {"name": name}, "spec": {"nodeSelector": {"kubernetes.io/hostname": node.name}, **SPEC, **spec}})
        return cls(cluster, name)

    def get(self) -> dict:
        return self.cluster.api.request("GET", f"{PODS}/{self.name}")

    def wait_until_ready(self):
        wait_for(f"pod {self.name} to be ready", lambda: is_ready(self.get()), timeout=PATIENCE,
                 log=self.cluster.central.path(WATCHER_LOG))

    @property
    def address(self) -> str:
        return self.get()["status"]["podIP"]

    def life(self) -> tuple:
        """What stays the same as long as its containers live."""
        status = self.get()["status"]
        return status["podIP"], [(one["containerID"], one["restartCount"]) for one in status["containerStatuses"]]

    def run(self, *command: str) -> str:
        return kubectl(self.cluster, "exec", self.name, "--", *command)

    def ping(self, other: "Pod"):
        wait_for(f"{self.name} to reach {other.name}",
                 lambda: " 0% packet loss" in self.run("sh", "-c", f"ping -c 1 -W 2 {other.address}; true"), timeout=PATIENCE)

    def ask(self, other: "Pod") -> str:
        return self.run("wget", "-q", "-O", "-", f"http://{other.address}:8080").strip()

    def delete(self):
        self.cluster.api.request("DELETE", f"{PODS}/{self.name}")
        wait_for(f"the end of pod {self.name}", lambda: self.name not in names(pods(self.cluster)), timeout=PATIENCE)


def kubectl(cluster, *words: str) -> str:
    """From the machine, by the kubeconfig that the sandbox leaves for that."""
    command = ["kubectl", f"--kubeconfig={cluster.folder}/kubeconfig", "--request-timeout=60s", *words]
    return subprocess.run(command, env=environment(), stdout=subprocess.PIPE, check=True, text=True, timeout=PATIENCE).stdout


def is_ready(thing: dict) -> bool:
    """Whether a node or a pod is ready."""
    return any(one["type"] == "Ready" and one["status"] == "True" for one in thing["status"].get("conditions", []))


def pods(cluster) -> list[dict]:
    return cluster.api.request("GET", PODS)["items"]


def names(things) -> set[str]:
    return {thing["metadata"]["name"] for thing in things}


def logical_ports(cluster) -> list[str]:
    return sorted(cluster.central.output(["ovn-nbctl", "--bare", "--columns=name", "list", "Logical_Switch_Port"]).split())


def traces(cluster) -> dict:
    """Where pods leave something: in the Northbound database, and on the nodes."""
    settled = snapshot(cluster)
    return {"ports": logical_ports(cluster), **{node.name: {
        **settled[node.name], "shims": node.output(["pgrep", "-c", "containerd-shim"], check=False)} for node in cluster.nodes}}


@contextlib.contextmanager
def nothing_left(cluster):
    """What the block has made is gone at last."""
    before = traces(cluster)
    yield
    wait_for("the end of the pods", lambda: not pods(cluster), timeout=PATIENCE)
    with contextlib.suppress(LabError):
        wait_for("the end of their traces", lambda: traces(cluster) == before, timeout=PATIENCE)
    assert differences(before, traces(cluster)) == []


@pytest.fixture
def pair(overlay):
    """A pod on each node, ready."""
    made = [Pod.create(overlay, f"on-{node.name}", node) for node in overlay.nodes]
    for pod in made:
        pod.wait_until_ready()
    yield made
    for pod in made:
        pod.delete()


def assert_reachable(all_pods):
    for one, other in itertools.permutations(all_pods, 2):
        one.ping(other)
        assert one.ask(other) == other.name


def test_nodes_become_ready(overlay):
    wait_for("ready nodes", lambda: {node.name for node in overlay.nodes} == names(
        node for node in overlay.api.request("GET", "/api/v1/nodes")["items"] if is_ready(node)),
             timeout=PATIENCE, log=overlay.nodes[0].kubelet.log)
    assert kubectl(overlay, "get", "nodes", "--no-headers").count(" Ready ") == len(overlay.nodes)


class Deployment:
    def __init__(self, cluster, name):
        self.cluster = cluster
        self.path = f"{DEPLOYMENTS}/{name}"
        labels = {"app": name}
        cluster.api.request("POST", DEPLOYMENTS, {
            "metadata": {"name": name},
            "spec": {"replicas": 1, "selector": {"matchLabels": labels},
                     "template": {"metadata": {"labels": labels}, "spec": SPEC}}})

    def change(self, spec: dict):
        self.cluster.api.request("PATCH", self.path, {"spec": spec}, content_type="application/merge-patch+json")

    def is_complete(self) -> bool:
        """All replicas are of the newest kind, are ready, and there are no others."""
        deployment = self.cluster.api.request("GET", self.path)
        status = deployment["status"]
        counts = {status.get(kind) for kind in ("replicas", "updatedReplicas", "readyReplicas")}
        return status.get("observedGeneration") == deployment["metadata"]["generation"] and \
            counts == {deployment["spec"]["replicas"]}

    def wait_until_complete(self):
        wait_for("all replicas", self.is_complete, timeout=2 * PATIENCE, log=self.cluster.central.path(WATCHER_LOG))


def test_a_deployment_is_scaled_up_rolled_and_deleted(overlay):
    with nothing_left(overlay):
        web = Deployment(overlay, "web")
        web.wait_until_complete()
        web.change({"replicas": COUNT})
        web.wait_until_complete()
        first = names(pods(overlay))
        assert len(first) == COUNT
        addresses = {pod["status"]["podIP"] for pod in pods(overlay)}
        assert len(addresses) == COUNT
        web.change({"template": {"metadata": {"annotations": {"version": "2"}}}})
        web.wait_until_complete()
        wait_for("the end of the first ones", lambda: not first & names(pods(overlay)), timeout=PATIENCE)
        second = [Pod(overlay, name) for name in sorted(names(pods(overlay)))]
        assert len(second) == COUNT
        assert_reachable([second[0], second[-1]])
        overlay.api.request("DELETE", web.path)


def test_pods_ping_and_serve_across_nodes(overlay):
    with nothing_left(overlay):
        made = [Pod.create(overlay, f"server{i}", node) for i, node in enumerate(overlay.nodes * 2)]
        for pod in made:
            pod.wait_until_ready()
            told = json.loads(pod.get()["metadata"]["annotations"]["ovn"])
            assert told["ip_address"].partition("/")[0] == pod.address
        assert_reachable(made)
        for pod in made:
            pod.delete()


def test_pods_of_the_hosts_network(overlay):
    node = overlay.nodes[0]
    with nothing_left(overlay):
        pod = Pod.create(overlay, "hostly", node, hostNetwork=True)
        pod.wait_until_ready()
        assert pod.address == node.address
        assert "default_hostly" not in logical_ports(overlay)
        pod.delete()


def restart_kubelet(node):
    node.kubelet.kill()
    node.spawn_kubelet()


def restart_containerd(node):
    node.containerd.kill()
    node.containerd = spawn_containerd(node)


@contextlib.contextmanager
def no_interruption(node, pod, address):
    """While the block runs, a pod on the node pings an address, and is never without an answer for a second.

    A datapath in userspace loses one packet or another when a port is added to its bridge."""
    container = pod.get()["status"]["containerStatuses"][0]["containerID"].rpartition("/")[2]
    tasks = dict(line.split()[:2] for line in node.output([*CTR, "tasks", "list"]).splitlines())
    words = ["nsenter", "--target", tasks[container], "--net", "ping", "-i", "0.1", address]
    with node.popen(["bash", "-c", 'echo $$; exec "$@"', "bash", *words], stdout=subprocess.PIPE) as ping:
        pid = ping.stdout.readline().strip()
        try:
            assert "PING" in ping.stdout.readline()
            first = ping.stdout.readline()
            assert "icmp_seq" in first
            yield
        finally:
            node.run(["kill", "-INT", pid])  # which makes it tell how many it has sent
        told = ping.communicate()[0]
    answers = [int(number) for number in re.findall(r"icmp_seq=(\d+) ttl", first + told)]
    sent = int(re.search(r"(\d+) packets transmitted", told)[1])
    assert max(after - before for before, after in itertools.pairwise([0, *answers, sent])) < 10


@pytest.mark.parametrize("restart", [restart_kubelet, restart_containerd])
def test_restarts_of_what_makes_containers(overlay, pair, restart):
    node = overlay.nodes[0]
    before = [pod.life() for pod in pair]
    with no_interruption(node, pair[0], pair[1].address):
        restart(node)
        new = Pod.create(overlay, "new", node)
        new.wait_until_ready()
    assert_reachable([new, *pair])
    assert [pod.life() for pod in pair] == before
    new.delete()


def test_restart_of_vswitchd(overlay, pair):
    node = overlay.nodes[0]
    before = [pod.life() for pod in pair]
    node.kill_and_restart("/run/openvswitch/ovs-vswitchd.pid")
    new = Pod.create(overlay, "new", node)
    new.wait_until_ready()
    assert_reachable([new, *pair])
    assert [pod.life() for pod in pair] == before
    new.delete()


def test_kubelets_have_removed_the_sandboxes_of_the_deployment(overlay):
    """The last word of containerd on them. It comes within a minute, when kubelets look for what is left of ended pods."""
    of_deployment = 'labels."io.kubernetes.pod.name"~="^web-"'
    for node in overlay.nodes:
        wait_for(f"the end of all sandboxes of {node.name}",
                 lambda: not node.output([*CTR, "containers", "list", "--quiet", of_deployment]), timeout=PATIENCE,
                 log=node.kubelet.log)
