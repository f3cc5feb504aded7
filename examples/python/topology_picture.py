#!/usr/bin/env python3
"""Draws the network as a picture, into a file.

In Jupyter there is nothing to do but to name it; the object that read() returns has _repr_svg_():

    from topology_picture import read
    read("tcp:10.0.0.1:6641")
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

import ovnk8s


def read(nb: str, node: str | None = None) -> ovnk8s.Topology:
    """What there is, with all pods: of one node, or of all."""
    with ovnk8s.Northbound(nb) as connection:
        return ovnk8s.Topology.read(connection, node=node, ports=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--nb", required=True, metavar="REMOTE", help="the Northbound database")
    parser.add_argument("--node", help="that one alone")
    parser.add_argument("file", type=Path, help="its ending says the form: .svg, .dot, .json, .txt")
    given = parser.parse_args()
    forms = {".svg": ovnk8s.Drawing.SVG, ".dot": ovnk8s.Drawing.DOT, ".json": ovnk8s.Drawing.JSON,
             ".txt": ovnk8s.Drawing.TEXT}
    if given.file.suffix not in forms:
        parser.error(f"{given.file}: no such form")
    given.file.write_text(read(given.nb, given.node).draw(forms[given.file.suffix]))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ovnk8s.Error as error:
        sys.exit(f"topology_picture: {error}")
