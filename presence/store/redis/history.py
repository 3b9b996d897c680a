"""The history of many processes, in the Redis of their store.

A board has one hash for each hour of minutes and for each day of hours, under the board's hash tag.
All boards together have the same. A board that has a reference has that in a string, as long as its
last hash. Nothing is written for a board that nobody is on.
"""

from collections.abc import Mapping
from uuid import UUID

from presence.store.history import (
    RECORDER_LEASE,
    SPANS,
    STATS_TTL,
    Point,
    Span,
    parse_buckets,
    points,
)
from presence.store.redis import scripts
from presence.store.redis.records import (
    MICROSECONDS,
    escape,
    microseconds,
    parse_board,
    reference_argument,
    unescape,
)
from presence.store.redis.scripts import Argument, Call
from presence.store.redis.store import RedisStore


class RedisHistory:
    """The `History` of many processes, over the connections and the key prefix of their store."""

    def __init__(self, store: RedisStore) -> None:
        self._client, self._keys = store.client, store.keys

    async def claim(self, process: str) -> float | None:
        keys, lease = (self._keys.recorder,), microseconds(RECORDER_LEASE)
        now = await self._client.run(scripts.HISTORY_CLAIM, keys, escape(process), lease)
        return now / MICROSECONDS if now else None

    async def record(self, process: str, at: float, people: Mapping[UUID, int]) -> bool:
        """All boards together come first: a process that is stopped in between leaves boards
        without this sample, and no sample is recorded twice."""
        total = self._record_call(None, process, at, sum(people.values()))
        if not (await self._client.run_all([total]))[0]:
            return False
        calls = [self._record_call(board, process, at, count) for board, count in people.items()]
        await self._client.run_all(calls)
        return True

    async def read(self, board: UUID | None, span: Span, count: int) -> list[Point]:
        numbers = span.newest(await self._client.time(), count)
        calls = []
        for each in (None, board):
            keys = [self._keys.history(each, span.name, page) for page in span.pages(numbers)]
            calls.append(Call(scripts.HISTORY_READ, tuple(keys)))
        site, own = (dict(parse_buckets(flat)) for flat in await self._client.run_all(calls))
        return list(points(span, numbers, site, own))

    async def named(self, board: UUID) -> UUID:
        reference = await self._client.run(scripts.HISTORY_NAME, (self._keys.name(board),))
        return parse_board(board, reference or b"")

    async def publish(self, process: str, stats: str) -> None:
        words = (escape(process), stats, microseconds(STATS_TTL))
        await self._client.run(scripts.STATS_PUBLISH, self._keys.stats, *words)

    async def published(self) -> Mapping[str, str]:
        flat = await self._client.run(scripts.STATS_PUBLISHED, self._keys.stats)
        pairs = zip(flat[::2], flat[1::2], strict=True)
        return {unescape(process): stats.decode() for process, stats in pairs}

    def _record_call(self, board: UUID | None, process: str, at: float, people: int) -> Call:
        keys = [
            self._keys.history(board, span.name, span.number(at) // span.page) for span in SPANS
        ]
        words: list[Argument] = [
            word for span in SPANS for word in (span.number(at), span.page_ttl)
        ]
        # The script checks that the process is still the recorder, or keeps the board's reference.
        keys.append(self._keys.name(board) if board else self._keys.recorder)
        if board is not None:
            words.append(reference_argument(board))
        return Call(scripts.HISTORY_RECORD, tuple(keys), (escape(process), people, *words))
