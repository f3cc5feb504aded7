"""The gateway helper: keeps the flows of one gateway what they should be (gateway_helper.h)."""
from __future__ import annotations

from typing import NamedTuple

from ovnk8s._calls import CData, Struct, check, opened, text
from ovnk8s._loop import Stepper
from ovnk8s._ovnk8s import ffi, lib
from ovnk8s.cancel import Cancel
from ovnk8s.flows import Bridge, GatewayFlows
from ovnk8s.kube import Kube
from ovnk8s.log import Log, log_fields

__all__ = ["GatewayHelper", "GatewayHelperStatus", "HealthCheck"]


class GatewayHelperStatus(NamedTuple):
    """How a gateway helper stands; gateway_helper.h says what each member is.

    >>> with GatewayHelper(lab_bridge(), Kube(**kube_options), GatewayFlows("nic0", "patch0"), dry_run=True) as helper:
    ...     helper.status.reason
    ''
    """

    synced: bool
    connected: bool
    installed: bool
    services: int
    flows: int
    foreign: int
    bundles: int
    failures: int
    reason: str


class HealthCheck(NamedTuple):
    """What a load balancer outside is to be told of a Service that has a healthCheckNodePort.

    port: where it is asked for, by HTTP.
    local_endpoints: on this node, and ready: 0 is answered by status 503, more by 200.

    >>> HealthCheck("default", "web", 30999, 0).local_endpoints
    0
    """

    namespace: str
    name: str
    port: int
    local_endpoints: int


class GatewayHelper(Stepper):
    """Follows the Services of an API server and keeps the flows on a bridge. Both connections are its own until closed.

    gateway: what flows are made of; without a mac that of the bridge's own port at any time.
    log: receives what is done and what fails.
    dry_run: computes the flows, and leaves the bridge as it is.
    node: as Kubernetes calls the gateway's node, for `health_checks`; None: nothing is told of these.

    Raises Invalid (gateway), NoMemory, System (no descriptor left).

    >>> gateway = GatewayFlows("nic0", "patch0")
    >>> with GatewayHelper(lab_bridge(), Kube(**kube_options), gateway, dry_run=True) as helper:
    ...     helper.run(lambda: helper.status.synced, timeout=20)
    True
    """

    def __init__(self, bridge: Bridge, kube: Kube, gateway: GatewayFlows, *, log: Log | None = None,
                 dry_run: bool = False, node: str | None = None) -> None:
        options = Struct("ovnk8s_gateway_helper_options", dry_run=dry_run, node=node, **log_fields(log))
        with bridge._lock, kube._lock:
            pointer = opened(lib.ovnk8s_gateway_helper_new, "ovnk8s_gateway_helper", bridge._own(), kube._own(),
                             gateway._pointer, options.pointer)
            super().__init__(pointer, lib.ovnk8s_gateway_helper_free, bridge, kube, *options.kept)
            self._borrow(bridge, kube)

    def fileno(self) -> int:
        """A descriptor that is readable when there is something to do."""
        return int(self._get(lib.ovnk8s_gateway_helper_fd))

    @property
    def wakes_in(self) -> float | None:
        """After how many seconds there is something to do even if the descriptor stays silent; None: never."""
        return self._seconds(self._get(lib.ovnk8s_gateway_helper_timeout))

    def step(self) -> None:
        """Does what there is to do, and waits for nothing: for an event loop of your own, with fileno() and wakes_in.

        >>> with GatewayHelper(lab_bridge(), Kube(**kube_options), GatewayFlows("nic0", "patch0"), dry_run=True) as helper:
        ...     helper.step()
        """
        self._get(lib.ovnk8s_gateway_helper_step)

    def run_until(self, cancel: Cancel) -> None:
        """Steps and waits until the token is triggered, which may be done by another thread, or Ctrl-C.

        Raises Cancelled, which is how it ends, System (waiting failed).

        >>> cancel = Cancel()
        >>> cancel.trigger()
        >>> with GatewayHelper(lab_bridge(), Kube(**kube_options), GatewayFlows("nic0", "patch0"), dry_run=True) as helper:
        ...     helper.run_until(cancel)
        Traceback (most recent call last):
        ovnk8s.errors.Cancelled: ...
        """
        self._call(lib.ovnk8s_gateway_helper_run, cancel._own())

    @property
    def status(self) -> GatewayHelperStatus:
        """How things stand.

        >>> with GatewayHelper(lab_bridge(), Kube(**kube_options), GatewayFlows("nic0", "patch0"), dry_run=True) as helper:
        ...     helper.status.bundles
        0
        """
        s = ffi.new("ovnk8s_gateway_helper_status *", {"size": ffi.sizeof("ovnk8s_gateway_helper_status")})
        with self._lock:
            check(lib.ovnk8s_gateway_helper_get_status(self._own(), s))
            return GatewayHelperStatus(s.synced, s.connected, s.installed, s.services, s.flows, s.foreign, s.bundles,
                                       s.failures, text(s.reason))

    @property
    def flows_text(self) -> str:
        """The flows that are wanted, as str() of `Flows`.

        Raises NoMemory.

        >>> with GatewayHelper(lab_bridge(), Kube(**kube_options), GatewayFlows("nic0", "patch0"), dry_run=True) as helper:
        ...     ready = helper.run(lambda: helper.status.synced, timeout=20)
        ...     "nic0" in helper.flows_text
        True
        """
        return self._written(lib.ovnk8s_gateway_helper_flows_text)

    @property
    def health_checks(self) -> list[HealthCheck]:
        """What load balancers outside are to be told, in no certain order; none as long as endpoints are not known.

        >>> with GatewayHelper(lab_bridge(), Kube(**kube_options), GatewayFlows("nic0", "patch0"), dry_run=True) as helper:
        ...     helper.health_checks
        []
        """
        found: list[HealthCheck] = []
        handle = ffi.new_handle(found)
        self._get(lib.ovnk8s_gateway_helper_health_checks, lib.ovnk8s_py_health_check, handle)
        return found

    @property
    def health_changes(self) -> int:
        """How often `health_checks` has changed, or may have: as long as it is the same, there is no need to ask.

        >>> with GatewayHelper(lab_bridge(), Kube(**kube_options), GatewayFlows("nic0", "patch0"), dry_run=True) as helper:
        ...     helper.health_changes
        0
        """
        return int(self._get(lib.ovnk8s_gateway_helper_health_changes))


@ffi.def_extern()
def ovnk8s_py_health_check(check: CData, payload: CData) -> None:
    ffi.from_handle(payload).append(HealthCheck(text(check.service_namespace), text(check.name), check.port,
                                                check.local_endpoints))
