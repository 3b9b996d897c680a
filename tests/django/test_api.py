"""`presence.api` in the one process of a site without Redis: from async code, and from threads."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from inspect import signature
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured, SynchronousOnlyOperation

from presence import api, runtime
from presence.guests import person_of
from presence.protocol.codec import encode
from presence.protocol.errors import Close, TryLater
from presence.protocol.identity import Visitor
from presence.protocol.messages import Dialect, Join
from presence.runtime import current_hub
from presence.server.connection import Connection
from presence.signals import announcer, person_left
from presence_site.models import Board

JOIN = encode(Join(0, "Ada"), Dialect.COMPACT)
ADA = "guest:ada"


class Tab:
    """A socket of a person, on a board of the running loop's hub."""

    def __init__(self, board: UUID, person: str = ADA, name: str | None = None) -> None:
        self.codes: list[int] = []
        self.connection = Connection(
            current_hub(),
            board,
            Visitor(person, name),
            Dialect.COMPACT,
            self,
        )
        self.connection.receive(JOIN)

    def write(self, frame: bytes) -> None:
        """Stands for the server's; what is written is not read."""

    def close_with(self, code: int) -> None:
        self.codes.append(code)


@pytest.fixture
async def board() -> AsyncIterator[UUID]:
    """A board that nobody is on."""
    yield uuid4()
    await current_hub().close()


async def tabs(board: UUID, *people: str) -> list[Tab]:
    """Put people on a board."""
    opened = [Tab(board, person) for person in people]
    await current_hub().settle()
    return opened


async def in_thread(work: Callable[..., Any], *arguments: Any) -> Any:
    """Call sync code as Django calls a sync view under ASGI."""
    return await sync_to_async(work)(*arguments)


async def in_own_thread(work: Callable[..., Any], *arguments: Any) -> Any:
    """Call sync code in a thread that knows nothing of the event loop."""
    return await asyncio.to_thread(work, *arguments)


SYNC = pytest.mark.parametrize("call", [in_thread, in_own_thread])


async def test_how_many_and_who(board: UUID) -> None:
    await tabs(board, ADA, ADA, "user:7")
    other = uuid4()
    assert await api.aonline(board) == 2
    assert await api.acounts([board, str(other)]) == {board: 2, other: 0}
    ada, other_one = await api.apeople(board)
    assert (ada.key, ada.name, ada.tabs, ada.account) == (ADA, "Ada", 2, None)
    assert (other_one.account, other_one.state) == ("7", "active")
    assert ada.processes == (current_hub().process,)


@SYNC
async def test_the_same_from_sync_code(board: UUID, call: Callable[..., Any]) -> None:
    ada, bob = await tabs(board, ADA, "guest:bob")
    assert await call(api.online, board) == 2
    assert await call(api.counts, [board]) == {board: 2}
    assert [person.key for person in await call(api.people, board)] == [ADA, "guest:bob"]
    assert await call(api.remove, board, ADA) == 1
    await current_hub().settle()
    assert (ada.codes, bob.codes) == ([Close.REMOVED], [])
    await call(api.close, board)
    assert await call(api.is_closed, board)
    (late,) = await tabs(board, "guest:cy")
    assert late.codes == [Close.FORBIDDEN]
    await call(api.reopen, board)
    assert not await call(api.is_closed, board)
    await call(api.reconnect, board)
    await current_hub().settle()
    assert bob.codes == [Close.RESTARTING]


@pytest.mark.django_db(transaction=True)
async def test_sync_code_may_give_a_queryset(board: UUID) -> None:
    await Board.objects.acreate(pk=board, title="Plans")
    await tabs(board, ADA)
    assert await in_thread(api.counts, Board.objects.all()) == {board: 1}
    assert await in_thread(api.census, Board.objects.all()) == {board: 1}


def test_a_sync_function_is_described_as_its_async_twin() -> None:
    assert (api.online.__name__, api.online.__doc__) == ("online", api.aonline.__doc__)
    assert signature(api.people) == signature(api.apeople)


@SYNC
async def test_twenty_threads_at_once(board: UUID, call: Callable[..., Any]) -> None:
    await tabs(board, ADA)
    assert await asyncio.gather(*(call(api.online, board) for _ in range(20))) == [1] * 20


async def test_a_board_is_given_in_any_way(board: UUID) -> None:
    await tabs(board, ADA)
    given = (board, str(board), board.hex, Board(pk=board))
    assert [await api.aonline(each) for each in given] == [1, 1, 1, 1]
    for wrong in ("nonsense", None, 7):
        with pytest.raises(ValueError, match="badly formed"):
            await api.aonline(wrong)


async def test_removed_for_is_a_setting(board: UUID, settings: Any) -> None:
    settings.PRESENCE = {**settings.PRESENCE, "REMOVED_FOR": 0}
    await tabs(board, ADA)
    await api.aremove(board, ADA)
    (again,) = await tabs(board, ADA)
    assert (again.codes, await api.aonline(board)) == ([], 1)
    await api.aremove(board, ADA, 60)
    (again,) = await tabs(board, ADA)
    assert again.codes == [Close.REMOVED]
    await api.aremove(board, ADA, 0)
    (again,) = await tabs(board, ADA)
    assert again.codes == []


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan")])
async def test_seconds_that_are_none_change_nothing(board: UUID, seconds: float) -> None:
    (tab,) = await tabs(board, ADA)
    with pytest.raises(ValueError, match="not a number of seconds"):
        await api.aremove(board, ADA, seconds)
    with pytest.raises(ValueError, match="not a number of seconds"):
        await api.aclose(board, seconds)
    assert (tab.codes, await api.ais_closed(board)) == ([], False)


async def test_sync_code_on_an_event_loop_is_told_what_to_use(board: UUID) -> None:
    with pytest.raises(SynchronousOnlyOperation, match=r"use presence\.api\.aonline"):
        api.online(board)


async def test_from_an_event_loop_of_another_thread(board: UUID) -> None:
    await tabs(board, ADA)
    assert await asyncio.to_thread(asyncio.run, api.aonline(board)) == 1


@SYNC
async def test_who_has_no_server_is_told_so(
    call: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "_hubs", {})
    monkeypatch.setattr(runtime, "serving", threading.Event())
    with pytest.raises(ImproperlyConfigured, match=r"PRESENCE\['REDIS_URL'\]"):
        await call(api.online, uuid4())
    with pytest.raises(ImproperlyConfigured, match=r"PRESENCE\['REDIS_URL'\]"):
        await api.aonline(uuid4())


@pytest.mark.parametrize("a_view", [True, False])
async def test_before_anybody_has_connected_nobody_is_here(
    a_view: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "_hubs", {})
    runtime.serving.set()
    ask = in_thread(api.online, uuid4()) if a_view else api.aonline(uuid4())
    assert await ask == 0
    assert [*runtime._hubs] == [asyncio.get_running_loop()]
    await current_hub().close()


async def test_a_store_that_does_not_answer_is_given_up(
    board: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = asyncio.Event()
    cancelled = asyncio.Event()

    async def hangs(boards: Any) -> Any:
        try:
            await never.wait()
        finally:
            cancelled.set()

    monkeypatch.setattr(current_hub().store, "counts", hangs)
    monkeypatch.setattr(runtime, "SYNC_TIMEOUT", 0.1)
    with pytest.raises(TryLater):
        await in_thread(api.online, board)
    async with asyncio.timeout(5):
        await cancelled.wait()


async def test_a_removal_sends_the_signal(board: UUID) -> None:
    told: list[tuple[UUID, str, int]] = []

    def receiver(board: UUID, person: str, count: int, **_: Any) -> None:
        told.append((board, person, count))

    await tabs(board, ADA, ADA, "guest:bob")
    person_left.connect(receiver)
    try:
        await api.aremove(board, ADA)
        assert await asyncio.to_thread(announcer.settle, 15)
    finally:
        person_left.disconnect(receiver)
    assert told == [(board, ADA, 1)]


@pytest.mark.django_db(transaction=True)
async def test_the_key_of_an_account_names_it(board: UUID) -> None:
    user = await User.objects.acreate(username="ada")
    key = person_of(user, {}, None)
    assert key
    await tabs(board, key)
    (person,) = await api.apeople(board)
    assert person.account == str(user.pk)
