"""A Northbound database of a test's own, with no OVN behind it, and what is in it as values.

    with Database.start(tmp_path) as database, Northbound(database.remote) as nb:
        ...
        database.transact({"op": "delete", "table": "DNS", "where": []})
        assert database.dump() == before
"""
from __future__ import annotations

import json
import os
import pathlib
import socket
import subprocess
import time

from host import program_path, wait_for

SCHEMA = pathlib.Path("/usr/share/ovn/ovn-nb.ovsschema")
OWNER_KEY = "ovnk8s-owner"
GENERATION_KEY = "ovnk8s-generation"  # in external_ids of the ledger: another one after each change

Dump = dict[str, dict[str, dict]]  # table -> UUID -> column -> value, as JSON has it


class Refused(Exception):
    """An operation that the server did not do."""


class Database:
    """An ovsdb-server with an OVN_Northbound database, until its "with" block ends."""

    def __init__(self, folder: pathlib.Path, schema: pathlib.Path, process: subprocess.Popen):
        self.schema = json.loads(schema.read_text())["tables"]
        self.folder = folder
        self.process = process
        self.own_descriptors = self.descriptors()

    @classmethod
    def start(cls, folder: pathlib.Path, schema: pathlib.Path = SCHEMA) -> Database:
        file = folder / "nb.db"
        file.unlink(missing_ok=True)
        subprocess.run(["ovsdb-tool", "create", file, schema], check=True)
        process = subprocess.Popen(["ovsdb-server", file, f"--remote=punix:{folder}/nb.sock", f"--unixctl={folder}/nb.ctl",
                                    f"--log-file={folder}/nb.log", "-vconsole:off", "-vsyslog:off"],
                                   stderr=subprocess.DEVNULL)
        wait_for("ovsdb-server", (folder / "nb.sock").exists, still=lambda: process.poll() is None, log=folder / "nb.log")
        return cls(folder, schema, process)

    @property
    def remote(self) -> str:
        return f"unix:{self.folder}/nb.sock"

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def settle(self, clients: int):
        """Waits until the server has no more connections than those of the clients: it has read all that others have sent."""
        deadline = time.monotonic() + 10
        while self.descriptors() > self.own_descriptors + clients:
            assert time.monotonic() < deadline, "a connection that does not end"
            time.sleep(0.001)

    def overlay(self, *words: str) -> list[str]:
        """The command line of ovn-k8s-overlay that works on this database."""
        return ["env", f"PATH={program_path()}", "ovn-k8s-overlay", *words, f"--nb={self.remote}"]

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def transact(self, *operations: dict) -> list[dict]:
        """One transaction, of JSON as RFC 7047 has it. Raises Refused."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.folder / "nb.sock"))
            request = {"method": "transact", "params": ["OVN_Northbound", *operations], "id": 0}
            connection.sendall(json.dumps(request).encode())
            reply = read_json(connection)
        refused = [result for result in reply["result"] or [reply] if result and result.get("error")]
        if refused:
            raise Refused(refused[0])
        return reply["result"]

    def dump(self) -> Dump:
        """All rows of all tables."""
        results = self.transact(*({"op": "select", "table": table, "where": []} for table in self.schema))
        return {table: {row.pop("_uuid")[1]: row for row in result["rows"]} for table, result in zip(self.schema, results)}

    def restore(self, dump: Dump):
        """Makes the database what it was."""
        now, operations = self.dump(), []
        for table, rows in dump.items():
            operations += [{"op": "delete", "table": table, "where": by_uuid(uuid)} for uuid in now[table] if uuid not in rows]
            for uuid, row in rows.items():
                values = {column: value for column, value in row.items() if column != "_version"}
                if uuid not in now[table]:
                    operations.append({"op": "insert", "table": table, "uuid": uuid, "row": values})
                elif values != {column: value for column, value in now[table][uuid].items() if column != "_version"}:
                    operations.append({"op": "update", "table": table, "where": by_uuid(uuid), "row": values})
        if operations:
            self.transact(*operations)

    def references(self, table: str) -> list[tuple[str, str]]:
        """The columns, as (table, column), that keep rows of this table alive; none when they live by themselves."""
        if self.schema[table].get("isRoot"):
            return []
        return [(other, column) for other, details in self.schema.items() for column, kind in details["columns"].items()
                if isinstance(kind["type"], dict) for base in (kind["type"].get("key"), kind["type"].get("value"))
                if isinstance(base, dict) and base.get("refTable") == table and base.get("refType", "strong") == "strong"]

    def destroy(self, table: str, uuid: str):
        """Deletes a row the way ovn-nbctl does: one that others keep alive is taken from them."""
        references = self.references(table)
        if not references:
            self.transact({"op": "delete", "table": table, "where": by_uuid(uuid)})
            return
        self.transact(*({"op": "mutate", "table": other, "where": [[column, "includes", ["set", [["uuid", uuid]]]]],
                         "mutations": [[column, "delete", ["set", [["uuid", uuid]]]]]} for other, column in references))


def read_json(connection: socket.socket) -> dict:
    """What the server sends until it is whole."""
    received = b""
    while chunk := connection.recv(1 << 20):
        received += chunk
        if chunk.endswith(b"}"):
            try:
                return json.loads(received)
            except json.JSONDecodeError:
                pass  # there is more to come
    raise Refused("the server closed the connection")


def by_uuid(uuid: str) -> list:
    return [["_uuid", "==", ["uuid", uuid]]]


def is_map(value) -> bool:
    return isinstance(value, list) and value[0] == "map"


def elements(value) -> list:
    """The elements of a set, which JSON writes bare when it is one."""
    return value[1] if isinstance(value, list) and value[0] == "set" else [value]


def owned(dump: Dump, owner: str = "k8s") -> Dump:
    """The rows with the mark of this owner, without what differs each time."""
    found = {}
    for table, rows in dump.items():
        for uuid, row in rows.items():
            ids = dict(row["external_ids"][1]) if "external_ids" in row else {}
            if ids.get(OWNER_KEY) == owner:
                kept = {column: value for column, value in row.items() if column != "_version"}
                kept["external_ids"] = ["map", [pair for pair in kept["external_ids"][1] if pair[0] != GENERATION_KEY]]
                found.setdefault(table, {})[uuid] = kept
    return found
