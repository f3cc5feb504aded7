"""Calls of the CNI plugin as container runtimes make them, with a configuration of one's own."""
from __future__ import annotations

import json
import subprocess

from host import Host, Netns

PLUGIN = "/opt/cni/bin/ovn-k8s-cni-overlay"


class Attachment:
    """The interface eth0 of a container, as the plugin knows it."""

    def __init__(self, host: Host, container_id: str, netns: Netns, configuration: dict, args: str = ""):
        self.host = host
        self.configuration = configuration
        self.variables = {"CNI_CONTAINERID": container_id, "CNI_NETNS": netns.path, "CNI_IFNAME": "eth0",
                          "CNI_PATH": "/opt/cni/bin", "CNI_ARGS": args}

    def call(self, command: str, prefix=(), **options) -> subprocess.CompletedProcess:
        """Executes the plugin; "prefix" comes before it on the command line."""
        return self.host.run([*prefix, PLUGIN], input=json.dumps(self.configuration),
                             env={**self.variables, "CNI_COMMAND": command}, **options)
