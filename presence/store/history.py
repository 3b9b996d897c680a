"""What the processes of a site note beside who is where: how many people there were over time, and
how each process does.

One suite, `tests/store/test_history.py`, holds every implementation to what is written here. Every
method may raise `TryLater` where the shared state is out of reach. Everything is forgotten by
itself: minutes after a day, hours after 30 days, figures after `FIGURES_LAST`.
"""

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

from presence.store.series import Point, Span

RECORDER_LEASE = 30.0
"""Seconds that a process is the recorder after it last said that it is. Who looks every 10 s and
dies is followed by another within 40."""

FIGURES_LAST = 15.0
"""Seconds that a process's figures are told after it last published some."""


class History(Protocol):
    """See the module's docstring."""

    async def claim(self, process: str) -> float | None:
        """Make a process the recorder, or let it be that for longer; return what time it is, in
        seconds since 1970, or None where another process is the recorder."""
        ...

    async def record(self, process: str, at: float, people: Mapping[UUID, int]) -> bool:
        """Count one look, at a time that `claim` gave: the people on every board that somebody is
        on. One that is no longer the recorder changes nothing, and is told False."""
        ...

    async def read(self, board: UUID | None, span: Span, count: int) -> list[Point]:
        """Return the last `count` buckets (at most those kept) of a board, or of all boards
        together, oldest first; the last one is still going on."""
        ...

    async def publish(self, process: str, figures: str) -> None:
        """Tell the figures of a process, a short text."""
        ...

    async def published(self) -> Mapping[str, str]:
        """Return the figures of every living process."""
        ...
