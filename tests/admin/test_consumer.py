"""The socket of a page of the admin under Channels: its times, and whatever goes wrong."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Collection
from itertools import count, pairwise
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib import admin
from django.test import Client

from presence.admin import consumer as staff_consumer
from presence.admin.consumer import StaffConsumer
from presence.admin.poller import Poller
from presence.admin.threads import CALM, Once
from presence.runtime import current_hub
from presence_site.models import Board
from tests.support.admin import make_staff

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def board() -> AsyncIterator[UUID]:
    hub = current_hub()
    yield (await Board.objects.acreate(title="Plans")).pk
    await hub.close()


@pytest.fixture(autouse=True)
def nothing_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests had logged is forgotten."""
    again = Once(staff_consumer.logger, "could not find out what somebody may watch of %s")
    monkeypatch.setattr(staff_consumer, "_failures", again)


def sign_in() -> str:
    client = Client()
    client.force_login(make_staff("stan", "view_board"))
    return client.cookies["sessionid"].value


async def open_socket(session: str = "") -> WebsocketCommunicator:
    """Open the socket of somebody who may view boards, with their session if they have one."""
    session = session or await sync_to_async(sign_in)()
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
async def opened(board: UUID) -> AsyncIterator[WebsocketCommunicator]:
    """Such a socket, until the test ends."""
    socket = await open_socket()
    yield socket
    await socket.disconnect()


async def watch(socket: WebsocketCommunicator, shown: UUID, **more: str) -> None:
    said = {"site": "admin", "model": "presence_site.board", "rows": [str(shown)], **more}
    await socket.send_to(text_data=json.dumps(said))


async def closed(socket: WebsocketCommunicator) -> int:
    """Return the code that the socket is closed with, and with nothing said before."""
    message = await socket.receive_output(timeout=5)
    assert message["type"] == "websocket.close"
    return int(message["code"])


async def test_it_is_told(opened: WebsocketCommunicator, board: UUID) -> None:
    await watch(opened, board)
    assert json.loads(await opened.receive_from(timeout=5)) == {"rows": {str(board): 0}}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff_consumer, "SAY_WITHIN", 0.05)


async def test_one_that_says_nothing(impatient: None, opened: WebsocketCommunicator) -> None:
    """It may have been asleep, and comes back."""
    assert await closed(opened) == 4408


async def test_one_that_hears_nothing_new_is_told_that_it_lives(
    opened: WebsocketCommunicator, board: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staff_consumer, "QUIET", 0.3)
    await watch(opened, board)
    await opened.receive_from(timeout=5)
    assert await opened.receive_from(timeout=5) == "{}"
    assert await opened.receive_from(timeout=5) == "{}"


async def test_switched_off(opened: WebsocketCommunicator, board: UUID, settings: Any) -> None:
    settings.PRESENCE = {**settings.PRESENCE, "ENABLED": False}
    await watch(opened, board)
    assert await closed(opened) == 1013


@pytest.fixture
def queryset(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Any]], None]:
    """Give the site's `ModelAdmin` another `get_queryset`."""
    kind = type(admin.site.get_model_admin(Board))
    return lambda get: monkeypatch.setattr(kind, "get_queryset", get)


async def test_permissions_that_cannot_be_asked(
    opened: WebsocketCommunicator,
    board: UUID,
    queryset: Any,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failures = Once(staff_consumer.logger, "could not find out what somebody may watch of %s")
    monkeypatch.setattr(staff_consumer, "_failures", failures)

    def fail(model_admin: Any, request: Any) -> Any:
        raise RuntimeError("on purpose")

    queryset(fail)
    await watch(opened, board)
    assert await closed(opened) == 1013
    assert "could not find out what somebody may watch" in caplog.text


async def test_they_are_logged_once(
    board: UUID, queryset: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """However often a page comes back."""

    def fail(model_admin: Any, request: Any) -> Any:
        raise RuntimeError("on purpose")

    session = await sync_to_async(sign_in)()

    async def come() -> Any:
        opened = await open_socket(session)
        await watch(opened, board)
        said = await opened.receive_output(timeout=5)
        await opened.disconnect()
        return said["code"]

    queryset(fail)
    assert [await come() for _ in range(3)] == [1013] * 3
    said = [record.args for record in caplog.records if "may watch" in record.message]
    assert said == [("admin presence_site.board",)]


def test_trouble_is_logged_once_until_there_was_none(caplog: pytest.LogCaptureFixture) -> None:
    """Also where it is somebody's alone: others can be asked about in between."""
    now = [0.0]
    failures = Once(logging.getLogger("presence"), "could not ask %s", lambda: now[0])
    for second in (0, 1, CALM, 2 * CALM - 1, 3 * CALM):
        now[0] = second
        failures.note("app.board", ValueError("on purpose"))
    failures.note("app.other", ValueError("on purpose"))
    of = [record.args and record.args[0] for record in caplog.records]  # type: ignore[index]
    assert of == ["app.board", "app.board", "app.other"]
    assert all(record.exc_info for record in caplog.records)


async def test_permissions_that_take_too_long(
    opened: WebsocketCommunicator, board: UUID, queryset: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(model_admin: Any, request: Any) -> Any:
        time.sleep(0.5)
        return Board.objects.all()

    monkeypatch.setattr(staff_consumer, "ASK_WITHIN", 0.1)
    queryset(hang)
    await watch(opened, board)
    assert await closed(opened) == 1013


async def test_an_answer_is_as_old_as_its_question(
    opened: WebsocketCommunicator, board: UUID, queryset: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Permissions that are slow to say do not delay when they are asked again."""
    asked: list[float] = []
    enough = Event()

    def slowly(model_admin: Any, request: Any) -> Any:
        asked.append(time.monotonic())
        if len(asked) == 4:
            enough.set()
        time.sleep(0.8)
        return Board.objects.all()

    monkeypatch.setattr(staff_consumer, "ASK_EVERY", 1.0)
    queryset(slowly)
    await watch(opened, board)
    assert await asyncio.to_thread(enough.wait, 15)
    # 1.8 s each, were they asked again so long after they answered.
    assert asked[3] - asked[0] < 3 * 1.6


async def test_nobody_sees_anything_long_after_they_may_not(
    opened: WebsocketCommunicator, board: UUID, queryset: Any
) -> None:
    """Where one question is read early and answered late, and the next one is not answered."""
    asked: list[float] = []
    over = Event()

    def slowly(model_admin: Any, request: Any) -> Any:
        asked.append(time.monotonic())
        over.wait(1 if len(asked) == 1 else 10)
        return Board.objects.all()

    queryset(slowly)
    await watch(opened, board)
    assert "rows" in await opened.receive_from(timeout=5)
    assert await closed(opened) == 1013
    assert time.monotonic() - asked[0] < 4 + 0.4
    over.set()


async def test_a_board_that_may_be_seen_no_more(
    opened: WebsocketCommunicator, board: UUID, queryset: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staff_consumer, "ASK_EVERY", 0.1)
    await watch(opened, board)
    await opened.receive_from(timeout=5)
    queryset(lambda model_admin, request: Board.objects.none())
    assert json.loads(await opened.receive_from(timeout=5)) == {"rows": {str(board): None}}


async def test_what_is_said_after_the_end_is_not_heard(
    opened: WebsocketCommunicator, board: UUID
) -> None:
    await opened.send_to(text_data="nonsense")
    assert await closed(opened) == 4400
    await watch(opened, board)
    assert await opened.receive_nothing(timeout=0.4)


async def test_two_topics_are_a_frame_in_a_quarter_of_a_second(
    opened: WebsocketCommunicator, board: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is found meanwhile, and by whichever look."""
    number = count()

    async def look(grants: Collection[Any]) -> dict[Any, dict[str, int]]:
        return {grant: {"number": next(number)} for grant in grants}

    watchers = {}
    for name, every in (("rows", 0.01), ("board", 0.013)):
        watchers[name] = Poller(look, lambda grant: None, every)
    monkeypatch.setattr(staff_consumer, "watcher", watchers.__getitem__)
    await watch(opened, board, board=str(board))
    times = []
    for _ in range(5):
        await opened.receive_from(timeout=5)
        times.append(time.monotonic())
    assert all(later - before > 0.2 for before, later in pairwise(times)), times


async def test_of_a_page_that_is_gone_nothing_is_asked(
    board: UUID, queryset: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staff_consumer, "ASK_EVERY", 0.05)
    opened = await open_socket()
    asked: list[float] = []

    def get(model_admin: Any, request: Any) -> Any:
        asked.append(time.monotonic())
        return Board.objects.all()

    queryset(get)
    await watch(opened, board)
    await opened.receive_from(timeout=5)
    watching = staff_consumer.watcher("rows")
    assert watching._pages
    await opened.disconnect()
    assert not watching._pages
    before = len(asked)
    await asyncio.sleep(0.5)  # nothing happens: there is no event to wait for
    assert len(asked) <= before + 1, "one may have been under way"
