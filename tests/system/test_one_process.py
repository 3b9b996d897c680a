"""`presence.api` and the signals in the one process of a site without Redis, a real Daphne."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from presence.protocol.errors import Close, Notice
from presence.protocol.messages import NoticeMessage, Welcome
from tests.support.cookies import guest_cookie
from tests.support.server import ROOT, Server, serve
from tests.support.waiting import POLL, eventually
from tests.support.wire import Clients

KINDS = pytest.mark.parametrize("kind", ["sync", "async", "plain"])


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the receivers write to."""
    return tmp_path_factory.mktemp("events") / "events"


@pytest.fixture(scope="module")
def server(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory, events: Path
) -> Iterator[Server]:
    """The example site with pages that call the API."""
    own = {"DJANGO_SETTINGS_MODULE": "tests.support.acting", "EVENTS_FILE": str(events)}
    with serve(tmp_path_factory.mktemp("daphne"), {**environment, **own}) as running:
        yield running


@pytest.fixture
async def clients(server: Server, board: str) -> AsyncIterator[Clients]:
    """Opens sockets, on the test's own board, that are closed when the test ends."""
    opened = Clients(server, board)
    yield opened
    await opened.close()


def ask(server: Server, path: str) -> Any:
    """Return what a page of the site answers."""
    with urlopen(f"{server.origin}/{path}", timeout=15) as response:
        return json.loads(response.read())["answer"]


async def act(clients: Clients, kind: str, what: str, *more: str) -> Any:
    """Have a page of the site call a function for the test's board."""
    path = "/".join([kind, what, clients.board, *more])
    return await asyncio.to_thread(ask, clients.server, path if more else f"{path}/")


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_before_anybody_has_connected_nobody_is_here(
    environment: dict[str, str], tmp_path: Path, board: str, kind: str
) -> None:
    own = {**environment, "DJANGO_SETTINGS_MODULE": "tests.support.acting"}
    with serve(tmp_path, own) as fresh:
        assert ask(fresh, f"{kind}/online/{board}/") == 0


@KINDS
async def test_who_is_here(clients: Clients, kind: str) -> None:
    cookie = guest_cookie(clients.server)
    for name, cookies in [("Ada", cookie), ("Ada", cookie), ("Bob", "")]:
        await clients.join(name, cookies=cookies)
    assert await act(clients, kind, "online") == 2
    ada, bob = await act(clients, kind, "people")
    assert (ada["name"], ada["tabs"], ada["state"]) == ("Ada", 2, "active")
    assert (bob["name"], bob["tabs"]) == ("Bob", 1)


@KINDS
async def test_a_removal(clients: Clients, kind: str) -> None:
    cookie = guest_cookie(clients.server)
    tabs = [await clients.join("Ada", cookies=cookie) for _ in range(2)]
    bob = await clients.join("Bob")
    ada = next(p for p in await act(clients, kind, "people") if p["name"] == "Ada")
    begin = time.monotonic()
    assert await act(clients, kind, "remove", ada["key"]) == 2
    assert [await tab.closed() for tab in tabs] == [Close.REMOVED] * 2
    assert time.monotonic() - begin < 1
    assert [tab.messages[-1] for tab in tabs] == [NoticeMessage(Notice.REMOVED, 0)] * 2
    await bob.until(lambda: bob.count == 1, "Ada is gone")
    again = await clients.connect(cookies=cookie)
    await again.send(b"\x03\x00\x00\x03Ada")
    assert await again.closed() == Close.REMOVED


@KINDS
async def test_closed_to_newcomers_and_open_again(clients: Clients, kind: str) -> None:
    ada = await clients.join("Ada")
    await act(clients, kind, "close")
    assert await act(clients, kind, "is_closed") is True
    late = await clients.connect()
    await late.send(b"\x03\x00\x00\x03Bob")
    assert await late.closed() == Close.FORBIDDEN
    await act(clients, kind, "reopen")
    await clients.join("Bob")
    await ada.until(lambda: ada.count == 2, "Bob")


@KINDS
async def test_everybody_connects_anew(clients: Clients, kind: str) -> None:
    cookie = guest_cookie(clients.server)
    ada, bob = await clients.join("Ada", cookies=cookie), await clients.join("Bob")
    await act(clients, kind, "reconnect")
    assert await ada.closed() == await bob.closed() == Close.RESTARTING
    assert ada.messages[-1] == NoticeMessage(Notice.RESTARTING, 3000)
    again = await clients.join("Ada", cookies=cookie)
    assert again.user == ada.user
    assert again.last(Welcome).color == ada.last(Welcome).color


async def test_many_pages_ask_while_people_move(clients: Clients) -> None:
    ada = await clients.join("Ada")
    asked = [act(clients, kind, "online") for kind in ["sync", "async", "plain"] * 10]
    assert await asyncio.gather(*asked) == [1] * 30
    await ada.settle()


def test_a_shell_is_told_what_is_missing(environment: dict[str, str], board: str) -> None:
    code = f"from presence import api; api.online({board!r})"
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", code],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "ImproperlyConfigured: Without PRESENCE['REDIS_URL'] the boards are in" in done.stderr


# Signals


def lines(events: Path, board: str) -> list[list[Any]]:
    """Return what receivers wrote of a board."""
    told = [json.loads(line) for line in events.read_text().splitlines()] if events.exists() else []
    return [what for on, *what in told if on == board]


async def until_told(events: Path, board: str, expected: list[list[Any]]) -> None:
    await asyncio.to_thread(
        eventually,
        lambda: lines(events, board) == expected,
        lambda: f"{expected}, not {lines(events, board)}",
    )


async def test_people_are_told_of_once(clients: Clients, events: Path) -> None:
    cookie = guest_cookie(clients.server)
    tabs = [await clients.join("Ada", cookies=cookie) for _ in range(3)]
    bob = await clients.join("Bob")
    expected = [["joined", "Ada", 1], ["joined", "Bob", 2]]
    await until_told(events, clients.board, expected)
    for tab in tabs:
        await tab.close()
    await bob.until(lambda: bob.count == 1, "Ada left")
    await bob.close()
    expected += [["left", "Ada", 1], ["left", "Bob", 0], ["emptied", "Bob", 0]]
    await until_told(events, clients.board, expected)


async def test_a_slow_and_a_failing_receiver_harm_nobody(clients: Clients, events: Path) -> None:
    ada = await clients.join("Ada")
    begin = time.monotonic()
    for name in ("Faulty", "Slow"):
        await clients.join(name)
    for _ in range(10):
        await ada.settle()
        await asyncio.sleep(POLL)
    assert time.monotonic() - begin < 2.5, "nobody waited for the slow one"
    names = [["joined", name, n] for n, name in enumerate(["Ada", "Faulty", "Slow"], 1)]
    await until_told(events, clients.board, names)
    await clients.join("Last")
    await until_told(events, clients.board, [*names, ["joined", "Last", 4]])
    assert "a receiver's fault" in clients.server.log.read_text()
