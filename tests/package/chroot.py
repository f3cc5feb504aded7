"""A fresh Debian in a folder, for what has to be tried on a machine that has nothing of ours.

    with Chroot(folder / "debian") as debian:
        debian.install(package, ...)
        debian.run("ovn-k8s-overlay", "--version")

Its base, a Debian 12 with a C compiler and pkg-config and with nothing that our packages depend on, is made once, and kept
as an archive in the user's cache folder beside the packages that are fetched into it. So the network is needed the first time
alone.
"""
from __future__ import annotations

import fcntl
import os
import pathlib

from installed import output_of

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "libovnk8s/debian"
SUITE = "bookworm"
INCLUDED = ["gcc", "libc6-dev", "pkgconf"]
APT_GET = ["apt-get", "--yes", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0", "-o", "APT::Sandbox::User=root",
           "-o", "APT::Keep-Downloaded-Packages=true"]


class Chroot:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder

    def __enter__(self) -> Chroot:
        self.folder.mkdir()
        output_of("tar", "--extract", f"--file={base()}", f"--directory={self.folder}", "--numeric-owner")
        return self

    def __exit__(self, *_):
        output_of("rm", "-rf", self.folder)

    def command(self, *command) -> list[str]:
        """The command line that runs a command in it, with mounts and processes that end with the command."""
        script = ('mount -t proc proc "$1/proc"; mount --bind /dev/null "$1/dev/null"; mount --bind "$2" "$1/var/cache/apt/archives"; '
                  'folder=$1; shift 2; exec chroot "$folder" "$@"')
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-euc", script, "bash", str(self.folder),
                str(CACHE / "archives"), *map(str, command)]

    def run(self, *command) -> str:
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
        return output_of(*self.command(*command), env=environment)

    def write(self, path: str, text: str):
        (self.folder / path.lstrip("/")).write_text(text)

    def install(self, *packages: pathlib.Path):
        """As somebody does who has the files alone: dpkg unpacks them, and apt fetches what they depend on."""
        names = []
        for package in packages:
            (self.folder / "tmp" / package.name).write_bytes(package.read_bytes())
            names.append(f"/tmp/{package.name}")
        try:
            self.run("dpkg", "--install", *names)
        except AssertionError:
            self.fix()

    def fix(self):
        try:
            self.run(*APT_GET, "--fix-broken", "install")
        except AssertionError:  # The mirror may have newer ones by now.
            self.run("apt-get", "update")
            self.run(*APT_GET, "--fix-broken", "install")


def mirror() -> list[str]:
    """The lines of the machine's sources of packages for this Debian."""
    lines = output_of("apt-get", "indextargets", "Created-By: Packages", "--format", "deb $(REPO_URI) $(RELEASE) $(COMPONENT)").splitlines()
    return [line for line in dict.fromkeys(lines) if line.split()[2].startswith(SUITE)]


def base() -> pathlib.Path:
    """The archive with the base, which is made when it is not there."""
    archive = CACHE / f"{SUITE}.tar"
    (CACHE / "archives/partial").mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.exists():
            make_base(archive)
    return archive


def make_base(archive: pathlib.Path):
    sources = mirror()
    assert sources, f"apt's sources on this machine have nothing of {SUITE}"
    tree = CACHE / "making"
    output_of("rm", "-rf", tree)
    output_of("debootstrap", "--variant=minbase", f"--include={','.join(INCLUDED)}", SUITE, tree, sources[0].split()[1])
    made = Chroot(tree)
    made.write("/etc/apt/sources.list", "\n".join(sources) + "\n")
    made.write("/etc/resolv.conf", pathlib.Path("/etc/resolv.conf").read_text())
    made.run("apt-get", "update")
    output_of("tar", "--create", f"--file={archive}.new", f"--directory={tree}", "--numeric-owner", "--exclude=./var/cache/apt/archives/*.deb", ".")
    os.rename(f"{archive}.new", archive)
    output_of("rm", "-rf", tree)
