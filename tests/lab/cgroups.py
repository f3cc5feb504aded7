"""Control groups for the containers of a host. They are the one thing of a container that is the machine's own."""
from __future__ import annotations

import pathlib
import re
import subprocess

from host import HERE, Host

ROOT = "/sys/fs/cgroup"
MOUNTS = "/proc/self/mounts"
NOT_CONTROLLERS = re.compile(r"(rw|ro|nosuid|nodev|noexec|relatime|xattr|nsdelegate|.*=.*)$")


class Cgroups:
    """Shows a host the machine's cgroups while a "with" block runs. The host's containers belong below "parent"."""

    def __init__(self, host: Host):
        self.host = host
        self.parent = f"/libovnk8s-{host.pid}"

    def __enter__(self) -> Cgroups:
        hierarchies = _hierarchies()
        if len(hierarchies) > 1:
            self.host.run(["mount", "-t", "tmpfs", "cgroups", ROOT])
        for kind, where, options in hierarchies:
            self.host.run(["mkdir", "-p", where])
            self.host.run(["mount", "-t", kind, *options, "cgroups", where])
        return self

    def __exit__(self, *_):
        self.host.run(["umount", "--recursive", ROOT])
        subprocess.run([HERE / "cgroup", "remove", *(where + self.parent for _, where, _ in _hierarchies())], check=True)


def _hierarchies() -> list[tuple[str, str, list[str]]]:
    """The machine's: type, mount point, and options that make it the same elsewhere."""
    found = []
    for line in pathlib.Path(MOUNTS).read_text().splitlines():
        _, where, kind, options, *_ = line.split()
        if kind in ("cgroup", "cgroup2") and where.startswith(ROOT):
            found.append((kind, where, ["-o", _identity(options)] if kind == "cgroup" else []))
    return found


def _identity(options: str) -> str:
    """What tells a hierarchy of version 1 from the others: its controllers or its name."""
    words = options.split(",")
    names = [f"none,{word}" for word in words if word.startswith("name=")]
    return ",".join(names or [word for word in words if not NOT_CONTROLLERS.match(word)])
