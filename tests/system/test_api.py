"""`presence.api` and the signals: an action through any process takes effect in all of them, and
each signal is sent once.

What each function does, and its errors, is tested in tests/django and tests/server.
"""

import asyncio
import json
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import UUID

import pytest

from presence import api
from presence.protocol.errors import Close, Notice
from presence.protocol.messages import NoticeMessage
from presence.store.base import Timing
from tests.support.accounts import guest_cookie
from tests.support.clients import Clients, joining
from tests.support.server import Server, with_settings
from tests.support.waiting import DEADLINE, SPARE, eventually
from tests.system.conftest import settings_of
from tests.system.crowd import Crowd, agreed


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the receivers of all processes write to."""
    file = tmp_path_factory.mktemp("events") / "events"
    file.touch()
    return file


@pytest.fixture(scope="module")
def site(environment: dict[str, str], timing: Timing, events: Path) -> dict[str, str]:
    """The environment of a site with pages that call the API, and with receivers."""
    return with_settings(
        {**environment, "EVENTS_FILE": str(events)},
        PRESENCE=settings_of(timing),
        ROOT_URLCONF="tests.support.api_urls",
    )


async def until_told(events: Path, board: str, expected: list[list[Any]]) -> None:
    """Wait until receivers have got exactly these signals of a board, in any order."""

    def told() -> list[list[Any]]:
        lines = [json.loads(line) for line in events.read_text().splitlines()]
        return sorted(what for on, *what in lines if on == board)

    await asyncio.to_thread(eventually, lambda: told() == sorted(expected), lambda: f"{told()}")


async def call(server: Server | None, kind: str, name: str, board: str, *more: str) -> Any:
    """Call a function for a board: in a view of a process, or without one in the tests' own."""
    if server is None:
        answer = await getattr(api, f"a{name}")(board, *more)
        return [*map(asdict, answer)] if isinstance(answer, list) else answer
    path = "/".join([kind, name, board, *more]) + ("" if more else "/")

    def ask() -> Any:
        with urlopen(f"{server.origin}/{path}", timeout=DEADLINE) as answer:
            return json.loads(answer.read())["answer"]

    return await asyncio.to_thread(ask)


async def refusal(clients: Clients, cookies: str) -> int:
    """Return the close code that a newcomer gets."""
    asking = await clients.connect(cookies=cookies)
    await asking.send(joining("Ada"))
    return await asking.closed()


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("kind", ["sync", "async", ""])
async def test_what_staff_do_happens_in_every_process(crowd: Crowd, board: str, kind: str) -> None:
    """Through a process that serves nobody on the board, or ("") the tests' own."""
    server = crowd.cluster.servers[2] if kind else None
    cookies = guest_cookie()
    tabs = [await crowd.join(n % 2, board, "Ada", cookies) for n in range(4)]
    others = [await crowd.join(n, board, f"B{n}") for n in range(2)]
    await crowd.agree()

    here = await call(server, kind, "people", board)
    assert [(p["name"], p["tabs"], len(p["processes"])) for p in here] == [
        ("Ada", 4, 2),
        ("B0", 1, 1),
        ("B1", 1, 1),
    ]
    assert await call(server, kind, "online", board) == 3

    await call(server, kind, "close", board)
    for number in range(3):
        newcomer = crowd.cluster.clients(number, board)
        assert await refusal(newcomer, guest_cookie()) == Close.FORBIDDEN
    await tabs[0].snap()
    crowd.gone(tabs[0])
    # Through another process they might join before the first one knows that the socket broke.
    again = await crowd.join(0, board, "Ada", cookies)
    assert again.user == tabs[0].user, "people of the board may come back"
    await call(server, kind, "reopen", board)
    others.append(await crowd.join(2, board, "B2"))
    await crowd.agree()

    began = time.monotonic()
    tabs = [*tabs[1:], again]
    assert await call(server, kind, "remove", board, here[0]["key"]) == 4
    assert await asyncio.gather(*(tab.closed() for tab in tabs)) == [Close.REMOVED] * 4
    assert time.monotonic() - began < 1 + SPARE
    assert {tab.messages[-1] for tab in tabs} == {NoticeMessage(Notice.REMOVED, 0)}
    crowd.gone(*tabs)
    await crowd.agree()
    for number in range(3):
        assert await refusal(crowd.cluster.clients(number, board), cookies) == Close.REMOVED

    await call(server, kind, "reconnect", board)
    codes = await asyncio.gather(*(person.closed() for person in others))
    assert codes == [Close.RESTARTING] * 3
    crowd.gone(*others)


async def test_each_signal_is_sent_once(crowd: Crowd, board: str, events: Path) -> None:
    cookies = guest_cookie()
    tabs = [await crowd.join(n, board, "Ada", cookies) for n in range(3)]
    lost = [await crowd.join(0, board, f"B{n}") for n in range(2)]
    await crowd.agree()
    expected = [["joined", "Ada", 1], ["joined", "B0", 2], ["joined", "B1", 3]]
    await until_told(events, board, expected)
    crowd.cluster.kill(0)
    crowd.gone(*lost, tabs[0])
    await crowd.agree()
    for tab in tabs[1:]:
        await tab.leave()
        crowd.gone(tab)
    left = [["left", "B0", 1], ["left", "B1", 1], ["left", "Ada", 0], ["emptied", "Ada", 0]]
    await until_told(events, board, [*expected, *left])


@pytest.mark.usefixtures("shared")
async def test_where_somebody_is(crowd: Crowd, boards: list[str]) -> None:
    cookies, (here, there, lost) = guest_cookie(), boards
    tabs = [await crowd.join(n, board, "Ada", cookies) for n, board in ((0, here), (1, there))]
    await crowd.join(2, lost, "Ada", cookies)
    bob = await crowd.join(0, here, "Bob")
    await crowd.agree()
    ada = (await api.apeople(lost))[0].key

    async def on(*expected: str) -> None:
        """Wait until every process knows where Ada is."""

        async def complaint() -> str:
            for kind in ("sync", "async"):
                server = crowd.cluster.servers[0]
                told = await call(server, kind, "where", f"of/{ada}")
                if sorted(told) != sorted(expected):
                    return f"{kind}: {told}"
            return "" if await api.ais_online(ada) is bool(expected) else "is_online"

        await agreed(complaint)

    await on(here, there, lost)
    # A process dies: its people are off with the end of its lease and their grace.
    crowd.cluster.kill(2)
    crowd.pop(2)
    await on(here, there)
    # A reload: the tab's socket is closed without LEAVE, and it is on the board meanwhile.
    await tabs[0].close()
    crowd.gone(tabs[0])
    assert here in map(str, await api.awhere(ada))
    tabs[0] = await crowd.join(1, here, "Ada", cookies)
    await on(here, there)

    assert await call(crowd.cluster.servers[0], "sync", "disconnect", f"of/{ada}") == 2
    assert await asyncio.gather(*(tab.closed() for tab in tabs)) == [Close.REMOVED] * 2
    crowd.gone(*tabs)
    await on()
    last_seen = await api.alast_seen(ada)
    assert last_seen is not None
    assert datetime.now(UTC) - last_seen < timedelta(seconds=DEADLINE)
    await crowd.agree()
    assert await api.awhere((await api.apeople(here))[0]) == [UUID(here)]
    assert bob.close_code is None


async def test_one_process_without_redis(server: Server, clients: Clients, events: Path) -> None:
    """Views call it before anybody has connected, and while people are on the board."""
    for kind in ("sync", "async"):
        assert await call(server, kind, "online", clients.board) == 0
    ada, bob = await clients.join("Ada"), await clients.join("Bob")
    asked = [call(server, kind, "online", clients.board) for kind in ("sync", "async") * 10]
    assert await asyncio.gather(*asked) == [2] * 20
    ada_told, _ = await call(server, "sync", "people", clients.board)
    assert await call(server, "sync", "remove", clients.board, ada_told["key"]) == 1
    assert await ada.closed() == Close.REMOVED
    await bob.until(lambda: bob.count == 1, "Ada is gone")
    expected = [["joined", "Ada", 1], ["joined", "Bob", 2], ["left", "Ada", 1]]
    await until_told(events, clients.board, expected)
