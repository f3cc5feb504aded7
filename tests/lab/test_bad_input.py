"""Bad input gets one line on stderr that names what is wrong, status 1 (2 where the usage is wrong), and changes nothing."""
import time

import pytest

from overlay import assert_refused, master_flags, minion_flags, overlay_command
from snapshot import snapshot

UNREACHABLE = "tcp:10.99.0.99:6641"

MASTER_CASES = {
    "no-prefix": ({"cluster-ip-subnet": "somewhere"}, ['cluster subnet "somewhere"', "expected ADDRESS/LENGTH"]),
    "prefix-too-long": ({"cluster-ip-subnet": "192.168.0.0/33"}, ['cluster subnet "192.168.0.0/33"', "expected"]),
    "host-bits": ({"cluster-ip-subnet": "192.168.0.1/16"}, ['cluster subnet "192.168.0.1/16"', "expected 192.168.0.0/16"]),
    "host-bits-of-node": ({"master-switch-subnet": "192.168.1.1/24"}, ['subnet "192.168.1.1/24"', "expected 192.168.1.0/24"]),
    "outside": ({"master-switch-subnet": "10.0.1.0/24"}, ["10.0.1.0/24", "outside", "192.168.0.0/16"]),
    "name": ({"node-name": "Kube_Master"}, ['name "Kube_Master"', "expected a DNS label"]),
    "unreachable": ({"nb": UNREACHABLE, "timeout": "5"}, [UNREACHABLE, "timed out"]),
    "no-such-socket": ({"nb": "unix:/run/nowhere.sock", "timeout": "5"}, ["unix:/run/nowhere.sock", "No such file"]),
    "no-remote": ({"nb": "nowhere"}, ['remote "nowhere"', "expected unix:PATH, tcp:IP:PORT"]),
    "no-ovs": ({"ovs": "unix:/run/nowhere.sock", "timeout": "5"}, ["unix:/run/nowhere.sock", "No such file"]),
    "timeout": ({"timeout": "soon"}, ['timeout "soon"', "expected a number"])}


@pytest.mark.parametrize("flags, words", MASTER_CASES.values(), ids=MASTER_CASES.keys())
def test_master_init(overlay, unchanged, flags, words):
    begin = time.monotonic()
    result = overlay_command(overlay.central, "master-init", {**master_flags(overlay.central), **flags}, check=False)
    assert_refused(result, "ovn-k8s-overlay: ", *words)
    assert time.monotonic() - begin < 20


MINION_CASES = {
    "wrong-prefix": ({"minion-switch-subnet": "192.168.2/24"}, ['"192.168.2/24"', "expected ADDRESS/LENGTH"]),
    "outside": ({"minion-switch-subnet": "10.0.1.0/24", "node-name": "new"}, ["10.0.1.0/24", "outside", "192.168.0.0/16"]),
    "overlap": ({"minion-switch-subnet": "192.168.3.128/25", "node-name": "new"},
                ["192.168.3.128/25", "overlaps", "192.168.3.0/24", "kube-minion2"]),
    "other-subnet": ({"minion-switch-subnet": "192.168.9.0/24"}, ["kube-minion1", "192.168.2.0/24", "192.168.9.0/24"]),
    "other-cluster": ({"cluster-ip-subnet": "192.0.0.0/8"}, ["192.168.0.0/16"]),
    "name": ({"node-name": "-"}, ['name "-"', "expected a DNS label"]),
    "unreachable": ({"nb": UNREACHABLE, "timeout": "5"}, [UNREACHABLE, "timed out"])}


@pytest.mark.parametrize("flags, words", MINION_CASES.values(), ids=MINION_CASES.keys())
def test_minion_init(overlay, unchanged, flags, words):
    node = overlay.nodes[0]
    result = overlay_command(node, "minion-init", {**minion_flags(node), **flags}, check=False)
    assert_refused(result, "ovn-k8s-overlay: ", *words)


@pytest.mark.parametrize("arguments, words", [
    ([], ["no command", "master-init, minion-init", "topology"]),
    (["destroy"], ['"destroy"', "expected master-init, minion-init"]),
    (["master-init"], ["--cluster-ip-subnet is missing"]),
    (["master-init", "--what"], ["--what"]),
    (["master-init", "left", "over"], ['"left"'])])
def test_usage_of_overlay(overlay, unchanged, arguments, words):
    result = overlay.central.run(["ovn-k8s-overlay", *arguments], check=False)
    assert_refused(result, "ovn-k8s-overlay: ", *words, status=2)


@pytest.mark.parametrize("arguments, status, words", [
    ([], 2, ["--overlay is missing"]),
    (["--overlay", "--what"], 2, ["--what"]),
    (["--overlay"], 1, ["no API server"]),
    (["--overlay", "--kubeconfig=/nowhere"], 1, ["/nowhere", "No such file"])])
def test_watcher(overlay, unchanged, arguments, status, words):
    result = overlay.central.run(["ovn-k8s-watcher", *arguments], check=False)
    assert_refused(result, "ovn-k8s-watcher: ", *words, status=status)


def test_unreachable_api_server(overlay):
    overlay.central.run(["ovs-vsctl", "set", "Open_vSwitch", ".", 'external_ids:k8s-api-server="https://10.99.0.99:6443"'])
    before = snapshot(overlay)
    result = overlay.central.run(["ovn-k8s-watcher", "--overlay", "--timeout=5", "--detach"], check=False, timeout=30)
    assert_refused(result, "ovn-k8s-watcher: ", "https://10.99.0.99:6443")
    assert "timed out" in result.stderr or "No route to host" in result.stderr  # as the kernel was in time or not
    assert snapshot(overlay) == before


def test_database_without_a_column(overlay, unchanged):
    overlay.central.run(["bash", "-euc", """
        jq 'del(.tables.Logical_Switch.columns.other_config)' /usr/share/ovn/ovn-nb.ovsschema >/run/old.ovsschema
        ovsdb-tool create /run/old.db /run/old.ovsschema
        ovsdb-server /run/old.db --detach --no-chdir --pidfile=/run/old.pid --unixctl=/run/old.ctl \\
            --log-file=/var/log/lab/old.log --remote=punix:/run/old.sock -vconsole:off"""])
    old = {**master_flags(overlay.central), "nb": "unix:/run/old.sock"}
    assert_refused(overlay_command(overlay.central, "master-init", old, check=False),
                   "ovn-k8s-overlay: ", "Logical_Switch", "other_config")
