"""The ways to a Northbound database: TLS, clusters and their failures, several remotes, and where the setting comes from."""
import contextlib
import json
import subprocess
import time

import pytest

from host import HERE, wait_for
from overlay import assert_refused, master_flags, minion_flags, overlay_command
from ovn import background
from sandbox import in_parallel
from snapshot import database, snapshot

SCHEMA = "/usr/share/ovn/ovn-nb.ovsschema"
PORT, RAFT_PORT = 6651, 6652  # not those of the sandbox's own databases
FOLDER = "/run/lab"
DATABASE, SOCKET, CONTROL, PID_FILE = (f"{FOLDER}/nb.{kind}" for kind in ("db", "sock", "ctl", "pid"))
TLS = "/etc/lab"
DEADLINE = 30


class Server:
    """A Northbound ovsdb-server of the test's own on a host, one at a time there. It ends with its "with" block."""

    def __init__(self, host, database_tool, *options, scheme="tcp"):
        """The database is made by ovsdb-tool with these arguments."""
        self.host = host
        self.scheme = scheme
        host.run(["rm", "-rf", FOLDER])
        host.run(["mkdir", FOLDER])
        host.run(["ovsdb-tool", *database_tool])
        host.run(["ovsdb-server", DATABASE, f"--remote=punix:{SOCKET}", f"--unixctl={CONTROL}", *options,
                  *background("lab", "nb")])
        self.pid = host.path(PID_FILE).read_text().strip()

    @classmethod
    def standalone(cls, host, *options):
        return cls(host, ["create", DATABASE, SCHEMA], *options)

    @property
    def remote(self):
        return f"{self.scheme}:{self.host.address}:{PORT}"

    def tables(self):
        """Of a cluster, the leader alone answers."""
        return database(self.host, f"unix:{SOCKET}", "OVN_Northbound")

    def names(self, table):
        return sorted(row["name"] for row in self.tables()[f"{table} table"])

    def status(self):
        """What a server of a cluster tells of itself, by its own keys."""
        lines = self.host.output(["ovs-appctl", "-t", CONTROL, "cluster/status", "OVN_Northbound"]).splitlines()
        return dict(line.split(": ", 1) for line in lines if ": " in line)

    def signal(self, name):
        self.host.run(["kill", "-s", name, self.pid])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.host.run(["kill", "-s", "KILL", self.pid], check=False)  # a test may have done so before
        wait_for(f"the end of ovsdb-server on {self.host.name}", lambda: not self.host.path(f"/proc/{self.pid}").exists())


@contextlib.contextmanager
def took_less_than(seconds):
    begin = time.monotonic()
    yield
    assert time.monotonic() - begin < seconds


# --- TLS

@pytest.fixture(scope="module")
def certificates(sandbox):
    """On the central host: two authorities, "lab" and "other", and a certificate of each, NAME.key and NAME.crt."""
    host = sandbox.central
    host.run(["mkdir", "-p", TLS])
    request = ["openssl", "req", "-x509", "-days", "365", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    for name in "lab", "other":
        authority = f"{TLS}/{name}-ca"
        host.run([*request, "-subj", f"/CN={name}-ca", "-keyout", f"{authority}.key", "-out", f"{authority}.crt"])
        host.run([*request, "-subj", f"/CN={name}", "-CA", f"{authority}.crt", "-CAkey", f"{authority}.key",
                  "-keyout", f"{TLS}/{name}.key", "-out", f"{TLS}/{name}.crt"])


@pytest.fixture
def tls_server(sandbox, certificates):
    """A server that has a certificate of "lab" and wants one from its clients."""
    with Server.standalone(sandbox.central, f"--remote=pssl:{PORT}", f"--private-key={TLS}/lab.key",
                           f"--certificate={TLS}/lab.crt", f"--ca-cert={TLS}/lab-ca.crt") as server:
        yield server


@pytest.fixture
def unchanged(sandbox, tls_server):
    """Fails the test that asks for it when something of the sandbox, or in the TLS server, has changed."""
    before = snapshot(sandbox), tls_server.tables()
    yield
    assert (snapshot(sandbox), tls_server.tables()) == before


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
    with took_less_than(8):
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
    with took_less_than(8):  # what is wrong here is known without the server
        result = overlay_command(sandbox.central, "master-init", flags, check=False)
    assert_refused(result, "ovn-k8s-overlay: ", *words)


# --- A cluster

def start_member(stack, host, first=None, scheme="tcp", options=()):
    """Starts a server of a cluster: the first one, or another that joins it."""
    own = f"{scheme}:{host.address}:{RAFT_PORT}"
    tool = (["join-cluster", DATABASE, "OVN_Northbound", own, f"{scheme}:{first.host.address}:{RAFT_PORT}"] if first else
            ["create-cluster", DATABASE, SCHEMA, own])
    member = stack.enter_context(Server(host, tool, f"--remote=p{scheme}:{PORT}", *options, scheme=scheme))
    # Before this, the server knows no database of that name.
    host.run(["ovsdb-client", "--timeout=30", "wait", f"unix:{SOCKET}", "OVN_Northbound", "connected"])
    return member


@pytest.fixture
def members(sandbox):
    """A cluster with a server on each host."""
    with contextlib.ExitStack() as stack:
        first = start_member(stack, sandbox.central)
        yield [first, *(start_member(stack, node, first) for node in sandbox.nodes)]


def leader_of(members):
    """Waits until one of these servers leads and the others know."""
    def find():
        states = [member.status() for member in members]
        leaders = [member for member, state in zip(members, states) if state["Role"] == "leader"]
        return leaders[0] if len(leaders) == 1 and all(state["Leader"] != "unknown" for state in states) else None
    return wait_for("a leader of the cluster", find)


def remotes(members):
    return ",".join(member.remote for member in members)


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
    with took_less_than(8):
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
    with took_less_than(DEADLINE + 5):
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


# --- A cluster over TLS

NODES_AT_ONCE, PORTS_AT_ONCE = 100, 100
CROWD_DEADLINE = 60


@pytest.fixture
def tls_members(sandbox, certificates):
    """A cluster with a server on each host. Servers and clients show a certificate of "lab" to each other."""
    options = [f"--private-key={TLS}/lab.key", f"--certificate={TLS}/lab.crt", f"--ca-cert={TLS}/lab-ca.crt"]
    for node in sandbox.nodes:
        for name in "lab.key", "lab.crt", "lab-ca.crt":
            node.write(f"{TLS}/{name}", sandbox.central.path(f"{TLS}/{name}").read_text())
    with contextlib.ExitStack() as stack:
        first = start_member(stack, sandbox.central, None, "ssl", options)
        yield [first, *(start_member(stack, node, first, "ssl", options) for node in sandbox.nodes)]


def lab_flags(members, **changes):
    return {"nb": remotes(members), "timeout": str(DEADLINE), "private-key": f"{TLS}/lab.key",
            "certificate": f"{TLS}/lab.crt", "ca-cert": f"{TLS}/lab-ca.crt", **changes}


def crowd(host, members, calls, deadline=CROWD_DEADLINE):
    """Many writers at once on the host. Yields what each tells when it ends."""
    options = {"remotes": remotes(members), "calls": calls, "connect": {
        "private_key": f"{TLS}/lab.key", "certificate": f"{TLS}/lab.crt", "ca_cert": f"{TLS}/lab-ca.crt",
        "timeout_ms": 1000 * deadline}}
    with host.popen(["/usr/bin/python3", HERE / "crowd.py", json.dumps(options)], stdout=subprocess.PIPE) as process:
        for line in process.stdout:
            yield json.loads(line)
    assert process.returncode == 0


def test_leader_of_a_tls_cluster_dies_amid_200_writers(sandbox, tls_members):
    host = sandbox.central
    overlay_command(host, "master-init", {**master_flags(host), **lab_flags(tls_members), "logical-only": True})
    nodes = [f"n{i}" for i in range(NODES_AT_ONCE)]
    pods = [f"pod-{i}" for i in range(PORTS_AT_ONCE)]
    calls = [[["node_add", name]] for name in nodes] + [[["port_add", name, host.name]] for name in pods]
    leader, ended = leader_of(tls_members), []
    for answer in crowd(host, tls_members, calls):
        ended.append(answer)
        if len(ended) == 40:
            leader.signal("KILL")

    assert [answer["error"] for answer in ended if answer["error"]] == []
    assert max(answer["seconds"] for answer in ended) < CROWD_DEADLINE
    survivors = [member for member in tls_members if member is not leader]
    tables = leader_of(survivors).tables()
    switches = [row for row in tables["Logical_Switch table"] if row["name"] != "join"]
    assert sorted(row["name"] for row in switches) == sorted([host.name, *nodes])
    assert len({dict(row["other_config"][1])["subnet"] for row in switches}) == len(switches)
    ports = [row for row in tables["Logical_Switch_Port table"] if row["name"].startswith("default_")]
    assert sorted(row["name"] for row in ports) == sorted(f"default_{name}" for name in pods)
    assert len({row["addresses"] for row in ports}) == len(ports)
    assert overlay_command(host, "check", lab_flags(survivors)).returncode == 0


def test_writers_give_up_in_time_when_most_servers_of_a_tls_cluster_die(sandbox, tls_members):
    host, deadline = sandbox.central, 4
    overlay_command(host, "master-init", {**master_flags(host), **lab_flags(tls_members), "logical-only": True})
    pods = [f"pod-{i}" for i in range(40)]
    ended = []
    for answer in crowd(host, tls_members, [[["port_add", name, host.name]] for name in pods], deadline):
        ended.append(answer)
        if len(ended) == 5:
            for member in tls_members[1:]:
                member.signal("KILL")

    late = [answer for answer in ended if answer["seconds"] > deadline + 1]
    assert not late
    failed = [answer for answer in ended if answer["error"]]
    assert failed and all(answer["error"].startswith(("TIMEOUT", "UNAVAILABLE")) for answer in failed), failed


@pytest.mark.parametrize("changes", [
    {"ca-cert": f"{TLS}/other-ca.crt"}, {"private-key": f"{TLS}/other.key", "certificate": f"{TLS}/other.crt"}],
    ids=["authority", "client"])
def test_tls_cluster_and_a_certificate_of_another_authority(sandbox, tls_members, changes):
    leader_of(tls_members)
    flags = {**master_flags(sandbox.central), **lab_flags(tls_members, timeout="3", **changes)}
    with took_less_than(8):
        result = overlay_command(sandbox.central, "master-init", flags, check=False)
    assert_refused(result, "ovn-k8s-overlay: ", "ssl:")
    assert leader_of(tls_members).names("Logical_Switch") == []


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
    with took_less_than(DEADLINE + 5):
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
