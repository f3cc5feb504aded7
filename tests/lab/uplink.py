"""A host with one network interface that carries everything an interface can carry, and what is outside."""
from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import time

import pytest

from host import Host, wait_for
from ovn import SYSTEM_DB, background
from snapshot import database

NIC, BRIDGE = "eth0", "breth0"
THERE, BACK = ("nics-to-bridge", NIC), ("bridges-to-nic", BRIDGE)
COMMAND = "ovn-k8s-util: "
SYSCALLS = "sendto,sendmsg,write"
GATEWAY, GATEWAY6 = "10.50.0.1", "fd50::1"
HOST_ADDRESS = "10.50.0.2"

LIFETIMES = "valid_lft 9090 preferred_lft 5090"

ADDRESSES = [
    "10.50.0.2/24 brd +", "10.50.0.3/24 brd + label eth0:1", "10.50.0.4/24", f"10.50.0.5/24 {LIFETIMES}",
    "10.51.0.2/24 scope link", "10.52.0.1 peer 10.52.0.2/32", "10.53.0.2/24 noprefixroute", "10.54.0.2/24 metric 77",
    "10.55.0.2/16 label eth0:web", f"10.56.0.2/32 {LIFETIMES}", "169.254.7.7/16 scope link",
    *(f"10.50.0.{i}/24" for i in range(60, 68)),
    "fd50::2/64 nodad", f"fd50::3/64 nodad {LIFETIMES}", "fd50::4/64 nodad valid_lft 9090 preferred_lft 0",
    "fd51::2/64 nodad home", "fd52::1 peer fd52::2/64 nodad", "fd53::2/64 nodad noprefixroute", "fd54::2/128",  # with duplicate address detection
    
    *(f"fd50::{i}/64 nodad" for i in range(60, 64))]

ROUTES = [
    "default via 10.50.0.1", "default via 10.50.0.1 table 100", "default via 10.50.0.9 metric 500 src 10.50.0.3",
    "10.60.0.0/16 via 10.50.0.7 table 100 proto static", "10.61.0.0/16 via 10.50.0.7 proto dhcp metric 20",
    "10.62.0.0/16 scope link src 10.50.0.3", "10.63.0.0/16 via 10.99.9.9 onlink",
    "10.64.0.0/16 via 10.50.0.7 mtu lock 1300 advmss 1200 initcwnd 20 window 40000",
    "10.65.0.0/16 nexthop via 10.50.0.7 dev eth0 weight 3 nexthop via 10.50.0.8 dev eth0 weight 1",
    "10.66.0.0/16 via 10.50.0.7 tos 0x10", "local 10.67.0.0/16", "10.68.0.0/16 via inet6 fd50::7",
    "10.69.0.0/16 nhid 5", "default via fd50::1", "default via fd50::1 table 100",
    "fd60::/48 via fd50::7 table 100 metric 30 pref high", "fd61::/48 via fe80::7 proto static",
    "fd62::/48 src fd50::3", "fd64::/48 via fd50::7 mtu 1300 advmss 1200",
    "fd65::/48 nexthop via fd50::7 dev eth0 weight 3 nexthop via fd50::8 dev eth0 weight 1", "fd66::/48 via fd50::7 expires 9090",
    *(f"10.{70 + i % 20}.{i}.0/24 via 10.50.0.7 table {200 + i % 7} metric {i % 3}" for i in range(130)),
    *(f"fd70:{i:x}::/48 via fd50::7 table {200 + i % 7}" for i in range(60))]

RULES = ["-4 rule add priority 100 iif eth0 table 100", "-4 rule add priority 101 oif eth0 to 10.60.0.0/16 table 100",
         "-4 rule add priority 102 iif eth0 from 10.60.0.0/16 fwmark 7 prohibit",
         "-6 rule add priority 100 iif eth0 table 100", "-6 rule add priority 101 oif eth0 lookup 100 suppress_prefixlength 0"]

OTHERS = ["neighbour add 10.50.0.200 lladdr 02:00:00:00:00:c8 nud permanent dev eth0",
          "neighbour add fd50::200 lladdr 02:00:00:00:00:c8 nud permanent dev eth0",
          "neighbour add proxy 10.50.0.201 dev eth0"]

SYSCTLS = {"ipv4/conf/{}/rp_filter": "2", "ipv4/conf/{}/accept_local": "1", "ipv4/conf/{}/arp_notify": "1",
           "ipv6/conf/{}/accept_ra": "0", "ipv6/conf/{}/hop_limit": "61", "ipv6/conf/{}/addr_gen_mode": "0",
           "ipv6/conf/{}/disable_ipv6": "0"}


def ip_commands() -> dict[str, list[str]]:
    """What configures eth0, for ip -batch, by the family where that does not follow from addresses."""
    def over(words: str) -> str:
        return "" if "nexthop" in words or "nhid" in words else "dev eth0"
    return {"": [*(f"address add {words} dev eth0" for words in ADDRESSES), "nexthop add id 5 via 10.50.0.7 dev eth0",
                   *(f"route add {words} {over(words)}" for words in ROUTES),
                   *(words[3:] for words in RULES if words.startswith("-4")), *OTHERS],
            "-6": [words[3:] for words in RULES if words.startswith("-6")]}


class Box(Host):
    """A host whose eth0 is a cable to "outside", with Open vSwitch."""

    outside: Host

    def start_ovs(self):
        self.run(["ovsdb-tool", "create", SYSTEM_DB, "/usr/share/openvswitch/vswitch.ovsschema"])
        self.start_database()
        self.run(["ovs-vsctl", "--no-wait", "init", "--", "set", "Open_vSwitch", ".",
                  "external_ids:ovn-bridge-datapath-type=netdev"])
        self.start_vswitchd()

    def start_database(self):
        self.run(["ovsdb-server", SYSTEM_DB, "--remote=punix:/run/openvswitch/db.sock",
                  *background("openvswitch", "ovsdb-server")])

    def start_vswitchd(self):
        self.run(["ovs-vswitchd", *background("openvswitch", "ovs-vswitchd")])

    def stop_vswitchd(self):
        self.run(["ovs-appctl", "-t", "ovs-vswitchd", "exit"])
        wait_for("the end of ovs-vswitchd", lambda: not self.output(["pidof", "ovs-vswitchd"], check=False))

    def lay_cable(self):
        """A new eth0, as after a reboot, but with the same MAC address."""
        self.run(["ip", "link", "delete", NIC], check=False)
        subprocess.run(["nsenter", f"--net=/proc/{self.pid}/ns/net", "ip", "link", "add", NIC, "address", "02:50:00:00:00:02",
                        "type", "veth", "peer", "name", "eth0", "netns", str(self.outside.pid)], check=True)
        self.run(["ethtool", "-K", NIC, "tx", "off"])
        self.outside.run(["ethtool", "-K", "eth0", "tx", "off"])
        self.outside.run(["ip", "-batch", "-"], input="\n".join([
            "link set eth0 address 02:50:00:00:00:01 mtu 1400 up", "address add 10.50.0.1/24 dev eth0",
            *(f"address add 10.50.0.{i}/24 dev eth0" for i in (7, 8, 9)), "address add fd50::1/64 dev eth0 nodad", "address add fd50::7/64 dev eth0 nodad"]))
        self.run(["ip", "link", "set", NIC, "mtu", "1400", "up"])
        wait_for("the link-local address", lambda: "fe80" in self.output(["ip", "-6", "address", "show", "dev", NIC]))

    def configure(self):
        for name, value in SYSCTLS.items():
            self.set_sysctl(name.format(NIC), value)
        for family, commands in ip_commands().items():
            self.run(["ip", *family.split(), "-batch", "-"], input="\n".join(commands))
        wait_for("duplicate address detection", lambda: "tentative" not in self.output(["ip", "-6", "address"]))
        self.ping()

    def set_sysctl(self, name: str, value: str):
        self.run(["bash", "-c", f"echo {value} >/proc/sys/net/{name}"])

    def ping(self):
        for address in GATEWAY, GATEWAY6:
            self.run(["ping", "-c", "1", "-w", "5", address])

    def util(self, *words, **options):
        return self.run(["ovn-k8s-util", *words], **options)

    def forget(self):
        """Deletes whatever of Open vSwitch and eth0 there is, and starts again."""
        self.run(["ovs-vsctl", "--if-exists", "del-br", BRIDGE])
        for family in "-4", "-6":
            for rule in json.loads(self.output(["ip", family, "-j", "rule"])):
                if rule["priority"] not in (0, 32766, 32767):
                    self.run(["ip", family, "rule", "delete", "priority", str(rule["priority"])])
        self.lay_cable()
        self.configure()


def make_box(folder: pathlib.Path) -> Box:
    outside = Host.start("outside", folder / "outside")
    box = Box.start("box", folder / "box")
    box.outside = outside
    box.start_ovs()
    box.lay_cable()
    box.configure()
    return box


# --- What a link has

FOREVER = 2**32 - 1
RUNNING = {"valid_life_time", "preferred_life_time", "expires"}
OF_LINK = {"ifindex", "link_index", "used", "confirmed", "updated", "probes", "refcnt"}


def cleaned(value, link: str):
    """The same with the link's name as "@", and without what is the kernel's alone to say."""
    if isinstance(value, dict):
        return {key: "running" if key in RUNNING and 0 < value < FOREVER else cleaned(value, link)
                for key, value in value.items() if key not in OF_LINK}
    if isinstance(value, list):
        return [cleaned(item, link) for item in value]
    if isinstance(value, str) and (value == link or value.startswith(link + ":")):
        return "@" + value[len(link):]
    return value


def is_over(route: dict, link: str) -> bool:
    return route.get("dev") == link or any(hop.get("dev") == link for hop in route.get("nexthops", []))


def is_own(route: dict) -> bool:
    """Routes of multicast are made and unmade with the link's state."""
    return route["type"] != "multicast"


def config(host: Host, link: str) -> dict:
    """All that `ip -json -details` tells of what the link has, comparable between links."""
    def ask(*words):
        return json.loads(host.output(["ip", "-j", "-d", *words]) or "[]")

    addresses = ask("address", "show", "dev", link)[0]
    found = {"addresses": addresses["addr_info"], "mtu": addresses["mtu"], "mac": addresses["address"],
             "up": "UP" in addresses["flags"],
             "next hops": [hop for hop in ask("nexthop") if hop.get("dev") == link]}
    for family in "-4", "-6":
        routes = ask(family, "route", "show", "table", "all")
        found[f"routes {family}"] = [route for route in routes if is_over(route, link) and is_own(route)]
        found[f"rules {family}"] = [rule for rule in ask(family, "rule") if link in (rule.get("iif"), rule.get("oif"))]
        found[f"neighbours {family}"] = [entry for entry in ask(family, "neighbour", "show", "dev", link)
                                         if entry["state"] == ["PERMANENT"]]
    found["proxies"] = ask("neighbour", "show", "proxy", "dev", link)
    values = host.output(["bash", "-c", " ".join(["cat", *(f"/proc/sys/net/{name.format(link)}" for name in SYSCTLS)])])
    found["sysctls"] = dict(zip(SYSCTLS, values.split()))
    result = cleaned(found, link)
    for key, value in result.items():
        if isinstance(value, list) and key != "addresses":
            result[key] = sorted(value, key=json.dumps)
    # Of IPv4 the order of addresses decides which is the primary one.
    result["addresses"] = sorted(result["addresses"], key=lambda address: address["family"])
    return result


def lifetimes(host: Host, link: str) -> dict[str, int]:
    """When what has an end ends, in seconds on the clock."""
    found = {f"{address['local']} {key}": address[key]
             for address in json.loads(host.output(["ip", "-j", "address", "show", "dev", link]))[0]["addr_info"]
             for key in ("valid_life_time", "preferred_life_time")}
    routes = json.loads(host.output(["ip", "-6", "-j", "-d", "route", "show", "table", "all", "dev", link]))
    found.update({route["dst"]: route["expires"] for route in routes if "expires" in route and route["protocol"] != "kernel"})
    return {what: value + int(time.time()) for what, value in found.items() if 0 < value < FOREVER}


def bare(found: dict) -> bool:
    """Whether a link has nothing left of what moves."""
    return not any(value for key, value in found.items() if isinstance(value, list))


def routes_of(found: dict) -> int:
    return sum(1 for key in ("routes -4", "routes -6") for route in found[key] if route.get("protocol") != "kernel")


ECHO = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 7777))
print("ready", flush=True)
while True:
    data, peer = s.recvfrom(64)
    try:
        s.sendto(data, peer)
    except OSError:
        pass
"""

SEND = """
import select, socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], 7777))
s.setblocking(False)
begin = last = time.monotonic()
longest, answers = 0, 0
print("ready", flush=True)
while not select.select([sys.stdin], [], [], 0)[0]:
    try:
        s.send(b"x")
    except OSError:
        pass
    time.sleep(0.0005)
    try:
        while s.recv(64):
            now = time.monotonic()
            longest, last, answers = max(longest, now - last), now, answers + 1
    except OSError:
        pass
print(max(longest, time.monotonic() - last), answers)
"""


class Stream:
    """Datagrams from outside, about a thousand in a second, that the host answers while a "with" block runs."""

    def __init__(self, box: Box):
        self.box = box

    def __enter__(self) -> Stream:
        self.echo = self.box.popen(["python3", "-c", ECHO], stdout=subprocess.PIPE)
        self.echo.stdout.readline()
        self.sender = self.box.outside.popen(["python3", "-c", SEND, HOST_ADDRESS], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.sender.stdout.readline()
        return self

    def __exit__(self, *_):
        self.result = self.sender.communicate("\n")[0].split()
        self.box.run(["pkill", "-f", "s.bind"])
        self.echo.wait()
        self.echo.stdout.close()

    def longest_gap(self) -> float:
        """In seconds."""
        assert int(self.result[1]) > 100
        return float(self.result[0])


# --- For tests

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
    if BRIDGE in bridges(box):
        box.util("bridges-to-nic", BRIDGE)
    assert_same(before, config(box, NIC))


def assert_same(before: dict, after: dict):
    """What is there and what is missing, one by one; and the order, where it matters."""
    for key, value in before.items():
        if isinstance(value, list):
            assert ([item for item in value if item not in after[key]], [item for item in after[key] if item not in value]) \
                == ([], []), key
    assert after == before


def bridges(box) -> list[str]:
    return box.output(["ovs-vsctl", "list-br"]).split()


def assert_moved(box, original):
    assert_same(original, config(box, BRIDGE))
    assert bare(config(box, NIC))
    assert box.output(["ovs-vsctl", "list-ports", BRIDGE]) == NIC
    box.ping()


def assert_at_home(box, original):
    assert_same(original, config(box, NIC))
    assert BRIDGE not in bridges(box)
    assert BRIDGE not in box.output(["ip", "-brief", "link"])
    box.ping()


def open_vswitch(box):
    return database(box, "unix:/run/openvswitch/db.sock", "Open_vSwitch")


# --- Tracing

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
