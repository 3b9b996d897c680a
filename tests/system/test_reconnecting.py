"""The built client, in Node, on a network that breaks and falls silent."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from presence.protocol.messages import UserLeft
from presence.store.base import Timing
from tests.support.accounts import guest_cookie
from tests.support.clients import Client, Clients
from tests.support.proxy import Proxy, run_proxy
from tests.support.server import ROOT, Server
from tests.support.waiting import DEADLINE, LONG, SPARE

SCRIPT = ROOT / "presence" / "static" / "presence" / "client.js"
PAGE = ROOT / "tests" / "support" / "page.mjs"

BACK_OFF = 0.5
"""Seconds until the first attempt to connect again, at most; twice as many until each after it."""

ANSWER_WITHIN = 5.0
"""Seconds that the server has to answer when the network has changed."""

SILENCE = 40.0
"""Seconds without a frame after which a client gives up its socket."""


@pytest.fixture(scope="module")
def timing() -> Timing:
    """The site's own times."""
    return Timing()


@pytest.fixture(scope="module")
def proxy(server: Server) -> Iterator[Proxy]:
    with run_proxy(server.port) as running:
        yield running


class Page:
    """A page with the client; `events` are those of the client."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.events: list[dict[str, Any]] = []
        self._process = process

    async def hear(self, of: Callable[[dict[str, Any]], bool], within: float) -> dict[str, Any]:
        """Return the next event for which something is true."""
        assert self._process.stdout is not None
        async with asyncio.timeout(within):
            while line := await self._process.stdout.readline():
                event = json.loads(line)
                self.events.append(event)
                if of(event):
                    return event
        raise AssertionError(f"Node ended after {self.events}")

    async def becomes(self, status: str, within: float = DEADLINE) -> dict[str, Any]:
        """Wait until the client has a status, and return the event."""
        return await self.hear(lambda event: event.get("status") == status, within)

    def signal(self, event: str) -> None:
        """Have the window get an event."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{event}\n".encode())


@asynccontextmanager
async def page(server: Server, proxy: Proxy, board: str) -> AsyncIterator[Page]:
    """Open a page on a board through a proxy; it is on the board when the block begins."""
    through = replace(server, port=proxy.port)
    process = await asyncio.create_subprocess_exec(
        "node", "--experimental-websocket", "--no-warnings", str(PAGE),
        SCRIPT.as_uri(), through.socket_url(board), through.origin, guest_cookie(),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        opened = Page(process)
        await opened.becomes("open")
        yield opened
    finally:
        process.kill()
        await process.wait()


@pytest.fixture
async def visitor(server: Server, proxy: Proxy, board: str) -> AsyncIterator[Page]:
    async with page(server, proxy, board) as opened:
        yield opened


@pytest.fixture
async def watcher(clients: Clients) -> Client:
    """Somebody on the board whose network is good."""
    return await clients.join("Watcher")


async def nobody_left(watcher: Client) -> None:
    await watcher.settle()
    assert not watcher.all(UserLeft)
    assert watcher.count == 2


async def test_a_reset_connection_is_replaced(watcher: Client, visitor: Page, proxy: Proxy) -> None:
    for attempt in range(3):
        assert proxy.reset() == 1
        assert (await visitor.becomes("waiting"))["reason"] == "lost"
        await visitor.becomes("open", BACK_OFF * 2**attempt + SPARE)
        await nobody_left(watcher)
    users = {event["user"] for event in visitor.events if event["event"] == "self"}
    assert len(users) == 1, "it went on as the same user"


@pytest.mark.parametrize("signal", ["online", *([""] if LONG else [])])
async def test_silence_is_noticed(
    watcher: Client, visitor: Page, proxy: Proxy, signal: str
) -> None:
    """Soon where the browser says that the network has changed."""
    proxy.fall_silent()
    visitor.signal(signal)
    await visitor.becomes("waiting", (ANSWER_WITHIN if signal else SILENCE) + SPARE)
    await visitor.becomes("connecting", BACK_OFF + SPARE)
    proxy.speak()
    await visitor.becomes("open", SPARE)
    await nobody_left(watcher)


async def test_a_short_silence_is_nothing(watcher: Client, visitor: Page, proxy: Proxy) -> None:
    proxy.fall_silent()
    with pytest.raises(TimeoutError):
        await visitor.becomes("waiting", 2)
    proxy.speak()
    await nobody_left(watcher)
