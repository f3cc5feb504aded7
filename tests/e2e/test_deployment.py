"""The manifests of ovn-k8s-watcher in a whole Kubernetes cluster, as they are but for what is to be filled in: watchers are pods,
which kubelets start, look after and end."""
import json
import os
import shutil
import subprocess

import pytest

from apiserver import CA, FOLDER, MANIFESTS, PORT, ApiError, manifests
from host import BUILT, wait_for
from overlay import set_up_cluster
from runtime import CTR
from test_cluster import (PATIENCE, Deployment, Pod, assert_reachable, cluster, is_ready, kubectl, names, pair,  # noqa: F401
                          pods, restart_kubelet)
from test_rights import asked_for, grants
from translog import records

NAMESPACE = "ovn-k8s"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/ovn-k8s-watcher"
BUDGET = f"/apis/policy/v1/namespaces/{NAMESPACE}/poddisruptionbudgets/ovn-k8s-watcher"
METRICS = 9410
NB_PID, NB_FILE, NB_PORT = "/run/ovn/ovnnb_db.pid", "/var/lib/ovn/ovnnb_db.db", 6651
KEY, CERTIFICATE = f"{FOLDER}/server.key", f"{FOLDER}/server.crt"
USER = "65532"
IDENTITY = "authentication.kubernetes.io/"  # of a pod, in what its token says


class Watchers:
    """The pods of the Deployment."""

    def __init__(self, cluster):  # noqa: F811
        self.cluster = cluster

    def pods(self) -> list[dict]:
        return self.cluster.api.request("GET", PODS)["items"]

    def are_ready(self) -> bool:
        """All of them, and no others are there any more."""
        return [is_ready(pod) for pod in self.pods()] == [True] * 2

    def wait_until_ready(self):
        wait_for("both watchers", self.are_ready, timeout=2 * PATIENCE, log=self.cluster.nodes[0].kubelet.log)

    def node(self, pod: dict):
        return next(node for node in self.cluster.nodes if node.name == pod["spec"]["nodeName"])

    def pid(self, pod: dict) -> str:
        """Of its process, on its node."""
        return self.node(pod).output(["pgrep", "-x", "ovn-k8s-watcher"])

    def leads(self, pod: dict) -> bool:
        told = self.cluster.central.output(
            ["curl", "-s", "-m", "10", f"http://{pod['status'].get('hostIP')}:{METRICS}/metrics"], check=False)
        return "ovnk8s_watcher_leading 1" in told.splitlines()

    def wait_for_leader(self) -> tuple[dict, dict]:
        """Returns the pod that leads, and the other one."""
        def sorted_out():
            one, other = sorted(self.pods(), key=self.leads)[-2:]
            return (other, one) if (self.leads(other), self.leads(one)) == (True, False) else None
        self.wait_until_ready()
        return wait_for("one watcher to lead", sorted_out, timeout=PATIENCE)

    def terms(self) -> int:
        """How often somebody has taken the lead."""
        return self.cluster.api.request("GET", LEASE)["spec"]["leaseTransitions"] + 1

    def identities(self) -> set[tuple[str, str]]:
        """As whom nodes have asked the API server so far: names of pods, and what is known of their tokens."""
        addresses = {node.address for node in self.cluster.nodes}
        users = [event["user"].get("extra", {}) for event in self.cluster.api.audit() if addresses & set(event["sourceIPs"])]
        return {(user.get(f"{IDENTITY}pod-name", ["-"])[0], user.get(f"{IDENTITY}credential-id", ["-"])[0]) for user in users}


def load_image(cluster):  # noqa: F811
    """Makes the image and puts it where kubelets look for it, as nobody here has a registry."""
    [container] = manifests("deployment.yaml")[0]["spec"]["template"]["spec"]["containers"]
    archive = cluster.folder / "image.tar"
    with archive.open("wb") as out:
        programs = os.environ.get("OVNK8S_BIN", BUILT)
        subprocess.run([MANIFESTS / "image", "--name", container["image"], programs], stdout=out, check=True)
    for node in cluster.nodes:
        shutil.copy(archive, node.path("/run/image.tar"))
        node.run([*CTR, "images", "import", "/run/image.tar"])
        node.path("/run/image.tar").unlink()


def fill_in(cluster):  # noqa: F811
    """Writes a config.yaml for this cluster. Returns its path."""
    [config] = manifests("config.yaml")
    values = {"OVN_NB_DB": f"ssl:{cluster.central.address}:{NB_PORT}", "KUBERNETES_SERVICE_HOST": cluster.central.address,
              "KUBERNETES_SERVICE_PORT": str(PORT)}
    assert set(config["data"]) == set(values)
    path = cluster.folder / "config.yaml"
    path.write_text(json.dumps({**config, "data": values}))
    return path


@pytest.fixture(scope="module")
def watchers(cluster):  # noqa: F811
    """The pods of the manifests, in a cluster that has no network yet. The Northbound database wants certificates of them."""
    central = cluster.central
    central.kill_and_restart(NB_PID, f"--remote=pssl:{NB_PORT}", f"--private-key={KEY}", f"--certificate={CERTIFICATE}",
                             f"--ca-cert={CA}")
    load_image(cluster)
    kubectl(cluster, "apply", "-f", MANIFESTS / "namespace.yaml", "-f", MANIFESTS / "rbac.yaml", "-f", fill_in(cluster))
    kubectl(cluster, "-n", NAMESPACE, "create", "secret", "generic", "ovn-k8s-northbound",
            f"--from-file=tls.key={central.path(KEY)}", f"--from-file=tls.crt={central.path(CERTIFICATE)}",
            f"--from-file=ca.crt={central.path(CA)}")
    kubectl(cluster, "apply", "-f", MANIFESTS / "deployment.yaml")
    made = Watchers(cluster)
    made.wait_until_ready()
    return made


@pytest.fixture(scope="module")
def overlay(cluster, watchers):  # noqa: F811
    """The cluster with its network, of which the watchers may have made the part of the nodes already."""
    set_up_cluster(cluster, **{"minion-switch-subnet": None})
    return cluster


def test_they_are_ready_before_the_nodes_are(cluster, watchers):  # noqa: F811
    """One on each."""
    assert not [node for node in cluster.api.request("GET", "/api/v1/nodes")["items"] if is_ready(node)]
    assert sorted(pod["spec"]["nodeName"] for pod in watchers.pods()) == [node.name for node in cluster.nodes]
    watchers.wait_for_leader()


def test_their_processes_have_no_rights(watchers):
    for pod in watchers.pods():
        files = watchers.node(pod).path(f"/proc/{watchers.pid(pod)}")
        status = dict(line.split(":\t", 1) for line in (files / "status").read_text().splitlines() if ":\t" in line)
        assert set(status["Uid"].split()) == set(status["Gid"].split()) == {USER}
        assert {int(status[kind], 16) for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
        [root] = [line.split() for line in (files / "mountinfo").read_text().splitlines() if line.split()[4] == "/"]
        assert "ro" in root[5].split(",")


def test_pods_get_addresses(overlay, watchers):
    web = Deployment(overlay, "web")
    web.change({"replicas": 6})
    web.wait_until_complete()
    made = [Pod(overlay, name) for name in sorted(names(pods(overlay)))]
    assert len({pod.address for pod in made}) == 6
    assert_reachable([made[0], made[-1]])
    assert all(is_ready(node) for node in overlay.api.request("GET", "/api/v1/nodes")["items"])
    overlay.api.request("DELETE", web.path)


def test_they_tell_of_themselves(overlay, watchers):
    """By what is in the image."""
    leader, other = watchers.wait_for_leader()
    for pod, leads in (leader, "yes"), (other, "no"):
        told = kubectl(overlay, "-n", NAMESPACE, "exec", pod["metadata"]["name"], "--",
                       "ovs-appctl", "-t", "/run/ovn-k8s/watcher.ctl", "status")
        assert f"leading: {leads}" in told.splitlines()
    assert "leading as " in kubectl(overlay, "-n", NAMESPACE, "logs", leader["metadata"]["name"])


def test_they_ask_with_the_tokens_of_their_pods(overlay, watchers):
    wait_for("both to have asked", lambda: names(watchers.pods()) <= {name for name, _ in watchers.identities()})
    assert "-" not in {word for identity in watchers.identities() for word in identity}
    assert asked_for(overlay) <= grants()


def test_a_token_that_the_kubelet_replaces(overlay, watchers):
    """One that has started again does, and the watcher does not end for that. The leader always has something to ask."""
    leader, _ = watchers.wait_for_leader()
    name, pid, before = leader["metadata"]["name"], watchers.pid(leader), watchers.identities()
    restart_kubelet(watchers.node(leader))
    wait_for("requests with another token", lambda: [who for who, _ in watchers.identities() - before if who == name],
             timeout=PATIENCE, log=watchers.node(leader).kubelet.log)
    assert watchers.pid(leader) == pid
    watchers.wait_until_ready()


def serve(cluster, *made: str):  # noqa: F811
    """New pods get what they need."""
    new = [Pod.create(cluster, name, node) for name, node in zip(made, cluster.nodes)]
    for pod in new:
        pod.wait_until_ready()
    assert_reachable(new)
    for pod in new:
        pod.delete()


def test_a_leader_that_is_killed_is_followed(overlay, watchers):
    """By the other one, or by the next container of its pod, which has to wait for the end of the Lease as well."""
    leader, _ = watchers.wait_for_leader()
    term, name = watchers.terms(), leader["metadata"]["name"]
    watchers.node(leader).run(["kill", "-9", watchers.pid(leader)])
    serve(overlay, "killed-1", "killed-2")
    assert watchers.terms() > term
    wait_for("the container to start again", lambda: [
        pod["status"]["containerStatuses"][0]["restartCount"] for pod in watchers.pods() if pod["metadata"]["name"] == name] > [0],
             timeout=PATIENCE)
    watchers.wait_for_leader()


def evict(cluster, pod: dict):  # noqa: F811
    """As "kubectl drain" does it."""
    name = pod["metadata"]["name"]
    cluster.api.request("POST", f"{PODS}/{name}/eviction", {
        "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": NAMESPACE}})


def test_a_leader_that_is_evicted_is_followed_by_the_other_one(overlay, watchers):
    leader, other = watchers.wait_for_leader()
    wait_for("the budget to allow it", lambda: overlay.api.request("GET", BUDGET)["status"]["disruptionsAllowed"] == 1,
             timeout=PATIENCE)
    evict(overlay, leader)
    with pytest.raises(ApiError) as refusal:
        evict(overlay, other)
    assert refusal.value.status == 429
    wait_for("the other one to lead", lambda: watchers.leads(other), timeout=PATIENCE)
    serve(overlay, "evicted-1", "evicted-2")
    assert watchers.wait_for_leader()[0]["metadata"]["name"] == other["metadata"]["name"]
    assert leader["metadata"]["name"] not in names(watchers.pods())


def rows(cluster) -> set[str]:  # noqa: F811
    """The UUIDs of ports and load balancers."""
    return {uuid for table in ("Logical_Switch_Port", "Load_Balancer") for uuid in cluster.central.output(
        ["ovn-nbctl", "--bare", "--columns=_uuid", "list", table]).split()}


def written(cluster) -> list[dict]:  # noqa: F811
    return list(records(cluster.central.path(NB_FILE)))


def test_a_rolling_update_interrupts_nothing(overlay, watchers, pair):  # noqa: F811
    """New pods are served all the time, and nothing is changed of what others have."""
    wait_for("services", lambda: overlay.central.output(["ovn-nbctl", "lb-list"]), timeout=PATIENCE)
    lives, old, there, begin = [pod.life() for pod in pair], names(watchers.pods()), rows(overlay), len(written(overlay))
    kubectl(overlay, "-n", NAMESPACE, "rollout", "restart", "deployment/ovn-k8s-watcher")
    number = 0
    while old & names(watchers.pods()) or not watchers.are_ready():
        serve(overlay, f"rolled-{number}", f"rolling-{number}")
        number += 1
    assert number
    changes = [(uuid, row) for record in written(overlay)[begin:] for table in ("Logical_Switch_Port", "Load_Balancer")
               for uuid, row in record.get(table, {}).items() if uuid in there]
    assert not [change for change in changes if change[1] is None or set(change[1]) & {"addresses", "external_ids", "vips"}]
    assert [pod.life() for pod in pair] == lives
    assert_reachable(pair)
    watchers.wait_for_leader()
