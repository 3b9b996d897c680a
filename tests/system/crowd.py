"""People on boards of many processes, compared with what each of them and the store knows."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from uuid import UUID

from presence.protocol.graphemes import fit
from presence.protocol.messages import NAME_BYTES
from presence.store.redis.store import RedisStore
from tests.support.clients import Client
from tests.support.cluster import Cluster
from tests.support.waiting import DEADLINE, POLL


async def agreed(look: Callable[[], Awaitable[object]], within: float = DEADLINE) -> None:
    """Wait until `look` returns no complaint, or fail with it."""
    end = time.monotonic() + within
    while complaint := await look():
        assert time.monotonic() < end, f"not within {within} s: {complaint}"
        # There is no one event to wait for: Redis is asked too.
        await asyncio.sleep(POLL * 5)


class Crowd(list[Client]):
    """Those who are on a board now."""

    def __init__(self, cluster: Cluster, store: RedisStore) -> None:
        super().__init__()
        self.cluster = cluster
        self.store = store
        self._everybody: list[Client] = []

    async def join(
        self, process: int, board: str, name: str, cookies: str = "", **how: Any
    ) -> Client:
        """Put somebody on a board through a process, by its number; `how` as for `connect`."""
        client = await self.cluster.clients(process, board).connect(cookies=cookies, **how)
        # What the others heard is not needed any more.
        still_open = [each for each in self._everybody if each.close_code is None]
        self._everybody = [*still_open, client]
        self.append(await client.join(fit(name, _name_bytes(client))))
        return client

    async def pairs(self, board: str, processes: Iterable[int] = range(3)) -> list[list[Client]]:
        """Put two people on a board through each process; they all know each other then."""
        pairs = [[await self.join(n, board, f"{who}{n}") for who in "AB"] for n in processes]
        await self.agree()
        return pairs

    def gone(self, *people: Client) -> None:
        """Note that people are no longer on their boards."""
        for person in people:
            self.remove(person)

    async def agree(self, within: float = DEADLINE) -> None:
        """Wait until the view of every client and the store are right."""
        await agreed(self.complaint, within)

    async def complaint(self) -> str:
        """Return the first difference from the truth, empty if there is none."""
        for board in sorted({person.board for person in self}):
            if complaint := await self._of_board(board):
                return f"{complaint}; in the store: {await self.store.snapshot(UUID(board))}"
        return ""

    async def close(self) -> None:
        """Leave with every socket."""
        await asyncio.gather(*(client.leave() for client in self._everybody))

    async def _of_board(self, board: str) -> str:
        here = [client for client in self if client.board == board]
        if closed := [client for client in here if client.close_code is not None]:
            return f"closed ({closed[0].close_code}): {closed[0]}"
        names = {client.user: client.name for client in here}
        count = len({client.person for client in here})
        if len(names) < len(here):
            return f"a user id was given twice: {[(c.user, c.name) for c in here]}"
        for client in here:
            size = _name_bytes(client)
            others = {u: fit(name, size) for u, name in names.items() if u != client.user}
            if (client.others, client.count) != (others, count):
                return f"not {others} and {count}: {client.others} and {client.count}; {client}"
        snapshot = await self.store.snapshot(UUID(board))
        counts = await self.store.counts([UUID(board)])
        stored = {member.user: member.name for member in snapshot.members}
        if (stored, snapshot.people, counts[UUID(board)]) != (names, count, count):
            return f"the store has {stored}, {snapshot.people} and {counts}, not {names}, {count}"
        return ""


def _name_bytes(client: Client) -> int:
    """Return how many bytes of a name a client can be told."""
    return min(NAME_BYTES[client.dialect], client.server.release.name_bytes)
