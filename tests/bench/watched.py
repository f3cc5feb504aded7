"""A watcher between an API server and a Northbound database that have nothing else to do: no node, no northd. What the rows
of the watcher have in common."""
from __future__ import annotations

import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import sys
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bench import HERE, Bench, answer_of

sys.path.insert(0, str(HERE.parent / "lab"))

from apiserver import CA, PORT, ApiServer  # noqa: E402
from host import wait_for  # noqa: E402
from northbound import read_json  # noqa: E402
from overlay import overlay_command  # noqa: E402
from ovn import SYSTEM_DB, Central, background  # noqa: E402
from sandbox import Sandbox  # noqa: E402

PODS = "/api/v1/namespaces/default/pods"
SERVICES = "/api/v1/namespaces/default/services"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
ADDRESSES_PER_NODE = 250
AT_ONCE = 32
ROOMY = 600  # seconds that nothing takes


class Usage(NamedTuple):
    cpu_ms: float
    rss_mb: float
    peak_mb: float


def pod_object(name: str, node: str) -> dict:
    """A pod with what most have."""
    labels = {"app": name.rpartition("-")[0], "pod-template-hash": "5d4f8c7b9", "app.kubernetes.io/part-of": "bench"}
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10, "failureThreshold": 3}
    return {
        "metadata": {"name": name, "labels": labels, "annotations": {"prometheus.io/scrape": "true"}},
        "spec": {"nodeName": node, "terminationGracePeriodSeconds": 0, "containers": [{
            "name": "main", "image": "registry.example/team/server:1.2.3", "args": ["--listen=:8080", "--log-level=info"],
            "env": [{"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
            "ports": [{"name": "http", "containerPort": 8080}], "livenessProbe": probe, "readinessProbe": probe,
            "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
            "volumeMounts": [{"name": "token", "mountPath": "/var/run/secrets"}]}],
            "volumes": [{"name": "token", "emptyDir": {}}]}}


class Onlooker:
    """Counts the pods that have their annotation, as a watch of the API server tells."""

    NAME = re.compile(rb'"metadata":\{"name":"([^"]+)"')
    VERSION = re.compile(rb'"resourceVersion":"(\d+)"')

    def __init__(self, api: ApiServer):
        self.api = api
        self.trust = ssl.create_default_context(cadata=api.authority)
        self.version = api.request("GET", f"{PODS}?limit=1")["metadata"]["resourceVersion"]
        self.seen: set[bytes] = set()
        self._watch()

    def _watch(self):
        """An API server ends the watch of who does not read fast enough; this one begins where that ended."""
        address = self.api.central.address
        self.socket = self.trust.wrap_socket(self.api.central.connect(address, PORT, ROOMY), server_hostname=address)
        connection = http.client.HTTPConnection(address)
        connection.sock = self.socket
        connection.request("GET", f"{PODS}?watch=1&resourceVersion={self.version}",
                           headers={"Authorization": f"Bearer {self.api.tokens['admin']}"})
        self.response, self.rest = connection.getresponse(), b""

    def wait_for(self, n: int):
        """Until so many different pods have been annotated."""
        while len(self.seen) < n:
            data = self.response.read1(1 << 20)
            *lines, self.rest = (self.rest + data).split(b"\n")
            for line in lines:
                self.version = self.VERSION.search(line)[1].decode()
                if b'"ovn":"' in line and b'"type":"MODIFIED"' in line:
                    self.seen.add(self.NAME.search(line)[1])
            if not data:
                self.close()
                self._watch()

    def close(self):
        self.socket.close()


class Watched:
    """The servers, and what is in them. One watcher at a time."""

    def __init__(self, bench: Bench):
        self.bench = bench
        self.folder = bench.folder / "watched"
        self.sandbox = Sandbox(self.folder)
        self.nodes: list[str] = []
        self.pods: list[str] = []
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self):
        self.central = self.sandbox.hosts["kube-master"] = Central.start("kube-master", self.folder / "kube-master", number=1)
        self.sandbox.api = self.api = ApiServer(self.central)
        self.central.run(["ip", "address", "add", f"{self.central.address}/24", "dev", "lo"])
        self.api.start()
        self.central.run(["ovsdb-tool", "create", SYSTEM_DB, "/usr/share/openvswitch/vswitch.ovsschema"])
        self.central.run(["ovsdb-server", SYSTEM_DB, "--remote=punix:/run/openvswitch/db.sock",
                          *background("openvswitch", "ovsdb-server")])
        self.central.run(["ovs-vsctl", "--no-wait", "init"])
        self.central.start_databases()
        self.central.run(["ovn-appctl", "-t", "ovn-northd", "exit"])
        self.api.wait_until_ready()
        self.api.hand_out(self.central, "watcher")
        for name, value in self.api.client_settings(self.central).items():
            self.central.run(["ovs-vsctl", "--no-wait", "set", "Open_vSwitch", ".", f'external_ids:{name}="{value}"'])
        self.overlay("master-init", "kube-master")

    def stop(self):
        self.sandbox.close()

    def overlay(self, verb: str, node: str):
        overlay_command(self.central, verb, {"cluster-ip-subnet": "10.0.0.0/8", "node-name": node, "logical-only": True})

    # What is there.

    def send(self, lines: list[str], *, at_once: int = AT_ONCE, version: int = 1) -> dict:
        """Sends requests, which are lines of bench-api. Returns what that tells."""
        if not lines:
            return {}
        file = self.folder / "requests"
        file.write_text("\n".join(lines))
        return answer_of(self.central.entering([
            self.bench.helpers / "bench-api", self.api.url, CA, self.api.tokens["admin"], file, at_once, version]))

    def make_nodes(self, pods: int):
        """As many nodes as so many pods need."""
        while len(self.nodes) * ADDRESSES_PER_NODE < pods:
            self.nodes.append(f"node-{len(self.nodes)}")
            self.overlay("minion-init", self.nodes[-1])

    def new_pods(self, n: int) -> list[str]:
        """The requests that make so many more pods."""
        self.make_nodes(len(self.pods) + n)
        names = [f"pod-{i}" for i in range(len(self.pods), len(self.pods) + n)]
        self.pods += names
        return [f"POST {PODS} {json.dumps(pod_object(name, self.nodes[i % len(self.nodes)]))}"
                for i, name in enumerate(names)]

    def annotations(self, names: list[str]) -> list[str]:
        """The requests by which a watcher would annotate these pods."""
        lines = []
        for i, name in enumerate(names):
            text = json.dumps({"ip_address": f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}/24", "gateway_ip": "10.0.0.1",
                               "mac_address": f"0a:58:0a:{i >> 16 & 255:02x}:{i >> 8 & 255:02x}:{i & 255:02x}"})
            lines.append(f"PATCH {PODS}/{name} {json.dumps({'metadata': {'annotations': {'ovn': text}}})}")
        return lines

    def forget(self):
        """Takes the annotations off all pods, and their ports out of the database."""
        nothing = json.dumps({"metadata": {"annotations": {"ovn": None}}})
        self.send([f"PATCH {PODS}/{name} {nothing}" for name in self.pods])
        ports = self.transact({"op": "select", "table": "Logical_Switch_Port", "columns": ["_uuid"],
                               "where": [["external_ids", "includes", ["map", [["pod", "true"]]]]]})[0]["rows"]
        self.transact({"op": "mutate", "table": "Logical_Switch", "where": [],
                       "mutations": [["ports", "delete", ["set", [port["_uuid"] for port in ports]]]]})

    def delete_pods(self):
        self.send([f"DELETE {PODS}/{name}?gracePeriodSeconds=0" for name in self.pods])
        self.pods = []

    def clear(self):
        """Deletes whatever another row has made."""
        self.forget()
        self.delete_pods()
        for path in SERVICES, SLICES:
            self.send([f"DELETE {path}/{item['metadata']['name']}" for item in self.api.request("GET", path)["items"]
                       if item["metadata"]["name"] != "kubernetes"])

    def transact(self, *operations: dict) -> list[dict]:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.central.path("/run/ovn/ovnnb_db.sock")))
            connection.sendall(json.dumps({"method": "transact", "params": ["OVN_Northbound", *operations], "id": 0}).encode())
            reply = read_json(connection)
        if reply["error"] or any(result and "error" in result for result in reply["result"]):
            raise RuntimeError(str(reply)[:1000])
        return reply["result"]

    # The watcher.

    @contextlib.contextmanager
    def watcher(self, *options: str) -> Iterator[Watcher]:
        running = Watcher(self, options)
        try:
            yield running
        finally:
            running.stop()

    @contextlib.contextmanager
    def onlooker(self) -> Iterator[Onlooker]:
        onlooker = Onlooker(self.api)
        try:
            yield onlooker
        finally:
            onlooker.close()


class Watcher:
    """ovn-k8s-watcher, from its start to its end."""

    CONTROL = "/run/watcher.ctl"

    def __init__(self, watched: Watched, options: Sequence[str] = ()):
        self.central = watched.central
        self.process = self.central.popen(["ovn-k8s-watcher", "--overlay", f"--unixctl={self.CONTROL}", "-vconsole:err",
                                           *options])

    @property
    def folder(self) -> pathlib.Path:
        """Below /proc, of the process itself, which is a child of the one that has entered the host."""
        outer = self.process.pid
        return pathlib.Path("/proc") / pathlib.Path(f"/proc/{outer}/task/{outer}/children").read_text().strip()

    def stop(self):
        os.kill(int(self.folder.name), signal.SIGTERM)
        self.process.wait()

    def ask(self, command: str) -> str:
        """What ovs-appctl would print."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.central.path(self.CONTROL)))
            connection.sendall(json.dumps({"method": command, "params": [], "id": 0}).encode())
            return read_json(connection)["result"]

    def status(self) -> dict[str, str]:
        try:
            text = self.ask("status")
        except OSError:
            return {}
        return dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)

    def is_settled(self, pods: int) -> bool:
        status = self.status()
        return (status.get("synced"), status.get("ports"), status.get("pending")) == ("yes", str(pods), "0")

    def wait_until_settled(self, pods: int):
        """Until it has so many ports and nothing left to do."""
        wait_for("the watcher", lambda: self.is_settled(pods), timeout=ROOMY,
                 still=lambda: self.process.poll() is None)

    def usage(self) -> Usage:
        kb = dict(line.split(":", 1) for line in (self.folder / "status").read_text().splitlines())
        ns = sum(int(task.read_text().split()[0]) for task in self.folder.glob("task/*/schedstat"))
        return Usage(ns / 1e6, int(kb["VmRSS"].split()[0]) / 1024, int(kb["VmHWM"].split()[0]) / 1024)


def watched_of(bench: Bench, rows: str) -> Watched | None:
    """The Watched of all rows, None where there can be none."""
    if os.geteuid() != 0:
        print(f"{rows}: left out: only root can make a sandbox", file=sys.stderr)
        return None
    return bench.shared(Watched)
