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
        taken[0].delete()
        assert late.wait_for_annotation()["ip_address"]
