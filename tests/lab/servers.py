"""Northbound servers of a test's own on the hosts of a sandbox: alone or as a cluster, with and without TLS."""
import contextlib
import time

import pytest

from host import wait_for
from ovn import background
from snapshot import database

SCHEMA = "/usr/share/ovn/ovn-nb.ovsschema"
PORT, RAFT_PORT = 6651, 6652  # not those of the sandbox's own databases
FOLDER = "/run/lab"
DATABASE, SOCKET, CONTROL, PID_FILE = (f"{FOLDER}/nb.{kind}" for kind in ("db", "sock", "ctl", "pid"))
TLS = "/etc/lab"


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


def leader_of(members):
    """Waits until one of these servers leads and the others know."""
    def find():
        states = [member.status() for member in members]
        leaders = [member for member, state in zip(members, states) if state["Role"] == "leader"]
        return leaders[0] if len(leaders) == 1 and all(state["Leader"] != "unknown" for state in states) else None
    return wait_for("a leader of the cluster", find)


def remotes(members):
    return ",".join(member.remote for member in members)
