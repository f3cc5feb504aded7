"""containerd on a host, without a kubelet: sandboxes of pods are made and removed by the interface that kubelets use."""
from __future__ import annotations

import json

from cgroups import Cgroups
from cri import Cri, Refused, decode, pairs
from host import Host, Netns, wait_for
from runtime import SOCKET, start_containerd


class Containerd:
    """The runtime of a host, while a "with" block runs."""

    def __init__(self, host: Host):
        self.host = host

    def __enter__(self) -> Containerd:
        self.cgroups = Cgroups(self.host).__enter__()
        self.daemon = start_containerd(self.host)
        self.cri = Cri(str(self.host.path(SOCKET)))
        wait_for("containerd", self._is_ready, log=self.daemon.log, still=self.daemon.alive)
        return self

    def __exit__(self, *_):
        for sandbox in self.sandboxes():
            self.cri.call("RemovePodSandbox", {1: sandbox})
        self.cri.close()
        self.host.run(["kill", str(self.daemon.pid)])
        wait_for("the end of containerd", lambda: not self.daemon.alive(), log=self.daemon.log)
        self.cgroups.__exit__()

    def sandboxes(self) -> list[str]:
        """The ids of all there are, stopped ones among them."""
        return [decode(sandbox)[1][0].decode() for sandbox in self.cri.call("ListPodSandbox", {}).get(1, [])]

    def _is_ready(self) -> bool:
        """The interface answers, and has found a CNI configuration."""
        try:
            status = self.cri.call("Status", {}, timeout=5)[1][0]
        except Refused:
            return False
        return all(decode(condition).get(2) for condition in decode(status)[1])


class PodSandbox:
    """A sandbox of a pod, as a kubelet asks for one. There may be several of a pod; attempts are counted."""

    def __init__(self, runtime: Containerd, pod, attempt: int = 0, annotations: dict[str, str] | None = None):
        self.runtime = runtime
        self.config = {
            1: {1: pod.name, 2: pod.uid, 3: "default", 4: attempt}, 3: "/run/pods", 7: pairs(annotations or {}),
            8: {1: runtime.cgroups.parent}}
        self.id = ""

    def run(self, timeout: float = 120) -> PodSandbox:
        self.id = self.runtime.cri.call("RunPodSandbox", {1: self.config}, timeout)[1][0].decode()
        return self

    def begin(self):
        """Asks for it, as Cri.begin() does; with no answer there is no id."""
        return self.runtime.cri.begin("RunPodSandbox", {1: self.config})

    def stop(self):
        self.runtime.cri.call("StopPodSandbox", {1: self.id})

    def remove(self):
        self.runtime.cri.call("RemovePodSandbox", {1: self.id})

    def status(self) -> dict:
        """What the runtime tells of it, as JSON."""
        answer = self.runtime.cri.call("PodSandboxStatus", {1: self.id, 2: 1})
        info = {decode(pair)[1][0]: decode(pair)[2][0] for pair in answer[2]}
        return json.loads(info[b"info"])

    @property
    def address(self) -> str:
        """The pod's IP address as kubelets learn it."""
        answer = self.runtime.cri.call("PodSandboxStatus", {1: self.id})
        return decode(decode(answer[1][0])[5][0])[1][0].decode()

    @property
    def netns(self) -> Netns:
        namespaces = self.status()["runtimeSpec"]["linux"]["namespaces"]
        path = next(one["path"] for one in namespaces if one["type"] == "network")
        return Netns(self.runtime.host, path.rpartition("/")[2])
