"""The socket of the admin's pages, and its feed: a real Daphne, alone and with a real Redis."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from itertools import pairwise
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest
from websockets.exceptions import InvalidStatus

from presence.protocol.codec import encode
from presence.protocol.messages import Dialect, SetState, UserState, Welcome
from tests.support.redis import run_redis
from tests.support.server import Server, serve
from tests.support.staff import VIEW, StaffPages, change, make_people
from tests.support.wire import Clients, cursor

FEED = "/admin/presence_site/board/presence/feed/"
OTHER = "https://www.example.com"


@pytest.fixture(scope="module", params=["alone", "redis"])
def server(
    request: pytest.FixtureRequest,
    environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """The example site, which lets pages of another origin take part, with tokens."""
    folder = tmp_path_factory.mktemp("daphne")
    own = {"DJANGO_SETTINGS_MODULE": "tests.client_facing.sites.embedding", "EMBED_ORIGINS": OTHER}
    with ExitStack() as stack:
        if request.param == "redis":
            own["REDIS_URL"] = stack.enter_context(run_redis(folder)).url
        yield stack.enter_context(serve(folder, {**environment, **own}))


@pytest.fixture(scope="module")
def people(server: Server) -> dict[str, str]:
    """The sessions of those who come."""
    staff = dict.fromkeys(("stan", "demoted", "gone", "inactive", "other", "narrowed"), VIEW)
    return make_people(server, **staff, blind=[], una=None, olga=["view_overview"])


@pytest.fixture
async def pages(server: Server) -> AsyncIterator[StaffPages]:
    """Opens sockets that are closed when the test ends."""
    opened = StaffPages(server)
    yield opened
    await opened.close()


def feed(server: Server, session: str, **said: str) -> tuple[int, Any]:
    """Return the status of the feed, and what it says."""
    query = "&".join(f"{name}={value}" for name, value in said.items())
    headers = {"Cookie": f"sessionid={session}"} if session else {}
    try:
        with urlopen(Request(f"{server.origin}{FEED}?{query}", headers=headers), timeout=10) as got:
            return got.status, json.loads(got.read())
    except HTTPError as error:
        return error.code, json.loads(error.read())


async def test_a_join_and_a_leave_are_told_within_a_second(
    pages: StaffPages, people: dict[str, str], clients: Clients, board: str
) -> None:
    page, nobody = await pages.connect(people["stan"]), str(uuid4())
    await page.watch(rows=[board, nobody])
    await page.until(lambda: page.rows == {board: 0, nobody: None}, "the rows")
    ada = await clients.join("Ada")
    await page.until(lambda: page.rows[board] == 1, "a join", within=1)
    assert page.frames[-1][1] == {"rows": {board: 1}}, "nothing else"
    assert feed(pages.server, people["stan"], rows=board) == (200, {"rows": {board: 1}})
    await ada.close()
    await page.until(lambda: page.rows[board] == 0, "a leave", within=1)


async def test_many_joins_are_a_frame_in_a_quarter_of_a_second(
    pages: StaffPages, people: dict[str, str], clients: Clients, board: str
) -> None:
    page = await pages.connect(people["stan"])
    await page.watch(rows=[board])
    await page.until(lambda: page.rows, "the rows")
    for n in range(20):
        await clients.join(f"Guest {n}")
    await page.until(lambda: page.rows[board] == 20, "all of them")
    times = [time for time, _ in page.frames]
    # Frames leave at the right time, and the network may bring two a little closer.
    assert all(later - before > 0.2 for before, later in pairwise(times)), times


async def test_the_people_of_a_board_and_their_cursors(
    pages: StaffPages, people: dict[str, str], clients: Clients, board: str
) -> None:
    page = await pages.connect(people["stan"])
    await page.watch(board=board)
    empty = {"closed": False, "people": {}, "cursors": {}}
    await page.until(lambda: page.board == empty, "a board")
    ada = await clients.join("Ada")
    await page.until(lambda: len(page.board["people"]) == 1, "a join", within=1)
    ((key, person),) = page.board["people"].items()
    assert (person["name"], person["tabs"], person["state"]) == ("Ada", 1, "active")
    assert person["color"] == "#{:02x}{:02x}{:02x}".format(*ada.last(Welcome).color)
    await ada.send(cursor(1, 65535))
    await page.until(lambda: [*page.board["cursors"].values()] == [[key, 1, 65535]], "a cursor")
    assert page.frames[-1][1]["board"].keys() <= {"cursors", "people"}, "what changed"
    status, told = await asyncio.to_thread(feed, pages.server, people["stan"], board=board)
    assert (status, told["board"]["cursors"]) == (200, page.board["cursors"])
    assert told["board"]["people"][key]["since"] == page.board["people"][key]["since"]
    await ada.send(encode(SetState(UserState.AWAY), Dialect.COMPACT))
    await page.until(lambda: page.board["people"][key]["state"] == "away", "the state")
    await page.until(lambda: page.board["cursors"] == {}, "no cursor")
    await ada.close()
    await page.until(lambda: page.board == empty, "a leave", within=1)


async def test_what_does_not_change_is_not_told(
    pages: StaffPages, people: dict[str, str], clients: Clients, board: str
) -> None:
    page = await pages.connect(people["stan"])
    await page.watch(board=board)
    for n in range(5):
        await clients.join(f"Guest {n}")
    await page.until(lambda: len(page.board.get("people", ())) == 5, "everybody")
    told = len(page.frames)
    await asyncio.sleep(2)  # nothing happens: there is no event to wait for
    assert page.frames[told:] == []


async def test_watching_something_else(
    pages: StaffPages, people: dict[str, str], clients: Clients, board: str
) -> None:
    page, other = await pages.connect(people["stan"]), clients.board
    await page.watch(rows=[])
    await page.watch(rows=[other])
    await page.until(lambda: page.rows == {other: 0}, "the rows")
    await page.watch(rows=[other])
    await page.until(lambda: [f for _, f in page.frames][-2:] == [{"rows": {other: 0}}] * 2, "anew")


@pytest.mark.parametrize(
    ("who", "code", "status"), [("", 4401, 401), ("una", 4403, 403), ("blind", 4403, 403)]
)
async def test_who_may_not_gets_nothing(
    pages: StaffPages, people: dict[str, str], board: str, who: str, code: int, status: int
) -> None:
    session = people.get(who, "")
    for said, asked in (({"rows": [board]}, {"rows": board}), ({"board": board}, {"board": board})):
        page = await pages.connect(session)
        await page.watch(**said)
        assert await page.closed() == code
        assert page.frames == []
        assert await asyncio.to_thread(feed, pages.server, session, **asked) == (status, {})


async def test_of_a_site_or_a_model_that_is_none(
    pages: StaffPages, people: dict[str, str], board: str
) -> None:
    nowhere = {"rows": [], "board": str(uuid4())}
    for said in (
        nowhere,
        {"site": "x"},
        {"model": "x.y"},
        {"model": ""},
        {"model": "presence_site.note"},
    ):
        page = await pages.connect(people["stan"])
        await page.watch(**{"rows": [board], **said})
        assert await page.closed() == 4403, said
        assert page.frames == []


async def test_who_may_no_longer_is_closed_within_five_seconds(
    pages: StaffPages, people: dict[str, str], board: str
) -> None:
    names = ("demoted", "gone", "inactive", "other", "narrowed")
    opened = {name: await pages.connect(people[name]) for name in names}
    for page in opened.values():
        await page.watch(rows=[board])
        await page.until(lambda page=page: page.rows, "the rows")
    server = pages.server
    change(server, "UPDATE auth_user SET is_staff = 0 WHERE username = ?", "demoted")
    change(server, "DELETE FROM django_session WHERE session_key = ?", people["gone"])
    change(server, "UPDATE auth_user SET is_active = 0 WHERE username = ?", "inactive")
    change(server, "UPDATE auth_user SET password = ? WHERE username = ?", uuid4().hex, "other")
    change(
        server,
        "DELETE FROM auth_user_user_permissions WHERE user_id ="
        " (SELECT id FROM auth_user WHERE username = ?)",
        "narrowed",
    )
    codes = await asyncio.gather(*(page.closed(within=5) for page in opened.values()))
    assert dict(zip(names, codes, strict=True)) == {
        "demoted": 4403,
        "gone": 4401,
        "inactive": 4401,
        "other": 4401,
        "narrowed": 4403,
    }


@pytest.mark.parametrize(
    "data",
    [
        "nonsense",
        b'{"rows": []}',
        '{"model": "presence_site.board", "rows": ["x"]}',
        '{"model": "presence_site.board", "sessions": []}',
        json.dumps({"model": "presence_site.board", "rows": [str(uuid4()) for _ in range(1001)]}),
        json.dumps({"model": "x" * 70_000, "overview": True}),
    ],
)
async def test_what_nobody_can_watch_closes(
    pages: StaffPages, people: dict[str, str], board: str, data: str | bytes
) -> None:
    page = await pages.connect(people["stan"])
    await page.send(data)
    assert await page.closed() == 4400
    assert page.frames == []


async def test_who_wishes_all_the_time_is_closed(
    pages: StaffPages, people: dict[str, str], board: str
) -> None:
    page = await pages.connect(people["stan"])
    for _ in range(12):
        await page.watch(rows=[board])
    assert await page.closed() == 4429


async def test_pages_of_other_origins_never(
    pages: StaffPages, people: dict[str, str], board: str
) -> None:
    """Not those that may come onto boards with a token, and not with one."""
    for how in (
        {"origin": OTHER},
        {"origin": OTHER, "subprotocols": ["presence.v1", "presence.token.x"]},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "http://localhost"},
        {"origin": "null"},
        {"origin": None},
        {"subprotocols": ["presence.v1"]},
    ):
        with pytest.raises(InvalidStatus):
            await pages.connect(people["stan"], **how)


async def test_a_server_that_goes_down_says_so(
    pages: StaffPages,
    people: dict[str, str],
    board: str,
    environment: dict[str, str],
    tmp_path: Any,
) -> None:
    with serve(tmp_path, {**pages.server.environment}) as other:
        opened = StaffPages(other)
        page = await opened.connect(people["stan"])
        await page.watch(rows=[board])
        await page.until(lambda: page.rows, "the rows")
        other.process.send_signal(signal.SIGTERM)
        assert await page.closed() == 1012
        await opened.close()
    log = other.log.read_text()
    assert "Traceback" not in log
    assert "Task was destroyed" not in log


async def test_the_overview_is_for_who_may_view_it(
    pages: StaffPages, people: dict[str, str]
) -> None:
    for session, code in (("", 4401), (people["una"], 4403), (people["stan"], 4403)):
        page = await pages.connect(session)
        await page.watch(overview=True)
        assert await page.closed() == code
        assert page.frames == []
    page = await pages.connect(people["olga"])
    await page.watch(overview=True)
    await page.until(lambda: page.frames, "the overview")
    assert page.frames[0][1]["overview"]["store"] is True
