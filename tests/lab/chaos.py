"""What the tests of disasters have in common: pods that come and go while something terrible happens."""
from __future__ import annotations

import base64
import contextlib
import http.client
import json
import random
import threading

from apiserver import ApiError
from host import LabError
from overlay import PODS
from sandbox import Sandbox

SERVICES = "/api/v1/namespaces/default/services"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"


class Churn:
    """Pods and services that are made, changed and deleted all the time while a "with" block runs, by one thread for every few
    of them.

    That the API server does not answer is part of the game."""

    THREADS = 4

    def __init__(self, sandbox: Sandbox, prefix: str, pods: int, services: int = 0):
        self.sandbox, self.prefix, self.pods, self.services = sandbox, prefix, pods, services
        self.changes = 0
        self._over = threading.Event()

    def __enter__(self) -> Churn:
        self._threads = [threading.Thread(target=self._run, args=(i,), daemon=True) for i in range(self.THREADS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self, first: int):
        chance = random.Random(first)
        pods, services = (range(first, n, self.THREADS) for n in (self.pods, self.services))
        while not self._over.is_set():
            number = chance.randrange(len(pods) + len(services))
            with contextlib.suppress(ApiError, OSError, http.client.HTTPException):
                if number < len(pods):
                    self._change_pod(chance, pods[number])
                else:
                    self._change_service(chance, services[number - len(pods)])
                self.changes += 1

    def _change_pod(self, chance: random.Random, number: int):
        if chance.random() < 0.4:
            delete_pod(self.sandbox, f"{self.prefix}{number}")
        else:
            make_pod(self.sandbox, f"{self.prefix}{number}", number)

    def _change_service(self, chance: random.Random, number: int):
        name, action = f"{self.prefix}-service{number}", chance.random()
        if action < 0.2:
            delete_service(self.sandbox, name)
        elif action < 0.5:
            make_service(self.sandbox, name)
        else:
            write_slice(self.sandbox, name, [f"192.168.2.{chance.randrange(3, 250)}" for _ in range(chance.randrange(4))])


def make_pod(sandbox: Sandbox, name: str, number: int):
    node = sandbox.nodes[number % len(sandbox.nodes)]
    sandbox.api.request("POST", PODS, {"metadata": {"name": name}, "spec": {
        "nodeName": node.name, "containers": [{"name": "main", "image": "none"}]}})


def delete_pod(sandbox: Sandbox, name: str):
    sandbox.api.request("DELETE", f"{PODS}/{name}?gracePeriodSeconds=0")


def make_pods(sandbox: Sandbox, prefix: str, n: int):
    """Those that are missing of so many."""
    for number in range(n):
        with contextlib.suppress(ApiError):  # of one that is there
            make_pod(sandbox, f"{prefix}{number}", number)


def make_service(sandbox: Sandbox, name: str):
    """Without endpoints; it may have a slice already, as one that has gone before."""
    sandbox.api.request("POST", SERVICES, {"metadata": {"name": name}, "spec": {
        "ports": [{"name": "http", "port": 80, "targetPort": 8080}, {"name": "dns", "protocol": "UDP", "port": 53}]}})


def write_slice(sandbox: Sandbox, name: str, addresses: list[str]):
    """Writes the one slice of a service, which need not be there."""
    content = {"metadata": {"name": f"{name}-slice", "labels": {"kubernetes.io/service-name": name}}, "addressType": "IPv4",
               "ports": [{"name": "http", "port": 8080}, {"name": "dns", "protocol": "UDP", "port": 5353}],
               "endpoints": [{"addresses": [address]} for address in dict.fromkeys(addresses)]}
    try:
        sandbox.api.request("PUT", f"{SLICES}/{name}-slice", content)
    except ApiError as error:
        if error.status != 404:
            raise
        sandbox.api.request("POST", SLICES, content)


def delete_service(sandbox: Sandbox, name: str):
    sandbox.api.request("DELETE", f"{SERVICES}/{name}")


@contextlib.contextmanager
def frozen(host, pid):
    """A process that takes whatever comes and answers nothing, while the "with" block runs."""
    host.run(["kill", "-STOP", str(pid)])
    try:
        yield
    finally:
        host.run(["kill", "-CONT", str(pid)])


def etcd(sandbox: Sandbox, call: str, body: dict) -> dict:
    connection = http.client.HTTPConnection("127.0.0.1")
    connection.sock = sandbox.central.connect("127.0.0.1", 2379)
    try:
        connection.request("POST", f"/v3/kv/{call}", json.dumps(body))
        response = connection.getresponse()
        reply = response.read().decode()
    finally:
        connection.close()
    if response.status != 200:
        raise LabError(f"etcd: {call}: {reply}")
    return json.loads(reply)


def compact(sandbox: Sandbox):
    """Makes etcd forget all but what is there now."""
    key = base64.b64encode(b"/").decode()
    revision = etcd(sandbox, "range", {"key": key})["header"]["revision"]
    etcd(sandbox, "compaction", {"revision": revision, "physical": True})
