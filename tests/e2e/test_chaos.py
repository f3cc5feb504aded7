"""After each disaster there is no difference between what the API server and what the Northbound database have: the watcher
dies again and again, the API server does, forgets, or is out of reach, objects go while nobody looks."""
import os
import random
import time

import pytest

from chaos import Churn, compact, delete_pod, frozen, make_pods, make_service
from host import wait_for
from overlay import WATCHER_LOG, Watcher
from truth import pod_differences, wait_for_truth

SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))
PODS, SERVICES, DEATHS = 300, 60, 50
AWAY_S = 60


@pytest.fixture(autouse=True)
def told():
    print(f"SEED={SEED}")


def log_of(overlay) -> str:
    return overlay.central.path(WATCHER_LOG).read_text()


def test_the_watcher_is_killed_50_times(overlay):
    chance = random.Random(SEED)
    make_pods(overlay, "churn", PODS)
    for number in range(0, SERVICES, 2):
        make_service(overlay, f"churn-service{number}")
    with Watcher(overlay.central) as watcher:
        with Churn(overlay, "churn", PODS, SERVICES) as churn:
            deaths = 0
            while deaths < DEATHS or churn.changes < PODS:
                time.sleep(chance.random() * 0.4)  # by chance: the moment, not the duration, is what matters
                watcher.kill()
                watcher.start_again()
                deaths += 1
        wait_for_truth(overlay)


def test_the_watcher_is_killed_as_it_starts(overlay):
    """Before it knows anything, and while it learns."""
    chance = random.Random(SEED)
    for number in range(20):
        make_pods(overlay, f"early{number}-", 3)
        delete_pod(overlay, f"early{number}-0")
        process = overlay.central.spawn("early-watcher", ["ovn-k8s-watcher", "--overlay", "-vconsole:off"])
        time.sleep(chance.random() * 0.1)
        process.kill()
    with Watcher(overlay.central):
        wait_for_truth(overlay)


def test_the_api_server_dies_and_comes_back(overlay, watcher):
    make_pods(overlay, "before", 5)
    wait_for_truth(overlay)
    overlay.api.server.kill()
    overlay.api.start_server()
    overlay.api.wait_until_it_answers()
    make_pods(overlay, "after", 5)
    delete_pod(overlay, "before0")
    wait_for_truth(overlay)
    assert watcher.alive()


def test_what_the_watcher_has_seen_last_is_forgotten(overlay, watcher):
    """It wants to go on from a version that neither etcd nor the API server, which is a new one, has any more: 410."""
    make_pods(overlay, "old", 5)
    wait_for_truth(overlay)
    with frozen(overlay.central, watcher.pid):
        make_pods(overlay, "missed", 5)
        delete_pod(overlay, "old0")
        # The version goes on with an object that the watcher is not told of.
        overlay.api.request("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": "other"}})
        compact(overlay)
        overlay.api.server.kill()
        overlay.api.start_server()
        overlay.api.wait_until_it_answers()
        make_pods(overlay, "fresh", 5)
        before = len(log_of(overlay))
    wait_for_truth(overlay)
    wait_for("a word on it", lambda: "too old" in log_of(overlay)[before:])
    assert watcher.alive()


def test_objects_go_while_no_watcher_runs(overlay):
    with Watcher(overlay.central) as watcher:
        make_pods(overlay, "gone", 10)
        wait_for_truth(overlay)
        watcher.kill()
        for number in range(8):
            delete_pod(overlay, f"gone{number}")
        make_pods(overlay, "gone", 3)  # others of the same names
        assert pod_differences(overlay)
        watcher.start_again()
        wait_for_truth(overlay)


@pytest.mark.parametrize("who", ["API server", "Northbound database"])
def test_a_server_does_not_answer_for_a_minute(overlay, watcher, who):
    """It takes connections and requests, as one that has been cut off from its clients without a word would."""
    central = overlay.central
    pid = overlay.api.server.pid if who == "API server" else central.path("/run/ovn/ovnnb_db.pid").read_text().strip()
    name = who[:3].lower()
    make_pods(overlay, f"{name}-there", 5)
    wait_for_truth(overlay)
    with frozen(central, pid):
        until = time.monotonic() + AWAY_S
        if who != "API server":
            make_pods(overlay, f"{name}-new", 5)
            delete_pod(overlay, f"{name}-there0")
        cpu = watcher.cpu_seconds()
        time.sleep(until - time.monotonic())
        assert watcher.cpu_seconds() - cpu < 3
    make_pods(overlay, f"{name}-late", 5)
    wait_for_truth(overlay)
    assert watcher.alive()
