#!/usr/bin/env python3
"""Runs the examples in the docstrings of the package ovnk8s, and in pages that are named, one after the other.

Each begins with a Northbound database that has a cluster "kube-master" with node "n1" and pod "default/web", and nothing
else. What examples use, besides all names of the package: `nb`, `sb` and `vswitch`, connections; `kube`, and
`kube_options`, with which it was opened; `lab_bridge()`, a connection to bridge "lab"; names of the module ipaddress.
"""
from __future__ import annotations

import argparse
import doctest
import importlib
import ipaddress
import json
import pkgutil
import re
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ovnk8s

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
ROOTS = ["Logical_Switch", "Logical_Router", "Load_Balancer", "Load_Balancer_Group", "DNS"]  # Others go with them.


def wipe(remote: str) -> None:
    """Deletes all rows of the database."""
    kind, place = remote.split(":", 1)
    if kind == "unix":
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(place)
    else:
        host, port = place.rsplit(":", 1)
        connection = socket.create_connection((host, int(port)))
    operations = [{"op": "delete", "table": table, "where": []} for table in ROOTS]
    request = {"method": "transact", "params": ["OVN_Northbound", *operations], "id": 0}
    with connection:
        connection.sendall(json.dumps(request).encode())
        assert b'"error":null' in connection.recv(1 << 16)


def furnish(nb: ovnk8s.Northbound) -> None:
    with ovnk8s.Plan() as plan:
        plan.add_cluster("kube-master", "192.168.0.0/16", join_subnet="100.64.1.0/24")
        plan.add_node("n1", subnet="192.168.1.0/24")
        plan.add_port("default", "web", "n1")
        plan.apply(nb)


def modules() -> Iterator[Any]:
    yield ovnk8s
    for info in pkgutil.iter_modules(ovnk8s.__path__):
        if info.name not in ("__main__", "_ovnk8s"):
            yield importlib.import_module(f"ovnk8s.{info.name}")


def found(names: list[str]) -> Iterator[doctest.DocTest]:
    """The examples of the modules, or of those that are named, and of pages."""
    finder, parser = doctest.DocTestFinder(exclude_empty=True), doctest.DocTestParser()
    pages = [Path(name) for name in names if name.endswith(".md")]
    wanted = {name for name in names if not name.endswith(".md")}
    for module in modules():
        if not names or module.__name__ in wanted:
            yield from (test for test in finder.find(module) if test.examples)
    for page in pages:
        text = re.sub(r"^```\w*$", "", page.read_text(), flags=re.M)
        yield parser.get_doctest(text, {}, page.name, str(page), 0)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--nb", required=True, metavar="REMOTE")
    options.add_argument("--sb", metavar="REMOTE")
    options.add_argument("--vswitch", metavar="REMOTE")
    options.add_argument("--kube", metavar="JSON", help="the keywords of ovnk8s.Kube", type=json.loads)
    options.add_argument("names", nargs="*", metavar="MODULE|PAGE", help="those alone")
    given = options.parse_args()
    there: dict[str, Any] = {name: getattr(ovnk8s, name) for name in ovnk8s.__all__}
    there.update(vars(ipaddress), ovnk8s=ovnk8s, lab_bridge=lambda: ovnk8s.Bridge("unix:/run/openvswitch/lab.mgmt"))
    opened: dict[str, Callable[[], Any]] = {"nb": lambda: ovnk8s.Northbound(given.nb)}
    if given.sb:
        opened["sb"] = lambda: ovnk8s.Southbound(given.sb)
    if given.vswitch:
        opened["vswitch"] = lambda: ovnk8s.Vswitch(given.vswitch)
    if given.kube:
        there["kube_options"] = given.kube
        opened["kube"] = lambda: ovnk8s.Kube(**given.kube)
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    for test in found(given.names):
        wipe(given.nb)
        test.globs.update(there, **{name: function() for name, function in opened.items()})
        furnish(test.globs["nb"])
        runner.run(test)
    print(f"{runner.tries} examples, {runner.failures} wrong")
    return 1 if runner.failures or not runner.tries else 0


if __name__ == "__main__":
    sys.exit(main())
