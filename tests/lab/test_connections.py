"""The ways to a Northbound database: TLS, clusters and their failures, several remotes, and where the setting comes from."""
import contextlib

import pytest

from host import wait_for
from overlay import assert_refused, master_flags, minion_flags, overlay_command
from sandbox import in_parallel
from servers import (CONTROL, PORT, TLS, Server, certificates, leader_of, remotes, start_member,  # noqa: F401
                     took_less_than)
from snapshot import differences, snapshot

DEADLINE = 30


# --- TLS

@pytest.fixture
def tls_server(sandbox, certificates):
    """A server that has a certificate of "lab" and wants one from its clients."""
    with Server.standalone(sandbox.central, f"--remote=pssl:{PORT}", f"--private-key={TLS}/lab.key",
                           f"--certificate={TLS}/lab.crt", f"--ca-cert={TLS}/lab-ca.crt") as server:
        yield server


@pytest.fixture
def unchanged(sandbox, tls_server):
    """Fails the test that asks for it when something of the sandbox, or in the TLS server, has changed."""
    before = {**snapshot(sandbox), "server": tls_server.tables()}
    yield
    assert differences(before, {**snapshot(sandbox), "server": tls_server.tables()}) == []


def tls_remote(sandbox):
    return f"ssl:{sandbox.central.address}:{PORT}"


def tls_flags(sandbox, **changes):
    return {**master_flags(sandbox.central), "nb": tls_remote(sandbox), "timeout": "3", "private-key": f"{TLS}/lab.key",
            "certificate": f"{TLS}/lab.crt", "ca-cert": f"{TLS}/lab-ca.crt", **changes}


def test_tls(sandbox, tls_server):
    host, flags = sandbox.central, tls_flags(sandbox)
    paths = [flags.pop(name) for name in ("private-key", "certificate", "ca-cert")]
    short = [word for option, path in zip(("-p", "-c", "-C"), paths) for word in (option, path)]
    host.run(["ovn-k8s-overlay", "master-init", *(f"--{name}={value}" for name, value in flags.items()), *short])
    assert tls_server.names("Logical_Router") == [host.name]
    assert tls_server.names("Logical_Switch") == ["join", host.name]

    before = tls_server.tables()
    assert "(0 rows" in overlay_command(host, "master-init", tls_flags(sandbox)).stdout
    assert tls_server.tables() == before


@pytest.mark.parametrize("changes, words", [
    ({"ca-cert": f"{TLS}/other-ca.crt"}, ["certificate"]),
    ({"private-key": f"{TLS}/other.key", "certificate": f"{TLS}/other.crt"}, [])],
    ids=["authority", "client"])
def test_certificate_of_another_authority(sandbox, unchanged, changes, words):
    with took_less_than(20):
        result = overlay_command(sandbox.central, "master-init", tls_flags(sandbox, **changes), check=False)
    assert_refused(result, "ovn-k8s-overlay: ", tls_remote(sandbox), *words)


@pytest.mark.parametrize("changes, words", [
    ({"private-key": None, "certificate": None, "ca-cert": None}, ["private key", "-p"]),
    ({"private-key": None}, ["private key", "-p"]),
    ({"certificate": None}, ["certificate", "-c"]),
    ({"ca-cert": None}, ["CA certificate", "-C"]),
    ({"private-key": f"{TLS}/nowhere.key"}, [f"{TLS}/nowhere.key", "No such file"]),
    ({"certificate": f"{TLS}/nowhere.crt"}, [f"{TLS}/nowhere.crt", "No such file"]),
    ({"ca-cert": f"{TLS}/nowhere.crt"}, [f"{TLS}/nowhere.crt", "No such file"]),
    ({"private-key": f"{TLS}/other.key"}, ["TLS files", "key"])],
    ids=["none", "no-key", "no-certificate", "no-ca", "missing-key", "missing-certificate", "missing-ca", "mismatch"])
def test_tls_files(sandbox, unchanged, changes, words):
    flags = tls_flags(sandbox, timeout="30", **changes)
    with took_less_than(20):  # what is wrong here is known without the server
        result = overlay_command(sandbox.central, "master-init", flags, check=False)
    assert_refused(result, "ovn-k8s-overlay: ", *words)


# --- A cluster

@pytest.fixture
def members(sandbox):
    """A cluster with a server on each host."""
    with contextlib.ExitStack() as stack:
        first = start_member(stack, sandbox.central)
        yield [first, *(start_member(stack, node, first) for node in sandbox.nodes)]


def cluster_flags(host_flags, members):
    return {**host_flags, "nb": remotes(members), "timeout": str(DEADLINE)}


def assert_rows(server, sandbox, nodes):
    """The rows of master-init and of these nodes' minion-init are there, each once."""
    names = [sandbox.central.name, *(node.name for node in nodes)]
    assert server.names("Logical_Router") == [sandbox.central.name]
    assert server.names("Logical_Switch") == ["join", *names]
    assert server.names("Logical_Router_Port") == sorted(["rtoj-kube-master", *(f"rtos-{name}" for name in names)])
    assert server.names("Logical_Switch_Port") == sorted([
        "jtor-kube-master", *(f"{kind}-{name}" for name in names for kind in ("stor", "k8s"))])


def test_cluster(sandbox, members):
    overlay_command(sandbox.central, "master-init", cluster_flags(master_flags(sandbox.central), members))
    # Two at once: both change the same row of the cluster's router.
    in_parallel(*(lambda node=node: overlay_command(node, "minion-init", cluster_flags(minion_flags(node), members))
                  for node in sandbox.nodes))
    assert_rows(leader_of(members), sandbox, sandbox.nodes)

    before = leader_of(members).tables()
    for node in sandbox.nodes:
        assert "(0 rows" in overlay_command(node, "minion-init", cluster_flags(minion_flags(node), members)).stdout
    assert leader_of(members).tables() == before


def test_one_server_of_a_cluster_that_does_not_lead(sandbox, members):
    leader_of(members)
    flags = {**cluster_flags(master_flags(sandbox.central), members[1:2]), "timeout": "3"}
    with took_less_than(20):
        result = overlay_command(sandbox.central, "master-init", flags, check=False)
    assert_refused(result, "ovn-k8s-overlay: ", members[1].remote, "leader")
    assert members[0].names("Logical_Switch") == []


@pytest.mark.parametrize("signal", ["KILL", "STOP"])  # dead, or silent with its connections open
def test_cluster_without_its_leader(sandbox, members, signal):
    flags = cluster_flags(master_flags(sandbox.central), members)
    overlay_command(sandbox.central, "master-init", flags)
    overlay_command(sandbox.nodes[0], "minion-init", cluster_flags(minion_flags(sandbox.nodes[0]), members))
    leader = leader_of(members)
    leader.signal(signal)
    with took_less_than(DEADLINE + 15):
        overlay_command(sandbox.nodes[1], "minion-init", cluster_flags(minion_flags(sandbox.nodes[1]), members))
    survivors = [member for member in members if member is not leader]
    assert_rows(leader_of(survivors), sandbox, sandbox.nodes)


def test_leadership_that_moves_on(sandbox, members):
    """Each server gets its turn as the leader, and the next command finds it."""
    hosts = [sandbox.central, *sandbox.nodes]
    for i, host in enumerate(hosts):
        verb, flags = ("minion-init", minion_flags(host)) if i else ("master-init", master_flags(host))
        overlay_command(host, verb, cluster_flags(flags, members))
        leader = leader_of(members)
        leader.host.run(["ovs-appctl", "-t", CONTROL, "cluster/failure-test", "transfer-leadership"])
        wait_for("another leader", lambda: leader_of(members) is not leader)
    assert_rows(leader_of(members), sandbox, sandbox.nodes)


# --- Several remotes, none of a cluster

@pytest.fixture
def standalone(sandbox):
    with Server.standalone(sandbox.central, f"--remote=ptcp:{PORT}") as server:
        yield server


# libopenvswitch tries remotes in random order. One that fails at once is given four times, so that it hardly ever begins with
# the good one; a silent one is given up after 10 s only, its default of two times 5 s.
BAD_REMOTES = {"no-host": ["tcp:10.99.0.99:6641"] * 4,
               "refused": ["tcp:10.99.0.1:6654"] * 4,
               "no-socket": ["unix:/run/nowhere.sock"] * 4,
               "silent": ["tcp:10.99.0.1:6653"]}


@pytest.fixture(scope="module")
def silent_port(sandbox):
    """A port where connections are taken and then nothing is said."""
    sandbox.central.spawn("silent", ["nc", "-lkd", "6653"])


@pytest.mark.parametrize("bad", BAD_REMOTES.values(), ids=BAD_REMOTES.keys())
def test_first_remote_does_not_answer(sandbox, standalone, silent_port, bad):
    flags = {**master_flags(sandbox.central), "nb": ",".join([*bad, standalone.remote]), "timeout": str(DEADLINE)}
    with took_less_than(DEADLINE + 15):
        overlay_command(sandbox.central, "master-init", flags)
    assert_rows(standalone, sandbox, [])


# --- Where the remote comes from

def shown_remote(host, *words, **options):
    """Value and source of the setting "nb"."""
    text = host.output(["ovn-k8s-overlay", "--show-config", *words], **options)
    return next(line.split(maxsplit=2)[1:] for line in text.splitlines() if line.startswith("nb "))


@pytest.fixture
def external_id(sandbox):
    """Sets external_ids:ovn-nb of the first node's Open vSwitch for a test, which begins without it."""
    node = sandbox.nodes[0]
    yield lambda value: node.run(["ovs-vsctl", "set", "Open_vSwitch", ".", f'external_ids:ovn-nb="{value}"'])
    node.run(["ovs-vsctl", "remove", "Open_vSwitch", ".", "external_ids", "ovn-nb"])


def test_precedence(sandbox, external_id):
    node, config = sandbox.nodes[0], "/run/connections.conf"
    node.write(config, "[default]\nnb=tcp:10.0.0.4:6641\n")
    file, environment, flag = f"--config={config}", {"OVN_NB_DB": "tcp:10.0.0.2:6641"}, "--nb=tcp:10.0.0.1:6641"
    assert shown_remote(node) == ["unix:/var/run/ovn/ovnnb_db.sock", "default"]
    assert shown_remote(node, file) == ["tcp:10.0.0.4:6641", f"file {config}"]
    external_id("tcp:10.0.0.3:6641")
    assert shown_remote(node, file) == ["tcp:10.0.0.3:6641", "external_ids:ovn-nb"]
    assert shown_remote(node, file, env=environment) == ["tcp:10.0.0.2:6641", "environment OVN_NB_DB"]
    assert shown_remote(node, file, flag, env=environment) == ["tcp:10.0.0.1:6641", "flag"]


def test_the_remote_that_counts_is_used(sandbox, standalone, external_id):
    """Each source wins over one below it that leads nowhere."""
    node, nowhere = sandbox.nodes[0], "unix:/run/nowhere.sock"
    overlay_command(sandbox.central, "master-init", {**master_flags(sandbox.central), "nb": standalone.remote})
    node.write("/run/connections.conf", f"[default]\nnb={nowhere}\n")
    flags = {**minion_flags(node), "config": "/run/connections.conf", "timeout": "3"}
    external_id(standalone.remote)
    overlay_command(node, "minion-init", flags)
    assert_rows(standalone, sandbox, [node])

    assert_refused(overlay_command(node, "minion-init", flags, env={"OVN_NB_DB": nowhere}, check=False),
                   "ovn-k8s-overlay: ", nowhere)
    overlay_command(node, "minion-init", {**flags, "nb": standalone.remote}, env={"OVN_NB_DB": nowhere})
