"""Hosts as namespaces: every host has a network, folders, processes and a name of its own, and ends all at once.

On a host, the default paths are private: /run, and whatever it writes below /etc, /var and /opt. So several hosts run the
same commands side by side without options or environment variables, and the machine sees nothing of it.
"""
from __future__ import annotations

import concurrent.futures
import ctypes
import functools
import os
import pathlib
import select
import signal
import socket
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
SETUP = HERE.parent / "setup"
BUILT = HERE.parent.parent / "build/release/bin"

# Variables that would lead programs away from a host's default paths.
FOREIGN_VARIABLES = ("OVS_", "OVN_", "OVNK8S_", "CNI_", "KUBE")


class LabError(Exception):
    """Something of the lab did not work. The message is for people and names host and cause."""


class CommandFailed(LabError):
    """A command on a host ended with another status than 0."""

    def __init__(self, host: str, result: subprocess.CompletedProcess):
        self.result = result
        output = "".join(text for text in (result.stdout, result.stderr) if text).strip()
        super().__init__(f"{host}: {' '.join(result.args)}: exit status {result.returncode}\n{output}")


def wait_for(what: str, condition, timeout: float = 30, log: pathlib.Path | None = None, still=lambda: True):
    """Returns condition()'s first true value. When time is up, or still() says that there is nothing to wait for any more,
    the error quotes the end of the log."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline or not still():
            reason = f"not there after {timeout:g} s" if still() else "will not come any more"
            raise LabError(f"{what}: {reason}" + (f"\n{tail(log)}" if log else ""))
        time.sleep(0.02)
    return value


def tail(log: pathlib.Path, lines: int = 15) -> str:
    """The last lines of a log, under its name."""
    try:
        text = log.read_text(errors="replace")
    except OSError as error:
        text = str(error)
    return "\n".join([f"--- end of {log.name}", *text.splitlines()[-lines:]])


@functools.lru_cache(maxsize=None)
def program_path() -> str:
    """PATH on every host: the programs under test ($OVNK8S_BIN) first, then those that tests/setup provides."""
    tools = subprocess.run([SETUP, "--print-path"], check=True, capture_output=True, text=True).stdout.strip()
    return f"{os.environ.get('OVNK8S_BIN', BUILT)}:{tools}"


def environment() -> dict[str, str]:
    """The environment of every command on a host."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN_VARIABLES)}
    return {**kept, "PATH": program_path()}


class Host:
    """One host. Its files are at path(...), its commands run with run(), popen() and spawn()."""

    NAMESPACES = ["--net", "--mount", "--pid", "--uts"]  # as unshare and nsenter call them

    def __init__(self, name: str, pid: int, born: int):
        self.name = name
        self.pid = pid
        self.born = born
        self._lifeline: subprocess.Popen | None = None

    @classmethod
    def start(cls, name: str, folder: pathlib.Path, **details) -> Host:
        """Starts a host that ends with this process unless keep() is called. The folder is for the host alone."""
        folder.mkdir(parents=True)
        complaints = folder / "init.log"
        with complaints.open("w") as stderr:
            lifeline = subprocess.Popen(
                cls.launching(name, folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True,
                start_new_session=True)  # Ctrl-C is for this process, which then ends its hosts in order
        pid = lifeline.stdout.readline().strip()
        if not pid:
            lifeline.wait()
            raise LabError(f"{name}: the host did not start\n{tail(complaints)}")
        host = cls(name, int(pid), birth_of(int(pid)), **details)
        host._lifeline = lifeline
        return host

    @classmethod
    def launching(cls, name: str, folder: pathlib.Path) -> list:
        """The command line that starts a host. It runs as long as the host lives."""
        return ["unshare", *cls.NAMESPACES, "--fork", "--kill-child", HERE / "host-init", name, folder]

    def details(self) -> dict[str, int]:
        """What the constructor needs besides the name."""
        return {"pid": self.pid, "born": self.born}

    def keep(self):
        """Lets the host live on when this process ends."""
        if self._lifeline:
            self._lifeline.stdin.write("\n")
            self._lifeline.stdin.flush()

    def alive(self) -> bool:
        return birth_of(self.pid) == self.born

    def stop(self):
        """Ends the host: its first process is killed, and the kernel ends the others, its mounts and its links."""
        if self.alive():
            handle = os.pidfd_open(self.pid)
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            select.select([handle], [], [])
            os.close(handle)
        if self._lifeline:
            self._lifeline.communicate()

    def path(self, absolute: str) -> pathlib.Path:
        """The host's file as this process reaches it. Does not work across links to absolute paths, as /var/run is."""
        return pathlib.Path(f"/proc/{self.pid}/root{absolute}")

    def entering(self, command) -> list[str]:
        """The command line that runs a command on this host, starting in its / folder.

        nsenter leaves the command running when it is killed itself; setpriv makes the command notice.
        """
        return ["nsenter", "--target", str(self.pid), *self.NAMESPACES, "--root", "--wd",
                "setpriv", "--pdeathsig", "TERM", *map(str, command)]

    def popen(self, command, **options) -> subprocess.Popen:
        """subprocess.Popen on this host."""
        return subprocess.Popen(self.entering(command), **{"env": environment(), "text": True, **options})

    def run(self, command, *, check=True, timeout=60, env=None, **options) -> subprocess.CompletedProcess:
        """subprocess.run on this host: output is captured, and a status other than 0 raises unless check=False."""
        defaults = {"capture_output": True, "text": True, "stdin": None if "input" in options else subprocess.DEVNULL}
        try:
            result = subprocess.run(self.entering(command), timeout=timeout, env={**environment(), **(env or {})},
                                    **{**defaults, **options})
        except subprocess.TimeoutExpired as expired:
            raise LabError(f"{self.name}: {' '.join(map(str, command))}: not finished after {timeout} s") from expired
        result.args = [str(word) for word in command]
        if check and result.returncode != 0:
            raise CommandFailed(self.name, result)
        return result

    def output(self, command, **options) -> str:
        """What a command prints, without the final newline."""
        return self.run(command, **options).stdout.rstrip("\n")

    def spawn(self, name: str, command, **options) -> Daemon:
        """Starts a program that does not go to the background by itself. Options are those of run()."""
        log = f"/var/log/lab/{name}.log"
        launch = 'log=$1; shift; setsid "$@" >>"$log" 2>&1 </dev/null & echo $!'
        return Daemon(self, int(self.output(["bash", "-c", launch, "bash", log, *command], **options)), log)

    def kill_and_restart(self, pidfile: str, *more: str):
        """Ends a daemon by kill -9, and starts it again by the words that it was started with, and more of them, if need be."""
        pid = self.path(pidfile).read_text().strip()
        words = [*self.path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0"), *more]
        self.run(["kill", "-9", pid])
        # One whose predecessor has not quite ended, and so holds the lock of its pid file, refuses to start.
        wait_for(f"{self.name}: {words[0]} to start again", lambda: self.run(words, check=False).returncode == 0)

    def runs(self, pid: int | str) -> bool:
        """Whether a process lives, by its id on this host."""
        try:
            return self.path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "XZ"  # dead, or a zombie
        except OSError:
            return False

    def write(self, absolute: str, text: str, mode: int = 0o644):
        """Writes a file of the host, making its folder."""
        path = self.path(absolute)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def logs(self) -> list[pathlib.Path]:
        """The logs of everything that runs, or ran, on this host."""
        folders = [self.path(f"/var/log/{name}") for name in ("lab", "openvswitch", "ovn")] if self.alive() else []
        return [log for folder in folders for log in sorted(folder.glob("*.log"))]

    def netns_add(self, name: str) -> Netns:
        """A network namespace as container runtimes make them for a pod: with the loopback link up and nothing else."""
        self.run(["ip", "netns", "add", name])
        namespace = Netns(self, name)
        namespace.run(["ip", "link", "set", "lo", "up"])
        return namespace

    def connect(self, address: str, port: int, timeout: float = 10) -> socket.socket:
        """A TCP connection from this host. A socket stays in the namespace it was made in, whatever thread uses it."""
        def inside() -> socket.socket:
            with open(f"/proc/{self.pid}/ns/net") as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), 0) != 0:
                    raise OSError(ctypes.get_errno(), f"{self.name}: cannot enter its network namespace")
            return socket.create_connection((address, port), timeout)

        with concurrent.futures.ThreadPoolExecutor(1) as throwaway_thread:
            return throwaway_thread.submit(inside).result()


class Daemon:
    """What spawn() started. It lives until somebody ends it, or the host."""

    def __init__(self, host: Host, pid: int, log: str):
        self.host = host
        self.pid = pid  # as the host sees it
        self.log = host.path(log)

    def alive(self) -> bool:
        return self.host.runs(self.pid)

    def kill(self):
        """Ends it by kill -9."""
        self.host.run(["kill", "-9", str(self.pid)])
        wait_for(f"{self.host.name}: the end of process {self.pid}", lambda: not self.alive(), log=self.log)


class Netns:
    """A pod's network namespace on a host."""

    def __init__(self, host: Host, name: str):
        self.host = host
        self.name = name
        self.path = f"/run/netns/{name}"

    def run(self, command, **options) -> subprocess.CompletedProcess:
        return self.host.run(["ip", "netns", "exec", self.name, *command], **options)

    def popen(self, command, **options) -> subprocess.Popen:
        return self.host.popen(["ip", "netns", "exec", self.name, *command], **options)

    def delete(self):
        self.host.run(["ip", "netns", "delete", self.name])


class Wire(Host):
    """The underlay: a bridge that every host's eth0 is plugged into."""

    def plug(self, host: Host):
        self._ip(f"link add {host.name} type veth peer name eth0 netns {host.pid}\n"
                 f"link set {host.name} master wire up\n")

    def lay(self):
        self._ip("link add wire type bridge\nlink set wire up\n")

    def _ip(self, commands: str):
        """Enters the network only: process ids in the commands are those of the outside."""
        subprocess.run(["nsenter", f"--net=/proc/{self.pid}/ns/net", "ip", "-batch", "-"], input=commands, text=True, check=True)


def birth_of(pid: int) -> int | None:
    """When the process started, in clock ticks since boot: tells a process from a later one with the same id."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[19])
