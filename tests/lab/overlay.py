"""The overlay network of the programs under test on the hosts of a sandbox, set up the way their users do it."""
from __future__ import annotations

import concurrent.futures
import functools
import json
import os

from apiserver import SERVICE_RANGE
from host import Host, Netns, wait_for
from ovn import Central, Node
from sandbox import FIRST_NODE, Sandbox

CLUSTER_SUBNET = "192.168.0.0/16"
PODS = "/api/v1/namespaces/default/pods"
CNI_CONF = "/etc/cni/net.d/10-ovn-kubernetes.conflist"
WATCHER_PID = "/run/openvswitch/ovn-k8s-watcher.pid"
WATCHER_LOG = "/var/log/openvswitch/ovn-k8s-watcher.log"


def master_flags(central: Central) -> dict[str, str]:
    return {"cluster-ip-subnet": CLUSTER_SUBNET, "master-switch-subnet": "192.168.1.0/24", "node-name": central.name}


def minion_flags(node: Node) -> dict[str, str]:
    return {"cluster-ip-subnet": CLUSTER_SUBNET, "minion-switch-subnet": f"192.168.{node.number - FIRST_NODE + 2}.0/24",
            "node-name": node.name}


def overlay_command(host: Host, verb: str, flags: dict[str, str | bool | None], **options):
    """Runs ovn-k8s-overlay; a flag with value None is left out, one with True has none."""
    words = [f"--{name}" if value is True else f"--{name}={value}" for name, value in flags.items() if value is not None]
    return host.run(["ovn-k8s-overlay", verb, *words], **options)


def assert_refused(result, *words: str, status: int = 1):
    """A command has failed with nothing but one line that has these words."""
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1, result.stderr
    for word in words:
        assert word in result.stderr
    assert result.returncode == status


def connect_hosts(sandbox: Sandbox):
    """Tells each host where its API server (if there is one) and the Northbound database are."""
    for host in [sandbox.central, *sandbox.nodes]:
        settings = {} if host is sandbox.central else {"ovn-nb": sandbox.central.northbound}
        if sandbox.api:
            settings.update(sandbox.api.client_settings(host))
        for name, value in settings.items():
            host.run(["ovs-vsctl", "set", "Open_vSwitch", ".", f'external_ids:{name}="{value}"'])


def set_up_overlay(sandbox: Sandbox):
    """Master and nodes. All is settled then."""
    connect_hosts(sandbox)
    overlay_command(sandbox.central, "master-init", master_flags(sandbox.central))
    for node in sandbox.nodes:
        overlay_command(node, "minion-init", minion_flags(node))
    sandbox.central.run(["ovn-nbctl", "--wait=hv", "sync"])


DUAL_SUBNET = "192.168.0.0/16,fd01::/48"


def dual_subnets(number: int) -> str:
    """The subnets of a node, of which the master is number 1."""
    return f"192.168.{number}.0/24,fd01:0:0:{number}::/64"


def set_up_dual_stack(sandbox: Sandbox, **master_words: str):
    """Master and nodes with subnets of both families; master-init with more flags, if need be. All is settled then."""
    connect_hosts(sandbox)
    central = sandbox.central
    overlay_command(central, "master-init", {"cluster-ip-subnet": DUAL_SUBNET, "master-switch-subnet": dual_subnets(1),
                                             "node-name": central.name, **master_words})
    for number, node in enumerate(sandbox.nodes, 2):
        overlay_command(node, "minion-init", {"cluster-ip-subnet": DUAL_SUBNET, "minion-switch-subnet": dual_subnets(number),
                                              "node-name": node.name})
    central.run(["ovn-nbctl", "--wait=hv", "sync"])


def set_up_cluster(sandbox: Sandbox, **minion_words: str | None):
    """The same with a service range, and every host a gateway by the bridge that it reaches the others by: so pods reach
    hosts, the API server's among them, and services are reached from outside. With other flags for minion-init, if need be."""
    connect_hosts(sandbox)
    overlay_command(sandbox.central, "master-init", {
        **master_flags(sandbox.central), "service-cluster-ip-range": SERVICE_RANGE.partition(",")[0]})
    for node in sandbox.nodes:
        overlay_command(node, "minion-init", {**minion_flags(node), **minion_words})
    for host in [sandbox.central, *sandbox.nodes]:
        overlay_command(host, "gateway-init", {
            "cluster-ip-subnet": CLUSTER_SUBNET, "node-name": host.name, "bridge-interface": "br-phy",
            "physical-ip": f"{host.address}/24"})
        host.run(["ovn-k8s-gateway-helper", "--physical-bridge=br-phy", "--physical-interface=eth0", "--pidfile", "--log-file",
                  "-vconsole:emer", "--detach"])
    sandbox.central.run(["ovn-nbctl", "--wait=hv", "sync"])


def at_once(calls) -> list:
    """Makes all the calls at the same time. Returns what they returned."""
    calls = list(calls)
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def cni_input(node: Node) -> dict:
    """What a runtime makes of the node's CNI configuration for the plugin's standard input."""
    conf = json.loads(node.path(CNI_CONF).read_text())
    return {"cniVersion": conf["cniVersions"][-1], "name": conf["name"], **conf["plugins"][0]}


def call_plugin(node: Node, verb: str, environment: dict[str, str | None], keys: dict, stdin: str | None = None):
    """Calls the CNI plugin as a container runtime does: with the node's configuration, in which "keys" are replaced.

    A variable with value None is left out.
    """
    variables = {"CNI_COMMAND": verb, "CNI_CONTAINERID": "container", "CNI_IFNAME": "eth0", "CNI_PATH": "/opt/cni/bin",
                 **environment}
    return node.run(["/opt/cni/bin/ovn-k8s-cni-overlay"], check=False,
                    input=json.dumps({**cni_input(node), **keys}) if stdin is None else stdin,
                    env={name: value for name, value in variables.items() if value is not None})


class Watcher:
    """ovn-k8s-watcher on the central host, in the background while a "with" block runs."""

    def __init__(self, central: Central, *words: str, env: dict[str, str] | None = None):
        """With more options, if need be."""
        self.central = central
        self.words = ["ovn-k8s-watcher", "--overlay", "--pidfile", "--log-file", "-vfile:info", "-vconsole:emer", "--detach",
                      *words]
        self.env = env

    def __enter__(self) -> Watcher:
        self.start()
        return self

    def __exit__(self, *_):
        self.central.run(["ovs-appctl", "-t", "ovn-k8s-watcher", "exit"])
        wait_for("the end of ovn-k8s-watcher", lambda: not self.alive(), log=self.central.path(WATCHER_LOG))

    def start(self):
        self.central.run(self.words, env=self.env)
        self.pid = self.central.path(WATCHER_PID).read_text().strip()

    def alive(self) -> bool:
        return self.central.runs(self.pid)

    def kill(self):
        """Ends it by kill -9."""
        self.central.run(["kill", "-9", self.pid])
        wait_for("the end of ovn-k8s-watcher", lambda: not self.alive())

    def start_again(self):
        """After kill(). One whose predecessor has not quite ended, and so holds the lock of its pid file, refuses to start."""
        def starts() -> bool:
            return self.central.run(self.words, env=self.env, check=False).returncode == 0
        wait_for("ovn-k8s-watcher to start again", starts, log=self.central.path(WATCHER_LOG))
        self.pid = self.central.path(WATCHER_PID).read_text().strip()

    def cpu_seconds(self) -> float:
        """Processor time so far, user and system."""
        fields = self.central.path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mb(self) -> float:
        """The most memory so far."""
        lines = dict(line.split(":", 1) for line in self.central.path(f"/proc/{self.pid}/status").read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 1024


class Pod:
    """A pod in the API server, and what a container runtime would make of it on its node."""

    def __init__(self, sandbox: Sandbox, name: str, node: Node, annotations: dict[str, str] | None = None, **spec):
        """Creates the pod in the API server, placed on the node."""
        self.api = sandbox.api
        self.central = sandbox.central
        self.name = name
        self.node = node
        created = self.api.request("POST", PODS, {
            "metadata": {"name": name, "annotations": annotations or {}},
            "spec": {"nodeName": node.name, "containers": [{"name": "main", "image": "none"}], **spec}})
        self.uid = created["metadata"]["uid"]

    @property
    def port(self) -> str:
        """The name of its logical port."""
        return f"default_{self.name}"

    @functools.cached_property
    def netns(self) -> Netns:
        return self.node.netns_add(self.name)

    def annotation(self) -> dict | None:
        """What the watcher wrote, decoded, or None."""
        annotations = self.api.request("GET", f"{PODS}/{self.name}")["metadata"].get("annotations", {})
        return json.loads(annotations["ovn"]) if "ovn" in annotations else None

    def wait_for_annotation(self) -> dict:
        return wait_for(f"annotation of pod {self.name}", self.annotation, log=self.central.path(WATCHER_LOG))

    @property
    def address(self) -> str:
        return self.annotation()["ip_address"].partition("/")[0]

    def logical_port(self, column: str) -> str:
        """A column of its logical port, "" where there is no such port."""
        return self.central.output(["ovn-nbctl", "--bare", f"--columns={column}", "find", "Logical_Switch_Port",
                                    f"name={self.port}"])

    def interface(self, column: str) -> str:
        """A column of its interface in Open vSwitch, "" where there is no such interface."""
        return self.node.output(["ovs-vsctl", "--bare", f"--columns={column}", "find", "Interface",
                                 f"external_ids:iface-id={self.port}"])

    @property
    def cni_args(self) -> str:
        return f"IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME={self.name};K8S_POD_UID={self.uid}"

    def cni(self, verb: str, prefix=(), network="ovn-kubernetes", env=None, **options):
        """Lets cnitool call the plugins of a network."""
        return self.node.run([*prefix, "cnitool", verb, network, self.netns.path], env={
            "CNI_PATH": "/opt/cni/bin", "NETCONFPATH": "/etc/cni/net.d", "CNI_ARGS": self.cni_args, **(env or {})}, **options)

    def plug(self) -> dict:
        """ADD, as a container runtime does it. Returns the result."""
        result = json.loads(self.cni("add").stdout)
        self.netns.run(["ethtool", "-K", "eth0", "tx", "off"])  # a datapath in userspace does not complete checksums
        return result

    def ping(self, address: str):
        self.netns.run(["ping", "-c", "2", "-i", "0.1", "-w", "10", address])

    def delete(self):
        """Deletes the pod from the API server at once, as if its kubelet had confirmed that it is gone."""
        self.api.request("DELETE", f"{PODS}/{self.name}?gracePeriodSeconds=0")

    def vanish(self):
        """Deletes the pod and waits until the watcher has removed its logical port."""
        self.delete()
        wait_for(f"the end of the logical port of {self.name}", lambda: not self.logical_port("_uuid"),
                 log=self.central.path(WATCHER_LOG))
