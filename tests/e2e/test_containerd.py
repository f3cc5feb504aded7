"""Pods of containerd, asked for as a kubelet does it: sandboxes come, overlap, fail and go, and nothing of them stays."""
import contextlib
import json

import pytest

from containerd import Containerd, PodSandbox
from cri import Refused
from host import wait_for
from overlay import Pod, Watcher, at_once
from runtime import CONFIGURATIONS
from snapshot import differences, snapshot

OUTSIDE = "192.168.3.2"  # the other node
CROWD = 20


@pytest.fixture(scope="module")
def runtimes(overlay):
    """containerd on both nodes."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Containerd(node)) for node in overlay.nodes]


@pytest.fixture(scope="module")
def runtime(runtimes):
    return runtimes[0]


@contextlib.contextmanager
def nothing_left(overlay, runtimes):
    """What a "with" block does leaves no sandbox, and the nodes and the Northbound database as they were."""
    before = snapshot(overlay)
    yield
    assert [runtime.sandboxes() for runtime in runtimes] == [[], []]
    assert differences(before, snapshot(overlay)) == []


@contextlib.contextmanager
def annotated_pods(overlay, runtimes, prefix, nodes):
    """Pods with logical ports, which are all that there is after them too."""
    with Watcher(overlay.central):
        pods = at_once([lambda i=i, node=node: Pod(overlay, f"{prefix}-{i}", node) for i, node in enumerate(nodes)])
        for pod in pods:
            pod.wait_for_annotation()
        with nothing_left(overlay, runtimes):
            yield pods
        at_once([pod.vanish for pod in pods])


def ping(sandbox, address):
    sandbox.netns.run(["ping", "-c", "2", "-i", "0.1", "-w", "10", address])


def end(sandbox):
    """As kubelets do it: stopping is repeated, and removing stops once more."""
    sandbox.stop()
    sandbox.stop()
    sandbox.remove()


def test_pods_of_two_nodes_reach_each_other(overlay, runtimes):
    with annotated_pods(overlay, runtimes, "pair", overlay.nodes) as pods:
        sandboxes = at_once([PodSandbox(runtime, pod).run for runtime, pod in zip(runtimes, pods)])
        assert [sandbox.address for sandbox in sandboxes] == [pod.address for pod in pods]
        ping(sandboxes[0], pods[1].address)
        ping(sandboxes[1], pods[0].address)
        at_once([lambda sandbox=sandbox: end(sandbox) for sandbox in sandboxes])


def test_twenty_at_once(overlay, runtimes, runtime):
    with annotated_pods(overlay, runtimes, "crowd", overlay.nodes[:1] * CROWD) as pods:
        sandboxes = at_once([PodSandbox(runtime, pod).run for pod in pods])
        assert sorted(sandbox.address for sandbox in sandboxes) == sorted(pod.address for pod in pods)
        at_once([lambda sandbox=sandbox: ping(sandbox, OUTSIDE) for sandbox in sandboxes])
        at_once([lambda sandbox=sandbox: end(sandbox) for sandbox in sandboxes])


@contextlib.contextmanager
def paused(host, pid):
    """A process of a host does nothing while a "with" block runs."""
    host.run(["kill", "-STOP", str(pid)])
    try:
        yield
    finally:
        host.run(["kill", "-CONT", str(pid)])


def plugged(node) -> str:
    """The interfaces of pods in Open vSwitch."""
    return node.output(["ovs-vsctl", "--bare", "--columns=name", "find", "Interface", "external_ids:sandbox!=''"])


def wait_for_end(runtime):
    """What was begun for a sandbox that was given up is undone by the runtime alone."""
    wait_for("the end of the sandbox", lambda: not runtime.sandboxes(), log=runtime.daemon.log)
    wait_for("the end of the plugin", lambda: runtime.host.run(["pidof", "ovn-k8s-cni-overlay"], check=False).returncode)
    assert plugged(runtime.host) == ""


def test_deadline_while_there_is_no_annotation(overlay, runtimes, runtime):
    pod = Pod(overlay, "late", runtime.host)
    sandbox = PodSandbox(runtime, pod)
    with nothing_left(overlay, runtimes):
        with pytest.raises(Refused) as refused:
            sandbox.run(timeout=3)
        assert "DEADLINE_EXCEEDED" in str(refused.value)
        wait_for_end(runtime)
    pod.delete()


def test_killed_while_there_are_no_flows(overlay, runtimes, runtime):
    """The pod is plugged in already, and ADD waits for ovn-controller, when the kubelet gives up."""
    node = runtime.host
    controller = node.path("/run/ovn/ovn-controller.pid").read_text().strip()
    with annotated_pods(overlay, runtimes, "stuck", [node]) as (pod,), paused(node, controller):
        request = PodSandbox(runtime, pod).begin()
        wait_for("the pod's interface", lambda: plugged(node))
        request.cancel()
        wait_for_end(runtime)


def test_an_annotation_that_the_kubelet_tells_needs_no_api_server(overlay, runtimes, runtime):
    with annotated_pods(overlay, runtimes, "told", [runtime.host]) as (pod,):
        told = PodSandbox(runtime, pod, annotations={"ovn": json.dumps(pod.annotation())})
        address = pod.address
        with paused(overlay.central, overlay.api.server.pid):
            told.run()
            assert told.address == address
            ping(told, OUTSIDE)
            end(told)


def test_the_old_sandbox_of_a_pod_goes_after_the_new_one_has_come(overlay, runtimes, runtime):
    with annotated_pods(overlay, runtimes, "again", [runtime.host]) as (pod,):
        old, new = (PodSandbox(runtime, pod, attempt).run() for attempt in (0, 1))
        ping(new, OUTSIDE)
        for step in old.stop, old.remove:
            step()
            ping(new, OUTSIDE)
        end(new)


def recompute(node):
    """Lets ovn-controller look at all ports anew, as if it had just started."""
    def times() -> str:
        return node.output(["ovn-appctl", "-t", "ovn-controller", "inc-engine/show-stats", "runtime_data", "recompute"])

    before = times()
    node.run(["ovn-appctl", "-t", "ovn-controller", "inc-engine/recompute"])
    wait_for("ovn-controller to start over", lambda: times() != before)


def test_of_two_sandboxes_the_new_one_has_the_port(overlay, runtimes, runtime):
    """Whatever ovn-controller does meanwhile. Which of two interfaces it prefers is chance: there are several pods."""
    with annotated_pods(overlay, runtimes, "twice", [runtime.host] * 6) as pods:
        old, new = ([PodSandbox(runtime, pod, attempt).run() for pod in pods] for attempt in (0, 1))
        recompute(runtime.host)
        at_once([lambda sandbox=sandbox: ping(sandbox, OUTSIDE) for sandbox in new])
        at_once([lambda sandbox=sandbox: end(sandbox) for sandbox in old])
        at_once([lambda sandbox=sandbox: ping(sandbox, OUTSIDE) for sandbox in new])
        at_once([lambda sandbox=sandbox: end(sandbox) for sandbox in new])
