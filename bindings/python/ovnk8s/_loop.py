"""Event loops: what has a descriptor, a time and a step."""
from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ovnk8s._calls import CData, Handle

if TYPE_CHECKING:  # Importing asyncio takes longer than all else: who does not use it does not pay for it.
    import asyncio


class Stepper(Handle):
    """A handle that never waits by itself: its descriptor is readable, or its time has come, when it has something to do."""

    def __init__(self, pointer: CData, free: Callable[[CData], None], *kept: object) -> None:
        super().__init__(pointer, free, *kept)
        self._sleepers: set[asyncio.Future[None]] = set()

    def fileno(self) -> int:
        raise NotImplementedError

    @property
    def wakes_in(self) -> float | None:
        raise NotImplementedError

    def step(self) -> None:
        raise NotImplementedError

    @staticmethod
    def _seconds(milliseconds: int) -> float | None:
        """A timeout as the library tells it."""
        return None if milliseconds < 0 else milliseconds / 1000

    def _turn(self, until: float | None = None) -> None:
        """Waits until there is something to do, or the monotonic time is reached, and does it."""
        waits = [wait for wait in (self.wakes_in, None if until is None else max(0.0, until - time.monotonic()))
                 if wait is not None]
        poll = select.poll()
        poll.register(self, select.POLLIN)
        poll.poll(min(waits) * 1000 if waits else None)
        self.step()

    async def _turn_async(self) -> None:
        """The same in asyncio's loop, without a thread. Several coroutines may wait for one handle."""
        import asyncio

        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()
        descriptor = os.dup(self.fileno())  # A loop has one reader for each.
        wait = self.wakes_in
        timer = None if wait is None else loop.call_later(wait, _wake, woken)
        loop.add_reader(descriptor, _wake, woken)
        self._sleepers.add(woken)
        try:
            await woken
        finally:
            self._sleepers.discard(woken)
            loop.remove_reader(descriptor)
            os.close(descriptor)
            if timer:
                timer.cancel()
        self.step()
        for other in self._sleepers:  # What they wait for may have been done by this step.
            _wake(other)

    def run(self, until: Callable[[], bool] | None = None, *, timeout: float | None = None) -> bool:
        """Steps and waits, until `until()` is true, or the timeout in seconds is over, or Ctrl-C.

        Returns whether `until()` is true. With neither it runs for ever.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while not (until and until()):
            if deadline is not None and time.monotonic() >= deadline:
                return False
            self._turn(deadline)
        return True

    async def run_async(self, until: Callable[[], bool] | None = None) -> None:
        """The same in asyncio's loop, until `until()` is true or the task is cancelled."""
        while not (until and until()):
            await self._turn_async()


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)
