"""docs/install.md and, of docs/operating.md, new certificates: their commands, taken from the pages, are run on hosts that have Open vSwitch, Kubernetes' API server and
nothing of OVN; and what it says one should see is seen.

The language of a block says what is done with it: "on=HOST" is run there, where HOST may be "every-host" or "every-node";
of a "console" the lines behind each command must be in what that prints, in order, "..." being anything; "by-hand=NAME" is
not run, and what the rest needs of it is done by the function of that name here.
"""
import re
from pathlib import Path

import pytest
import yaml

from apiserver import PERMISSIONS, ApiServer
from host import wait_for
from overlay import Pod
from sandbox import Sandbox, in_parallel

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```(sh|console|yaml) (\S+)\n(.*?)^```$", re.M | re.S)
PLAIN = re.compile(r"^```(?:sh|console|yaml)$", re.M)
TLS = {"host-privkey.pem": "/etc/ovn/pki/{}-privkey.pem", "host-cert.pem": "/etc/ovn/pki/{}-cert.pem",
       "cacert.pem": "/var/lib/openvswitch/pki/controllerca/cacert.pem"}
# A sandbox has its bridge already, and calls it otherwise.
OTHER_NAMES = {"breth0": "br-phy"}


class Guide:
    """The hosts that the page is about, before anybody has read it."""

    def __init__(self, sandbox: Sandbox):
        self.sandbox, self.central, self.api = sandbox, sandbox.central, ApiServer(sandbox.central)
        sandbox.api = self.api
        self.pods = []

    def start(self):
        hosts = [self.central, *self.sandbox.nodes]
        self.api.start()
        in_parallel(*(host.start_ovs for host in hosts))
        self.api.wait_until_ready()

    def hosts(self, words: str):
        nodes = self.sandbox.nodes
        return {"every-host": [self.central, *nodes], "every-node": nodes}.get(words) or [self.sandbox.host(words)]

    def run(self, host, text: str):
        for name, other in OTHER_NAMES.items():
            text = text.replace(name, other)
        return host.run(["bash", "-euc", text], check=False, env={"CENTRAL": self.central.address, "ADDRESS": host.address})

    # --- What people do by hand

    def packages(self):
        """Installing ovn-central starts the databases and ovn-northd; and datapaths of a sandbox are in userspace."""
        self.central.run(["/usr/share/ovn/scripts/ovn-ctl", "start_northd"])
        for host in self.hosts("every-host"):
            host.run(["ovs-vsctl", "set", "Open_vSwitch", ".", "external_ids:ovn-bridge-datapath-type=netdev"])

    def copy(self):
        self.copy_certificates()
        for host in self.hosts("every-host"):  # ovn-controller is a service of its package.
            host.run(["/usr/share/ovn/scripts/ovn-ctl", "start_controller"])

    def copy_certificates(self):
        for host in self.hosts("every-host"):
            for name, source in TLS.items():
                text = self.central.path(source.format(host.name)).read_text()
                host.write(f"/etc/openvswitch/{name}", text, mode=0o600)

    def tokens(self):
        for host in self.hosts("every-host"):
            user = "watcher" if host is self.central else "node"
            self.api.hand_out(host, user)
            host.write("/etc/openvswitch/ovn_k8s.kubeconfig", self.api.kubeconfig(user), mode=0o600)

    def pods_(self):
        self.pods = [Pod(self.sandbox, name, node) for name, node in zip(("red", "blue"), self.sandbox.nodes)]
        for pod in self.pods:
            pod.wait_for_annotation()
            pod.plug()
        self.pods[0].ping(self.pods[1].address)
        self.pods[1].ping(self.pods[0].address)

    BY_HAND = {"packages": packages, "copy": copy, "tokens": tokens, "pods": pods_, "variables": None, "build": None,
               "kubeadm": None, "kube-proxy": None, "nodes": None, "uplink": None, "watcher": None, "away": None}


@pytest.fixture(scope="module")
def guide():
    with Sandbox.create(bare=True) as sandbox:
        ready = Guide(sandbox)
        ready.start()
        yield ready


def consoles(text: str):
    """Yields commands, and what is said to be seen of each."""
    for part in text.split("$ ")[1:]:
        command, *lines = part.splitlines()
        yield command, lines


def pattern_of(lines: list[str]) -> str:
    """A regular expression for what is seen: spaces are any number of them, and "..." is anything."""
    words = [r"[\s\S]*?".join(r"\s+".join(map(re.escape, part.split())) for part in line.split("...")) for line in lines]
    return r"\s*[\s\S]*?".join(words)


def look(guide: Guide, host, command: str, lines: list[str]):
    """What is to be seen may take its time."""
    seen = {}

    def is_seen():
        seen["result"] = guide.run(host, command)
        return seen["result"].returncode == 0 and re.search(pattern_of(lines), seen["result"].stdout)

    try:
        wait_for(command, is_seen)
    except Exception as error:
        raise AssertionError(f"{host.name}: {command}\nsaw {seen['result'].stdout}{seen['result'].stderr}\nnot\n"
                             + "\n".join(lines)) from error


def check_rights(text: str):
    """The rights that the page gives are those that the tests run with, no more and no less."""
    role, = (item for item in yaml.safe_load_all(text) if item["kind"] == "ClusterRole")
    given = {".".join(filter(None, [resource, group])): rule["verbs"] for rule in role["rules"]
             for resource in rule["resources"] for group in rule["apiGroups"]}
    assert given == PERMISSIONS["node"]


def follow(guide, blocks):
    """Does what the blocks of a page say."""
    for language, words, block in blocks:
        verb, _, value = words.partition("=")
        if verb == "by-hand":
            done = Guide.BY_HAND[value]
            if done:
                done(guide)
        elif language == "yaml":
            check_rights(block)
        elif language == "console":
            for host in guide.hosts(value):
                for command, lines in consoles(block):
                    look(guide, host, command, lines)
        else:
            for host in guide.hosts(value):
                result = guide.run(host, block)
                assert result.returncode == 0, f"{host.name}: {block}\n{result.stdout}{result.stderr}"


def test_the_page(guide):
    text = (DOCS / "install.md").read_text()
    assert not PLAIN.search(text), "what is to be done with this block?"
    follow(guide, BLOCK.findall(text))
    assert guide.pods, "the page has ended before there were pods"


def test_new_certificates(guide):
    """They are believed, and are those in use."""
    sign, *looks = BLOCK.findall((DOCS / "operating.md").read_text())
    fingerprint = ["openssl", "x509", "-noout", "-fingerprint", "-in", "/etc/openvswitch/host-cert.pem"]
    before = [host.output(fingerprint) for host in guide.hosts("every-host")]
    follow(guide, [sign])
    guide.copy_certificates()
    assert not set(before) & {host.output(fingerprint) for host in guide.hosts("every-host")}
    assert looks
    follow(guide, looks)
