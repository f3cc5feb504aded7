"""The commands of ovn-k8s-overlay: what they change, show and refuse, and that doing it twice, or only dryly, is harmless."""
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree

import pytest

from library import Northbound, Plan
from overlay import CLUSTER_SUBNET, CNI_CONF, assert_refused, cni_input, master_flags, minion_flags, overlay_command
from snapshot import database, snapshot

COMMAND = "ovn-k8s-overlay: "
NO_CHANGE = "(0 rows of the Northbound database "


def run(host, *words, **options):
    return host.run(["ovn-k8s-overlay", *words], **options)


def json_of(host, *words, **options):
    return json.loads(run(host, *words, "--format=json", **options).stdout)


def changes_of(text: str) -> str:
    """The lines that tell of changes, without the one that sums up."""
    return "".join(line for line in text.splitlines(keepends=True) if re.match(r"[-+~] ", line))


def add(host, name, *words, **options):
    """Adds a node to the Northbound database alone."""
    return run(host, "minion-init", f"--cluster-ip-subnet={CLUSTER_SUBNET}", f"--node-name={name}", "--logical-only",
               *words, **options)


def northbound(central, *words) -> str:
    return central.output(["ovn-nbctl", *words])


def add_pod_port(central, node: str, pod: str):
    """Adds a pod port as a controller does it. Returns its address, "10.1.2.3/24"."""
    with Northbound(f"unix:{central.path('/run/ovn/ovnnb_db.sock')}") as nb, Plan() as plan:
        plan.port_add(pod, node)
        plan.apply(nb)
        return plan.port_addresses(pod)


@pytest.fixture
def central(overlay):
    return overlay.central


@pytest.fixture
def spare(central):
    """A node that this test alone has."""
    add(central, "spare")
    yield "spare"
    run(central, "node-del", "spare")


# --- Twice

INIT = {"master-init": lambda lab: (lab.central, master_flags(lab.central)),
        "minion-init": lambda lab: (lab.nodes[0], minion_flags(lab.nodes[0]))}


@pytest.mark.parametrize("verb", INIT)
@pytest.mark.parametrize("given", [True, False], ids=["given", "kept"])
def test_init_again_plans_nothing(overlay, unchanged, verb, given):
    host, flags = INIT[verb](overlay)
    if not given:
        flags = {name: value for name, value in flags.items() if not name.endswith("switch-subnet")}
    for mode in {"dry-run": ""}, {}:
        words = [f"--{name}={value}" for name, value in flags.items()] + [f"--{name}" for name in mode]
        told = json_of(host, verb, *words, "--verbose")
        assert told["changes"] == []
        assert told["node"] == flags["node-name"]
        assert told["subnet"].startswith("192.168.")
        assert (told["host"]["changes"], told["host"]["kernel"], told["host"]["files"]) == ([], [], [])
        assert NO_CHANGE in run(host, verb, *words).stdout


@pytest.mark.parametrize("words", [["node-del", "nobody"], ["repair"], ["check"]], ids=lambda words: words[0])
def test_others_again_plan_nothing(central, unchanged, words):
    for _ in range(2):
        assert json_of(central, *words) == {"owner": "k8s", "changes": []}


def test_deleting_twice(central):
    add(central, "spare")
    assert NO_CHANGE not in run(central, "node-del", "spare").stdout
    assert NO_CHANGE in run(central, "node-del", "spare").stdout


# --- Dry runs

def assert_foretold(overlay, host, *words):
    """A dry run changes nothing, and tells what the real one then does."""
    before = snapshot(overlay)
    foretold = run(host, *words, "--dry-run").stdout
    assert snapshot(overlay) == before
    done = run(host, *words, "--verbose").stdout
    assert changes_of(foretold) == changes_of(done) != ""
    assert snapshot(overlay) != before
    count = re.search(r"\((\d+) rows", foretold)[1]
    assert "would" in foretold.splitlines()[-1]
    assert f"({count} rows of the Northbound database changed)" in done


def test_dry_run_of_adding_and_deleting(overlay, central):
    words = ["minion-init", f"--cluster-ip-subnet={CLUSTER_SUBNET}", "--node-name=dry", "--logical-only"]
    assert_foretold(overlay, central, *words)
    assert_foretold(overlay, central, "node-del", "dry")


def test_dry_run_of_a_host(overlay):
    node = overlay.nodes[0]
    port = f"k8s-{node.name}"[:15]
    node.run(["ovs-vsctl", "del-port", "br-int", port])
    node.run(["rm", CNI_CONF])
    words = [f"--{name}={value}" for name, value in minion_flags(node).items()]
    foretold = json_of(node, "minion-init", *words, "--dry-run")
    assert foretold["changes"] == []
    tables = [(change["action"], change["table"]) for change in foretold["host"]["changes"]]
    assert sorted(tables) == [("insert", "Interface"), ("insert", "Port"), ("update", "Bridge")]
    assert foretold["host"]["kernel"] == [f'~ link "{port}" up', f'+ address 192.168.2.2/24 of link "{port}"',
                                          f'+ route {CLUSTER_SUBNET} via 192.168.2.1 over link "{port}"',
                                          f'+ route 100.64.1.0/24 via 192.168.2.1 over link "{port}"']
    assert foretold["host"]["files"] == [f"+ file {CNI_CONF}"]
    assert_foretold(overlay, node, "minion-init", *words)


def test_dry_run_of_a_repair(overlay, central):
    northbound(central, "lsp-del", "k8s-kube-minion1")
    assert_foretold(overlay, central, "repair")


# --- Changes of parameters

def test_mtu_is_applied(overlay):
    node = overlay.nodes[1]
    flags = minion_flags(node)
    for mtu in 1300, 1400:
        told = overlay_command(node, "minion-init", {**flags, "mtu": str(mtu)}).stdout
        assert NO_CHANGE in told
        assert node.output(["ovs-vsctl", "get", "Interface", f"k8s-{node.name}"[:15], "mtu_request"]) == str(mtu)
        assert cni_input(node)["mtu"] == mtu


@pytest.mark.parametrize("verb, flags, words", [
    ("minion-init", {"minion-switch-subnet": "192.168.2.0/23"}, ["kube-minion1", "192.168.2.0/23", "192.168.2.0/24"]),
    ("minion-init", {"minion-switch-subnet": "192.168.3.0/24"}, ["kube-minion1", "192.168.2.0/24", "192.168.3.0/24"]),
    ("minion-init", {"minion-switch-subnet": "192.168.3.0/24", "node-name": "new"}, ["192.168.3.0/24", "kube-minion2"]),
    ("minion-init", {"cluster-ip-subnet": "192.168.0.0/15"}, ["192.168.0.0/15"]),
    ("minion-init", {"cluster-ip-subnet": "192.0.0.0/8"}, ["192.168.0.0/16", "192.0.0.0/8"])])
def test_subnets_that_cannot_be_had(overlay, unchanged, verb, flags, words):
    node = overlay.nodes[0]
    for mode in {}, {"dry-run": ""}:
        result = run(node, verb, *[f"--{name}={value}" for name, value in {**minion_flags(node), **flags}.items()],
                     *[f"--{name}" for name in mode], check=False)
        assert_refused(result, COMMAND, *words)


def test_the_first_free_subnet_is_chosen(central):
    added = [json_of(central, "minion-init", f"--cluster-ip-subnet={CLUSTER_SUBNET}", f"--node-name=auto{i}", "--logical-only")
             for i in range(3)]
    assert [told["subnet"] for told in added] == ["192.168.0.0/24", "192.168.4.0/24", "192.168.5.0/24"]
    assert "subnet 192.168.4.0/24" in add(central, "auto1").stdout
    run(central, "node-del", "auto1")
    assert "subnet 192.168.4.0/24" in add(central, "auto3").stdout
    for name in "auto0", "auto2", "auto3":
        run(central, "node-del", name)


@pytest.fixture
def empty(central):
    """The flag for another Northbound database, which holds nothing."""
    central.run(["bash", "-euc", """
        ovsdb-tool create /run/empty.db /usr/share/ovn/ovn-nb.ovsschema
        ovsdb-server /run/empty.db --detach --no-chdir --pidfile=/run/empty.pid --unixctl=/run/empty.ctl \\
            --log-file=/var/log/lab/empty.log --remote=punix:/run/empty.sock -vconsole:off"""])
    yield "--nb=unix:/run/empty.sock"
    central.run(["bash", "-euc", "ovs-appctl -t /run/empty.ctl exit; rm /run/empty.db"])


def test_an_exhausted_cluster(central, unchanged, empty):
    subnet = "10.0.0.0/23"
    init = [f"--cluster-ip-subnet={subnet}", "--logical-only", empty]
    run(central, "master-init", *init, "--node-name=small1")
    run(central, "minion-init", *init, "--node-name=small2")
    before = database(central, "unix:/run/empty.sock", "OVN_Northbound")
    for mode in [], ["--dry-run"]:
        refused = run(central, "minion-init", *init, *mode, "--node-name=small3", check=False)
        assert_refused(refused, COMMAND, "small3", subnet, "2")
    assert database(central, "unix:/run/empty.sock", "OVN_Northbound") == before


def test_the_end_of_a_cluster(central, unchanged, empty):
    run(central, "master-init", f"--cluster-ip-subnet={CLUSTER_SUBNET}", "--logical-only", empty, "--node-name=first")
    assert_refused(run(central, "cluster-del", empty, check=False), COMMAND, "first")
    assert NO_CHANGE not in run(central, "cluster-del", "--force", empty).stdout
    assert NO_CHANGE in run(central, "cluster-del", empty).stdout
    assert json_of(central, "status", empty)["cluster"] is None
    assert run(central, "topology", empty).stdout == "no cluster\n"
    rows = database(central, "unix:/run/empty.sock", "OVN_Northbound")
    assert not any(rows[table] for table in rows if table != "NB_Global")


# --- Deleting

def test_node_del_takes_all_with_it(central, spare):
    add_pod_port(central, spare, "red")
    run(central, "node-del", spare)
    dump = central.output(["ovsdb-client", "--format=json", "dump", "unix:/run/ovn/ovnnb_db.sock", "OVN_Northbound"])
    assert spare not in dump
    assert "default_red" not in dump


def test_others_keep_what_is_theirs(central, spare):
    northbound(central, "ls-add", "foreign", "--", "lsp-add", "foreign", "foreign-port")
    run(central, "node-del", spare)
    assert northbound(central, "lsp-list", "foreign").endswith("(foreign-port)")
    northbound(central, "ls-del", "foreign")


# --- Check and repair

def test_check_tells_by_its_exit_code(overlay, central):
    assert run(central, "check").stdout == "cluster: as it should be\n"
    northbound(central, "lsp-del", "k8s-kube-minion1")
    before = snapshot(overlay)
    found = run(central, "check", check=False)
    assert found.returncode == 3
    assert '+ Logical_Switch_Port "k8s-kube-minion1"' in found.stdout
    found = run(central, "check", "--format=json", check=False)
    assert found.returncode == 3
    assert ("insert", "k8s-kube-minion1") in [(c["action"], c["name"]) for c in json.loads(found.stdout)["changes"]]
    assert snapshot(overlay) == before
    run(central, "repair")
    assert run(central, "check").returncode == 0
    assert_refused(run(central, "check", "--nb=unix:/run/nowhere", "--timeout=5", check=False), COMMAND, "unix:/run/nowhere")


def test_there_is_no_cluster(central, unchanged):
    for verb in "check", "repair":
        assert_refused(run(central, verb, "--owner=nobody", check=False), COMMAND, "no cluster")


# --- Showing

def test_status(overlay, central, unchanged):
    status = json_of(central, "status")
    assert status["cluster"] == {"name": "kube-master", "subnet": CLUSTER_SUBNET, "join_subnet": "100.64.1.0/24"}
    nodes = {node["name"]: node for node in status["nodes"]}
    assert sorted(nodes) == ["kube-master", "kube-minion1", "kube-minion2"]
    minion = nodes["kube-minion1"]
    assert (minion["subnet"], minion["gateways"], minion["addresses"], minion["n_ports"], minion["capacity"]) == (
        "192.168.2.0/24", ["192.168.2.1/24"], ["192.168.2.2/24"], 0, 252)
    assert status["gateways"] == []
    assert {"name": "kube-minion1", "hostname": "kube-minion1", "encap_type": "geneve",
            "encap_ip": overlay.nodes[0].address} in status["chassis"]
    rows = [line.split() for line in run(central, "status").stdout.splitlines()]
    assert ["kube-minion1", "192.168.2.0/24", "0/252", "kube-minion1", "geneve", overlay.nodes[0].address] in rows


def test_status_on_a_node_finds_the_southbound_database(overlay):
    assert len(json_of(overlay.nodes[0], "status")["chassis"]) == 3
    assert len(json_of(overlay.nodes[0], "status", f"--nb={overlay.central.northbound}")["chassis"]) == 3


def test_status_without_the_southbound_database(central, unchanged):
    result = run(central, "status", "--format=json", "--sb=unix:/run/nowhere.sock", "--timeout=5")
    assert "without chassis" in result.stderr and "unix:/run/nowhere.sock" in result.stderr
    assert json.loads(result.stdout)["chassis"] is None


def test_topology(central, spare):
    address = add_pod_port(central, spare, "red")
    drawn = {form: run(central, "topology", "--ports", f"--format={form}").stdout for form in ("text", "json", "dot", "svg")}
    assert f"default/red  {address}" in drawn["text"]
    node = next(node for node in json.loads(drawn["json"])["nodes"] if node["name"] == spare)
    assert node["n_ports"] == 1
    assert [(port["namespace"], port["pod"], port["addresses"]) for port in node["ports"]] == [
        ("default", "red", [address])]
    assert f'"switch:{spare}" -- "pod:default/red";' in drawn["dot"]
    if shutil.which("dot"):
        subprocess.run(["dot", "-Tsvg"], input=drawn["dot"], check=True, capture_output=True, text=True)
    picture = xml.etree.ElementTree.fromstring(drawn["svg"])
    words = "".join(picture.itertext())
    for word in "kube-master", "kube-minion1", spare, "default/", "red", address.partition("/")[0], "1 / 252":
        assert word in words
    assert drawn["svg"] == run(central, "topology", "--ports", "--format=svg").stdout
    without = json_of(central, "topology")
    assert all("ports" not in node for node in without["nodes"])
    assert "default/red" not in run(central, "topology").stdout


# --- Connecting

def test_the_northbound_database_is_enough(central):
    """With --nb and without this host, Open vSwitch is left alone: a wrong place for it does not matter."""
    elsewhere = [f"--nb={central.northbound}", "--ovs=unix:/run/nowhere.sock"]
    add(central, "far", *elsewhere)
    for words in ["node-del", "far"], ["check"], ["repair"], ["topology"]:
        run(central, *words, *elsewhere)


def test_wait(central):
    add(central, "waited", "--wait=sb")
    assert central.output(["ovn-sbctl", "--bare", "--columns=_uuid", "find", "Datapath_Binding", "external_ids:name=waited"])
    run(central, "node-del", "waited", "--wait=hv")


# --- Bad input

@pytest.mark.parametrize("words, expected", [
    (["node-del"], ["NAME is missing"]),
    (["node-del", "a", "b"], ['"b"']),
    (["status", "--force"], ["--force does not go with status"]),
    (["minion-init", "--ports"], ["--ports does not go with minion-init"]),
    (["status", "--format=svg"], ["--format", "text and json"]),
    (["status", "--format=yaml"], ['"yaml"', "text or json"]),
    (["check", "--wait=long"], ['"long"', "none, sb or hv"]),
    (["minion-init", "--node-name=n"], ["--cluster-ip-subnet is missing"]),
    (["minion-init", f"--cluster-ip-subnet={CLUSTER_SUBNET}"], ["--node-name is missing"])])
def test_usage(central, unchanged, words, expected):
    assert_refused(run(central, *words, check=False), COMMAND, *expected, status=2)


@pytest.mark.parametrize("words, expected", [
    (["node-del", "a\nb"], ['"a b"', "DNS"]),
    (["node-del", "a\x1b[31m"], ["DNS"]),
    (["node-del", "x" * 64], ["x" * 64, "63"]),
    (["check", "--owner=" + "x" * 64], ["owner", "63"]),
    (["check", "--owner=a b"], ['owner "a b"']),
    (["minion-init", f"--cluster-ip-subnet={CLUSTER_SUBNET}", "--node-name=n\t"], ['"n "', "DNS"]),
    (["minion-init", f"--cluster-ip-subnet={CLUSTER_SUBNET}", "--node-name=" + "n" * 64], ["n" * 64, "63"]),
    (["minion-init", f"--cluster-ip-subnet={CLUSTER_SUBNET}", "--node-name=n", "--mtu=9"], ['mtu "9"', "68"]),
    (["minion-init", f"--cluster-ip-subnet={CLUSTER_SUBNET},{CLUSTER_SUBNET}", "--node-name=n"], ["cluster subnet"])])
def test_bad_values(central, unchanged, words, expected):
    assert_refused(run(central, *words, check=False), COMMAND, *expected)
