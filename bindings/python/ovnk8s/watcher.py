"""The watcher: gives each pod of a Kubernetes cluster its port (watcher.h)."""
from __future__ import annotations

import json
from typing import Any, NamedTuple

from ovnk8s._calls import Struct, milliseconds, opened
from ovnk8s._loop import Stepper
from ovnk8s._ovnk8s import ffi, lib
from ovnk8s.kube import Kube
from ovnk8s.log import Log, log_fields
from ovnk8s.nb import Northbound

__all__ = ["Watcher", "WatcherStatus"]


class WatcherStatus(NamedTuple):
    """How a watcher stands; watcher.h says what each member is.

    >>> with Watcher(Northbound(nb.remotes), Kube(**kube_options)) as watcher:
    ...     watcher.status.commits
    0
    """

    synced: bool
    pods: int
    ports: int
    pending: int
    commits: int
    patches: int
    failures: int
    nb_connected: bool
    api_connected: bool
    planned: int
    retrying: int
    waiting: int
    leading: bool
    term: int


class Watcher(Stepper):
    """A watcher over two connections, which are its own until it is closed.

    `run()` lets it work, `run_async()` in asyncio's loop; or see `step()`.

    owner: whose rows these are; None: "k8s".
    log: receives what is done and what fails.
    dry_run: look, and change nothing: for `plan_text()`.
    manage_nodes: add the nodes of the API server, and delete those that are gone.
    legacy_annotation: annotate pods with "k8s.ovn.org/pod-networks" too.
    lease: "NAMESPACE/NAME": the Lease that decides which of several watchers works; None: there is no other one.
    lease_identity: unlike that of any other; None: the host's name and a random number.
    lease_duration, lease_renew, lease_retry: in seconds; None: 15, 10 and 2.

    Raises Invalid (options), NoMemory, System (no descriptor left).

    >>> with Watcher(Northbound(nb.remotes), Kube(**kube_options), dry_run=True) as watcher:
    ...     watcher.run(lambda: watcher.status.synced, timeout=20)
    True
    """

    def __init__(self, nb: Northbound, kube: Kube, *, owner: str | None = None, log: Log | None = None,
                 dry_run: bool = False, manage_nodes: bool = False, legacy_annotation: bool = False,
                 lease: str | None = None, lease_identity: str | None = None, lease_duration: float | None = None,
                 lease_renew: float | None = None, lease_retry: float | None = None) -> None:
        options = Struct(
            "ovnk8s_watcher_options", owner=owner, dry_run=dry_run, manage_nodes=manage_nodes,
            legacy_annotation=legacy_annotation, lease=lease, lease_identity=lease_identity,
            lease_duration_ms=milliseconds(lease_duration), lease_renew_ms=milliseconds(lease_renew),
            lease_retry_ms=milliseconds(lease_retry), **log_fields(log))
        with nb._lock, kube._lock:
            pointer = opened(lib.ovnk8s_watcher_new, "ovnk8s_watcher", nb._own(), kube._own(), options.pointer)
            super().__init__(pointer, lib.ovnk8s_watcher_free, nb, kube, *options.kept)
            self._borrow(nb, kube)

    def fileno(self) -> int:
        """A descriptor that is readable when there is something to do."""
        return int(self._get(lib.ovnk8s_watcher_fd))

    @property
    def wakes_in(self) -> float | None:
        """After how many seconds there is something to do even if the descriptor stays silent; None: never."""
        return self._seconds(self._get(lib.ovnk8s_watcher_timeout))

    def step(self) -> None:
        """Does what there is to do, and waits for nothing: for an event loop of your own, with fileno() and wakes_in.

        A failure is logged and tried again, so there is nothing to do about it.

        >>> with Watcher(Northbound(nb.remotes), Kube(**kube_options), dry_run=True) as watcher:
        ...     watcher.step()
        """
        self._get(lib.ovnk8s_watcher_step)

    @property
    def status(self) -> WatcherStatus:
        """How things stand.

        >>> with Watcher(Northbound(nb.remotes), Kube(**kube_options)) as watcher:
        ...     watcher.status.synced
        False
        """
        status = ffi.new("ovnk8s_watcher_status *", {"size": ffi.sizeof("ovnk8s_watcher_status")})
        self._call(lib.ovnk8s_watcher_get_status, status)
        return WatcherStatus(**{name: getattr(status, name) for name in WatcherStatus._fields})

    @property
    def pending(self) -> list[dict[str, Any]]:
        """Which objects something is still to be done for, and why: watcher.h has the keys.

        Raises NoMemory.

        >>> with Watcher(Northbound(nb.remotes), Kube(**kube_options)) as watcher:
        ...     watcher.pending
        []
        """
        found: list[dict[str, Any]] = json.loads(self._written(lib.ovnk8s_watcher_pending))
        return found

    @property
    def metrics(self) -> str:
        """What was counted and measured, as text that Prometheus reads.

        Raises NoMemory.

        >>> with Watcher(Northbound(nb.remotes), Kube(**kube_options)) as watcher:
        ...     "# HELP" in watcher.metrics
        True
        """
        return self._written(lib.ovnk8s_watcher_metrics)

    def resync(self) -> None:
        """Lets the next steps look at all objects again. There is no need for it but a doubt.

        >>> with Watcher(Northbound(nb.remotes), Kube(**kube_options)) as watcher:
        ...     watcher.resync()
        """
        self._get(lib.ovnk8s_watcher_resync)

    def plan_text(self) -> str:
        """What would have to be changed in the database for all objects, as str() of a plan; "" when nothing.

        Raises Conflict (not all objects were listed yet), NoMemory; Timeout, Unavailable and others of `Plan.compute()`.

        >>> with Watcher(Northbound(nb.remotes), Kube(**kube_options), dry_run=True) as watcher:
        ...     ready = watcher.run(lambda: watcher.status.synced, timeout=20)
        ...     "default_web" in watcher.plan_text()  # The API server has no such pod.
        True
        """
        return self._written(lib.ovnk8s_watcher_plan_text)
