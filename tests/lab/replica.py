"""One of several watchers, of which one works."""
from __future__ import annotations

from host import Host, wait_for

PATIENCE = 60  # seconds; the machine may be slow


class Replica:
    """A watcher in the foreground on a host of its own or of others too. Times are those of its lease, in seconds."""

    def __init__(self, host: Host, name: str, *words: str, duration: float = 3, renew: float = 2, retry: float = 0.3):
        self.host, self.name, self.control = host, name, f"/run/{name}.ctl"
        self.words = [
            "ovn-k8s-watcher", "--overlay", "--leader-elect", f"--lease-identity={name}", f"--lease-duration={duration:g}s",
            f"--renew-deadline={round(1000 * renew)}ms", f"--retry-period={round(1000 * retry)}ms", f"--unixctl={self.control}",
            "-vconsole:info", "-vsyslog:off", *words]
        self.start()

    def start(self):
        self.daemon = self.host.spawn(self.name, self.words)

    def wait_to_start(self) -> Replica:
        wait_for(f"the control socket of {self.name}", self.host.path(self.control).exists, timeout=PATIENCE,
                 log=self.daemon.log)
        return self

    def status(self) -> dict[str, str]:
        lines = self.host.output(["ovs-appctl", "-T", "60", "-t", self.control, "status"]).splitlines()
        return dict(line.split(": ", 1) for line in lines)

    def wait_for(self, what: str, condition):
        return wait_for(f"{self.name}: {what}", lambda: condition(self.status()), timeout=PATIENCE, log=self.daemon.log)

    def wait_to_lead(self) -> int:
        """Returns the term."""
        self.wait_for("to lead", lambda status: status["leading"] == "yes")
        return int(self.status()["term"])

    def signal(self, name: str):
        self.host.run(["kill", "-s", name, str(self.daemon.pid)])
        if name == "STOP":
            state = self.host.path(f"/proc/{self.daemon.pid}/stat")
            wait_for(f"{self.name} to stop", lambda: state.read_text().rpartition(")")[2].split()[0] == "T")

    def wait_to_end(self):
        wait_for(f"the end of {self.name}", lambda: not self.daemon.alive(), timeout=PATIENCE, log=self.daemon.log)

    def exit(self):
        self.host.run(["ovs-appctl", "-T", "60", "-t", self.control, "exit"])
        self.wait_to_end()

    def logged(self, words: str) -> bool:
        return words in self.daemon.log.read_text()
