"""The examples in the docstrings of the Python bindings, on a node of a sandbox, and those of docs/python.md.

The package is found by PYTHONPATH, else where tests/python/install has put it.
"""
import json
import os
import pathlib
import subprocess

import pytest

from host import BUILT, SETUP

ROOT = SETUP.parent.parent
SITE = os.environ.get("PYTHONPATH") or str(BUILT.parent / "python/site")

PREPARE = """
ip link add outside0 type veth peer name outside-peer && ip link set outside-peer up
ip link add outside1 type veth peer name outside1-peer
ip link add uplink0 type veth peer name uplink-peer && ip link set uplink-peer up
ip addr add 10.77.0.2/24 dev uplink0 && ip link set uplink0 up
ip netns add c1 && ip netns exec c1 ip link set lo up
ovs-vsctl add-br lab -- set Bridge lab datapath_type=netdev \
    -- add-port lab nic0 -- set Interface nic0 type=internal \
    -- add-port lab patch0 -- set Interface patch0 type=patch options:peer=nowhere
mkdir -p /run/lab/bin
"""


@pytest.fixture(scope="module")
def node(cluster):
    node = cluster.nodes[0]
    node.run(["bash", "-ec", PREPARE])
    return node


@pytest.fixture
def python():
    """The Python that the bindings were built for."""
    return subprocess.run([SETUP, "--print-python"], check=True, capture_output=True, text=True).stdout.strip()


def run_examples(cluster, node, python, *names):
    kube = {"server": cluster.api.url, "ca_certificate": cluster.api.authority, "token": cluster.api.tokens["admin"]}
    result = node.run([python, ROOT / "tests/python/doctests.py", f"--nb={cluster.central.northbound}",
                       f"--sb={cluster.central.southbound}", "--vswitch=unix:/run/openvswitch/db.sock",
                       f"--kube={json.dumps(kube)}", *names],
                      env={"PYTHONPATH": SITE}, check=False, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr


def test_docstrings(cluster, node, python):
    run_examples(cluster, node, python)


def test_page(cluster, node, python):
    run_examples(cluster, node, python, str(ROOT / "docs/python.md"))
