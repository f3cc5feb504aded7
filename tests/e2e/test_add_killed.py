"""The CNI plugin is killed on entering any system call of ADD or DEL: the next DEL leaves nothing."""
import os
import random

import pytest

from cni import Attachment
from killer import Victim, logical_names
from overlay import Pod, Watcher, cni_input
from snapshot import differences, snapshot

SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))
POINTS = {("kubernetes", "ADD"): 300, ("kubernetes", "DEL"): 50, ("standalone", "ADD"): 150, ("standalone", "DEL"): 50}
STANDALONE = {"cniVersion": "1.1.0", "name": "lab", "type": "ovn-k8s-cni-overlay", "mode": "standalone", "subnet": "10.10.0.0/24"}
LIMITED = {"runtimeConfig": {"bandwidth": {"ingressRate": 8000000, "ingressBurst": 800000, "egressRate": 8000000,
                                           "egressBurst": 800000}}}


@pytest.fixture(scope="module")
def pod(overlay):
    """Has its annotation, and a namespace without an eth0."""
    with Watcher(overlay.central):
        pod = Pod(overlay, "victim", overlay.nodes[0])
        pod.wait_for_annotation()
    assert pod.netns
    return pod


@pytest.fixture
def victims(overlay, pod, tmp_path):
    """A container with limits by mode: ADD makes all that it can make. There is the network of the one without Kubernetes."""
    configurations = {"kubernetes": cni_input(pod.node), "standalone": STANDALONE}
    victims = {mode: Victim(Attachment(pod.node, "victim", pod.netns, {**configuration, **LIMITED}, pod.cni_args), tmp_path)
               for mode, configuration in configurations.items()}
    before = snapshot(overlay)
    victims["standalone"].call("ADD")
    victims["standalone"].call("DEL")
    yield victims
    overlay.central.run(["ovn-k8s-overlay", "network-del", STANDALONE["name"]])
    assert differences(before, snapshot(overlay)) == []


def points_of(case, calls) -> list[int]:
    """Some of the system calls; all with $OVNK8S_EVERY_STEP."""
    wanted = calls if "OVNK8S_EVERY_STEP" in os.environ else min(POINTS[case], calls)
    return sorted(random.Random(SEED).sample(range(1, calls + 1), wanted))


@pytest.mark.parametrize("mode, command", POINTS)
def test_killed_at_any_system_call(overlay, victims, mode, command):
    victim = victims[mode]

    def prepare():
        if command == "DEL":
            victim.call("ADD")

    def traces():
        return [*victim.traces(), logical_names(overlay.central)]

    nothing = traces()
    prepare()
    calls = victim.calls(command)
    victim.call("DEL")
    points = points_of((mode, command), calls)
    print(f"SEED={SEED}: {len(points)} of {calls} system calls of {command}, {mode}")
    killed = halfway = 0
    for n in points:
        prepare()
        killed += victim.kill(command, n)
        halfway += traces() != nothing
        victim.call("DEL")
        assert traces() == nothing, f"killed on entering system call {n} of {calls}"
    print(f"killed {killed} times, halfway {halfway} times")
    assert killed > len(points) / 2 and halfway > 10
    victim.call("ADD")
    victim.call("DEL")
