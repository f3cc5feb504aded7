"""What somebody else has damaged, or has only pretended to do, and what the watcher makes of it: it puts its ports right, says
what it waits for, and goes on by itself when that has come."""
import contextlib
import json
import pathlib
import sys
import types

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "kube"))

import fault_proxy as fp  # noqa: E402
from apiserver import CA  # noqa: E402
from chaos import make_pods  # noqa: E402
from host import wait_for  # noqa: E402
from overlay import CLUSTER_SUBNET, PODS, WATCHER_LOG, Pod, Watcher, master_flags, minion_flags, overlay_command  # noqa: E402
from truth import wait_for_truth  # noqa: E402

KUBECONFIG = "/run/proxy.kubeconfig"
SERVER = "unix:/run/ovn/ovnnb_db.sock"
DATABASE = "/var/lib/ovn/ovnnb_db.db"
SCHEMA = "/usr/share/ovn/ovn-nb.ovsschema"


def reasons(overlay) -> dict[str, str]:
    """What the watcher says that pods are waiting for, by name."""
    line = overlay.central.output(["ovs-appctl", "-T", "60", "-t", "ovn-k8s-watcher", "pending"])
    return {task["name"]: task["reason"] for task in json.loads(line)}


def nbctl(overlay, *words: str) -> str:
    return overlay.central.output(["ovn-nbctl", *words])


def row(overlay, pod) -> dict:
    """What the watcher has written to the pod's port."""
    columns = ("_uuid", "name", "addresses", "port_security", "type", "external_ids")
    line = nbctl(overlay, "--format=json", f"--columns={','.join(columns)}", "find", "Logical_Switch_Port",
                 f"external_ids:pod-uid={pod.uid}")
    data = json.loads(line)["data"]
    return dict(zip(columns, data[0])) if data else {}


@pytest.fixture(scope="module")
def proxy(overlay):
    with fp.FaultProxy(overlay.api) as ready:
        overlay.central.write(KUBECONFIG, overlay.api.kubeconfig("watcher", server=ready.url, **{"certificate-authority": CA}))
        yield ready


def patches(proxy, pod) -> int:
    return sum(1 for method, path in proxy.requests if method == "PATCH" and path.endswith(f"/{pod.name}"))


def test_an_answer_is_no_annotation(overlay, proxy):
    with Watcher(overlay.central, f"--kubeconfig={KUBECONFIG}") as watcher:
        with proxy.fault(fp.status(200, b"{}"), of=fp.is_patch, times=1) as fault:
            pod = Pod(overlay, "deceived", overlay.nodes[0])
            wait_for("the lie", lambda: fault.done == 1, log=overlay.central.path(WATCHER_LOG))
            pod.wait_for_annotation()
        believed = [Pod(overlay, f"believed{i}", overlay.nodes[0]) for i in range(3)]
        wait_for_truth(overlay)
        wait_for("the end of all work", lambda: not reasons(overlay))
        assert [patches(proxy, one) for one in believed] == [1, 1, 1]
        assert watcher.alive()


DAMAGE = {
    "no port security": ["clear", "port_security"],
    "more port security": ["add", "port_security", '"0a:58:00:00:00:01"'],
    "unknown addresses": ["add", "addresses", "unknown"],
    "no node": ["remove", "external_ids", "node"],
    "another namespace": ["set", "external_ids:namespace=elsewhere"],
    "no namespace": ["remove", "external_ids", "namespace"],
    "no uid": ["remove", "external_ids", "pod-uid"],
    "no mark of a pod": ["remove", "external_ids", "pod"],
    "no owner": ["remove", "external_ids", "ovnk8s-owner"],
    "no keys": ["clear", "external_ids"],
    "another name": ["set", "name=default_other"],
    "another type": ["set", "type=router"],
    "no addresses": ["clear", "addresses"],
    "other addresses": ["set", 'addresses="0a:58:c0:a8:02:c8 192.168.2.200"'],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_ports_are_put_right(overlay, watcher, damage):
    pod = Pod(overlay, damage.replace(" ", "-"), overlay.nodes[0])
    pod.wait_for_annotation()
    sound = row(overlay, pod)
    verb, *words = DAMAGE[damage]
    nbctl(overlay, verb, "Logical_Switch_Port", pod.port, *words)
    wait_for("the port as it was", lambda: row(overlay, pod) == sound, log=overlay.central.path(WATCHER_LOG))
    wait_for_truth(overlay)
    wait_for("the end of all work", lambda: not reasons(overlay), log=overlay.central.path(WATCHER_LOG))


def test_what_is_not_the_watchers_stays(overlay, watcher):
    pod = Pod(overlay, "isolated", overlay.nodes[0])
    pod.wait_for_annotation()
    nbctl(overlay, "set", "Logical_Switch_Port", pod.port, "enabled=false", "options:requested-chassis=n1", "tag=5",
          "external_ids:ours=kept")
    nbctl(overlay, "clear", "Logical_Switch_Port", pod.port, "port_security")
    wait_for("port security", lambda: pod.logical_port("port_security").strip(), log=overlay.central.path(WATCHER_LOG))
    assert pod.logical_port("enabled").strip() == "false"
    assert pod.logical_port("tag").strip() == "5"
    assert "requested-chassis=n1" in pod.logical_port("options")
    assert "ours=kept" in pod.logical_port("external_ids")


def test_a_node_that_has_lost_its_subnets(overlay):
    """Who knows them goes on; who comes later says what is missing, and goes on when it is there."""
    node = overlay.nodes[1]
    log = overlay.central.path(WATCHER_LOG)
    with Watcher(overlay.central):
        Pod(overlay, "knows", node).wait_for_annotation()
        nbctl(overlay, "remove", "Logical_Switch", node.name, "external_ids", "k8s-subnets")
        Pod(overlay, "knows-still", node).wait_for_annotation()
    with Watcher(overlay.central) as watcher:
        pod = Pod(overlay, "knows-not", node)
        wait_for("the reason", lambda: "subnets" in (reasons(overlay).get("default/knows-not") or ""), log=log)
        overlay_command(overlay.central, "repair", {})
        pod.wait_for_annotation()
        wait_for_truth(overlay)
        assert watcher.alive()


def test_a_node_that_comes_later_and_goes(overlay, watcher):
    later = types.SimpleNamespace(name="later")
    flags = {"cluster-ip-subnet": CLUSTER_SUBNET, "minion-switch-subnet": "192.168.77.0/24", "node-name": "later",
             "logical-only": True}
    pod = Pod(overlay, "early", later)
    wait_for("the reason", lambda: "node later" in (reasons(overlay).get("default/early") or ""),
             log=overlay.central.path(WATCHER_LOG))
    overlay_command(overlay.central, "minion-init", flags)
    assert pod.wait_for_annotation()["ip_address"].startswith("192.168.77.")
    wait_for_truth(overlay)
    pod.vanish()
    overlay.central.run(["ovn-k8s-overlay", "node-del", "later"])
    late = Pod(overlay, "late", later)
    wait_for("the reason", lambda: "node later" in (reasons(overlay).get("default/late") or ""))
    late.delete()
    wait_for("the end of all work", lambda: not reasons(overlay))


def wipe_rows(overlay):
    """Deletes all rows while the server runs."""
    tables = "Logical_Switch", "Logical_Router", "DNS", "Logical_Router_Policy", "Load_Balancer", "Load_Balancer_Group"
    with contextlib.suppress(FileNotFoundError):
        operations = [{"op": "delete", "table": table, "where": []} for table in tables]
        overlay.central.run(["ovsdb-client", "transact", SERVER, json.dumps(["OVN_Northbound", *operations])])


def wipe_file(overlay):
    """Puts an empty database in the place of the server's."""
    central = overlay.central
    central.run(["ovsdb-tool", "create", "/run/empty.db", SCHEMA])
    central.run(["mv", "/run/empty.db", DATABASE])
    central.kill_and_restart("/run/ovn/ovnnb_db.pid")
    central.run(["ovn-nbctl", "init"])


@pytest.mark.parametrize("wipe", [wipe_rows, wipe_file], ids=["rows", "file"])
@pytest.mark.parametrize("flags", [[], ["--leader-elect"]], ids=["single", "elected"])
def test_an_empty_database_is_filled_again(overlay, wipe, flags):
    with Watcher(overlay.central, *flags) as watcher:
        make_pods(overlay, f"{wipe.__name__.replace('_', '-')}-{len(flags)}", 10)
        wait_for_truth(overlay)
        wipe(overlay)
        pod = Pod(overlay, f"meanwhile-{wipe.__name__.replace('_', '-')}-{len(flags)}", overlay.nodes[0])
        wait_for("the reason", lambda: "to be added" in (reasons(overlay).get(f"default/{pod.name}") or ""),
                 log=overlay.central.path(WATCHER_LOG))
        overlay_command(overlay.central, "master-init", master_flags(overlay.central))
        for node in overlay.nodes:
            overlay_command(node, "minion-init", minion_flags(node))
        wait_for_truth(overlay)
        assert watcher.alive()
        assert overlay.api.request("GET", f"{PODS}/{pod.name}")["metadata"]["annotations"]["ovn"]
