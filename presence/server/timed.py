"""What the ways to the store and to the other processes take, measured from outside."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from presence.cluster.layer import Layer
from presence.server.buckets import Buckets
from presence.server.metrics import Totals


@contextmanager
def timed(buckets: Buckets, clock: Callable[[], float]) -> Iterator[None]:
    """Count what the block took, in seconds of `clock`; one that fails says nothing of it."""
    begin = clock()
    yield
    buckets.add(clock() - begin)


class TimedLayer:
    """A layer that stands before another, and counts what publishing takes in `totals`."""

    def __init__(self, inner: Layer, totals: Totals, clock: Callable[[], float]) -> None:
        self._inner = inner
        self._totals = totals
        self._clock = clock

    async def new_channel(self) -> str:
        """See `Layer`."""
        return await self._inner.new_channel()

    async def receive(self, channel: str) -> dict[str, Any]:
        """See `Layer`."""
        return await self._inner.receive(channel)

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        """See `Layer`."""
        await self._inner.send(channel, message)

    async def group_add(self, group: str, channel: str) -> None:
        """See `Layer`."""
        await self._inner.group_add(group, channel)

    async def group_discard(self, group: str, channel: str) -> None:
        """See `Layer`."""
        await self._inner.group_discard(group, channel)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """See `Layer`. One that was given up, which is how it fails that hangs, failed."""
        try:
            with timed(self._totals.publish, self._clock):
                await self._inner.group_send(group, message)
        except BaseException:
            self._totals.publish_failures += 1
            raise
