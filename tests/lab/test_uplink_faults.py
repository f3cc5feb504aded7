"""Moving an interface onto a bridge and back, killed and disturbed at every step."""
import pytest

from overlay import assert_refused
from uplink import BACK, BRIDGE, COMMAND, SYSCALLS, THERE, assert_at_home, assert_moved, bridges, killed_at, steps, traced
from uplink import box, original  # noqa: F401


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


@pytest.mark.parametrize("words, error", [(THERE, "EPERM"), (BACK, "ENOBUFS")], ids=["there", "back"])
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
        if (BRIDGE in bridges(box)) == (words == BACK):
            before(box, original)
        print(call, result.stderr.strip())
        box.util(*words)
        after(box, original)
    print("failed", failures, "times")
    assert failures > 5
