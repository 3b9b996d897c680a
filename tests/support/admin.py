"""A process that serves boards, people on boards, and staff, for tests of the admin and counts."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.test import AsyncClient
from redis.asyncio import Connection

from presence import runtime
from presence.runtime import current_hub
from presence.server.hub import Hub
from presence.store.base import JoinRequest
from presence.store.redis.client import ScriptClient
from presence.store.redis.scripts import BOARDS, SUMMARY
from presence.store.redis.store import RedisStore
from tests.support.loop import LoopThread
from tests.support.own import close_own
from tests.support.redis import shared_redis

Patch, Log = pytest.MonkeyPatch, pytest.LogCaptureFixture
Replace = Callable[..., None]
"""The type of the fixture `board_admin`, which replaces methods of the `ModelAdmin` of boards."""

CONFIG = re.compile(r'<script id="presence-feed" type="application/json">(.*?)</script>')


class Serving:
    """The event loop of a server, in a thread of its own, with the hub of the process."""

    def __init__(self) -> None:
        self._thread = LoopThread()
        self.run = self._thread.run
        self.hub: Hub = self.run(self._begin())
        self.run(self.hub.store.renew(self.hub.process))

    def put(self, people: Mapping[UUID, int]) -> None:
        """Put so many people on boards."""
        self.run(self._put(people))

    def end(self) -> None:
        """Close the hub, and end the loop."""
        self.run(self._end())
        self._thread.close()

    async def _put(self, people: Mapping[UUID, int]) -> None:
        for board, number in people.items():
            for n in range(number):
                session = f"{board}:{n}"
                request = JoinRequest(session, self.hub.process, f"guest:{session}", "Ada")
                await self.hub.store.join(board, request)

    async def _end(self) -> None:
        # What a process does now and then is under way at any time.
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self.hub.close()
        if isinstance(self.hub.store, RedisStore):
            await self.hub.store.close()

    async def _begin(self) -> Hub:
        hub = current_hub()
        # What a process asks by itself, of figures and history, is not what a page asks.
        await runtime._publishers[hub].stop()
        return hub


@contextmanager
def serving() -> Iterator[Serving]:
    """Be a process that serves boards until the block ends."""
    running = Serving()
    try:
        yield running
    finally:
        running.end()


def keep_in_redis(settings: Any) -> None:
    """Have the site keep its people in a real Redis, with keys of the test's own."""
    shared = {"REDIS_URL": shared_redis().url, "REDIS_PREFIX": f"admin-{uuid4().hex}"}
    settings.PRESENCE = {**settings.PRESENCE, **shared}


class Fill(Protocol):
    """Puts so many people on boards: guests, or one person with an account."""

    def __call__(self, people: Mapping[UUID, int], person: str = "") -> None: ...


@pytest.fixture
def fill(settings: Any) -> Iterator[Fill]:
    """Fills boards in a real Redis, for a process that serves nobody. See `Fill`."""
    keep_in_redis(settings)
    prefix = settings.PRESENCE["REDIS_PREFIX"]

    async def join(people: Mapping[UUID, int], person: str) -> None:
        store = RedisStore(shared_redis().url, prefix=prefix)
        await store.renew("here")
        for board, number in people.items():
            for n in range(number):
                key = person or f"guest:{n}"
                await store.join(board, JoinRequest(uuid4().hex, "here", key, f"Guest {n}"))
        await store.close()

    yield lambda people, person="": asyncio.run(join(people, person))
    close_own()


def page_config(response: Any) -> Any:
    """Return what a live page of the admin tells its script, None where it has none."""
    found = CONFIG.search(response.content.decode())
    return found and json.loads(found[1])


def make_staff(name: str, *permissions: str) -> User:
    """Make somebody of the staff with permissions, by their codenames."""
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


async def sign_in(client: AsyncClient, *codenames: str, is_staff: bool = True) -> AsyncClient:
    """Sign in as somebody with permissions, by their codenames, of the staff or not."""
    user = await User.objects.acreate(username="stan", is_staff=is_staff)
    async for permission in Permission.objects.filter(codename__in=codenames):
        await user.user_permissions.aadd(permission)
    await client.aforce_login(user)
    return client


@contextmanager
def trips(monkeypatch: Any) -> Iterator[list[int]]:
    """Count trips to Redis that ask about boards in the block, by the bytes that each sent."""
    asking = [script.sha.encode() for script in (SUMMARY, BOARDS)]
    sent: list[int] = []
    send = Connection.send_packed_command

    async def counted(connection: Any, command: Any, *more: Any, **how: Any) -> None:
        data = [command] if isinstance(command, bytes) else command
        if any(sha in part for sha in asking for part in data):
            sent.append(sum(map(len, data)))
        await send(connection, command, *more, **how)

    with monkeypatch.context() as patch:
        patch.setattr(Connection, "send_packed_command", counted)
        yield sent


def link_trips(monkeypatch: Any) -> list[int]:
    """Return a list to which every trip to Redis adds how many scripts it ran, until the test
    ends."""
    trips: list[int] = []
    inner = ScriptClient._run_trip

    async def counted(self: ScriptClient, client: Any, calls: Any) -> Any:
        trips.append(len(calls))
        return await inner(self, client, calls)

    monkeypatch.setattr(ScriptClient, "_run_trip", counted)
    return trips
