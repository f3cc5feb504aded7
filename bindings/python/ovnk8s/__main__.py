"""python -m ovnk8s: a prompt with a connection to the Northbound database at hand."""
from __future__ import annotations

import argparse
import code
import sys
from typing import Any

import ovnk8s
from ovnk8s import Error, Northbound, Settings, Southbound, Topology
from ovnk8s.status import status

BANNER = """libovnk8s {version}: nb is the Northbound database at {remotes}
status() tells how things stand, topology() shows the network; all names of ovnk8s are here: help(Plan)."""


class Shown(str):
    """Text that a prompt shows as it is."""

    def __repr__(self) -> str:
        return str(self)


def names(nb: Northbound, sb: Southbound | None) -> dict[str, Any]:
    """What there is at the prompt."""
    def show_status() -> Shown:
        """How the cluster stands."""
        return Shown(status(nb, sb))

    def show_topology(ports: bool = True) -> Shown:
        """The network as a tree."""
        return Shown(Topology.read(nb, ports=ports))

    return {**{name: getattr(ovnk8s, name) for name in ovnk8s.__all__}, "ovnk8s": ovnk8s, "nb": nb, "sb": sb,
            "status": show_status, "topology": show_topology}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ovnk8s", description=__doc__.split(": ", 1)[1] if __doc__ else "")
    parser.add_argument("--db", metavar="REMOTE", help="the Northbound database; else as the host's settings say")
    parser.add_argument("--sb", metavar="REMOTE", help="the Southbound database, for chassis; else likewise, if reached")
    parser.add_argument("--config", metavar="FILE", help="settings, in place of /etc/openvswitch/ovn_k8s.conf")
    for option in ("private-key", "certificate", "ca-cert"):
        parser.add_argument(f"--{option}", metavar="FILE", help="PEM file, for ssl: remotes")
    parser.add_argument("--timeout", metavar="SECONDS", help="of each call that waits")
    parser.add_argument("-c", dest="command", metavar="CODE", help="run this instead of prompting")
    parser.add_argument("--version", action="version", version=f"libovnk8s {ovnk8s.version()}")
    return parser.parse_args()


def connect(given: argparse.Namespace) -> tuple[Northbound, Southbound | None]:
    """The settings of the host tell where the databases are; Open vSwitch is asked when it may know."""
    flags = {"nb": given.db, "sb": given.sb, "config": given.config, "private_key": given.private_key,
             "certificate": given.certificate, "ca_cert": given.ca_cert, "timeout": given.timeout}
    settings = Settings(**flags)
    if settings.asks_vswitch("nb"):
        try:
            settings.open_vswitch().close()
        except Error:
            pass  # There is none on a host that has only the databases.
    nb = settings.open_nb()
    if given.db and not given.sb:
        return nb, None  # Another database than the host's has other chassis.
    try:
        return nb, settings.open_sb()
    except Error:
        return nb, None


def main() -> int:
    given = arguments()
    try:
        nb, sb = connect(given)
        there = names(nb, sb)
        if given.command is not None:
            exec(compile(given.command, "<-c>", "exec"), there)
            return 0
        banner = BANNER.format(version=ovnk8s.version(), remotes=nb.remotes)
        code.interact(f"{banner}\n\n{there['status']()}", local=there, exitmsg="")
    except Error as error:
        print(f"ovnk8s: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
