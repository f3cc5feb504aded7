"""Calls of CNI plugins without a container runtime: what one sends, and a program that is killed at any moment of a call."""
from __future__ import annotations

import json
import pathlib
import socket
import subprocess

from host import HERE, Host, Netns

PLUGIN = "/opt/cni/bin/ovn-k8s-cni-overlay"
KILLED = 128 + 9
DATABASE = "/run/openvswitch/db.sock"


class Attachment:
    """One interface of a container, as the overlay's plugin knows it."""

    def __init__(self, host: Host, container_id: str, netns: Netns, configuration: dict, args: str = ""):
        self.host = host
        self.configuration = configuration
        self.variables = {"CNI_CONTAINERID": container_id, "CNI_NETNS": netns.path, "CNI_IFNAME": "eth0",
                          "CNI_PATH": "/opt/cni/bin", "CNI_ARGS": args}

    def call(self, command: str, prefix=(), **options) -> subprocess.CompletedProcess:
        """Executes the plugin; "prefix" comes before it on the command line."""
        return self.host.run([*prefix, PLUGIN], input=json.dumps(self.configuration),
                             env={**self.variables, "CNI_COMMAND": command}, **options)


class Killer:
    """kill_at.c, built in a folder that hosts see too."""

    def __init__(self, folder: pathlib.Path):
        self.program = folder / "kill_at"
        subprocess.run(["cc", "-O1", "-o", self.program, HERE / "kill_at.c"], check=True)

    def calls(self, attachment: Attachment, command: str) -> int:
        """How many system calls a command makes."""
        result = attachment.call(command, [self.program, "0"])
        return int(result.stderr.rpartition("calls ")[2])

    def kill(self, attachment: Attachment, command: str, n: int) -> bool:
        """Lets the n-th system call of a command be its end. False when it has made fewer."""
        result = attachment.call(command, [self.program, str(n)], check=False)
        assert result.returncode in (0, KILLED), result.stdout
        return result.returncode == KILLED


def open_vswitch_names(host: Host) -> dict[str, list[str]]:
    """Names of ports and interfaces, and the rows of queues, read as fast as possible."""
    tables = {"Port": "name", "Interface": "name", "QoS": "_uuid", "Queue": "_uuid"}
    request = {"id": 0, "method": "transact", "params": ["Open_vSwitch", *(
        {"op": "select", "table": table, "where": [], "columns": [column]} for table, column in tables.items())]}
    with socket.socket(socket.AF_UNIX) as database:
        database.connect(str(host.path(DATABASE)))
        database.sendall(json.dumps(request).encode())
        answer = _read_json(database)["result"]
    return {table: sorted(str(row[column]) for row in result["rows"])
            for (table, column), result in zip(tables.items(), answer)}


def _read_json(connection: socket.socket):
    received = b""
    while True:
        received += connection.recv(65536)
        try:
            return json.loads(received)
        except ValueError:
            continue
