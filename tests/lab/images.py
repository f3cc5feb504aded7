"""Container images without a registry: one program each, as an archive that every runtime can load."""
from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import pathlib
import shutil
import tarfile

from host import program_path

NAME = "localhost/busybox:lab"
APPLETS = ("cat", "echo", "httpd", "ip", "mv", "nc", "nslookup", "ping", "rm", "seq", "sh", "sleep", "true", "wget")
FOREVER = ["/bin/sh", "-c", "trap exit TERM; sleep 1000000 & wait"]


@dataclasses.dataclass(frozen=True)
class Image:
    """A program that is linked statically, as /bin/PROGRAM."""
    name: str
    program: str
    command: tuple[str, ...]  # what a container does that is given no command
    links: dict[str, str] = dataclasses.field(default_factory=dict)


# It sleeps until it is killed. Where the machine's /usr is mounted, programs from there run.
BUSYBOX = Image(NAME, "busybox", tuple(FOREVER), {
    **{f"bin/{applet}": "busybox" for applet in APPLETS}, "lib": "usr/lib", "lib64": "usr/lib64"})
COREDNS = Image("localhost/coredns:lab", "coredns", ("/bin/coredns",))


def write_image(path: pathlib.Path, image: Image = BUSYBOX):
    """Writes the archive."""
    layer = _layer(image)
    config = json.dumps({
        "architecture": "amd64", "os": "linux", "config": {"Cmd": image.command, "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]}}).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [image.name], "Layers": ["layer.tar"]}]).encode()
    with tarfile.open(path, "w") as archive:
        for name, content in (("manifest.json", manifest), ("config.json", config), ("layer.tar", layer)):
            _add(archive, name, content)


def _layer(image: Image) -> bytes:
    memory = io.BytesIO()
    program = pathlib.Path(shutil.which(image.program, path=program_path()))
    with tarfile.open(fileobj=memory, mode="w") as layer:
        _add(layer, f"bin/{image.program}", program.read_bytes(), mode=0o755)
        for link, target in image.links.items():
            _add(layer, link, type=tarfile.SYMTYPE, linkname=target)
        _add(layer, "tmp", type=tarfile.DIRTYPE, mode=0o1777)
    return memory.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: bytes = b"", **attributes):
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    for attribute, value in attributes.items():
        setattr(entry, attribute, value)
    archive.addfile(entry, io.BytesIO(content))
