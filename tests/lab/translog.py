"""The transactions of a database, as its file has them (ovsdb(5)), one after the other."""
from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator

from northbound import elements, is_map


def records(file: pathlib.Path) -> Iterator[dict]:
    """The JSON of each record: the schema first. One that is just being written is not there yet."""
    with file.open("rb") as stream:
        while (header := stream.readline()).endswith(b"\n"):
            magic, kind, length, _ = header.split()
            assert (magic, kind) == (b"OVSDB", b"JSON"), header
            text = stream.read(int(length))
            if len(text) == int(length):
                yield json.loads(text)


def is_set(kind) -> bool:
    """Whether a column of this type may have several elements."""
    return isinstance(kind, dict) and kind.get("max", 1) != 1


def value_of(column) -> set[str]:
    return {json.dumps(pair) for pair in column[1]} if is_map(column) else {str(element) for element in elements(column)}


def transactions(file: pathlib.Path, table: str) -> Iterator[dict[str, dict[str, set[str]]]]:
    """The rows of a table after each transaction that has changed any: by UUID, their columns as sets."""
    schema, *changes = records(file)
    kinds = {name: column["type"] for name, column in schema["tables"][table]["columns"].items()}
    rows: dict[str, dict[str, set[str]]] = {}
    for record in changes:
        for uuid, columns in record.get(table, {}).items():
            if columns is None:
                del rows[uuid]
                continue
            row = rows.setdefault(uuid, {})
            for name, column in columns.items():
                # A difference has the elements that come and those that go.
                toggles = record.get("_is_diff") and is_set(kinds[name]) and name in row
                row[name] = row[name] ^ value_of(column) if toggles else value_of(column)
        if table in record:
            yield rows
