"""podman on two hosts, with networks that the CNI plugin makes by itself: there is no Kubernetes and no daemon of ours."""
import contextlib
import json

import pytest

from overlay import connect_hosts
from podman import Podman
from snapshot import differences, snapshot

FOLDER = "/etc/cni/net.d"
BINARIES = "/opt/cni/bin"
NETWORKS = {"blue": "10.10.0.0/24", "green": "10.20.0.0/24"}


@pytest.fixture(scope="module")
def hosts(sandbox):
    """Hosts that know the Northbound database, with the same two networks configured."""
    connect_hosts(sandbox)
    for node in sandbox.nodes:
        node.run(["bash", "-c", f'mkdir -p {BINARIES} && ln -sf "$(type -P ovn-k8s-cni-overlay)" {BINARIES}'])
        for name, subnet in NETWORKS.items():
            node.write(f"{FOLDER}/{name}.conflist", json.dumps({"cniVersion": "1.0.0", "name": name, "plugins": [
                {"type": "ovn-k8s-cni-overlay", "mode": "standalone", "subnet": subnet}]}))
    return sandbox


@pytest.fixture(scope="module")
def podmen(hosts):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Podman(node)) for node in hosts.nodes]


@pytest.fixture(autouse=True)
def nothing_left(hosts, podmen):
    """After the containers and the networks, all is as before."""
    before = snapshot(hosts)
    yield
    for podman in podmen:
        podman.remove_all()
    for network in hosts.central.output(["ovn-nbctl", "--bare", "--columns=name", "list", "Logical_Switch"]).split():
        assert hosts.central.output(["ovn-nbctl", "lsp-list", network]) == ""
        hosts.central.run(["ovn-k8s-overlay", "network-del", network])
    assert differences(before, snapshot(hosts)) == []


def test_containers_of_two_hosts_reach_each_other(podmen):
    """Their names are podman's choice, with an underscore that a pod of Kubernetes could not have."""
    containers = [podman.run("--network", "blue") for podman in podmen]
    addresses = [container.addresses()["blue"] for container in containers]
    assert len(set(addresses)) == 2
    containers[0].ping(addresses[1])
    containers[1].ping(addresses[0])


def test_a_pod_shares_its_network(podmen):
    podmen[0].pod("pod", "--network", "blue")
    containers = [podmen[0].run("--pod", "pod") for _ in range(2)]
    other = podmen[1].run("--network", "blue")
    for container in containers:
        container.ping(other.addresses()["blue"])


def test_restart(podmen):
    container, other = (podman.run("--network", "blue") for podman in podmen)
    podmen[0]("restart", "--time=0", container.id)
    other.ping(container.addresses()["blue"])


def test_connect_disconnect_and_reload(podmen):
    container = podmen[0].run("--network", "blue")
    blue, green = (podmen[1].run("--network", name).addresses()[name] for name in NETWORKS)
    podmen[0]("network", "connect", "green", container.id)
    container.ping(blue)
    container.ping(green)
    before = container.addresses()
    podmen[0]("network", "reload", container.id)
    assert container.addresses() == before
    container.ping(green)
    podmen[0]("network", "disconnect", "blue", container.id)
    assert "10.10.0." not in container.execute("ip", "address")
    container.ping(green)
