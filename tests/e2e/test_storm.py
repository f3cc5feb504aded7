"""Two pods never hold one address at one time: pods are made, deleted and made again by chance, on nodes that have too few
addresses, by a watcher that is killed now and then; and each transaction of the Northbound database is looked at afterwards."""
import collections
import concurrent.futures
import os
import random

import pytest

from overlay import PODS, Pod, Watcher, connect_hosts, master_flags, minion_flags, overlay_command
from truth import wait_for_truth
from translog import transactions

SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))
NAMES, OPERATIONS, AT_ONCE, KILLS = 60, 400, 6, 6
ADDRESSES = 28  # for pods, of a /27


@pytest.fixture(scope="module")
def tight(cluster):
    """The overlay network with nodes of few addresses."""
    connect_hosts(cluster)
    overlay_command(cluster.central, "master-init", master_flags(cluster.central))
    for node in cluster.nodes:
        flags = minion_flags(node)
        overlay_command(node, "minion-init", {**flags, "minion-switch-subnet": flags["minion-switch-subnet"].replace("/24", "/27")})
    return cluster


class Name:
    """One name, under which there is a pod at times."""

    def __init__(self, sandbox, name):
        self.sandbox, self.name = sandbox, name
        self.node = None  # of the pod that is there

    def make(self, node):
        Pod(self.sandbox, self.name, node)
        self.node = node

    def delete(self):
        self.sandbox.api.request("DELETE", f"{PODS}/{self.name}?gracePeriodSeconds=0")
        self.node = None

    def act(self, chance: random.Random):
        """Does something with the pod."""
        if self.node:
            self.delete()
        if not self.node and chance.random() < 0.6:
            self.make(chance.choice(self.sandbox.nodes))


def storm(sandbox, watcher, chance):
    """Each name belongs to one of the threads, which acts on what only it changes."""
    names = [Name(sandbox, f"storm{i}") for i in range(NAMES)]

    def one_thread(mine, own_chance):
        for _ in range(OPERATIONS // AT_ONCE):
            own_chance.choice(mine).act(own_chance)

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(one_thread, names[i::AT_ONCE], random.Random(chance.random())) for i in range(AT_ONCE)]
        for _ in range(KILLS):
            concurrent.futures.wait(running, timeout=chance.random() * 2)
            watcher.kill()
            watcher.start_again()
        for future in running:
            future.result()
    return names


def make_room(names):
    """Deletes the pods that are too many for their nodes."""
    on = collections.Counter()
    for name in names:
        on[name.node] += name.node is not None
        if on[name.node] > ADDRESSES:
            name.delete()


def holders(ports: dict[str, dict[str, set[str]]]) -> dict[str, list[str]]:
    """The names of the ports that have an IP or a MAC address."""
    found = collections.defaultdict(list)
    for port in ports.values():
        for addresses in port.get("addresses", ()):
            for word in addresses.split() if addresses[:1].isdigit() else ():
                found[word] += port["name"]
    return found


def test_no_address_is_held_twice(tight):
    print(f"SEED={SEED}")
    with Watcher(tight.central) as watcher:
        names = storm(tight, watcher, random.Random(SEED))
        make_room(names)
        wait_for_truth(tight)
    seen = most = 0
    for ports in transactions(tight.central.path("/var/lib/ovn/ovnnb_db.db"), "Logical_Switch_Port"):
        twice = {word: who for word, who in holders(ports).items() if len(who) > 1}
        assert not twice, f"transaction {seen}: {twice}"
        seen, most = seen + 1, max(most, sum(any("storm" in name for name in port["name"]) for port in ports.values()))
    assert seen > 50 and most > ADDRESSES
