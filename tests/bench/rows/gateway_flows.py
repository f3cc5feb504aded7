"""The flows of a gateway with 500 NodePorts in one bundle: against as many calls of ovs-ofctl, and against one of them with a
bundle, which the switch itself needs."""
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from bench import Bench, Row, answer_of, compared, interleave, process_ms, until

SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"


class Switch:
    """An ovs-vswitchd of our own, with a datapath that has no packets, and a bridge with two ports."""

    def __init__(self, folder: Path):
        self.folder = folder / "switch"
        self.folder.mkdir()
        self.environment = {**os.environ, **{f"OVS_{name}DIR": str(self.folder) for name in ("RUN", "LOG", "DB", "SYSCONF")}}
        database, self.socket = self.folder / "conf.db", self.folder / "db.sock"
        self.call("ovsdb-tool", "create", database, SCHEMA)
        quiet = ["--no-chdir", "-vconsole:off", "-vsyslog:off"]
        self.daemons = [self._start("ovsdb-server", f"--remote=punix:{self.socket}", *quiet, database)]
        until(self.socket.exists, "ovsdb-server")
        self.vsctl("--no-wait", "init")
        self.daemons.append(self._start("ovs-vswitchd", "--enable-dummy=override", "--disable-system", *quiet,
                                        f"unix:{self.socket}"))
        self.vsctl("add-br", "br0", "--", "set", "Bridge", "br0", "datapath_type=dummy", "--", "add-port", "br0", "nic", "--",
                   "set", "Interface", "nic", "type=dummy", "--", "add-port", "br0", "patch", "--",
                   "set", "Interface", "patch", "type=dummy")
        self.remote = f"unix:{self.folder / 'br0.mgmt'}"

    def _start(self, *command):
        return subprocess.Popen([*map(str, command)], env=self.environment)

    def call(self, *command):
        return subprocess.run([*map(str, command)], env=self.environment, check=True, stdout=subprocess.PIPE, text=True)

    def vsctl(self, *words):
        self.call("ovs-vsctl", f"--db=unix:{self.socket}", "--timeout=20", *words)

    def stop(self):
        for daemon in reversed(self.daemons):
            daemon.terminate()
            daemon.wait()


def measure(bench: Bench) -> Iterator[Row]:
    switch = Switch(bench.folder)
    ports = bench.size(500, 5)
    flows = [f"priority=100,tcp,in_port=1,tp_dst={30000 + i},actions=output:2" for i in range(ports)]
    file = switch.folder / "flows"
    file.write_text("\n".join(flows) + "\n")

    def ours() -> float:
        answer = answer_of([str(bench.helpers / "bench-flows"), switch.remote, "nic", "patch", str(ports)])
        assert answer["flows"] >= ports
        return answer["ms"]

    def single() -> float:
        switch.call("ovs-ofctl", "del-flows", switch.remote)
        start = time.perf_counter()
        for flow in flows:
            process_ms(["ovs-ofctl", "add-flow", switch.remote, flow])
        return (time.perf_counter() - start) * 1e3

    def bundle() -> float:
        switch.call("ovs-ofctl", "del-flows", switch.remote)
        return process_ms(["ovs-ofctl", "-O", "OpenFlow14", "--bundle", "add-flows", switch.remote, str(file)])

    try:
        a, b, c = interleave(bench.size(9, 1), ours, single, bundle)
        yield compared("gateway-flows", "ms", a, b, goal="report")
        yield compared("gateway-flows-bundle", "ms", a, c, goal="report")
    finally:
        switch.stop()
