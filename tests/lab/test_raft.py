"""A cluster of Northbound servers over TLS, some of which die amid many writers."""
import contextlib
import json
import os
import subprocess

import pytest

from host import BUILT, HERE, environment
from overlay import assert_refused, master_flags, overlay_command
from servers import TLS, certificates, leader_of, remotes, start_member, took_less_than  # noqa: F401

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
    return {"nb": remotes(members), "timeout": "30", "private-key": f"{TLS}/lab.key",
            "certificate": f"{TLS}/lab.crt", "ca-cert": f"{TLS}/lab-ca.crt", **changes}


def crowd(host, members, calls, deadline=CROWD_DEADLINE):
    """Many writers at once on the host. Yields what each tells when it ends."""
    options = {"remotes": remotes(members), "calls": calls, "connect": {
        "private_key": f"{TLS}/lab.key", "certificate": f"{TLS}/lab.crt", "ca_cert": f"{TLS}/lab-ca.crt",
        "timeout_ms": 1000 * deadline}}
    environ = {**environment(), "OVNK8S_BIN": os.environ.get("OVNK8S_BIN", BUILT)}  # hosts have no variables of that kind
    with host.popen(["/usr/bin/python3", HERE / "crowd.py", json.dumps(options)], stdout=subprocess.PIPE,
                    env=environ) as process:
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
    flags = {**master_flags(sandbox.central), **lab_flags(tls_members, timeout="3", **changes), "logical-only": True}
    with took_less_than(20):
        result = overlay_command(sandbox.central, "master-init", flags, check=False)
    assert_refused(result, "ovn-k8s-overlay: ", "ssl:")
    assert leader_of(tls_members).names("Logical_Switch") == []
