"""What ovn-k8s-watcher tells of itself and of the cluster, and what it does on request."""
import contextlib
import json
import re

import pytest

from host import wait_for
from overlay import Pod, Watcher, assert_refused
from snapshot import differences, snapshot

PORT = 9410
LEASES = "/apis/coordination.k8s.io/v1/namespaces/ovn-k8s/leases"


def ask(central, *words) -> str:
    return central.output(["ovs-appctl", "-t", "ovn-k8s-watcher", *words])


def status(central) -> dict[str, str]:
    return dict(line.split(": ") for line in ask(central, "status").splitlines())


def pending(central) -> dict[str, dict]:
    return {entry["name"]: entry for entry in json.loads(ask(central, "pending"))}


def check(central, *words, **options):
    return central.run(["ovn-k8s-watcher", "--overlay", "--check", "--unixctl=/run/check.ctl", *words], check=False, **options)


@pytest.fixture
def pods(overlay):
    """One on each node, without a runtime."""
    pods = [Pod(overlay, f"pod{i}", node) for i, node in enumerate(overlay.nodes)]
    yield pods
    for pod in pods:
        pod.delete()
    with Watcher(overlay.central):
        wait_for("no difference", lambda: check(overlay.central).returncode == 0)


def test_check_tells_what_would_be_changed_and_changes_nothing(overlay, pods):
    before = snapshot(overlay)
    result = check(overlay.central)
    assert result.returncode == 3, result
    for pod in pods:
        assert f'+ Logical_Switch_Port "{pod.port}"' in result.stdout
    assert result.stderr == ""
    assert differences(before, snapshot(overlay)) == []
    with Watcher(overlay.central):
        for pod in pods:
            pod.wait_for_annotation()
        result = check(overlay.central)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    overlay.central.run(["ovn-nbctl", "lsp-del", pods[0].port])
    result = check(overlay.central)
    assert result.returncode == 3
    assert f'+ Logical_Switch_Port "{pods[0].port}"' in result.stdout
    assert pods[1].port not in result.stdout


def test_check_finds_ports_that_nobody_needs(overlay, pods):
    with Watcher(overlay.central):
        addresses = [pod.wait_for_annotation() for pod in pods]
    assert addresses
    pods[0].delete()
    result = check(overlay.central)
    assert result.returncode == 3
    assert f'- Logical_Switch_Port "{pods[0].port}"' in result.stdout
    Pod(overlay, pods[0].name, pods[0].node)  # the fixture's end deletes it


def test_check_without_a_server(overlay):
    assert_refused(check(overlay.central, "--nb=tcp:127.0.0.1:1", "--timeout=5"), "connecting to OVN_Northbound")
    assert_refused(overlay.central.run(["ovn-k8s-watcher", "--check"], check=False), "--overlay is missing", status=2)


def test_who_is_told_all_needs_no_open_vswitch(overlay):
    told = "--nb=unix:/run/ovn/ovnnb_db.sock", "--kubeconfig=/etc/kubernetes/kubeconfig", "--ovs=unix:/run/nowhere"
    results = check(overlay.central), check(overlay.central, *told)
    assert results[0].returncode in (0, 3)
    assert len({(result.returncode, result.stdout, result.stderr) for result in results}) == 1
    assert_refused(check(overlay.central, *told[1:], "--timeout=5"), "connecting to Open_vSwitch", "/run/nowhere")


@contextlib.contextmanager
def another_leads(overlay):
    """The Lease belongs to somebody who is never heard of again."""
    overlay.api.request("POST", LEASES, {"metadata": {"name": "ovn-k8s-watcher"}, "spec": {
        "holderIdentity": "somebody", "leaseDurationSeconds": 3600}})
    yield
    overlay.api.request("DELETE", f"{LEASES}/ovn-k8s-watcher")


def test_who_follows_tells_what_is_to_be_done(overlay, pods):
    central = overlay.central
    with Watcher(central):
        for pod in pods:
            pod.wait_for_annotation()
    with another_leads(overlay), Watcher(central, "--leader-elect"):
        wait_for("the cluster to be seen", lambda: status(central)["synced"] == "yes")
        wait_for("an empty plan", lambda: ask(central, "plan") == "")
        central.run(["ovn-nbctl", "clear", "Logical_Switch_Port", pods[0].port, "port_security"])
        wait_for("a plan", lambda: f'~ Logical_Switch_Port "{pods[0].port}"' in ask(central, "plan"))
        assert f"{pods[1].port}" not in ask(central, "plan")
        assert check(central).returncode == 3


def test_resync(overlay, pods):
    central = overlay.central
    with Watcher(central):
        for pod in pods:
            pod.wait_for_annotation()
        assert ask(central, "resync") == ""
        wait_for("nothing to be pending", lambda: pending(central) == {})
        assert ask(central, "plan") == ""
        assert check(central).returncode == 0


def test_pending_objects_have_reasons(overlay):
    central = overlay.central
    with Watcher(central):
        created = overlay.api.request("POST", "/api/v1/namespaces/default/pods", {
            "metadata": {"name": "lost"}, "spec": {"nodeName": "nowhere", "containers": [{"name": "main", "image": "none"}]}})
        assert created["metadata"]["name"] == "lost"
        entry = wait_for("the pod to be pending", lambda: pending(central).get("default/lost"))
        entry = wait_for("its reason", lambda: (e := pending(central)["default/lost"])["reason"] and e)
        assert entry["kind"] == "Pod"
        assert entry["state"] == "waiting"
        assert "nowhere" in entry["reason"]
        assert status(central)["pending"] == "1"
        assert status(central)["waiting"] == "1"
        overlay.api.request("DELETE", "/api/v1/namespaces/default/pods/lost?gracePeriodSeconds=0")
        wait_for("nothing to be pending", lambda: pending(central) == {})


def test_status_and_metrics(overlay, pods):
    central = overlay.central
    with Watcher(central, f"--metrics-address=127.0.0.1:{PORT}"):
        for pod in pods:
            pod.wait_for_annotation()
        wait_for("all to be done", lambda: status(central)["pending"] == "0")
        told = status(central)
        assert (told["synced"], told["nb"], told["api"], told["ports"]) == ("yes", "connected", "connected", str(len(pods)))
        http = central.output(["curl", "-sS", f"http://127.0.0.1:{PORT}/metrics"])
        names = lambda text: set(re.findall(r"^(ovnk8s_watcher_\w+)", text, re.M))  # noqa: E731
        assert names(http) == names(ask(central, "metrics"))
        assert "ovnk8s_watcher_synced 1" in http.splitlines()


def test_readiness_follows_the_connections(overlay):
    central = overlay.central
    code = lambda page: central.output(  # noqa: E731
        ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", f"http://127.0.0.1:{PORT}/{page}"])
    with Watcher(central, f"--metrics-address=127.0.0.1:{PORT}"):
        wait_for("readiness", lambda: code("readyz") == "200")
        central.run(["ovn-appctl", "-t", "/run/ovn/ovnnb_db.ctl", "ovsdb-server/remove-remote", "punix:/run/ovn/ovnnb_db.sock"])
        try:
            wait_for("no readiness", lambda: code("readyz") == "503")
            assert code("healthz") == "200"
            assert status(central)["nb"] == "not connected"
        finally:
            central.run(["ovn-appctl", "-t", "/run/ovn/ovnnb_db.ctl", "ovsdb-server/add-remote",
                         "punix:/run/ovn/ovnnb_db.sock"])
        wait_for("readiness", lambda: code("readyz") == "200")
