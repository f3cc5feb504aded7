"""Moving the host's own interface onto a bridge and back, with everything that an interface can have, killed and disturbed at
every step."""
import json
import os
import re
import statistics
import subprocess
import time

import pytest

from host import wait_for
from overlay import assert_refused
from snapshot import database, differences
from uplink import BRIDGE, NIC, Stream, bare, config, ip_commands, make_box, routes_of

COMMAND = "ovn-k8s-util: "
SYSCALLS = "sendto,sendmsg,write"


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    made = make_box(tmp_path_factory.mktemp("hosts"))
    yield made
    made.stop()
    made.outside.stop()


@pytest.fixture
def original(box):
    """What eth0 has, before and after the test."""
    before = config(box, NIC)
    assert len(before["addresses"]) >= 30 and routes_of(before) >= 200
    yield before
    if bridges(box):
        box.util("bridges-to-nic", BRIDGE)
    assert_same(before, config(box, NIC))


def assert_same(before: dict, after: dict):
    assert differences(before, after) == []


def bridges(box) -> str:
    return box.output(["ovs-vsctl", "list-br"])


def assert_moved(box, original):
    assert_same(original, config(box, BRIDGE))
    assert bare(config(box, NIC))
    assert box.output(["ovs-vsctl", "list-ports", BRIDGE]) == NIC
    box.ping()


def assert_at_home(box, original):
    assert_same(original, config(box, NIC))
    assert bridges(box) == ""
    assert BRIDGE not in box.output(["ip", "-brief", "link"])
    box.ping()


def open_vswitch(box):
    return database(box, "unix:/run/openvswitch/db.sock", "Open_vSwitch")


# --- There and back

def test_everything_moves(box, original):
    box.util("nics-to-bridge", NIC)
    assert_moved(box, original)
    columns = json.loads(box.output(["ovs-vsctl", "--format=json", "--columns=fail_mode,datapath_type,external_ids,other_config",
                                     "find", "Bridge", f"name={BRIDGE}"]))["data"][0]
    assert columns[:2] == ["standalone", "netdev"]
    assert dict(columns[2][1])["bridge-id"] == BRIDGE
    assert dict(columns[3][1]) == {"hwaddr": original["mac"]}
    box.util("bridges-to-nic", BRIDGE)
    assert_at_home(box, original)


def test_twice_changes_nothing(box, original):
    for words in ("nics-to-bridge", NIC), ("bridges-to-nic", BRIDGE):
        box.util(*words)
        before = open_vswitch(box), config(box, NIC)
        assert "nothing to do" in box.util(*words).stdout
        assert box.util(*words, "--dry-run", "--verbose").stdout.count("\n") == 1
        assert differences(before, (open_vswitch(box), config(box, NIC))) == []


@pytest.mark.parametrize("words", [("nics-to-bridge", NIC), ("bridges-to-nic", BRIDGE)], ids=lambda words: words[0])
def test_dry_run(box, original, words):
    if words[0] == "bridges-to-nic":
        box.util("nics-to-bridge", NIC)
    links = NIC, *([BRIDGE] if bridges(box) else [])
    before = open_vswitch(box), [config(box, link) for link in links]
    text = box.util(*words, "--dry-run").stdout
    told = json.loads(box.util(*words, "--dry-run", "--format=json").stdout)["uplinks"]
    assert (open_vswitch(box), [config(box, link) for link in links]) == before
    assert [line for line in text.splitlines() if re.match(r"[-+~] ", line)] == told[0]["steps"]
    there, gone = (BRIDGE, NIC) if words[0] == "nics-to-bridge" else (NIC, BRIDGE)
    assert f'+ address 10.50.0.2/24 of link "{there}"' in told[0]["steps"]
    assert f'- address 10.50.0.2/24 of link "{gone}"' in told[0]["steps"]
    assert f'+ route 0.0.0.0/0 via 10.50.0.1 of link "{there}"' in told[0]["steps"]
    assert told[0]["changed"] and "would" in text.splitlines()[-1]


def test_what_changed_since_is_what_moves_back(box, original):
    box.util("nics-to-bridge", NIC)
    box.run(["ip", "address", "add", "10.59.0.2/24", "dev", BRIDGE])
    box.run(["ip", "address", "delete", "10.50.0.67/24", "dev", BRIDGE])
    box.util("bridges-to-nic", BRIDGE)
    addresses = {address["local"] for address in config(box, NIC)["addresses"]}
    assert "10.59.0.2" in addresses and "10.50.0.67" not in addresses
    box.run(["ip", "address", "delete", "10.59.0.2/24", "dev", NIC])
    box.run(["ip", "address", "add", "10.50.0.67/24", "dev", NIC])


def test_what_appears_on_the_interface_moves_too(box, original):
    box.util("nics-to-bridge", NIC)
    box.run(["ip", "address", "add", "10.59.0.2/24", "dev", NIC])
    box.util("nics-to-bridge", NIC)
    assert bare(config(box, NIC))
    assert "10.59.0.2" in {address["local"] for address in config(box, BRIDGE)["addresses"]}
    box.run(["ip", "address", "delete", "10.59.0.2/24", "dev", BRIDGE])


# --- The gap

def move_by_hand(box):
    """The same move as an operator would do it: prepared, then one ip -batch."""
    mac = box.output(["cat", f"/sys/class/net/{NIC}/address"])
    box.run(["ovs-vsctl", "add-br", BRIDGE, "--", "set", "Bridge", BRIDGE, "datapath_type=netdev", f"other_config:hwaddr={mac}",
             "--", "add-port", BRIDGE, NIC])
    box.run(["ip", "link", "set", BRIDGE, "up"])
    lines = [line.replace("dev eth0", f"dev {BRIDGE}") for line in ip_commands()[""]
             if line.startswith(("address", "route", "neighbour")) and "nhid" not in line]
    lines = [line.replace(" label eth0", f" label {BRIDGE}").replace("route add", "route replace") for line in lines]
    box.run(["ip", "-batch", "-"], input="\n".join([f"address flush dev {NIC}", *lines]))


def measure(box, move) -> float:
    """The longest time in ms without an answer while something is done."""
    with Stream(box) as stream:
        time.sleep(0.3)
        move()
        time.sleep(0.5)
    return stream.longest_gap() * 1000


def test_gap(box, original, record_property):
    gaps = {"still": [], "there": [], "back": [], "by hand": []}
    for _ in range(3):
        gaps["still"].append(measure(box, lambda: time.sleep(0.3)))
        gaps["there"].append(measure(box, lambda: box.util("nics-to-bridge", NIC)))
        gaps["back"].append(measure(box, lambda: box.util("bridges-to-nic", BRIDGE)))
        gaps["by hand"].append(measure(box, lambda: move_by_hand(box)))
        box.forget()
    medians = {name: round(statistics.median(all_of), 1) for name, all_of in gaps.items()}
    print("longest time without an answer, ms:", medians)
    record_property("gaps", medians)
    assert medians["there"] <= 3 * medians["by hand"] and medians["back"] <= 3 * medians["by hand"]


# --- Killed, and disturbed

def traced(box, inject, *words, timeout="5"):
    return box.run(["strace", "-f", "-qq", "-o", "/run/strace.log", "-e", f"trace={SYSCALLS}", *inject,
                    "ovn-k8s-util", *words, f"--timeout={timeout}"], check=False)


CHANGING = re.compile(r"nlmsg_type=RTM_(NEW|DEL|SET)|0x68 /\* NLMSG|transact|write\(|sendto\([^\"]*\{nlmsg_len=[0-9]{4,}")


def steps(box, *words) -> list[int]:
    """Which of the system calls of the command that send or write change something, and those after them. In between it
    only looks. $OVNK8S_EVERY_STEP takes all."""
    result = traced(box, [], *words)
    assert result.returncode == 0, result.stderr
    lines = box.path("/run/strace.log").read_text().splitlines()
    if "OVNK8S_EVERY_STEP" in os.environ:
        return list(range(1, len(lines) + 1))
    changing = {i for i, line in enumerate(lines, 1) if CHANGING.search(line)}
    return sorted(i for i in changing | {i + 1 for i in changing} if i <= len(lines))


def killed_at(box, call, *words) -> bool:
    """False when it was done before it came that far."""
    result = traced(box, ["-e", f"inject={SYSCALLS}:signal=SIGKILL:when={call}"], *words)
    return result.returncode != 0


THERE, BACK = ("nics-to-bridge", NIC), ("bridges-to-nic", BRIDGE)


@pytest.mark.parametrize("begun, ended", [(THERE, THERE), (THERE, BACK), (BACK, THERE), (BACK, BACK)],
                         ids=["there-finished", "there-undone", "back-undone", "back-finished"])
def test_killed_at_every_step(box, original, begun, ended):
    """Whatever was done by then, the host is connected, and either command leads to its end."""
    killed = 0
    if begun == BACK:
        box.util(*THERE)
    for call in steps(box, *begun):
        box.util(*(BACK if begun == THERE else THERE))
        killed += killed_at(box, call, *begun)
        box.ping()
        box.util(*ended)
        (assert_moved if ended == THERE else assert_at_home)(box, original)
    print("killed", killed, "times")
    assert killed > 20


@pytest.mark.parametrize("error", ["ENOBUFS", "EPERM"])
@pytest.mark.parametrize("words", [THERE, BACK], ids=lambda words: words[0])
def test_errors_at_every_step(box, original, words, error):
    """A failure is one line, and leaves everything as it was."""
    other, before, after = (BACK, assert_at_home, assert_moved) if words == THERE else (THERE, assert_moved, assert_at_home)
    failures = 0
    if words == BACK:
        box.util(*THERE)
    for call in steps(box, *words):
        box.util(*other)
        result = traced(box, ["-e", f"inject={SYSCALLS}:error={error}:when={call}"], *words)
        box.ping()
        if result.returncode == 0:
            after(box, original)
            continue
        failures += 1
        assert_refused(result, COMMAND)
        if bridges(box) == ("" if words == THERE else BRIDGE):
            before(box, original)
        print(call, result.stderr.strip())
        box.util(*words)
        after(box, original)
    print("failed", failures, "times")
    assert failures > 5


# --- After a reboot

def reboot(box):
    """The database is kept, and the kernel remembers nothing."""
    box.stop_vswitchd()
    box.run(["ovs-appctl", "-t", "ovsdb-server", "exit"])
    box.run(["ip", "link", "delete", BRIDGE], check=False)
    box.lay_cable()
    for family in "-4", "-6":
        for rule in json.loads(box.output(["ip", family, "-j", "rule"])):
            if rule["priority"] not in (0, 32766, 32767):
                box.run(["ip", family, "rule", "delete", "priority", str(rule["priority"])])
    wait_for("the end of ovsdb-server", lambda: not box.output(["pidof", "ovsdb-server"], check=False))
    box.start_database()
    box.start_vswitchd()


def test_reboot(box, original):
    box.util(*THERE)
    reboot(box)
    assert "moved" in box.util("nics-to-bridge", "--restore").stdout
    assert_moved(box, original)
    assert "nothing to do" in box.util("nics-to-bridge", "--restore").stdout


def test_reboot_with_an_interface_that_others_configure(box, original):
    box.util(*THERE)
    reboot(box)
    box.configure()
    box.util("nics-to-bridge", "--restore")
    assert_moved(box, original)


def test_reboot_half_way(box, original):
    calls = steps(box, *THERE)
    for call in calls[len(calls) // 3], calls[len(calls) // 2], calls[-8]:
        box.util(*BACK)
        killed_at(box, call, *THERE)
        begun = bridges(box)
        reboot(box)
        if begun:
            box.util("nics-to-bridge", "--restore")
            assert_moved(box, original)
        else:
            box.configure()


@pytest.mark.parametrize("loses", [False, True], ids=["link-stays", "link-is-lost"])
def test_vswitchd_is_started_anew(box, original, loses):
    box.util(*THERE)
    box.stop_vswitchd()
    if loses:
        box.run(["ip", "link", "delete", BRIDGE])
    box.start_vswitchd()
    box.util("nics-to-bridge", "--restore")
    assert_moved(box, original)


def test_without_vswitchd(box, original):
    box.stop_vswitchd()
    result = box.util(*THERE, "--timeout=1", check=False)
    box.start_vswitchd()
    assert_refused(result, COMMAND, "is it running?", "all is as it was")
    assert_at_home(box, original)


# --- What is refused

@pytest.fixture(scope="module")
def obstacles(box):
    box.run(["bash", "-euc", """
        for i in 1 2 3 4 5; do ip link add eth$i type veth peer name peer$i; ip link set eth$i up; done
        ovs-vsctl add-br other -- set Bridge other datapath_type=netdev -- add-port other eth1
        ip link add master0 type bridge; ip link set eth2 master master0
        ip link add breth3 type bridge
        ovs-vsctl add-br breth4 -- set Bridge breth4 datapath_type=netdev
        ip link add name12345678901 type veth peer name peer6"""])
    yield
    box.run(["bash", "-euc", """
        ovs-vsctl del-br other -- del-br breth4
        for i in 1 2 3 4 5 6; do ip link delete peer$i; done; ip link delete master0; ip link delete breth3"""])


@pytest.mark.parametrize("words, complaints", [
    (["nics-to-bridge", "eth99"], ["eth99", "No such device"]), (["nics-to-bridge", "lo"], ["lo", "loopback"]),
    (["nics-to-bridge", "eth1"], ["eth1", "in bridge other"]), (["nics-to-bridge", "eth2"], ["eth2", "enslaved to master0"]),
    (["nics-to-bridge", "eth3"], ["breth3", "no bridge of Open vSwitch"]),
    (["nics-to-bridge", "eth4"], ["breth4", "somebody else's making"]),
    (["nics-to-bridge", "name12345678901"], ["brname12345678901", "no valid name"]),
    (["nics-to-bridge", "a/b"], ["a/b", "no valid name"]),
    (["bridges-to-nic", "breth99"], ["eth99", "No such device"]), (["bridges-to-nic", "breth4"], ["somebody else's making"]),
    (["bridges-to-nic", "nowhere"], ["no such bridge"])], ids=lambda words: words[-1].split()[0])
def test_bad_names(box, original, obstacles, words, complaints):
    before = open_vswitch(box)
    for dry in [], ["--dry-run"]:
        assert_refused(box.util(*words, *dry, check=False), COMMAND, *complaints)
    assert differences(before, open_vswitch(box)) == []


@pytest.mark.parametrize("words, complaints", [
    ([], ["no command"]), (["what"], ['"what"']), (["nics-to-bridge"], ["NIC is missing"]),
    (["bridges-to-nic"], ["BRIDGE is missing"]), (["bridges-to-nic", "--restore"], ["does not go with"]),
    (["nics-to-bridge", "--restore", "eth0"], ["eth0"]), (["nics-to-bridge", "eth0", "--format=svg"], ["text or json"])])
def test_usage(box, words, complaints):
    assert_refused(box.util(*words, check=False), COMMAND, *complaints, status=2)


def test_the_first_failure_stops(box, original, obstacles):
    result = box.util("nics-to-bridge", "eth5", "eth99", NIC, check=False)
    assert result.returncode == 1 and "eth99" in result.stderr
    assert result.stdout == "interface eth5: moved onto its bridge\n"
    assert_same(original, config(box, NIC))
    box.util("bridges-to-nic", "breth5")


def test_a_bridge_with_other_ports_stays(box, original, obstacles):
    box.util(*THERE)
    box.run(["ovs-vsctl", "add-port", BRIDGE, "eth5"])
    assert_refused(box.util(*BACK, check=False), COMMAND, "other ports", "eth5")
    assert_same(original, config(box, BRIDGE))
    box.run(["ovs-vsctl", "del-port", BRIDGE, "eth5"])


def test_a_gateway_that_is_lost(box, original):
    """What is verified last: here the bridge leads nowhere, since something drops the host sends."""
    loop = box.popen(["bash", "-c", f"while ! ovs-ofctl add-flow {BRIDGE} in_port=LOCAL,actions=drop; do sleep 0.01; done"],
                     stderr=subprocess.DEVNULL)
    result = traced(box, ["-e", "inject=sendto:delay_enter=10000"], *THERE)  # so that there is time for that
    loop.wait()
    assert_refused(result, COMMAND, "default gateway", "does not answer", "all is as it was")
    assert_at_home(box, original)


def test_a_gateway_that_never_answered(box, original):
    box.outside.run(["ip", "link", "set", "eth0", "arp", "off"])
    box.run(["ip", "neighbour", "flush", "all"])
    box.util(*THERE)
    box.outside.run(["ip", "link", "set", "eth0", "arp", "on"])
    assert_moved(box, original)
