"""Container images without a registry: busybox alone, as an archive that every runtime can load."""
from __future__ import annotations

import hashlib
import io
import json
import pathlib
import tarfile

BUSYBOX = pathlib.Path("/bin/busybox")  # linked statically, from Debian's busybox-static
APPLETS = ("cat", "echo", "httpd", "ip", "nc", "ping", "sh", "sleep", "true", "wget")
NAME = "localhost/busybox:lab"
FOREVER = ["/bin/sh", "-c", "trap exit TERM; sleep 1000000 & wait"]


def write_image(path: pathlib.Path):
    """Writes the archive. A container of this image sleeps until it is killed, when it is given no command."""
    layer = _layer()
    config = json.dumps({
        "architecture": "amd64", "os": "linux", "config": {"Cmd": FOREVER, "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]}}).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [NAME], "Layers": ["layer.tar"]}]).encode()
    with tarfile.open(path, "w") as archive:
        for name, content in (("manifest.json", manifest), ("config.json", config), ("layer.tar", layer)):
            _add(archive, name, content)


def _layer() -> bytes:
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w") as layer:
        _add(layer, "bin/busybox", BUSYBOX.read_bytes(), mode=0o755)
        for applet in APPLETS:
            _add(layer, f"bin/{applet}", type=tarfile.SYMTYPE, linkname="busybox")
        _add(layer, "tmp", type=tarfile.DIRTYPE, mode=0o1777)
    return memory.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: bytes = b"", **attributes):
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    for attribute, value in attributes.items():
        setattr(entry, attribute, value)
    archive.addfile(entry, io.BytesIO(content))
