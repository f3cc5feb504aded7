"""examples/embed: somebody else's orchestrator, built outside of the sources from what is installed, on a real host."""
import shutil

import pytest

from installed import ROOT
from overlay import connect_hosts
from snapshot import differences, snapshot


@pytest.fixture(scope="module")
def hosts(sandbox):
    connect_hosts(sandbox)
    return sandbox


@pytest.fixture
def clean(hosts):
    before = snapshot(hosts)
    yield
    assert differences(before, snapshot(hosts)) == []


@pytest.mark.parametrize("static", [False, True], ids=["shared", "static"])
@pytest.mark.parametrize("how", ["make", "cmake"])
def test_two_containers_reach_each_other(installed, hosts, clean, tmp_path, how, static):
    folder = tmp_path / "embed"
    shutil.copytree(ROOT / "examples/embed", folder)
    program = getattr(installed, how)(folder, static)
    assert ("libovnk8s.so.0" in program.needs()) != static
    assert hosts.nodes[0].output([program.path], env=program.variables) == "10.77.0.1 reaches 10.77.0.2"


def test_the_plugin_of_the_prefix_is_linked(installed, hosts, clean):
    told = hosts.central.output([installed.prefix / "bin/ovn-k8s-overlay", "master-init", "--cluster-ip-subnet=10.0.0.0/8",
                                 "--node-name=m", "--dry-run"])
    assert f"{installed.prefix}/lib/cni/ovn-k8s-cni-overlay" in told
