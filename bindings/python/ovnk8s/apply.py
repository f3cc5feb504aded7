"""Plans applied step by step, in an event loop (apply.h)."""
from __future__ import annotations

from collections.abc import Callable

from ovnk8s._calls import CData, Handle, opened
from ovnk8s._loop import Stepper
from ovnk8s._ovnk8s import lib
from ovnk8s.nb import Northbound

__all__ = ["Apply"]


class Apply(Stepper):
    """A plan that is being applied, or computed, made by `Plan.apply_start()` or `Plan.compute_start()`.

    For an event loop of your own; asyncio's has `Plan.apply_async()`. Plan and connection are its own until it is closed.

    >>> import select
    >>> plan = Plan()
    >>> plan.add_node("n7")
    >>> with plan.apply_start(nb, timeout=5) as applying:
    ...     while not applying.is_over:
    ...         ready = select.select([applying], [], [], applying.wakes_in)
    ...         applying.step()
    >>> plan.node_subnets("n7")
    (IPv4Network('192.168.0.0/24'),)
    """

    def __init__(self, start: Callable[..., int], plan: Handle, nb: Northbound, options: CData) -> None:
        with plan._lock, nb._lock:
            pointer = opened(start, "ovnk8s_apply", plan._own(), nb._own(), options)
            super().__init__(pointer, lib.ovnk8s_apply_free, plan, nb)
            self._borrow(plan, nb)

    def fileno(self) -> int:
        """A descriptor that is readable when there is something to do."""
        return int(self._get(lib.ovnk8s_apply_fd))

    @property
    def wakes_in(self) -> float | None:
        """After how many seconds there is something to do even if the descriptor stays silent."""
        return self._seconds(self._get(lib.ovnk8s_apply_timeout))

    def step(self) -> None:
        """Does what there is to do, and waits for nothing. Raises, once it is over, what `Plan.apply()` does."""
        self._call(lib.ovnk8s_apply_step)

    @property
    def is_over(self) -> bool:
        """Whether it is over, well or not."""
        return bool(self._get(lib.ovnk8s_apply_is_over))
