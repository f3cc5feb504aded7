"""A whole Kubernetes cluster: kubelet and containerd on each node, and the rest of the control plane beside the API server.

It has no network plugin of its own, so its nodes become ready when ovn-k8s-overlay has configured one on them. Nor has it
kube-proxy: what makes services is ovn-k8s-watcher, DNS among them.
"""
from __future__ import annotations

import base64
import json
import pathlib
import secrets
import socket
import subprocess

from apiserver import CA, FOLDER, PORT, ApiServer
from coredns import ADDRESS, DOMAIN, OBJECTS
from host import HERE, wait_for
from images import BUSYBOX, COREDNS
from ovn import Node
from runtime import SOCKET, start_containerd

KUBELET = {
    "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
    "authentication": {"anonymous": {"enabled": False}, "x509": {"clientCAFile": CA}},
    "authorization": {"mode": "AlwaysAllow"},  # who has a certificate of this authority: the API server alone
    "containerRuntimeEndpoint": f"unix://{SOCKET}",
    "cgroupDriver": "cgroupfs", "failCgroupV1": False, "failSwapOn": False,
    "oomScoreAdj": 0, "maxOpenFiles": 20000,  # more would want rights that a machine in a container does not have
    "resolvConf": "", "clusterDNS": [ADDRESS], "clusterDomain": DOMAIN, "volumePluginDir": "/var/lib/kubelet/plugins",
    "imageGCHighThresholdPercent": 100,  # nobody could bring an image again
    "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
}


class Worker(Node):
    """A node that runs containers. A kubelet wants control groups of its own, and mounts that containers share."""

    NAMESPACES = [*Node.NAMESPACES, "--ipc"]

    @classmethod
    def launching(cls, name: str, folder: pathlib.Path) -> list:
        return [HERE / "cgroup", "keep", f"{secrets.token_hex(4)}-{name}",
                "unshare", *cls.NAMESPACES, "--fork", "--kill-child", HERE / "worker-init", name, folder]

    def entering(self, command) -> list[str]:
        entering = super().entering(command)
        return [str(HERE / "cgroup"), "join", str(self.pid), entering[0], "--cgroup", *entering[1:]]

    def stop(self):
        """Ends the host. Its groups are removed by who keeps them, unless somebody has killed that too."""
        kept = subprocess.run([HERE / "cgroup", "kept", str(self.pid)], stdout=subprocess.PIPE, text=True, check=True).stdout \
            if self.alive() else ""
        super().stop()
        subprocess.run([HERE / "cgroup", "remove", *kept.split()], check=True)

    def start_containerd(self):
        self.containerd = start_containerd(self, (BUSYBOX, COREDNS))

    def start_kubelet(self, api: ControlPlane):
        """Starts the kubelet, which makes itself known as a node of the cluster."""
        self.write(CA, api.authority)
        self.write(f"{FOLDER}/kubelet.kubeconfig", api.kubeconfig(api.user_of(self)), mode=0o600)
        self.write(f"{FOLDER}/kubelet.json", json.dumps(KUBELET, indent=2))
        self.spawn_kubelet()

    def spawn_kubelet(self):
        self.kubelet = self.spawn("kubelet", ["kubelet", f"--config={FOLDER}/kubelet.json",
                                              f"--kubeconfig={FOLDER}/kubelet.kubeconfig", f"--node-ip={self.address}"])


class ControlPlane(ApiServer):
    """An API server with the controllers and the scheduler."""

    @staticmethod
    def user_of(worker: Worker) -> str:
        return f"system:node:{worker.name}"

    def admit(self, worker: Worker):
        """Makes the user of a kubelet; before start()."""
        self.tokens[self.user_of(worker)] = secrets.token_hex(16)

    def options(self) -> list[str]:
        certificate = f"{FOLDER}/server"
        return ["--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
                "--kubelet-preferred-address-types=InternalIP",
                f"--kubelet-client-certificate={certificate}.crt", f"--kubelet-client-key={certificate}.key"]

    def start_controllers(self):
        """Starts the rest of the control plane, once the API server answers."""
        kubeconfig = f"{FOLDER}/admin.kubeconfig"
        self.central.write(kubeconfig, self.kubeconfig("admin"), mode=0o600)
        common = [f"--kubeconfig={kubeconfig}", "--leader-elect=false", "--kube-api-qps=200", "--kube-api-burst=400"]
        self.controllers = self.central.spawn("kube-controller-manager", [
            "kube-controller-manager", *common, f"--root-ca-file={CA}",
            f"--service-account-private-key-file={FOLDER}/server.key"])
        self.central.spawn("kube-scheduler", ["kube-scheduler", *common])

    def wait_for_nodes(self, workers: list[Worker]):
        """Waits until the kubelets have made themselves known, and pods can be made in the default namespace."""
        for worker in workers:
            wait_for(f"node {worker.name}", lambda: self.exists(f"/api/v1/nodes/{worker.name}"), timeout=120,
                     log=worker.kubelet.log, still=worker.kubelet.alive)
        wait_for("the default service account", lambda: self.exists("/api/v1/namespaces/default/serviceaccounts/default"),
                 timeout=120, log=self.controllers.log, still=self.controllers.alive)

    def start_dns(self):
        """Lets the cluster have DNS, as soon as it has a network and services."""
        for path, thing in OBJECTS:
            self.request("POST", path, thing)

    def open_door(self, folder: pathlib.Path) -> pathlib.Path:
        """Lets the machine reach the API server by a port of its own loopback address: returns a kubeconfig that says so."""
        with socket.create_server(("127.0.0.1", 0)) as door:  # a socket stays in the network that it was made in
            self.central.spawn("door", [HERE / "door.py", str(door.fileno()), self.central.address, str(PORT)],
                               pass_fds=[door.fileno()])
            server = f"https://127.0.0.1:{door.getsockname()[1]}"
        path = folder / "kubeconfig"
        path.touch(mode=0o600)
        path.write_text(self.kubeconfig("admin", server=server, **{
            "tls-server-name": self.central.address,
            "certificate-authority-data": base64.b64encode(self.authority.encode()).decode()}))
        return path
