"""Tracing: whether packets can go from one place to another, and what is in their way (trace.h)."""
from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from ovnk8s._calls import CData, Handle, Struct, opened, text
from ovnk8s._ovnk8s import ffi, lib

if TYPE_CHECKING:
    from ovnk8s.nb import Northbound
    from ovnk8s.plan import Plan
    from ovnk8s.sb import Southbound
    from ovnk8s.vswitch import Vswitch

__all__ = ["Hop", "Trace", "TraceWishes"]


class TraceWishes(Handle):
    """What a plan can be asked to read for a trace. `Trace.read()` does all of it at once."""

    def read_trace_nb(self, source: str, destination: str, port: str | None = None) -> None:
        """Adds that what a trace is about will be read, from the Northbound database.

        Parameters are those of `Trace.read()`. Raises Invalid (a place or a port that cannot be understood), NoMemory.

        >>> plan = Plan()
        >>> plan.read_trace_nb("default/web", "node/n1")
        >>> plan.compute(nb)
        0
        >>> Trace(plan).is_reachable
        True
        """
        self._call(lib.ovnk8s_trace_read_nb, Struct("ovnk8s_trace_query", source=source, destination=destination,
                                                    port=port).pointer)

    def read_trace_sb(self, nb: Plan) -> None:
        """Adds that what has become of the ports on the way will be read, from the Southbound database.

        nb: the plan of `read_trace_nb()`, computed. Raises Invalid (it has no query), NoMemory.

        >>> plan, sb_plan = Plan(), Plan()
        >>> plan.read_trace_nb("default/web", "node/n1")
        >>> sb_plan.read_trace_sb(plan)
        >>> sb_plan.compute(sb)
        0
        """
        with nb._lock:
            self._call(lib.ovnk8s_trace_read_sb, nb._own())

    def read_trace_vswitch(self) -> None:
        """Adds that bridges and interfaces will be read, from the Open vSwitch of this host.

        Raises NoMemory.

        >>> plan = Plan()
        >>> plan.read_trace_vswitch()
        >>> plan.compute(vswitch)
        0
        """
        self._call(lib.ovnk8s_trace_read_vswitch)


class Hop(NamedTuple):
    """One thing on the way.

    is_ok: as it should be; else packets do not get beyond it.
    table, object: of OVN or of Open vSwitch.
    text: what was found, or what is wrong; mend: what would mend it, "" when it is as it should be.

    >>> Trace.read(nb, "default/web", "node/n1").hops[0].object
    'default_web'
    """

    is_ok: bool
    table: str
    object: str
    text: str
    mend: str


class Trace(Handle):
    """The trace of what plans have read: a value. str() has a line for each hop, and the verdict.

    nb, sb, vswitch: the plans, computed; without the latter two nothing is said about what is there.

    Raises Invalid (nb has no query), NoMemory.

    >>> print(Trace.read(nb, "default/web", "node/n1"))
    ok ...
    """

    def __init__(self, nb: Plan, sb: Plan | None = None, vswitch: Plan | None = None) -> None:
        own: list[CData] = [ffi.NULL if plan is None else plan._own() for plan in (nb, sb, vswitch)]
        super().__init__(opened(lib.ovnk8s_trace_new, "ovnk8s_trace", *own), lib.ovnk8s_trace_free)

    @classmethod
    def read(cls, nb: Northbound, source: str, destination: str, port: str | None = None, *,
             sb: Southbound | None = None, vswitch: Vswitch | None = None, owner: str | None = None,
             timeout: float | None = None) -> Trace:
        """Traces from one place to another.

        source: "NAMESPACE/POD", "node/NAME", an IP address, "outside".
        destination: the same, or "service/NAMESPACE/NAME".
        port: of the destination: "80", "53/udp"; None: no matter.
        sb, vswitch: where to look for what has become of it; None: nothing is said about that.
        owner: whose rows; None: "k8s".
        timeout: of each database, in seconds.

        Raises Invalid (a place or a port that cannot be understood), and what `Plan.compute()` does.

        >>> Trace.read(nb, "default/web", "node/n1", sb=sb).is_reachable  # The pod has no container.
        False
        """
        from ovnk8s.plan import Plan

        nb_plan, sb_plan, vswitch_plan = Plan(owner=owner), Plan(owner=owner), Plan(owner=owner)
        nb_plan.read_trace_nb(source, destination, port)
        nb_plan.compute(nb, timeout=timeout)
        if sb is not None:
            sb_plan.read_trace_sb(nb_plan)
            sb_plan.compute(sb, timeout=timeout)
        if vswitch is not None:
            vswitch_plan.read_trace_vswitch()
            vswitch_plan.compute(vswitch, timeout=timeout)
        return cls(nb_plan, None if sb is None else sb_plan, None if vswitch is None else vswitch_plan)

    @property
    def is_reachable(self) -> bool:
        """Whether packets can go there and back, as far as the rows that were read tell.

        >>> Trace.read(nb, "default/web", "node/n1").is_reachable
        True
        """
        return bool(self._get(lib.ovnk8s_trace_is_reachable))

    @property
    def hops(self) -> list[Hop]:
        """In the order of the way. The last one, and only that, is not ok unless the destination is reachable.

        >>> all(hop.is_ok for hop in Trace.read(nb, "default/web", "node/n1").hops)
        True
        """
        with self._lock:
            own = self._own()
            hops = [lib.ovnk8s_trace_hop(own, i) for i in range(lib.ovnk8s_trace_hops(own))]
            return [Hop(bool(h.is_ok), text(h.table), text(h.object), text(h.text), text(h.mend)) for h in hops]

    def to_dict(self) -> dict[str, Any]:
        """As trace.h describes it.

        Raises NoMemory.

        >>> Trace.read(nb, "default/web", "node/n1").to_dict()["reachable"]
        True
        """
        found: dict[str, Any] = json.loads(self._written(lib.ovnk8s_trace_json))
        return found

    def __str__(self) -> str:
        return self._written(lib.ovnk8s_trace_text).rstrip("\n")
