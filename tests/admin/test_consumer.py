"""The socket of an admin page under Channels: its times, its limits and its failures."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Collection
from itertools import count, pairwise
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.test import Client

from presence.admin import consumer
from presence.admin.consumer import StaffConsumer
from presence.admin.poller import Poller, poller_of
from presence.admin.topics import Topic
from presence.runtime import current_hub
from presence_site.models import Board
from tests.support.admin import make_staff

pytestmark = pytest.mark.django_db(transaction=True)

ReplaceAdmin = Callable[..., None]


@pytest.fixture
async def board() -> AsyncIterator[UUID]:
    hub = current_hub()
    yield (await Board.objects.acreate(title="Plans")).pk
    await hub.close()


@pytest.fixture
async def session() -> str:
    """The session of staff who may view boards."""

    def sign_in() -> str:
        client = Client()
        client.force_login(make_staff("stan", "view_board"))
        return client.cookies["sessionid"].value

    return await sync_to_async(sign_in)()


async def open_socket(session: str) -> WebsocketCommunicator:
    headers = [
        (b"host", b"testserver"),
        (b"origin", b"http://testserver"),
        (b"cookie", f"sessionid={session}".encode()),
    ]
    path = "/ws/presence/staff/"
    socket = WebsocketCommunicator(StaffConsumer.as_asgi(), path, headers=headers)
    assert (await socket.connect())[0]
    return socket


@pytest.fixture
async def socket(board: UUID, session: str) -> AsyncIterator[WebsocketCommunicator]:
    socket = await open_socket(session)
    yield socket
    await socket.disconnect()


async def subscribe(socket: WebsocketCommunicator, shown: UUID, **more: str) -> None:
    message = {"site": "admin", "model": "presence_site.board", "rows": [str(shown)], **more}
    await socket.send_to(text_data=json.dumps(message))


async def close_code(socket: WebsocketCommunicator) -> int:
    """Return the code that the socket is closed with, before any other message."""
    message = await socket.receive_output(timeout=5)
    assert message["type"] == "websocket.close"
    return int(message["code"])


async def test_a_page_gets_what_it_subscribed_to(
    socket: WebsocketCommunicator, board: UUID
) -> None:
    await subscribe(socket, board)
    assert json.loads(await socket.receive_from(timeout=5)) == {"rows": {str(board): 0}}


async def test_a_page_that_does_not_subscribe_is_closed(
    board: UUID, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "SUBSCRIBE_WITHIN", 0.05)
    assert await close_code(await open_socket(session)) == 4408


async def test_heartbeats(
    socket: WebsocketCommunicator, board: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "HEARTBEAT_AFTER", 0.3)
    await subscribe(socket, board)
    await socket.receive_from(timeout=5)
    for _ in range(2):
        assert await socket.receive_from(timeout=5) == "{}"


async def test_presence_is_switched_off(
    socket: WebsocketCommunicator, board: UUID, settings: Any
) -> None:
    settings.PRESENCE = {**settings.PRESENCE, "ENABLED": False}
    await subscribe(socket, board)
    assert await close_code(socket) == 1013


async def test_a_failing_permission_closes_the_socket_and_is_logged_once(
    board: UUID, session: str, board_admin: ReplaceAdmin, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(model_admin: Any, request: Any) -> Any:
        raise RuntimeError("on purpose")

    board_admin(get_queryset=fail)
    for _ in range(3):
        socket = await open_socket(session)
        await subscribe(socket, board)
        assert await close_code(socket) == 1013
        await socket.disconnect()
    (line,) = [record for record in caplog.records if "failed" in record.getMessage()]
    expected = "admin: checking staff permissions (admin presence_site.board) failed"
    assert line.getMessage().startswith(expected)
    assert line.exc_info


async def test_names_that_anybody_can_send_are_not_logged(
    board: UUID, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each would be an outage of its own."""

    def fail(scope: Any) -> Any:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(consumer, "http_request", fail)
    for site in ("a", "b"):
        socket = await open_socket("")
        await socket.send_to(text_data=json.dumps({"site": site, "model": site, "rows": []}))
        assert await close_code(socket) == 1013
        await socket.disconnect()
    assert caplog.text.count("checking staff permissions () failed") == 1


async def test_a_slow_permission_closes_the_socket(
    socket: WebsocketCommunicator,
    board: UUID,
    board_admin: ReplaceAdmin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = Event()
    board_admin(get_queryset=lambda *args: over.wait(10) and Board.objects.all())
    monkeypatch.setattr(consumer, "AUTHORIZE_WITHIN", 0.1)
    await subscribe(socket, board)
    assert await close_code(socket) == 1013
    over.set()


async def test_slow_permissions_do_not_delay_the_next_check(
    socket: WebsocketCommunicator,
    board: UUID,
    board_admin: ReplaceAdmin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[float] = []
    enough = Event()

    def get_queryset(model_admin: Any, request: Any) -> Any:
        asked.append(time.monotonic())
        if len(asked) == 4:
            enough.set()
        time.sleep(0.8)
        return Board.objects.all()

    monkeypatch.setattr(consumer, "AUTHORIZE_EVERY", 1.0)
    board_admin(get_queryset=get_queryset)
    await subscribe(socket, board)
    assert await asyncio.to_thread(enough.wait, 15)
    # It would be 1.8 s each, were the time counted from the answer.
    assert asked[3] - asked[0] < 3 * 1.6


async def test_nothing_is_shown_4_s_after_a_permission_is_lost(
    socket: WebsocketCommunicator, board: UUID, board_admin: ReplaceAdmin
) -> None:
    """The worst case: one check reads early and answers late, and the next does not answer."""
    asked: list[float] = []
    over = Event()

    def get_queryset(model_admin: Any, request: Any) -> Any:
        asked.append(time.monotonic())
        over.wait(1 if len(asked) == 1 else 10)
        return Board.objects.all()

    board_admin(get_queryset=get_queryset)
    await subscribe(socket, board)
    assert "rows" in await socket.receive_from(timeout=5)
    assert await close_code(socket) == 1013
    assert time.monotonic() - asked[0] < 4 + 0.4
    over.set()


async def test_a_board_that_may_not_be_viewed_any_more(
    socket: WebsocketCommunicator,
    board: UUID,
    board_admin: ReplaceAdmin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consumer, "AUTHORIZE_EVERY", 0.1)
    await subscribe(socket, board)
    await socket.receive_from(timeout=5)
    board_admin(get_queryset=lambda *args: Board.objects.none())
    assert json.loads(await socket.receive_from(timeout=5)) == {"rows": {str(board): None}}


async def test_messages_after_the_close_are_ignored(
    socket: WebsocketCommunicator, board: UUID
) -> None:
    await socket.send_to(text_data="nonsense")
    assert await close_code(socket) == 4400
    await subscribe(socket, board)
    assert await socket.receive_nothing(timeout=0.4)


async def test_two_topics_share_a_frame_each_250_ms(
    socket: WebsocketCommunicator, board: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = count()

    async def fetch(queries: Collection[Any]) -> dict[Any, dict[str, int]]:
        return {query: {"number": next(number)} for query in queries}

    pollers = {
        name: Poller(Topic(name, parse=str, authorize=max, fetch=fetch, interval=interval))
        for name, interval in (("rows", 0.01), ("board", 0.013))
    }
    monkeypatch.setattr(consumer, "poller_of", pollers.__getitem__)
    await subscribe(socket, board, board=str(board))
    times = []
    for _ in range(5):
        await socket.receive_from(timeout=5)
        times.append(time.monotonic())
    assert all(later - before > 0.2 for before, later in pairwise(times)), times


async def test_nothing_is_asked_for_a_page_that_is_gone(
    board: UUID, session: str, board_admin: ReplaceAdmin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "AUTHORIZE_EVERY", 0.05)
    asked = count()

    def get_queryset(model_admin: Any, request: Any) -> Any:
        next(asked)
        return Board.objects.all()

    board_admin(get_queryset=get_queryset)
    socket = await open_socket(session)
    await subscribe(socket, board)
    await socket.receive_from(timeout=5)
    pages = poller_of("rows")._pages
    assert pages
    await socket.disconnect()
    assert not pages
    before = next(asked)
    await asyncio.sleep(0.5)  # nothing happens: there is no event to wait for
    assert next(asked) <= before + 2, "one check may have been running"
