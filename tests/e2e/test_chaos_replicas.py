"""Three watchers of one cluster are killed, and put to sleep for shorter and longer than their Lease, while pods and services come
and go. After all that there is no difference, and who had lost the lead has written nothing any more."""
from __future__ import annotations

import json
import os
import random
import re
import time
from collections.abc import Iterator

import pytest

from apiserver import FOLDER
from chaos import Churn, make_pods, make_service
from replica import Replica
from translog import records
from truth import wait_for_truth

SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))
PODS, SERVICES, DISASTERS, TAKEOVERS = 300, 60, 60, 10
LEASE_S = 2
LEASE = "/apis/coordination.k8s.io/v1/namespaces/ovn-k8s/leases/ovn-k8s-watcher"
NB_CONTROL, NB_FILE, NB_LOG = "/run/ovn/ovnnb_db.ctl", "/var/lib/ovn/ovnnb_db.db", "/var/log/ovn/ovnnb_db.log"
REQUEST = re.compile(r'\|tcp:\[?(?:::ffff:)?([\d.]+)\]?:\d+: received request, method="transact", params=(.*), id=\d+$')
CHANGES, GENERATION = ("insert", "update", "mutate", "delete"), "ovnk8s-generation"


class Troupe:
    """A watcher on each host, at any moment of which some may sleep."""

    def __init__(self, overlay, chance: random.Random):
        self.overlay, self.chance = overlay, chance
        self.asleep: dict[Replica, float] = {}  # until when
        self.replicas = [self.make(host) for host in (overlay.central, *overlay.nodes)]

    def make(self, host) -> Replica:
        host.write(f"{FOLDER}/watcher.kubeconfig", self.overlay.api.kubeconfig("watcher"), mode=0o600)
        return Replica(host, host.name, f"--nb={self.overlay.central.northbound}", f"--kubeconfig={FOLDER}/watcher.kubeconfig",
                       duration=LEASE_S, renew=0.75 * LEASE_S, retry=0.15 * LEASE_S).wait_to_start()

    def wake(self, now: float):
        for replica in [replica for replica, until in self.asleep.items() if until <= now]:
            replica.signal("CONT")
            del self.asleep[replica]

    def strike(self) -> bool:
        """Does something terrible to one of them. Returns whether one was there that did not sleep."""
        awake = [replica for replica in self.replicas if replica not in self.asleep]
        if not awake:
            return False
        replica = self.chance.choice(awake)
        if self.chance.random() < 0.5:
            replica.daemon.kill()
            replica.start()
        else:
            replica.signal("STOP")
            self.asleep[replica] = time.monotonic() + self.chance.choice([0.5, 2.5]) * LEASE_S * self.chance.random()
        return True

    def takeovers(self) -> int:
        return self.overlay.api.request("GET", LEASE)["spec"]["leaseTransitions"]

    def end(self):
        self.wake(float("inf"))
        for replica in self.replicas:
            replica.daemon.kill()


@pytest.fixture
def requests_are_logged(overlay):
    """By the Northbound database: who has asked for which transaction."""
    vlog = ["ovs-appctl", "-t", NB_CONTROL, "vlog/set"]
    overlay.central.run([*vlog, "jsonrpc:file:dbg"])
    yield
    overlay.central.run([*vlog, "jsonrpc:file:info"])


@pytest.fixture
def troupe(overlay, requests_are_logged):
    made = Troupe(overlay, random.Random(SEED))
    yield made
    made.end()


def pairs_of(row: dict) -> dict[str, str]:
    """What a record or an operation says of external_ids."""
    return dict(row["external_ids"][1]) if "external_ids" in row else {}


def asked_for(overlay) -> Iterator[tuple[str, list[dict]]]:
    """Who has asked for each transaction, by address, and its operations."""
    with overlay.central.path(NB_LOG).open() as log:
        for match in filter(None, map(REQUEST.search, log)):
            yield match[1], [operation for operation in json.loads(match[2]) if isinstance(operation, dict)]


def inserted_pairs(operation: dict) -> dict[str, str]:
    """What an operation puts into external_ids."""
    mutations = [change for change in operation.get("mutations", []) if change[:2] == ["external_ids", "insert"]]
    return {**pairs_of(operation.get("row", {})), **{key: value for _, _, inserted in mutations for key, value in inserted[1]}}


def leader_row(overlay) -> str:
    return overlay.central.output(
        ["ovn-nbctl", "--bare", "--columns=_uuid", "find", "DNS", "external_ids:ovnk8s-ledger=leader"])


def asks_for_the_lead(operations: list[dict], leader: str) -> bool:
    """Whether a transaction is refused unless somebody in particular leads, or makes somebody the leader."""
    return any(leader in json.dumps(operation.get("where", "")) and "leader" in pairs_of(operation["rows"][0])
               for operation in operations if operation["op"] == "wait" and operation["rows"]) \
        or any("leader" in inserted_pairs(operation) for operation in operations)


def test_replicas_are_killed_and_put_to_sleep(overlay, troupe):
    print(f"SEED={SEED}")
    make_pods(overlay, "churn", PODS)
    for number in range(0, SERVICES, 2):
        make_service(overlay, f"churn-service{number}")
    with Churn(overlay, "churn", PODS, SERVICES) as churn:
        disasters = 0
        while disasters < DISASTERS or churn.changes < PODS or troupe.takeovers() < TAKEOVERS:
            time.sleep(troupe.chance.random() * 0.4)  # by chance: the moment, not the duration, is what matters
            troupe.wake(time.monotonic())
            disasters += troupe.strike()
    troupe.wake(float("inf"))
    wait_for_truth(overlay)
    assert_only_leaders_have_written(overlay)


def assert_only_leaders_have_written(overlay):
    """Whatever is done to pods gives a row of the ledger another generation, a random number, and so does whoever takes the
    lead: so it is known whose transaction it was."""
    addresses = {host.name: host.address for host in (overlay.central, *overlay.nodes)}
    leader, writers, known = leader_row(overlay), {}, []
    for address, operations in asked_for(overlay):
        if address in addresses.values() and any(operation["op"] in CHANGES for operation in operations):
            assert asks_for_the_lead(operations, leader), operations
            writers.update({inserted_pairs(operation).get(GENERATION): address for operation in operations})
    holder = None
    for record in records(overlay.central.path(NB_FILE)):
        ledger = record.get("DNS", {})
        holder = pairs_of(ledger.get(leader) or {}).get("leader", holder)
        for generation in {pairs_of(row).get(GENERATION) for row in ledger.values() if row} & set(writers) - {None}:
            assert writers[generation] == addresses[holder], f"transaction {len(known)}: {record}"
            known.append(writers[generation])
    assert len(set(known)) > 1 and len(known) > 2 * TAKEOVERS
    print(f"{len(known)} transactions of which the writer is known")
