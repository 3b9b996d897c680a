"""Keys on a real Redis for one test: makes stores over them, and looks at what they left there."""

import asyncio
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis as AsyncRedis

from presence.protocol.errors import TryLater
from presence.store.base import Timing
from presence.store.redis.client import Server
from presence.store.redis.scripts import Keys, Script
from presence.store.redis.store import RedisStore
from tests.store.cast import TIMING
from tests.support.redis import RedisServer
from tests.support.waiting import DEADLINE, POLL

TIMEOUT = 0.5
"""Seconds that the fixture `impatient` waits."""

IN_TIME = 5.0
"""Seconds within which a refusal comes, on a machine that does much else: less than waiting for
one connection after the other would take, or a timeout of the system's own."""

PARTS = ("members", "broken", "leases", "resting", "state", "out")


async def until(true: Callable[[], object], what: str, within: float = DEADLINE) -> None:
    """Wait until something is true of the world outside, or fail after `within` seconds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within
    while not true():
        assert loop.time() < end, f"not within {within} s: {what}"
        await asyncio.sleep(POLL)


async def refused(work: Any, within: float = IN_TIME) -> TryLater:
    """Wait for the refusal, which must come in time and say what was the matter."""
    begin = time.monotonic()
    with pytest.raises(TryLater) as raised:
        await work
    assert time.monotonic() - begin < within
    assert raised.value.__cause__ is not None
    assert str(raised.value).removeprefix("Redis: "), "what is the matter"
    return raised.value


class Gate:
    """Where a client waits, once it has `reached` it, until it is `open`."""

    def __init__(self) -> None:
        self.reached, self.open = asyncio.Event(), asyncio.Event()

    async def cross(self) -> None:
        """Come to the gate, and go on when it is open."""
        self.reached.set()
        await self.open.wait()


class Gated(AsyncRedis):
    """A client of the site's own that waits before it sends some scripts, or with their answers."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._before: dict[str, Gate] = {}
        self._after: dict[str, Gate] = {}

    def before(self, script: Script) -> Gate:
        """Return a gate through which the script is sent from now on."""
        return self._before.setdefault(script.sha, Gate())

    def after(self, script: Script) -> Gate:
        """Return a gate through which the script's answers come from now on."""
        return self._after.setdefault(script.sha, Gate())

    def pipeline(self, *arguments: Any, **options: Any) -> Any:
        pipe: Any = super().pipeline(*arguments, **options)
        execute = pipe.execute

        async def gated(**how: Any) -> Any:
            sent = {words[1] for words, _ in pipe.command_stack}
            for sha in sent & self._before.keys():
                await self._before[sha].cross()
            told = await execute(**how)
            for sha in sent & self._after.keys():
                await self._after[sha].cross()
            return told

        pipe.execute = gated
        return pipe


class Place:
    """Stores under one prefix of one server; `ahead` is how far they read its clock ahead."""

    def __init__(self, server: RedisServer) -> None:
        self.server = server
        self.prefix = f"place-{uuid4().hex}"
        self.keys = Keys(self.prefix)
        self.ahead = 0.0
        self._stores: list[RedisStore] = []

    async def __aenter__(self) -> "Place":
        return self

    async def __aexit__(self, *exception: object) -> None:
        await asyncio.gather(*(store.close() for store in self._stores))

    def store(self, timing: Timing, **options: Any) -> RedisStore:
        """Return the store of a further process; its connections bear the prefix as their name."""
        options = {"prefix": self.prefix, "ahead": lambda: self.ahead, **options}
        store = RedisStore(f"{self.server.url}?client_name={self.prefix}", timing, **options)
        self._stores.append(store)
        return store

    def store_over(self, client: Server) -> RedisStore:
        """Return the store of a further process, over a client of the site's own."""
        return RedisStore(client, TIMING, prefix=self.prefix, ahead=lambda: self.ahead)

    def names(self) -> list[bytes]:
        """Return the names of all keys there are."""
        with self.server.client() as client:
            return list(client.scan_iter(f"{self.prefix}:*", count=1000))

    def flush(self) -> None:
        """Lose every key, as FLUSHALL does, but for those of other tests."""
        with self.server.client() as client:
            for name in self.names():
                client.delete(name)

    def size(self, key: str) -> int:
        """Return how many entries a hash or a sorted set has."""
        with self.server.client() as client:
            return int(client.hlen(key) if client.type(key) == b"hash" else client.zcard(key))

    def sizes(self, board: UUID) -> dict[str, int]:
        """Return how many entries each part of a board's state has."""
        return dict(zip(PARTS, map(self.size, self.keys.board(board)), strict=True))
