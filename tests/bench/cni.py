"""Pods of a sandbox, plugged by our CNI plugin, by hand and by another plugin: what several rows have in common."""
from __future__ import annotations

import json
import os
import pathlib
import sys

from bench import HERE, Bench

sys.path.insert(0, str(HERE.parent / "lab"))

from overlay import Pod, Watcher, set_up_overlay  # noqa: E402
from sandbox import Sandbox  # noqa: E402

OTHERS = pathlib.Path("/usr/lib/cni")
ANNOTATIONS = "io.kubernetes.cri.pod-annotations"
CONFIGURATION = {"cniVersion": "0.3.1", "name": "ovn-kubernetes", "type": "ovn-k8s-cni-overlay", "mtu": 1400}
BRIDGE = {"cniVersion": "0.3.1", "name": "bench", "type": "bridge", "bridge": "cni-bench",
          "ipam": {"type": "host-local", "subnet": "10.77.0.0/16"}}
AT_ONCE = 20


class Plugs:
    """A node with pods that have their logical ports and annotations, and with a namespace each.

    It is the one that the API server is on: what goes from host to host of a sandbox goes through the same thread of
    ovs-vswitchd that takes new ports up, and is late or lost when there are many.
    """

    def __init__(self, bench: Bench):
        self.helper = bench.helpers / "bench-cni"
        self.plugin = bench.programs / "ovn-k8s-cni-overlay"
        self.sandbox = Sandbox.create(nodes=0, kubernetes=True)
        try:
            set_up_overlay(self.sandbox)
            Watcher(self.sandbox.central).__enter__()  # ends with the sandbox
            self.node = self.sandbox.central
            self.pods = [Pod(self.sandbox, f"pod{i}", self.node) for i in range(bench.size(AT_ONCE, 3))]
            token = self.sandbox.api.tokens["node"]  # the watcher may not get a pod, and has read its own
            self.node.run(["ovs-vsctl", "set", "Open_vSwitch", ".", f"external_ids:k8s-api-token={token}"])
            self.annotations = [pod.wait_for_annotation() for pod in self.pods]
            self.settle()
        except BaseException:
            self.stop()
            raise

    def stop(self):
        self.sandbox.close()

    def settle(self):
        """Waits until all flows of what is there, and none of what has gone, are installed."""
        self.sandbox.central.run(["ovn-nbctl", "--timeout=60", "--wait=hv", "sync"])

    def run(self, *words) -> tuple[float, float]:
        """Time until the last was done, and processor time of one."""
        told = json.loads(self.node.output([self.helper, *words]))
        return told["ms"], told["cpu_ms"]

    def ours(self, n: int = 1) -> tuple[float, float]:
        return self._by(self.plugin, [CONFIGURATION] * n)

    def annotated(self, n: int = 1) -> tuple[float, float]:
        """By ours, with the pods' annotations from the runtime: the API server need not be asked."""
        return self._by(self.plugin, [{**CONFIGURATION, "runtimeConfig": {ANNOTATIONS: {"ovn": json.dumps(annotation)}}}
                                      for annotation in self.annotations[:n]])

    def bridge(self) -> tuple[float, float]:
        """By Debian's bridge plugin, and its host-local for the address: no OVN, no Kubernetes, and no flows to wait for."""
        return self._by(OTHERS / "bridge", [BRIDGE])

    def _by(self, plugin: pathlib.Path, configurations: list[dict]) -> tuple[float, float]:
        targets = [f"bench{i},{pod.netns.path},{pod.cni_args},{json.dumps(configuration)}"
                   for i, (pod, configuration) in enumerate(zip(self.pods, configurations))]
        taken = self.run("ADD", plugin, *targets)
        self.run("DEL", plugin, *targets)
        self.settle()
        return taken

    def floor(self, n: int = 1) -> tuple[float, float]:
        names = [f"bench{i}" for i in range(len(self.pods[:n]))]
        taken = self.run("floor", *(f"{name},{pod.netns.path},{pod.port},{name}" for name, pod in zip(names, self.pods)))
        delete = [word for name in names for word in ("--", "del-port", "br-int", name)]
        self.node.run(["ovs-vsctl", *delete[1:]])
        self.node.run(["ip", "-batch", "-"], input="".join(f"link delete {name}\n" for name in names))
        self.settle()
        return taken


def plugs_of(bench: Bench, rows: str) -> Plugs | None:
    """The Plugs of all rows, None where there can be none."""
    if os.geteuid() != 0:
        print(f"{rows}: left out: only root can make a sandbox", file=sys.stderr)
        return None
    return bench.shared(Plugs)


def has_bridge() -> bool:
    return (OTHERS / "bridge").exists()
