"""containerd as a daemon of a host, with the images that there are."""
from __future__ import annotations

from host import Daemon, Host, wait_for
from images import BUSYBOX, NAME, Image, write_image

FOLDER = "/run/containerd"  # in memory, as everything of the host's; and overlays may lie on it
SOCKET = f"{FOLDER}/containerd.sock"
BINARIES = "/opt/cni/bin"
CONFIGURATIONS = "/etc/cni/net.d"
CTR = ["ctr", "--address", SOCKET, "--namespace", "k8s.io"]  # its client, for containers of pods

CONFIGURATION = f"""
version = 2
root = "{FOLDER}/root"
state = "{FOLDER}/state"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
                    "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
                    "io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp"]
[grpc]
  address = "{SOCKET}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{FOLDER}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{NAME}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  tolerate_missing_hugetlb_controller = true
  disable_hugetlb_controller = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{BINARIES}"
    conf_dir = "{CONFIGURATIONS}"
"""


def start_containerd(host: Host, images: tuple[Image, ...] = (BUSYBOX,)) -> Daemon:
    """Starts it and gives it its images. When a network is configured, it is ready for pods."""
    host.write("/etc/containerd/config.toml", CONFIGURATION)
    host.run(["mkdir", "-p", BINARIES])
    host.run(["ln", "-sf", "/usr/lib/cni/loopback", BINARIES])  # every sandbox has one
    containerd = spawn_containerd(host)
    wait_for(f"containerd of {host.name}", lambda: host.run([*CTR, "version"], check=False).returncode == 0,
             log=containerd.log, still=containerd.alive)
    for image in images:
        write_image(host.path("/run/image.tar"), image)
        host.run([*CTR, "images", "import", "/run/image.tar"])
        host.path("/run/image.tar").unlink()
    return containerd


def spawn_containerd(host: Host) -> Daemon:
    """Starts it as start_containerd() has set it up."""
    return host.spawn("containerd", ["containerd", "--config", "/etc/containerd/config.toml"])
