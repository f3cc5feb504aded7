"""Plans: a set of wishes that becomes one transaction (plan.h)."""
from __future__ import annotations

import enum
import json
from collections.abc import Iterator
from typing import Any, Literal, TypedDict, Union

from ovnk8s._calls import Struct, check, milliseconds, opened
from ovnk8s._connect import Database
from ovnk8s._ovnk8s import ffi, lib
from ovnk8s.apply import Apply
from ovnk8s.gateway import GatewayWishes
from ovnk8s.gateway_host import GatewayHostWishes
from ovnk8s.host import HostWishes
from ovnk8s.leader import LeaderWishes
from ovnk8s.nb import Northbound
from ovnk8s.network import NetworkWishes
from ovnk8s.port import PortWishes
from ovnk8s.service import ServiceWishes
from ovnk8s.topology import TopologyWishes
from ovnk8s.trace import TraceWishes

__all__ = ["DEFAULT_OWNER", "Change", "Plan", "PlanDict", "Wait"]

DEFAULT_OWNER: str = ffi.string(lib.OVNK8S_DEFAULT_OWNER).decode()

Values = Union[list[Union[str, int, bool]], dict[str, str]]


class _Change(TypedDict):
    action: Literal["insert", "update", "delete"]
    table: str
    name: str
    added: dict[str, Values]
    removed: dict[str, Values]


class Change(_Change, total=False):
    """A row that is inserted, changed or deleted. "uuid" is missing for one that the database knows by its name alone.

    See `Plan` for an example.
    """

    uuid: str


class PlanDict(TypedDict):
    """What a plan changes, and whose rows these are: see `Plan.to_dict()` for an example."""

    owner: str
    changes: list[Change]


class Wait(enum.Enum):
    """How far the effect of a plan is waited for: committed, carried to the Southbound database, on every chassis.

    >>> Wait("sb")
    <Wait.SB: 'sb'>
    """

    NONE = "none"
    SB = "sb"
    HV = "hv"


_WAITS = {Wait.NONE: lib.OVNK8S_WAIT_NONE, Wait.SB: lib.OVNK8S_WAIT_SB, Wait.HV: lib.OVNK8S_WAIT_HV}
WaitName = Literal["none", "sb", "hv"]


def _options(wait: Wait | WaitName, timeout: float | None) -> Any:
    return Struct("ovnk8s_apply_options", wait=_WAITS[Wait(wait)], timeout_ms=milliseconds(timeout)).pointer


class Plan(TopologyWishes, PortWishes, GatewayWishes, NetworkWishes, ServiceWishes, LeaderWishes, HostWishes,
           GatewayHostWishes, TraceWishes):
    """A plan without wishes. Methods add wishes to it, and touch no database; `apply()` makes them true, all or none.

    str() shows what it changes as a diff, len() is the number of rows, iterating gives each as a dict.

    owner: whose rows these are, external_ids:ovnk8s-owner: 1 to 63 letters, digits, dots, dashes or underscores; None:
        "k8s".

    Raises Invalid (the owner), NoMemory.

    >>> plan = Plan(owner="lab")
    >>> plan.add_network("blue", "10.88.0.0/16")
    >>> plan.compute(nb)
    2
    >>> print(plan)
    + Logical_Switch "blue"
    +     name: "blue"
    ...
    >>> [change["action"] for change in plan]
    ['insert', 'insert']
    """

    def __init__(self, *, owner: str | None = None) -> None:
        options = Struct("ovnk8s_plan_options", owner=owner)
        super().__init__(opened(lib.ovnk8s_plan_new, "ovnk8s_plan", options.pointer), lib.ovnk8s_plan_free)

    def compute(self, database: Database, *, timeout: float | None = None) -> int:
        """Finds out what would be changed now, and changes nothing: a dry run. Returns the number of rows.

        database: a `Northbound`; or, for a plan that was made for it, a `Southbound` or a `Vswitch`.
        timeout: of the whole call, in seconds; None: the connection's.

        Raises what `apply()` does, save Conflict.

        >>> plan = Plan()
        >>> plan.repair()
        >>> plan.compute(nb)  # Nobody has damaged anything.
        0
        """
        with self._lock, database._lock:
            check(database._compute(self._own(), _options(Wait.NONE, timeout)))
        return len(self)

    def apply(self, nb: Northbound, *, wait: Wait | WaitName = "none", timeout: float | None = None) -> int:
        """Makes the database what the plan wants, by one transaction; by none when it is so. Returns the number of rows.

        A plan may be applied again, and to several databases.

        wait: what to wait for after the commit: "sb": ovn-northd has carried it to the Southbound database; "hv": every
            chassis has installed it.
        timeout: of the whole call, in seconds; None: the connection's.

        Raises what its wishes say; Exists (a row of the same name belongs to somebody else), Conflict (other writers were
        faster each time), Timeout, Unavailable, Unsupported, Cancelled, Protocol, NoMemory. After an error nothing was
        changed, unless its stage is "wait", or the connection broke while the answer was awaited; applying again is safe.

        >>> plan = Plan()
        >>> plan.add_node("n2")
        >>> plan.apply(nb, wait="sb", timeout=20) > 0
        True
        >>> plan.apply(nb)
        0
        """
        with self._lock, nb._lock:
            check(lib.ovnk8s_plan_apply(self._own(), nb._own(), _options(wait, timeout)))
        return len(self)

    def compute_start(self, nb: Northbound, *, timeout: float | None = None) -> Apply:
        """Starts what `compute()` does, for an event loop: see `Apply`, also for an example.

        Raises NoMemory, System (no descriptor left).
        """
        return Apply(lib.ovnk8s_plan_compute_start, self, nb, _options(Wait.NONE, timeout))

    def apply_start(self, nb: Northbound, *, wait: Wait | WaitName = "none", timeout: float | None = None) -> Apply:
        """Starts what `apply()` does, for an event loop: see `Apply`, also for an example.

        Raises NoMemory, System (no descriptor left).
        """
        return Apply(lib.ovnk8s_plan_apply_start, self, nb, _options(wait, timeout))

    async def compute_async(self, nb: Northbound, *, timeout: float | None = None) -> int:
        """`compute()` for asyncio, by file descriptor, without a thread.

        Several coroutines may use one connection: they take turns.

        >>> import asyncio
        >>> plan = Plan()
        >>> plan.add_node("n3")
        >>> asyncio.run(plan.compute_async(nb)) > 0
        True
        """
        async with nb._one_by_one():
            with self.compute_start(nb, timeout=timeout) as applying:
                await applying.run_async(lambda: applying.is_over)
        return len(self)

    async def apply_async(self, nb: Northbound, *, wait: Wait | WaitName = "none", timeout: float | None = None) -> int:
        """`apply()` for asyncio, by file descriptor, without a thread.

        Several coroutines may use one connection: they take turns. A task that is cancelled leaves open whether the plan
        was committed; applying it again is safe.

        >>> import asyncio
        >>> plan = Plan()
        >>> plan.add_port("default", "db", "n1")
        >>> asyncio.run(plan.apply_async(nb, wait="sb", timeout=20)) > 0
        True
        """
        async with nb._one_by_one():
            with self.apply_start(nb, wait=wait, timeout=timeout) as applying:
                await applying.run_async(lambda: applying.is_over)
        return len(self)

    def to_dict(self) -> PlanDict:
        """What the latest `apply()` has changed, or the latest `compute()` would: docs/plans.md has the schema.

        Raises NoMemory.

        >>> Plan().to_dict()
        {'owner': 'k8s', 'changes': []}
        """
        plan: PlanDict = json.loads(self._written(lib.ovnk8s_plan_json))
        return plan

    @property
    def changes(self) -> list[Change]:
        """The rows that are inserted, changed and deleted.

        >>> Plan().changes
        []
        """
        return self.to_dict()["changes"]

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    def __len__(self) -> int:
        return int(self._get(lib.ovnk8s_plan_changes))

    def __bool__(self) -> bool:
        """A plan is something, even without changes."""
        return True

    def __str__(self) -> str:
        return self._written(lib.ovnk8s_plan_text).rstrip("\n")

    def __repr__(self) -> str:
        return "<Plan, closed>" if self.closed else f"<Plan of {len(self)} changes>"
