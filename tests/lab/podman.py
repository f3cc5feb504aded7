"""podman on a host, with networks of CNI."""
from __future__ import annotations

import json

from cgroups import Cgroups
from host import Host, wait_for
from images import NAME, write_image

CONFIGURATION = f"""
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
infra_image = "{NAME}"
[network]
network_backend = "cni"
cni_plugin_dirs = ["/opt/cni/bin", "/usr/lib/cni"]
network_config_dir = "/etc/cni/net.d"
"""

STORAGE = """
[storage]
driver = "overlay"
graphroot = "/run/containers/graph"
runroot = "/run/containers/run"
"""


class Podman:
    """podman of a host, while a "with" block runs. All of its containers are gone then."""

    def __init__(self, host: Host):
        self.host = host

    def __enter__(self) -> Podman:
        self.cgroups = Cgroups(self.host).__enter__()
        self.host.write("/etc/containers/containers.conf", CONFIGURATION)
        self.host.write("/etc/containers/storage.conf", STORAGE)
        write_image(self.host.path("/run/image.tar"))
        self("load", "--quiet", "--input", "/run/image.tar")
        return self

    def __exit__(self, *_):
        self.remove_all()
        self.host.run(["bash", "-c", "umount /run/containers/graph/overlay"], check=False)
        wait_for("the end of conmon", lambda: self.host.run(["pidof", "conmon"], check=False).returncode)
        self.cgroups.__exit__()

    def __call__(self, *words: str, **options) -> str:
        """Runs a command of podman and returns what it prints."""
        return self.host.output(["podman", *words], timeout=120, **options)

    def run(self, *options: str) -> Container:
        """Starts a container that sleeps."""
        parent = () if "--pod" in options else ("--cgroup-parent", self.cgroups.parent)
        return Container(self, self("run", "--detach", "--cap-add=NET_RAW", *parent, *options, NAME))

    def pod(self, name: str, *options: str):
        """Makes a pod whose containers share a network."""
        self("pod", "create", "--name", name, "--cgroup-parent", self.cgroups.parent, *options)

    def remove_all(self):
        self("pod", "rm", "--all", "--force", "--time=0")
        self("rm", "--all", "--force", "--time=0")


class Container:
    """A container of podman."""

    def __init__(self, podman: Podman, container_id: str):
        self.podman = podman
        self.id = container_id

    def execute(self, *words: str) -> str:
        return self.podman("exec", self.id, *words)

    def addresses(self) -> dict[str, str]:
        """The IPv4 address on each network, as podman tells."""
        networks = json.loads(self.podman("inspect", self.id))[0]["NetworkSettings"]["Networks"]
        return {name: network["IPAddress"] for name, network in networks.items()}

    def ping(self, address: str):
        """Gets an answer, sooner or later: other hosts learn of a port after it is usable on its own."""
        ping = ["podman", "exec", self.id, "ping", "-c", "1", "-W", "1", address]
        wait_for(f"an answer of {address}", lambda: self.podman.host.run(ping, check=False).returncode == 0)
