"""Redis clients of a site's own that fail, wait, or note what they send."""

import asyncio
import re
from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import UUID

from redis.asyncio import Connection, Redis

from presence.store.redis.scripts import Script

SCRIPT = re.compile(rb"EVALSHA\r\n\$40\r\n([0-9a-f]{40})")
"""A script in what is sent to Redis."""


class Intercepted(Redis):
    """Calls `before` and `after` with the SHA-1s of the scripts of each trip."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        pool: Any = self.connection_pool
        pool.connection_class = partial(InterceptedConnection, self)

    async def before(self, sent: list[str]) -> None:
        """Called before a trip."""

    async def after(self, sent: list[str]) -> None:
        """Called before the answers of a trip are returned."""


class InterceptedConnection(Connection):
    """A connection of such a client."""

    def __init__(self, client: Intercepted, **options: Any) -> None:
        super().__init__(**options)
        self._client = client
        self._sent: list[str] = []

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        if isinstance(command, bytes):
            self._sent = [sha.decode() for sha in SCRIPT.findall(command)]
            await self._client.before(self._sent)
        await super().send_packed_command(command, check_health)

    async def read_response(self, *arguments: Any, **options: Any) -> Any:
        reply = await super().read_response(*arguments, **options)
        sent, self._sent = self._sent, []
        if sent:
            await self._client.after(sent)
        return reply


class Failing(Intercepted):
    """Fails to send some scripts."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.failing: set[str] = set()

    async def before(self, sent: list[str]) -> None:
        if self.failing & set(sent):
            raise ConnectionResetError


class Gate:
    """A trip waits here, once it has `reached` the gate, until the gate is `open`."""

    def __init__(self) -> None:
        self.reached, self.open = asyncio.Event(), asyncio.Event()


class Gated(Intercepted):
    """Waits before it sends some scripts, or before it returns their answers."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._gates: dict[tuple[str, str], Gate] = {}

    def gate(self, when: str, script: Script) -> Gate:
        """Return the gate for a script from now on; `when` is "before" or "after"."""
        return self._gates.setdefault((when, script.sha), Gate())

    async def before(self, sent: list[str]) -> None:
        await self._cross("before", sent)

    async def after(self, sent: list[str]) -> None:
        await self._cross("after", sent)

    async def _cross(self, when: str, sent: list[str]) -> None:
        for gate in [self._gates[when, sha] for sha in set(sent) if (when, sha) in self._gates]:
            gate.reached.set()
            await gate.open.wait()


class Noting(Intercepted):
    """Notes each trip: its script, how often, and how many boards were `taken` by then."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.trips: list[tuple[str, int, int]] = []
        self.taken = 0

    async def before(self, sent: list[str]) -> None:
        self.trips.append((sent[0], len(sent), self.taken))

    def counted(self, boards: list[UUID]) -> Iterator[UUID]:
        """Yield boards, and count those taken."""
        for n, board in enumerate(boards, 1):
            self.taken = n
            yield board
