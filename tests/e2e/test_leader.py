"""Several watchers, of which one works: who takes over when it ends, dies, or sleeps, and that whoever wakes up later changes
nothing."""
from __future__ import annotations

import json

import pytest

from host import wait_for
from overlay import PODS, Pod
from replica import PATIENCE, Replica

LEASES = "/apis/coordination.k8s.io/v1/namespaces/ovn-k8s/leases"
ROLE = "/apis/rbac.authorization.k8s.io/v1/namespaces/ovn-k8s/roles/ovn-k8s-watcher"
NB_FILE = "/var/lib/ovn/ovnnb_db.db"


@pytest.fixture
def replicas(overlay):
    """Starts replicas, which end with the test; as does their lease."""
    started = []

    def start(name: str, **times) -> Replica:
        started.append(Replica(overlay.central, name, **times))
        return started[-1].wait_to_start()

    yield start
    for replica in started:
        if replica.daemon.alive():
            replica.daemon.kill()
    if overlay.api.exists(f"{LEASES}/ovn-k8s-watcher"):
        overlay.api.request("DELETE", f"{LEASES}/ovn-k8s-watcher")


def make_pods(overlay, *names: str) -> list[Pod]:
    return [Pod(overlay, name, overlay.nodes[i % 2]) for i, name in enumerate(names)]


def wait_for_annotations(pods: list[Pod], replica: Replica):
    for pod in pods:
        wait_for(f"the annotation of {pod.name}", pod.annotation, timeout=PATIENCE, log=replica.daemon.log)


def records(overlay) -> list[dict]:
    """All transactions of the Northbound database, by its own log."""
    lines = overlay.central.path(NB_FILE).read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def terms(transactions: list[dict]) -> list[int]:
    """The terms that began with them."""
    rows = [row for transaction in transactions for row in transaction.get("DNS", {}).values() if row]
    pairs = [dict(row["external_ids"][1]) for row in rows if "external_ids" in row]
    return [int(pair["term"]) for pair in pairs if "term" in pair]


def steal(overlay):
    """Takes the lease away from whoever has it, without a word to them."""
    overlay.api.request("PATCH", f"{LEASES}/ovn-k8s-watcher", {"spec": {"holderIdentity": ""}},
                        content_type="application/merge-patch+json")


def test_one_works_and_the_others_know_all(overlay, replicas):
    a = replicas("one-a")
    a.wait_to_lead()
    b = replicas("one-b")
    pods = make_pods(overlay, "one-1", "one-2")
    wait_for_annotations(pods, a)
    known = str(len(overlay.api.request("GET", PODS)["items"]))
    b.wait_for("to know all pods", lambda status: (status["pods"], status["synced"]) == (known, "yes"))
    status = b.status()
    assert (status["leading"], status["commits"], status["patches"], status["pending"]) == ("no", "0", "0", "0")
    pods[0].delete()
    b.wait_for("to forget the pod", lambda status: status["pods"] == str(int(known) - 1))
    pods[1].delete()
    a.wait_for("to have done all", lambda status: status["pending"] == "0" and not pods[1].logical_port("_uuid"))


@pytest.mark.parametrize("how", ["exit", "SIGTERM"])
def test_who_ends_is_followed_at_once(overlay, replicas, how):
    """With a lease that would last for longer than the test."""
    a = replicas(f"{how.lower()}-a", duration=600, renew=500)
    term = a.wait_to_lead()
    b = replicas(f"{how.lower()}-b", duration=600, renew=500)
    b.wait_for("to know all", lambda status: status["synced"] == "yes")
    if how == "exit":
        a.exit()
    else:
        a.signal("TERM")
        a.wait_to_end()
    assert a.logged("told to exit")
    assert b.wait_to_lead() == term + 1
    [pod] = make_pods(overlay, f"{how.lower()}-1")
    wait_for_annotations([pod], b)
    pod.delete()


def test_who_is_killed_is_followed(overlay, replicas):
    a = replicas("kill-a")
    term = a.wait_to_lead()
    b = replicas("kill-b")
    b.wait_for("to know all", lambda status: status["synced"] == "yes")
    pods = make_pods(overlay, *(f"kill-{i}" for i in range(30)))
    a.daemon.kill()
    pods += make_pods(overlay, "kill-late")
    assert b.wait_to_lead() > term
    wait_for_annotations(pods, b)
    for pod in pods:
        pod.delete()
    b.wait_for("to have done all", lambda status: status["pending"] == "0" and status["ports"] == "0")


def test_who_sleeps_longer_than_its_lease_wakes_up_as_a_follower(overlay, replicas):
    a = replicas("sleep-a")
    a.wait_to_lead()
    b = replicas("sleep-b")
    b.wait_for("to know all", lambda status: status["synced"] == "yes")
    pods = make_pods(overlay, *(f"sleep-{i}" for i in range(20)))
    a.signal("STOP")
    term = b.wait_to_lead()
    wait_for_annotations(pods, b)
    pods += make_pods(overlay, "sleep-late")
    wait_for_annotations(pods, b)
    # Nobody else writes now: the other one sleeps too, with work left to do.
    b.wait_for("to have done all", lambda status: status["pending"] == "0")
    b.signal("STOP")
    for pod in pods:
        pod.delete()
    before = records(overlay)
    assert terms(before)[-1] == term
    a.signal("CONT")
    a.wait_to_lead()  # the lease of the other one is over after a while
    a.wait_for("to have done all", lambda status: status["ports"] == "0")
    after = records(overlay)[len(before):]
    assert terms(after)[0] > term
    assert terms(after[:1]), f"something was written before the lead was taken: {after[0]}"
    b.signal("CONT")
    b.wait_for("to follow", lambda status: status["leading"] == "no")


def test_who_does_not_know_that_another_one_leads_commits_nothing(overlay, replicas):
    """Its clock says that it leads, and nobody tells it otherwise: the database alone is in its way."""
    role = overlay.api.request("GET", ROLE)
    deaf = [{**rule, "verbs": [verb for verb in rule["verbs"] if verb not in ("list", "watch")]} for rule in role["rules"]]
    patch = {"content_type": "application/merge-patch+json"}
    overlay.api.request("PATCH", ROLE, {"rules": deaf}, **patch)
    try:
        a = replicas("deaf-a", duration=600, renew=500, retry=400)
        term = a.wait_to_lead()
        pods = make_pods(overlay, *(f"deaf-{i}" for i in range(10)))
        wait_for_annotations(pods, a)
        overlay.api.request("PATCH", ROLE, {"rules": role["rules"]}, **patch)
        b = replicas("deaf-b", duration=600, renew=500)
        b.wait_for("to know all", lambda status: status["synced"] == "yes")
        a.signal("STOP")
        steal(overlay)
        assert b.wait_to_lead() == term + 1
        b.wait_for("to have done all", lambda status: status["pending"] == "0")
        b.signal("STOP")
        for pod in pods:
            pod.delete()  # work for whoever believes that it leads
        before = records(overlay)
        a.signal("CONT")
        a.wait_for("to be refused", lambda _: a.logged(f"by the database deaf-b leads, for the term {term + 1}"))
        a.wait_for("to follow", lambda status: status["leading"] == "no")
        assert records(overlay) == before
        b.signal("CONT")
        b.wait_for("to have done all", lambda status: status["ports"] == "0" and status["pending"] == "0")
        assert a.status()["leading"] == "no"
        assert set(terms(records(overlay)[len(before):])) <= {term + 1}
    finally:
        overlay.api.request("PATCH", ROLE, {"rules": role["rules"]}, **patch)


def test_a_lease_that_somebody_deletes_counts_on(overlay, replicas):
    """A new Lease begins at 0; the database knows better."""
    a = replicas("delete-a")
    term = a.wait_to_lead()
    a.daemon.kill()
    overlay.api.request("DELETE", f"{LEASES}/ovn-k8s-watcher")
    b = replicas("delete-b")
    assert b.wait_to_lead() > term
    [pod] = make_pods(overlay, "delete-1")
    wait_for_annotations([pod], b)
    pod.delete()


def test_a_leader_that_the_database_has_forgotten_takes_the_lead_again(overlay, replicas):
    """As after an old backup was restored."""
    a = replicas("forgotten-a")
    term = a.wait_to_lead()
    overlay.central.run(["bash", "-c", "ovn-nbctl destroy DNS $(ovn-nbctl --bare --columns=_uuid find DNS"
                                       " external_ids:ovnk8s-ledger=leader)"])
    [pod] = make_pods(overlay, "forgotten-1")
    wait_for_annotations([pod], a)
    a.wait_for("to lead", lambda status: (status["leading"], status["term"]) == ("yes", str(term)))
    pod.delete()
    a.wait_for("to have done all", lambda status: status["pending"] == "0" and status["ports"] == "0")
