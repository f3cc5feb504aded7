"""The watcher when addresses run out, when somebody meddles with its ports, and when it comes back."""
import concurrent.futures

from host import wait_for
from overlay import PODS, WATCHER_LOG, Pod, Watcher, minion_flags, overlay_command


def pod_object(pod):
    return pod.api.request("GET", f"{PODS}/{pod.name}")


def test_a_port_that_somebody_deletes_comes_back_with_its_address(overlay, watcher):
    pod = Pod(overlay, "stable", overlay.nodes[0])
    before = pod.wait_for_annotation()
    overlay.central.run(["ovn-nbctl", "lsp-del", pod.port])
    addresses = f'{before["mac_address"]} {before["ip_address"].partition("/")[0]}'
    wait_for("the port", lambda: pod.logical_port("addresses") == addresses, log=overlay.central.path(WATCHER_LOG))
    assert pod.annotation() == before


def test_an_annotation_that_disagrees_follows_the_database(overlay, watcher):
    pod = Pod(overlay, "misled", overlay.nodes[0], annotations={"ovn": '{"ip_address": "192.168.2.1/24"'})
    wait_for("a sound annotation", lambda: pod.logical_port("addresses"), log=overlay.central.path(WATCHER_LOG))
    wait_for("its text", lambda: "192.168.2.1/24" not in pod_object(pod)["metadata"]["annotations"]["ovn"],
             log=overlay.central.path(WATCHER_LOG))
    assert pod.address in pod.logical_port("addresses")


def test_a_new_pod_of_the_same_name_is_another_pod(overlay, watcher):
    old = Pod(overlay, "phoenix", overlay.nodes[0])
    old.wait_for_annotation()
    old.delete()
    new = Pod(overlay, "phoenix", overlay.nodes[0])
    new.wait_for_annotation()
    recorded = overlay.central.output(["ovn-nbctl", "get", "Logical_Switch_Port", new.port, "external_ids:pod-uid"])
    assert recorded.strip('"') == new.uid


def test_finished_pods_and_pods_of_the_host_network_have_no_port(overlay, watcher):
    host_pod = Pod(overlay, "hostly", overlay.nodes[0], hostNetwork=True)
    pod = Pod(overlay, "mortal", overlay.nodes[0])
    pod.wait_for_annotation()
    overlay.api.request("PATCH", f"{PODS}/{pod.name}/status", {"status": {"phase": "Succeeded"}},
                        content_type="application/merge-patch+json")
    wait_for("the end of the port", lambda: not pod.logical_port("_uuid"), log=overlay.central.path(WATCHER_LOG))
    assert not host_pod.logical_port("_uuid")


def test_the_northbound_server_is_killed_and_comes_back(overlay, watcher):
    before = Pod(overlay, "before", overlay.nodes[0])
    before.wait_for_annotation()
    port = before.logical_port("_uuid")
    overlay.central.kill_and_restart("/run/ovn/ovnnb_db.pid")
    Pod(overlay, "afterwards", overlay.nodes[0]).wait_for_annotation()
    assert before.logical_port("_uuid") == port


def test_pods_that_find_no_address_wait_and_hold_up_nobody(overlay):
    node = overlay.nodes[1]
    subnet = minion_flags(node)["minion-switch-subnet"]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda i: Pod(overlay, f"filler{i}", node), range(252)))
    with Watcher(overlay.central):
        wait_for("252 ports", lambda: all(pod.logical_port("_uuid") for pod in taken[-3:]), timeout=60)
        late = Pod(overlay, "late", node)
        other = Pod(overlay, "other", overlay.nodes[0])
        other.wait_for_annotation()
        log = overlay.central.path(WATCHER_LOG)
        wait_for("the reason in the log", lambda: f"subnet {subnet}: all 252 addresses for pods are taken" in log.read_text())
        assert late.annotation() is None
        assert "changes for 64 objects" in log.read_text()  # the first plan is small, so that annotating begins early
        taken[0].delete()
        assert late.wait_for_annotation()["ip_address"]


def status(sandbox):
    """What "ovs-appctl status" tells, by name."""
    lines = sandbox.central.output(["ovs-appctl", "-T", "60", "-t", "ovn-k8s-watcher", "status"]).splitlines()
    return dict(line.split(": ", 1) for line in lines)


def test_a_sick_pod_delays_nobody_and_gets_well(overlay, watcher):
    node = overlay.nodes[0]
    log = overlay.central.path(WATCHER_LOG)
    overlay.central.run(["ovn-nbctl", "lsp-add", node.name, "default_sick"])  # somebody else's, under the pod's name
    sick = Pod(overlay, "sick", node)
    wait_for("the reason in the log", lambda: "Pod default/sick: " in log.read_text())
    healthy = [Pod(overlay, f"healthy{i}", node) for i in range(5)]
    for pod in healthy:
        pod.wait_for_annotation()
    assert sick.annotation() is None
    overlay.central.run(["ovn-nbctl", "lsp-del", "default_sick"])
    assert sick.wait_for_annotation()["ip_address"]


def test_pods_that_come_while_the_database_is_silent(overlay, watcher):
    log = overlay.central.path(WATCHER_LOG)
    server = overlay.central.path("/run/ovn/ovnnb_db.pid").read_text().strip()
    wait_for("the pods before", lambda: status(overlay)["pending"] == "0", log=log)
    failures, known = status(overlay)["failures"], int(status(overlay)["pods"])
    overlay.central.run(["kill", "-STOP", server])
    try:
        pods = [Pod(overlay, f"patient{i}", overlay.nodes[0]) for i in range(3)]
        wait_for("the pods", lambda: int(status(overlay)["pods"]) == known + 3, log=log)
    finally:
        overlay.central.run(["kill", "-CONT", server])
    addresses = {pod.wait_for_annotation()["ip_address"] for pod in pods}
    assert len(addresses) == 3
    assert status(overlay)["failures"] == failures  # nobody was to blame


def ledger_entries(sandbox):
    return sandbox.central.output(["ovn-nbctl", "--bare", "--columns=records", "list", "DNS"])


def test_what_went_while_no_watcher_was_running_leaves_nothing(overlay):
    gone = [Pod(overlay, f"gone{i}", overlay.nodes[0]) for i in range(2)]
    with Watcher(overlay.central):
        for pod in gone:
            pod.wait_for_annotation()
    for pod in gone:
        pod.delete()
    overlay.central.run(["ovn-nbctl", "lsp-del", gone[0].port])  # of this one the ledger alone is left
    assert gone[0].port in ledger_entries(overlay)
    with Watcher(overlay.central):
        wait_for("the end of all that is left of them", lambda: not any(
            pod.port in ledger_entries(overlay) or pod.logical_port("_uuid") for pod in gone),
            log=overlay.central.path(WATCHER_LOG))
