"""`presence.api` without Redis: from async code, and from sync code in any thread."""

import asyncio
from datetime import UTC, datetime, timedelta
from inspect import signature
from threading import Event
from unittest.mock import Mock
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ImproperlyConfigured, SynchronousOnlyOperation

from presence import api, runtime
from presence.protocol.codec import encode
from presence.protocol.errors import Close, TryLater
from presence.protocol.identity import Visitor
from presence.protocol.messages import Dialect, Join
from presence.runtime import current_hub
from presence.server.connection import Connection
from presence.signals import announcer, board_emptied, person_left
from presence.store.base import JoinRequest, Timing
from presence.store.memory import MemoryStore
from presence_site.models import Board
from tests.support.waiting import DEADLINE

JOIN = encode(Join(0, "Ada"), Dialect.COMPACT)
ADA = "guest:ada"


class Tab:
    """A socket of a person, on a board of the running loop's hub."""

    line = None

    def __init__(self, board, person=ADA):
        self.codes = []
        connection = Connection(current_hub(), board, Visitor(person), Dialect.COMPACT, self)
        connection.receive(JOIN)

    def write(self, frames):
        """Stands for the server's; what is written is not read."""

    def close_with(self, code):
        self.codes.append(code)


async def tabs(board, *people):
    """Put people on a board."""
    opened = [Tab(board, person) for person in people]
    await current_hub().settle()
    return opened


async def in_view(work, *arguments):
    """Call sync code as Django calls a sync view under ASGI."""
    return await sync_to_async(work)(*arguments)


SYNC = pytest.mark.parametrize("call", [in_view, asyncio.to_thread])


@pytest.fixture
async def board():
    """A board that nobody is on."""
    yield uuid4()
    await current_hub().close()


@pytest.fixture
def not_serving(monkeypatch):
    """A process that does not serve boards."""
    monkeypatch.setattr(runtime, "_hubs", {})
    monkeypatch.setattr(runtime, "serving", Event())


async def test_how_many_and_who(board):
    await tabs(board, ADA, ADA, "user:7")
    other = uuid4()
    assert await api.aonline(board) == 2
    assert await api.acounts([board, str(other)]) == {board: 2, other: 0}
    ada, seven = await api.apeople(board)
    assert (ada.key, ada.name, ada.tabs, ada.account) == (ADA, "Ada", 2, None)
    assert (seven.account, seven.state) == ("7", "active")
    assert ada.processes == (current_hub().process,)
    assert [person.state for person in await api.apeople(board, states=False)] == [None, None]


@SYNC
async def test_the_same_from_sync_code(board, call):
    ada, bob = await tabs(board, ADA, "guest:bob")
    assert await asyncio.gather(*(call(api.online, board) for _ in range(20))) == [2] * 20
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
async def test_sync_code_may_give_a_queryset(board):
    await Board.objects.acreate(pk=board, title="Plans")
    await tabs(board, ADA)
    assert await in_view(api.counts, Board.objects.all()) == {board: 1}
    assert await in_view(api.census, Board.objects.all()) == {board: 1}


def test_a_sync_function_is_described_as_its_async_form():
    assert (api.online.__name__, api.online.__doc__) == ("online", api.aonline.__doc__)
    assert signature(api.people) == signature(api.apeople)


async def test_a_board_is_given_in_any_way(board):
    await tabs(board, ADA)
    given = (board, str(board), board.hex, Board(pk=board))
    assert [await api.aonline(each) for each in given] == [1, 1, 1, 1]
    for wrong in ("not a board", None, 7):
        with pytest.raises(ValueError, match="no board"):
            await api.aonline(wrong)


async def test_removed_for_is_a_setting(board, configure):
    configure(REMOVED_FOR=0)
    await tabs(board, ADA)
    for seconds, codes in ((None, []), (60, [Close.REMOVED]), (0, [])):
        await api.aremove(board, ADA, seconds)
        (again,) = await tabs(board, ADA)
        assert again.codes == codes


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan")])
async def test_a_wrong_duration_changes_nothing(board, seconds):
    (tab,) = await tabs(board, ADA)
    for act in (api.aremove(board, ADA, seconds), api.aclose(board, seconds)):
        with pytest.raises(ValueError, match="not a number of seconds"):
            await act
    assert (tab.codes, await api.ais_closed(board)) == ([], False)


async def test_sync_code_on_an_event_loop_is_told_what_to_use(board):
    with pytest.raises(SynchronousOnlyOperation, match=r"use presence\.api\.aonline"):
        api.online(board)


async def test_from_an_event_loop_of_another_thread(board):
    await tabs(board, ADA)
    assert await asyncio.to_thread(asyncio.run, api.aonline(board)) == 1


@SYNC
@pytest.mark.usefixtures("not_serving")
async def test_a_process_that_does_not_serve_raises(call):
    for asking in (call(api.online, uuid4()), api.aonline(uuid4())):
        with pytest.raises(ImproperlyConfigured, match=r"PRESENCE\['REDIS_URL'\]"):
            await asking


@pytest.mark.usefixtures("not_serving")
def test_any_process_asks_a_shared_store_on_its_background_loop(monkeypatch, configure):
    board, store = uuid4(), MemoryStore(runtime.background_loop().time, Timing())
    monkeypatch.setattr(runtime, "background_store", lambda settings: store)
    configure(REDIS_URL="redis://")

    async def join():
        await store.renew("p")
        await store.join(board, JoinRequest("s", "p", ADA, "Ada"))

    runtime.call_from_sync(join, 10)
    assert api.counts([board]) == asyncio.run(api.acounts([board])) == {board: 1}
    assert runtime.running_hub() is None


@pytest.mark.parametrize("in_a_view", [True, False])
async def test_before_anybody_has_connected_nobody_is_here(in_a_view, monkeypatch):
    monkeypatch.setattr(runtime, "_hubs", {})
    runtime.serving.set()
    assert await (in_view(api.online, uuid4()) if in_a_view else api.aonline(uuid4())) == 0
    assert [*runtime._hubs] == [asyncio.get_running_loop()]
    await current_hub().close()


@pytest.mark.parametrize("within", [None, 0.1])
async def test_a_store_that_hangs_is_given_up(board, within, monkeypatch):
    cancelled = asyncio.Event()

    async def hangs(boards):
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    monkeypatch.setattr(current_hub().store, "counts", hangs)
    monkeypatch.setattr(runtime, "SYNC_TIMEOUT", 0.1 if within is None else 60)
    with pytest.raises(TryLater, match=r"did not answer within 0\.1 s"):
        await in_view(api.counts, [board], within)
    async with asyncio.timeout(5):
        await cancelled.wait()


async def test_a_removal_sends_the_signal(board):
    received = Mock()
    await tabs(board, ADA, ADA, "guest:bob")
    person_left.connect(received)
    try:
        await api.aremove(board, ADA)
        assert await asyncio.to_thread(announcer.settle, DEADLINE)
    finally:
        person_left.disconnect(received)
    told = received.call_args.kwargs
    assert (told["board"], told["person"], told["count"]) == (board, ADA, 1)


async def test_where_somebody_is(board):
    room = api.board_id("lobby")
    ada = User(pk=7, username="ada")
    (here,) = await tabs(board, "user:7")
    (there,) = await tabs(room, "user:7")
    (bob,) = await tabs(board, "user:70")
    (person, _) = await api.apeople(board)
    for user in (ada, 7, "7", "user:7", person):
        assert await api.awhere(user) == [board, room]
        assert await api.ais_online(user)
    assert str((await api.awhere(ada))[1]) == "lobby"
    assert await api.adisconnect(ada) == 2
    await current_hub().settle()
    assert (here.codes, there.codes, bob.codes) == ([Close.REMOVED], [Close.REMOVED], [])
    assert (await api.awhere(ada), await api.awhere(70)) == ([], [board])
    assert await api.adisconnect(ada) == 0


@SYNC
async def test_where_somebody_is_from_sync_code(board, call):
    before = datetime.now(UTC)
    await tabs(board, ADA)
    assert await call(api.last_seen, 7) is None
    await tabs(board, "user:7", "user:7")
    assert await call(api.where, 7) == await call(api.where, ADA) == [board]
    assert await call(api.is_online, 7)
    assert before <= await call(api.last_seen, 7) <= datetime.now(UTC)
    assert await call(api.disconnect, 7) == 2
    after = await call(api.last_seen, 7)
    assert not await call(api.is_online, 7)
    assert await call(api.last_seen, 7) == pytest.approx(after, abs=timedelta(seconds=0.1))
    assert after.utcoffset() == timedelta()


@pytest.mark.parametrize(("seconds", "codes"), [(0, []), (60, [Close.REMOVED])])
async def test_disconnected_people_may_come_back_after_a_while(board, seconds, codes):
    await tabs(board, "user:7")
    await api.adisconnect(7, seconds)
    (again,) = await tabs(board, "user:7")
    assert again.codes == codes


@pytest.mark.parametrize(
    "user", [None, "", "ada", "somebody:7", True, 7.5, AnonymousUser(), User(), Board(), object()]
)
async def test_what_names_no_user(board, user):
    for ask in (api.awhere, api.ais_online, api.alast_seen, api.adisconnect):
        with pytest.raises(ValueError):
            await ask(user)


async def test_a_disconnect_sends_the_signals(board):
    received = Mock()
    await tabs(board, "user:7", "user:7")
    await tabs(api.board_id("lobby"), "user:7")
    board_emptied.connect(received)
    try:
        await api.adisconnect(7)
        assert await asyncio.to_thread(announcer.settle, DEADLINE)
    finally:
        board_emptied.disconnect(received)
    told = sorted(str(call.kwargs["board"]) for call in received.call_args_list)
    assert told == sorted([str(board), "lobby"])
