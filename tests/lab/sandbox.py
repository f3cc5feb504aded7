#!/usr/bin/python3
"""A sandbox: an OVN cluster in namespaces, with or without Kubernetes. Any number of them can run side by side.

    with Sandbox.create(nodes=2) as sandbox:
        sandbox.central.run(["ovn-nbctl", "show"])
        sandbox.nodes[0].run(["ovs-vsctl", "show"])

It ends when the "with" block or the process does, unless keep() was called. On the command line (see --help) sandboxes are
always kept, and found again by their folder.
"""
from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import pathlib
import shutil
import signal
import sys
import tempfile

from apiserver import ApiServer
from cluster import ControlPlane, Worker
from host import Host, LabError, Wire, environment
from ovn import Central, Node

ROLES = {"wire": Wire, "central": Central, "node": Node, "worker": Worker}
STATE = "sandbox.json"
FIRST_NODE = 11  # what numbers of hosts are good for: see ovn.py; the central one has number 1


class Sandbox:
    """The hosts of a cluster, by name, and its API server where it has one."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.hosts: dict[str, Host] = {}
        self.api: ApiServer | None = None

    @property
    def central(self) -> Central:
        return next(host for host in self.hosts.values() if isinstance(host, Central))

    @property
    def nodes(self) -> list[Node]:
        """The nodes besides the central host."""
        return [host for host in self.hosts.values() if isinstance(host, Node) and not isinstance(host, Central)]

    @classmethod
    def create(cls, nodes: int = 2, kubernetes: bool = False, folder: pathlib.Path | None = None, *,
               kubelets: bool = False, bare: bool = False) -> Sandbox:
        """Starts a cluster and returns when it is ready. The folder, if given, must be empty or missing.

        With kubelets, it is a whole Kubernetes cluster, which waits for its network; there is a kubeconfig in the folder.
        Bare, it is hosts on a wire, on which nothing runs.
        """
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise LabError(f"{folder}: a sandbox wants a folder for itself, this one is not empty")
        sandbox = cls(folder or pathlib.Path(tempfile.mkdtemp(prefix="libovnk8s-")))
        try:
            sandbox._start_hosts(nodes, Worker if kubelets else Node)
            if kubelets:
                sandbox._start_kubernetes()
            elif not bare:
                sandbox._start_cluster(ApiServer(sandbox.central) if kubernetes else None)
        except BaseException:
            sandbox.close()
            raise
        return sandbox

    def _start_hosts(self, nodes: int, role: type[Node]):
        numbered = {f"kube-minion{i + 1}": FIRST_NODE + i for i in range(nodes)}
        in_parallel(lambda: self._start_host(Wire, "wire"),
                    lambda: self._start_host(Central, "kube-master", number=1),
                    *(lambda name=name, number=number: self._start_host(role, name, number=number)
                      for name, number in numbered.items()))
        self.hosts = dict(sorted(self.hosts.items(), key=lambda item: getattr(item[1], "number", 0)))
        self._save()
        wire = self.hosts["wire"]
        wire.lay()
        for node in [self.central, *self.nodes]:
            wire.plug(node)

    def _start_host(self, role: type[Host], name: str, **details):
        self.hosts[name] = role.start(name, self.folder / name, **details)

    def _start_kubernetes(self):
        """All of Kubernetes; containerd has been started by the time that a kubelet asks for it."""
        control = ControlPlane(self.central)
        for worker in self.nodes:
            control.admit(worker)
        in_parallel(lambda: self._start_cluster(control), *(worker.start_containerd for worker in self.nodes))
        control.start_controllers()
        in_parallel(*(lambda worker=worker: worker.start_kubelet(control) for worker in self.nodes))
        control.wait_for_nodes(self.nodes)
        control.start_dns()
        control.open_door(self.folder)

    def _start_cluster(self, api: ApiServer | None):
        nodes = [self.central, *self.nodes]
        if api:
            self.api = api
            self._save()
            self.api.start()
        in_parallel(self.central.start_databases, *(node.start_ovs for node in nodes))
        in_parallel(*(lambda node=node: node.start_controller(self.central.southbound) for node in nodes))
        self.central.wait_for_chassis(nodes)
        if self.api:
            self.api.wait_until_ready()
            for node in nodes:
                self.api.hand_out(node, "watcher" if node is self.central else "node")

    def _save(self):
        """Writes what open() needs. It is complete or absent at any time."""
        hosts = {name: {"role": next(role for role, kind in ROLES.items() if type(host) is kind), **host.details()}
                 for name, host in self.hosts.items()}
        state = {"hosts": hosts, "tokens": self.api.tokens if self.api else None}
        fresh = self.folder / f"{STATE}.new"
        fresh.write_text(json.dumps(state, indent=2))
        fresh.chmod(0o600)
        fresh.rename(self.folder / STATE)

    @classmethod
    def open(cls, folder: pathlib.Path) -> Sandbox:
        """The sandbox that another process has made in that folder."""
        sandbox = cls(folder)
        try:
            state = json.loads((folder / STATE).read_text())
        except FileNotFoundError:
            raise LabError(f"{folder}: no sandbox is here") from None
        for name, details in state["hosts"].items():
            sandbox.hosts[name] = ROLES[details.pop("role")](name, **details)
        if state["tokens"]:
            sandbox.api = ApiServer(sandbox.central, state["tokens"])
        return sandbox

    def host(self, name: str) -> Host:
        host = self.hosts.get(name)
        if host is None:
            raise LabError(f"{name}: no such host; there are {', '.join(self.hosts)}")
        if not host.alive():
            raise LabError(f"{name}: this host has ended")
        return host

    def keep(self):
        """Lets the sandbox live on when this process ends."""
        for host in self.hosts.values():
            host.keep()

    def close(self):
        """Ends all hosts, with everything on them, and removes the folder."""
        in_parallel(*(host.stop for host in self.hosts.values()))
        shutil.rmtree(self.folder)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_):
        self.close()


def in_parallel(*calls):
    """Makes all the calls at once and returns when the last one did, or raises what the first failing one raised."""
    with concurrent.futures.ThreadPoolExecutor(max(1, len(calls))) as pool:
        for future in [pool.submit(call) for call in calls]:
            future.result()


def end_on_sigterm():
    """Makes SIGTERM end this process as an exception does, so that sandboxes are closed."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


# --- The command line

def command_up(arguments):
    sandbox = Sandbox.create(arguments.nodes, arguments.kubernetes, arguments.folder, kubelets=arguments.kubelets)
    sandbox.keep()


def command_exec(arguments):
    host = Sandbox.open(arguments.folder).host(arguments.host)
    words = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    command = host.entering(words or ["bash"])
    os.execvpe(command[0], command, environment())


def command_status(arguments):
    sandbox = Sandbox.open(arguments.folder)
    for host in sandbox.hosts.values():
        processes = host.output(["ps", "-e", "-o", "comm="]).split() if host.alive() else ["(ended)"]
        address = host.address if isinstance(host, Node) else "-"
        print(f"{host.name:15} pid {host.pid:<7} {address:12} {' '.join(sorted(set(processes) - {'host-init', 'ps'}))}")


def command_down(arguments):
    Sandbox.open(arguments.folder).close()


def parse_command_line() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="An OVN cluster in namespaces of this machine.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(name, function, description, host=False):
        command = commands.add_parser(name, help=description, description=description)
        command.set_defaults(function=function, command=[])
        command.add_argument("folder", metavar="DIR", type=pathlib.Path, help="the sandbox's folder")
        if host:
            command.add_argument("host", metavar="HOST", help="kube-master, kube-minion1, ..., or wire")
        return command

    up = add("up", command_up, "start a sandbox in a new folder")
    up.add_argument("--nodes", type=int, default=2, help="how many nodes besides the central host (default: 2)")
    up.add_argument("--kubernetes", action="store_true", help="with etcd and a Kubernetes API server")
    up.add_argument("--kubelets", action="store_true",
                    help="with all of Kubernetes, containers too; there is a kubeconfig in the folder")
    run = add("exec", command_exec, "run a command on a host", host=True)
    run.add_argument("command", metavar="-- COMMAND...", nargs=argparse.REMAINDER)
    add("shell", command_exec, "open a shell on a host", host=True)
    add("status", command_status, "show the hosts and what runs on them")
    add("down", command_down, "end a sandbox, even one whose creator was killed, and remove its folder")
    return parser.parse_args()


def main():
    end_on_sigterm()
    arguments = parse_command_line()
    try:
        arguments.function(arguments)
    except LabError as error:
        sys.exit(f"sandbox: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
