"""Moving the host's own interface onto a bridge and back, with everything that an interface can have."""
import json
import re
import statistics
import subprocess
import time

import pytest

from host import wait_for
from overlay import assert_refused
from snapshot import differences
from uplink import (BACK, BRIDGE, COMMAND, NIC, THERE, Stream, assert_at_home, assert_moved, assert_same, bare, bridges, config,
                    ip_commands, killed_at, lifetimes, open_vswitch, steps, traced)
from uplink import box, original  # noqa: F401

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


def test_lifetimes_run_on(box, original):
    def assert_near(now):
        assert now.keys() == before.keys() and len(now) == 8
        assert all(abs(now[what] - before[what]) <= 5 for what in before)

    before = lifetimes(box, NIC)
    box.util(*THERE)
    assert_near(lifetimes(box, BRIDGE))
    reboot(box)
    time.sleep(2)
    box.util("nics-to-bridge", "--restore")
    assert_near(lifetimes(box, BRIDGE))
    box.util(*BACK)
    assert_near(lifetimes(box, NIC))


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
    links = NIC, *({BRIDGE} & {*bridges(box)})
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
    assert max(medians["there"], medians["back"]) < 1000  # how it compares is for people to judge


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
        begun = BRIDGE in bridges(box)
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
    result = box.util(*THERE, "--timeout=5", check=False)
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


def test_one_at_a_time(box, original):
    slow = box.popen(["strace", "-f", "-o", "/dev/null", "-e", "trace=sendto", "-e", "inject=sendto:delay_enter=10000",
                      "ovn-k8s-util", *THERE])
    wait_for("the first one to begin", lambda: "ovnk8s-uplink" in box.output(["cat", "/proc/net/unix"]))
    assert_refused(box.util(*THERE, check=False), COMMAND, "another process")
    assert slow.wait() == 0
    assert_moved(box, original)


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
    again = f"while :; do ovs-ofctl add-flow {BRIDGE} in_port=LOCAL,actions=drop; sleep 0.01; done"
    loop = box.popen(["bash", "-c", again], stderr=subprocess.DEVNULL)
    result = traced(box, ["-e", "inject=sendto:delay_enter=10000"], *THERE)  # so that there is time for that
    loop.terminate()
    loop.wait()
    assert_refused(result, COMMAND, "default gateway", "does not answer", "all is as it was")
    assert_at_home(box, original)


def test_a_gateway_that_never_answered(box, original):
    box.outside.run(["ip", "link", "set", "eth0", "arp", "off"])
    box.run(["ip", "neighbour", "flush", "all"])
    box.util(*THERE)
    box.outside.run(["ip", "link", "set", "eth0", "arp", "on"])
    assert_moved(box, original)
