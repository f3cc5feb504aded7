"""The CNI plugin is killed on entering any system call of ADD or DEL: the next DEL leaves nothing."""
import json
import os
import random

import pytest

from cni import Attachment, Killer, open_vswitch_names
from overlay import Pod, Watcher
from snapshot import differences, snapshot

SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))
POINTS = {"ADD": 300, "DEL": 60}
CONFIGURATION = "/etc/cni/net.d/10-ovn-kubernetes.conf"


@pytest.fixture(scope="module")
def killer(tmp_path_factory):
    return Killer(tmp_path_factory.mktemp("killer"))


@pytest.fixture(scope="module")
def attachment(overlay):
    """A container of an annotated pod."""
    node = overlay.nodes[0]
    with Watcher(overlay.central):
        pod = Pod(overlay, "victim", node)
        pod.wait_for_annotation()
    configuration = json.loads(node.path(CONFIGURATION).read_text())
    return Attachment(node, "victim", pod.netns, configuration, pod.cni_args)


def traces(attachment):
    """All that ADD could have made, as names."""
    host = attachment.host
    return open_vswitch_names(host), sorted(path.name for path in host.path("/sys/class/net").iterdir())


def points_of(command, calls) -> list[int]:
    """Some of the system calls; all with $OVNK8S_EVERY_STEP."""
    wanted = calls if "OVNK8S_EVERY_STEP" in os.environ else min(POINTS[command], calls)
    return sorted(random.Random(SEED).sample(range(1, calls + 1), wanted))


@pytest.mark.parametrize("command", POINTS)
def test_killed_at_any_system_call(overlay, attachment, killer, command):
    before, names_before = snapshot(overlay), traces(attachment)
    if command == "DEL":
        attachment.call("ADD")
    calls = killer.calls(attachment, command)
    attachment.call("DEL")
    points = points_of(command, calls)
    print(f"SEED={SEED}: {len(points)} of {calls} system calls of {command}")
    killed = halfway = 0
    for n in points:
        if command == "DEL":
            attachment.call("ADD")
        killed += killer.kill(attachment, command, n)
        halfway += traces(attachment) != names_before
        attachment.call("DEL")
        assert traces(attachment) == names_before, f"killed in system call {n} of {calls}, SEED={SEED}"
    print(f"killed {killed} times, halfway {halfway} times")
    assert killed > len(points) / 2 and halfway > 10
    assert differences(before, snapshot(overlay)) == []
    attachment.call("ADD")
    attachment.call("DEL")
