"""Killing a call of the CNI plugin at any moment, and a fast look at what it could have left."""
from __future__ import annotations

import json
import pathlib
import socket
import subprocess

from cni import Attachment
from host import HERE, Host

KILLED = 128 + 9
OPEN_VSWITCH, NORTHBOUND = "/run/openvswitch/db.sock", "/run/ovn/ovnnb_db.sock"


class Victim:
    """A container whose ADD and DEL may be killed."""

    def __init__(self, attachment: Attachment, folder: pathlib.Path):
        """Builds kill_at.c in the folder, which hosts see too."""
        self.attachment = attachment
        self.killer = folder / "kill_at"
        subprocess.run(["cc", "-O1", "-o", self.killer, HERE / "kill_at.c"], check=True)

    def call(self, command: str):
        self.attachment.call(command)

    def calls(self, command: str) -> int:
        """How many system calls a command makes."""
        return int(self.attachment.call(command, [self.killer, 0]).stderr.rpartition("calls ")[2])

    def kill(self, command: str, n: int) -> bool:
        """Lets the n-th system call of a command be its end. False when it has made fewer."""
        result = self.attachment.call(command, [self.killer, n], check=False)
        assert result.returncode in (0, KILLED), result.stdout
        return result.returncode == KILLED

    def traces(self) -> list:
        """All that ADD could have made on its host, as names."""
        host = self.attachment.host
        return [names(host.path(OPEN_VSWITCH), "Open_vSwitch", {
            "Port": "name", "Interface": "name", "QoS": "_uuid", "Queue": "_uuid"}),
            sorted(path.name for path in host.path("/sys/class/net").iterdir())]


def logical_names(central: Host) -> dict[str, list[str]]:
    """The same of what it could have made in the Northbound database."""
    return names(central.path(NORTHBOUND), "OVN_Northbound", {"Logical_Switch_Port": "name", "QoS": "_uuid"})


def names(server: pathlib.Path, database: str, tables: dict[str, str]) -> dict[str, list[str]]:
    """One column of all rows of tables, read as fast as possible."""
    request = {"id": 0, "method": "transact", "params": [database, *(
        {"op": "select", "table": table, "where": [], "columns": [column]} for table, column in tables.items())]}
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(server))
        connection.sendall(json.dumps(request).encode())
        answer = _read_json(connection)["result"]
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
