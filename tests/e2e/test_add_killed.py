"""The CNI plugin is killed on entering any system call of ADD or DEL: the next DEL leaves nothing."""
import os
import random

import pytest

from cni import Attachment
from killer import Victim
from overlay import Pod, Watcher, cni_input
from snapshot import differences, snapshot

SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))
POINTS = {"ADD": 300, "DEL": 60}
LIMITED = {"runtimeConfig": {"bandwidth": {"ingressRate": 8000000, "ingressBurst": 800000, "egressRate": 8000000,
                                           "egressBurst": 800000}}}


@pytest.fixture(scope="module")
def victim(overlay, tmp_path_factory):
    """A container of an annotated pod, with limits: ADD makes all that it can make."""
    with Watcher(overlay.central):
        pod = Pod(overlay, "victim", overlay.nodes[0])
        pod.wait_for_annotation()
    attachment = Attachment(pod.node, "victim", pod.netns, {**cni_input(pod.node), **LIMITED}, pod.cni_args)
    return Victim(attachment, tmp_path_factory.mktemp("killer"))


def points_of(command, calls) -> list[int]:
    """Some of the system calls; all with $OVNK8S_EVERY_STEP."""
    wanted = calls if "OVNK8S_EVERY_STEP" in os.environ else min(POINTS[command], calls)
    return sorted(random.Random(SEED).sample(range(1, calls + 1), wanted))


@pytest.mark.parametrize("command", POINTS)
def test_killed_at_any_system_call(overlay, victim, command):
    def prepare():
        if command == "DEL":
            victim.call("ADD")

    before, nothing = snapshot(overlay), victim.traces()
    prepare()
    calls = victim.calls(command)
    victim.call("DEL")
    points = points_of(command, calls)
    print(f"SEED={SEED}: {len(points)} of {calls} system calls of {command}")
    killed = halfway = 0
    for n in points:
        prepare()
        killed += victim.kill(command, n)
        halfway += victim.traces() != nothing
        victim.call("DEL")
        assert victim.traces() == nothing, f"killed on entering system call {n} of {calls}"
    print(f"killed {killed} times, halfway {halfway} times")
    assert killed > len(points) / 2 and halfway > 10
    assert differences(before, snapshot(overlay)) == []
    victim.call("ADD")
    victim.call("DEL")
