"""The socket of an admin page under Channels: its times, its limits and its failures."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from itertools import count, pairwise
from threading import Event
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from presence.admin import consumer
from presence.admin.poller import Poller, poller_of
from presence.admin.topics import Topic
from presence.runtime import current_hub
from presence_site.models import Board
from tests.support.admin import Log, Patch, Replace, make_staff
from tests.support.communicator import Communicator
from tests.support.waiting import DEADLINE

pytestmark = pytest.mark.django_db(transaction=True)


class Page(Communicator):
    """An admin page that shows one board, with the session of its user."""

    def __init__(self, session: str, board: UUID, **headers: str) -> None:
        headers = {"host": "testserver", "origin": "http://testserver", **headers}
        headers["cookie"] = f"sessionid={session}"
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        application = consumer.StaffConsumer.as_asgi()
        super().__init__(application, "/ws/presence/staff/", headers=encoded)
        self.board = str(board)

    async def subscribe(self, **topics: str) -> None:
        message = {"site": "admin", "model": "presence_site.board", "rows": [self.board], **topics}
        await self.send_to(text_data=json.dumps(message))

    async def next(self) -> Any:
        """Return the next frame."""
        return json.loads(await self.receive_from())

    async def close_code(self) -> int:
        """Return the code that the socket is closed with, before any other frame."""
        message = await self.receive_output()
        assert message["type"] == "websocket.close"
        return int(message["code"])


Open = Callable[[], Awaitable[Page]]


def sign_in() -> str:
    client = Client()
    client.force_login(make_staff("stan", "view_board"))
    return client.cookies["sessionid"].value


@pytest.fixture
async def open_page() -> AsyncIterator[Open]:
    """Opens pages of staff who may view boards."""
    hub, board = current_hub(), await Board.objects.acreate(title="Plans")
    session, pages = await sync_to_async(sign_in)(), []

    async def open_page() -> Page:
        pages.append(Page(session, board.pk))
        assert (await pages[-1].connect())[0]
        return pages[-1]

    yield open_page
    for page in pages:
        await page.disconnect()
    await hub.close()


@pytest.fixture
async def page(open_page: Open) -> Page:
    """An open page."""
    return await open_page()


@pytest.mark.parametrize(
    ("origin", "subprotocols"), [("http://example.org", []), ("http://testserver", ["presence.v1"])]
)
async def test_sockets_of_other_pages_are_denied(origin: str, subprotocols: list[str]) -> None:
    page = Page("", uuid4(), origin=origin)
    page.scope["subprotocols"] = subprotocols
    assert not (await page.connect())[0]


async def test_a_page_must_subscribe(open_page: Open, monkeypatch: Patch) -> None:
    monkeypatch.setattr(consumer, "SUBSCRIBE_WITHIN", 0.05)
    assert await (await open_page()).close_code() == 4408


async def test_a_page_gets_its_topics_and_heartbeats(page: Page, monkeypatch: Patch) -> None:
    monkeypatch.setattr(consumer, "HEARTBEAT_AFTER", 0.3)
    await page.subscribe()
    for frame in ({"rows": {page.board: 0}}, {}, {}):
        assert await page.next() == frame


async def test_presence_is_switched_off(page: Page, settings: Any) -> None:
    settings.PRESENCE = {**settings.PRESENCE, "ENABLED": False}
    await page.subscribe()
    assert await page.close_code() == 1013


def fail(*args: Any) -> Any:
    raise RuntimeError("on purpose")


async def test_a_failing_permission_closes_the_socket_and_is_logged_once(
    open_page: Open, board_admin: Replace, caplog: Log
) -> None:
    board_admin(get_queryset=fail)
    for _ in range(3):
        page = await open_page()
        await page.subscribe()
        assert await page.close_code() == 1013
    (line,) = [record for record in caplog.records if "failed" in record.getMessage()]
    expected = "admin: checking staff permissions (admin presence_site.board) failed"
    assert line.getMessage().startswith(expected)
    assert line.exc_info


async def test_names_that_anybody_can_send_are_not_logged(
    open_page: Open, monkeypatch: Patch, caplog: Log
) -> None:
    """Each would be an outage of its own."""
    monkeypatch.setattr(consumer, "http_request", fail)
    for name in ("a", "b"):
        page = await open_page()
        await page.subscribe(site=name, model=name)
        assert await page.close_code() == 1013
    assert caplog.text.count("checking staff permissions () failed") == 1


async def test_a_slow_permission_closes_the_socket(
    page: Page, board_admin: Replace, monkeypatch: Patch
) -> None:
    over = Event()
    board_admin(get_queryset=lambda *args: over.wait(10) and Board.objects.all())
    monkeypatch.setattr(consumer, "AUTHORIZE_WITHIN", 0.1)
    await page.subscribe()
    assert await page.close_code() == 1013
    over.set()


async def test_slow_permissions_do_not_delay_the_next_check(
    page: Page, board_admin: Replace, monkeypatch: Patch
) -> None:
    asked: list[float] = []
    enough = Event()

    def get_queryset(*args: Any) -> Any:
        asked.append(time.monotonic())
        if len(asked) == 4:
            enough.set()
        time.sleep(0.8)
        return Board.objects.all()

    monkeypatch.setattr(consumer, "AUTHORIZE_EVERY", 1.0)
    board_admin(get_queryset=get_queryset)
    await page.subscribe()
    assert await asyncio.to_thread(enough.wait, DEADLINE)
    # It would be 1.8 s each, were the time counted from the answer.
    assert asked[3] - asked[0] < 3 * 1.6


@pytest.mark.alone
async def test_nothing_is_shown_4_s_after_a_permission_is_lost(
    page: Page, board_admin: Replace
) -> None:
    """The worst case: one check reads early and answers late, and the next does not answer."""
    asked: list[float] = []
    over = Event()

    def get_queryset(*args: Any) -> Any:
        asked.append(time.monotonic())
        over.wait(1 if len(asked) == 1 else 10)
        return Board.objects.all()

    board_admin(get_queryset=get_queryset)
    await page.subscribe()
    assert "rows" in await page.next()
    assert await page.close_code() == 1013
    assert time.monotonic() - asked[0] < 4 + 0.4
    over.set()


async def test_a_board_that_may_not_be_viewed_any_more(
    page: Page, board_admin: Replace, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(consumer, "AUTHORIZE_EVERY", 0.1)
    await page.subscribe()
    await page.next()
    board_admin(get_queryset=lambda *args: Board.objects.none())
    assert await page.next() == {"rows": {page.board: None}}


async def test_messages_after_the_close_are_ignored(page: Page) -> None:
    await page.send_to(text_data="nonsense")
    assert await page.close_code() == 4400
    await page.subscribe()
    assert await page.receive_nothing(timeout=0.4)
    assert not poller_of("rows")._pages


async def test_two_topics_share_a_frame_each_250_ms(page: Page, monkeypatch: Patch) -> None:
    number = count()

    async def fetch(queries: Collection[Any]) -> dict[Any, dict[str, int]]:
        return {query: {"number": next(number)} for query in queries}

    pollers = {
        name: Poller(Topic(name, parse=str, authorize=max, fetch=fetch, interval=interval))
        for name, interval in (("rows", 0.01), ("board", 0.013))
    }
    monkeypatch.setattr(consumer, "poller_of", pollers.__getitem__)
    await page.subscribe(board=page.board)
    times = []
    for _ in range(5):
        await page.next()
        times.append(time.monotonic())
    assert all(later - before > 0.2 for before, later in pairwise(times)), times


async def test_nothing_is_asked_for_a_page_that_is_gone(
    page: Page, board_admin: Replace, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(consumer, "AUTHORIZE_EVERY", 0.05)
    asked = count()

    def get_queryset(*args: Any) -> Any:
        next(asked)
        return Board.objects.all()

    board_admin(get_queryset=get_queryset)
    await page.subscribe()
    await page.next()
    pages = poller_of("rows")._pages
    assert pages
    await page.disconnect()
    assert not pages
    before = next(asked)
    await asyncio.sleep(0.5)  # nothing happens: there is no event to wait for
    assert next(asked) <= before + 2, "one check may have been running"
