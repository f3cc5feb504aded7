"""10,000 pods and 1,000 services, as objects of a real API server, and the watcher that serves them."""
from __future__ import annotations

import json

from bench import Bench
from watched import SERVICES, SLICES, Watched, watched_of

ENDPOINTS = 3


def service_objects(name: str, pods: list[str], first: int) -> list[tuple[str, dict]]:
    """A Service with a slice of endpoints, as (collection, object)."""
    labels = {"app": name, "kubernetes.io/service-name": name}
    endpoints = [{"addresses": [f"10.{(first + i) >> 16 & 255}.{(first + i) >> 8 & 255}.{(first + i) & 255}"],
                  "conditions": {"ready": True, "serving": True, "terminating": False}, "nodeName": "node-0",
                  "targetRef": {"kind": "Pod", "namespace": "default", "name": pod}} for i, pod in enumerate(pods)]
    return [(SERVICES, {"metadata": {"name": name, "labels": {"app": name}}, "spec": {
                "selector": {"app": name}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}}),
            (SLICES, {"metadata": {"name": f"{name}-x7k2p", "labels": labels}, "addressType": "IPv4",
                      "ports": [{"name": "http", "protocol": "TCP", "port": 8080}], "endpoints": endpoints})]


class Crowded:
    """The servers of Watched with all of this in them."""

    def __init__(self, watched: Watched, pods: int, services: int):
        self.watched = watched
        self.bench, self.folder, self.central = watched.bench, watched.folder, watched.central
        self.send, self.watcher = watched.send, watched.watcher
        watched.clear()
        watched.send(watched.new_pods(pods))
        self.pods = watched.pods
        watched.send([f"POST {path} {json.dumps(item)}" for i in range(services) for path, item in service_objects(
            f"service-{i}", self.pods[i:i + ENDPOINTS], 0x10000 + i * ENDPOINTS)])
        with watched.watcher() as watcher:
            watcher.wait_until_settled(len(self.pods))
            self.filling = watcher.usage()

    def is_there(self) -> bool:
        """Whether no row has made something else of it."""
        return self.watched.pods is self.pods

    def stop(self):
        """The servers are stopped as what they are."""


def crowded_of(bench: Bench, rows: str) -> Crowded | None:
    """The one of all rows, None where there can be none."""
    watched = watched_of(bench, rows)
    if not watched:
        return None
    if Crowded not in bench.others or not bench.others[Crowded].is_there():
        bench.others[Crowded] = Crowded(watched, bench.size(10000, 30), bench.size(1000, 5))
    return bench.others[Crowded]
