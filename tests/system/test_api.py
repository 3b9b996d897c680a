"""What staff do through one process, or through none, happens in all; and signals are sent once."""

import asyncio
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from presence import api
from presence.checks import LAYER
from presence.protocol.codec import encode
from presence.protocol.errors import Close, Notice
from presence.protocol.messages import Dialect, Join, NoticeMessage
from tests.support.cluster import Cluster, run_cluster
from tests.support.own import close_own
from tests.support.redis import RedisServer
from tests.support.waiting import eventually
from tests.system.people import Crowd, Person, guest_cookie

JOIN = encode(Join(0, "Ada"), Dialect.COMPACT)

WAYS = pytest.mark.parametrize("way", ["none", "sync", "async"])
"""In a process that serves nobody (the tests'), or in a view of one of the three."""


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the receivers of all processes write to."""
    return tmp_path_factory.mktemp("events") / "events"


@pytest.fixture(scope="module")
def processes(
    environment: dict[str, str],
    redis: RedisServer,
    tmp_path_factory: pytest.TempPathFactory,
    events: Path,
) -> Iterator[Cluster]:
    """Three processes with pages that call the API, and receivers that write down."""
    own, settings = {**environment, "EVENTS_FILE": str(events)}, "tests.support.acting"
    folder = tmp_path_factory.mktemp("cluster")
    with run_cluster(folder, own, redis.url, 3, settings) as running:
        yield running


@pytest.fixture
def shared(settings: Any, redis: RedisServer) -> Iterator[None]:
    """Have the tests' own process be one of the site's that serves nobody."""
    settings.PRESENCE = {**settings.PRESENCE, "REDIS_URL": redis.url}
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": LAYER, "CONFIG": {"hosts": [redis.url]}}}
    yield
    close_own()


async def act(cluster: Cluster, way: str, what: str, board: str, *more: str) -> Any:
    """Call a function of the API for a board."""
    if way == "none":
        return await getattr(api, f"a{what}")(board, *more)
    # Each of the processes in turn: those with the person, and the one without.
    path = "/".join([way, what, board, *more]) + ("" if more else "/")
    url = f"{cluster.servers[random.randrange(3)].origin}/{path}"
    return json.loads(await asyncio.to_thread(lambda: urlopen(url, timeout=15).read()))["answer"]


async def tabs_everywhere(crowd: Crowd, board: str) -> tuple[list[Person], list[Person], str]:
    """Put Ada on a board with two tabs in each process, and one other person in each; return her
    tabs, the others, and her cookie."""
    cookie = guest_cookie()
    tabs = [await crowd.join(n % 3, board, "Ada", cookie) for n in range(6)]
    others = [await crowd.join(n, board, f"B{n}") for n in range(3)]
    await crowd.agree()
    return tabs, others, cookie


async def refusal(crowd: Crowd, process: int, board: str, cookie: str) -> int:
    """Return the code with which somebody who asks to join is sent away."""
    asking = await crowd.cluster.clients(process, board).connect(cookies=cookie)
    await asking.send(JOIN)
    return await asking.closed()


async def key_of(cluster: Cluster, board: str, name: str) -> str:
    """Return the key of a person, as staff see it."""
    return next(p["key"] for p in await act(cluster, "sync", "people", board) if p["name"] == name)


@WAYS
@pytest.mark.usefixtures("shared")
async def test_every_tab_closes_in_every_process_within_a_second(
    crowd: Crowd, board: str, way: str
) -> None:
    tabs, others, cookie = await tabs_everywhere(crowd, board)
    key = await key_of(crowd.cluster, board, "Ada")
    begin = time.monotonic()
    assert await act(crowd.cluster, way, "remove", board, key) == 6
    codes = await asyncio.gather(*(tab.client.closed() for tab in tabs))
    took = time.monotonic() - begin
    assert codes == [Close.REMOVED] * 6
    assert took < 1
    assert {tab.client.messages[-1] for tab in tabs} == {NoticeMessage(Notice.REMOVED, 0)}
    crowd.gone(*tabs)
    await crowd.agree()
    assert [other.count for other in others] == [3, 3, 3]
    for process in range(3):
        assert await refusal(crowd, process, board, cookie) == Close.REMOVED


@WAYS
@pytest.mark.usefixtures("shared")
async def test_a_board_is_closed_to_newcomers_of_every_process(
    crowd: Crowd, board: str, way: str
) -> None:
    tabs, _, cookie = await tabs_everywhere(crowd, board)
    await act(crowd.cluster, way, "close", board)
    for process in range(3):
        assert await refusal(crowd, process, board, guest_cookie()) == Close.FORBIDDEN
    await tabs[0].client.snap()
    crowd.gone(tabs[0])
    again = await crowd.join(1, board, "Ada", cookie)
    assert again.user == tabs[0].user
    await act(crowd.cluster, way, "reopen", board)
    await crowd.join(2, board, "Late")
    await crowd.agree()


@WAYS
@pytest.mark.usefixtures("shared")
async def test_everybody_of_every_process_connects_anew(crowd: Crowd, board: str, way: str) -> None:
    tabs, others, _ = await tabs_everywhere(crowd, board)
    await act(crowd.cluster, way, "reconnect", board)
    codes = await asyncio.gather(*(person.client.closed() for person in [*tabs, *others]))
    assert codes == [Close.RESTARTING] * 9
    crowd.gone(*tabs, *others)


@WAYS
@pytest.mark.usefixtures("shared")
async def test_who_is_here_over_all_processes(crowd: Crowd, board: str, way: str) -> None:
    await tabs_everywhere(crowd, board)
    here = await act(crowd.cluster, way, "people", board)
    told = [
        (p["name"], p["tabs"], p["state"], len(p["processes"]))
        if isinstance(p, dict)
        else (p.name, p.tabs, p.state, len(p.processes))
        for p in here
    ]
    assert told[0] == ("Ada", 6, "active", 3)
    assert sorted(told[1:]) == [(f"B{n}", 1, "active", 1) for n in range(3)]
    assert await act(crowd.cluster, way, "online", board) == len(here) == 4


@pytest.mark.usefixtures("shared")
async def test_sync_code_of_a_process_that_serves_nobody(crowd: Crowd, board: str) -> None:
    await tabs_everywhere(crowd, board)
    counted = await asyncio.gather(*(asyncio.to_thread(api.online, board) for _ in range(10)))
    assert counted == [4] * 10


async def test_signals_are_sent_once_over_all_processes(
    crowd: Crowd, board: str, events: Path
) -> None:
    tabs, others, _ = await tabs_everywhere(crowd, board)
    for person in [*tabs[1:], *others, tabs[0]]:
        await person.client.close()
        crowd.gone(person)
        await crowd.agree()
    expected = [
        ["joined", "Ada", 1],
        *(["joined", f"B{n}", n + 2] for n in range(3)),
        *(["left", f"B{n}", 3 - n] for n in range(3)),
        ["left", "Ada", 0],
        ["emptied", "Ada", 0],
    ]

    def told() -> list[list[Any]]:
        lines = [json.loads(line) for line in events.read_text().splitlines()]
        return [what for on, *what in lines if on == board]

    await asyncio.to_thread(
        eventually, lambda: sorted(told()) == sorted(expected), lambda: f"{told()}"
    )


async def test_people_of_a_process_that_is_killed_leave_once(
    crowd: Crowd, board: str, events: Path
) -> None:
    ada, dee = await crowd.join(0, board, "Ada"), await crowd.join(0, board, "Dee")
    await crowd.join(1, board, "Bob")
    await crowd.join(2, board, "Cy")
    await crowd.agree()
    crowd.cluster.kill(0)
    crowd.gone(ada, dee)
    await crowd.agree(within=20)

    def told() -> list[str]:
        lines = [json.loads(line) for line in events.read_text().splitlines()]
        return sorted(name for on, what, name, _ in lines if (on, what) == (board, "left"))

    await asyncio.to_thread(eventually, lambda: told() == ["Ada", "Dee"], lambda: f"{told()}")
