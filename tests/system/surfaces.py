"""Everything that tells how many people there are, compared with the truth in every process."""

import asyncio
import csv
import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from uuid import UUID

from presence import api
from presence.admin.busiest import MAX_LISTED
from presence.stats import ahours, aminutes
from presence.store.redis.records import unescape
from tests.support.audit import audit
from tests.support.clients import Client, Clients, StaffPage
from tests.support.metrics import scrape
from tests.support.server import Server
from tests.support.waiting import DEADLINE
from tests.system.crowd import Crowd

BOARDS = "/admin/presence_site/board/"
OVERVIEW = "/admin/presence/overview/"
ONLINE = re.compile(r'<span class="presence-online" data-board="([^"]+)">([^<]*)</span>')
NOTHING_DIFFERS = re.compile(
    r"Nothing differs: \d+ process(?:es)?, (\d+) boards?, (\d+) sessions?\."
)

LETTERS = 8
"""Letters of a name that are compared. An older process may know fewer of it, and of a person with
several tabs it depends on chance which one is asked."""

BUCKETS = 3
"""Buckets of the history that are read: what is kept began two minutes ago at most."""


@dataclass(frozen=True, slots=True)
class Truth:
    """Who is where, according to the test itself.

    `boards` has the living sockets of each board, `open` all that are open, those included that
    left their board.
    """

    boards: Mapping[str, Sequence[Client]]
    servers: Sequence[Server]
    open: Sequence[Client]

    @property
    def people(self) -> dict[str, int]:
        """The number of persons on each board."""
        return {board: len({tab.person for tab in tabs}) for board, tabs in self.boards.items()}

    @property
    def busy(self) -> dict[str, int]:
        """The same for boards that are not empty."""
        return {board: people for board, people in self.people.items() if people}

    @property
    def total(self) -> int:
        """The number of people; somebody on two boards counts twice."""
        return sum(self.people.values())

    @property
    def sessions(self) -> int:
        """The number of sockets that are on a board."""
        return sum(map(len, self.boards.values()))

    def sockets(self, server: Server) -> int:
        """Return the number of open sockets of a process."""
        return sum(client.server is server for client in self.open)

    def served(self, server: Server) -> int:
        """Return the number of boards on which a process serves somebody."""
        return sum(any(tab.server is server for tab in tabs) for tabs in self.boards.values())

    def persons(self, board: str) -> list[tuple[str, int, list[int]]]:
        """Return who is on a board: name, number of tabs, ids of the processes."""
        tabs_of: dict[object, list[Client]] = defaultdict(list)
        for tab in self.boards[board]:
            tabs_of[tab.person].append(tab)
        return sorted(
            (tabs[0].name[:LETTERS], len(tabs), sorted({tab.server.process.pid for tab in tabs}))
            for tabs in tabs_of.values()
        )

    def overview(self) -> dict[str, Any]:
        """Return what the overview shows."""
        busiest = sorted(self.busy.items(), key=lambda each: (-each[1], UUID(each[0])))[:MAX_LISTED]
        return {
            "people": self.total,
            "boards": len(self.busy),
            "sockets": len(self.open),
            "store": True,
            "busiest": busiest,
            **{f"process {s.process.pid}": (self.sockets(s), self.served(s)) for s in self.servers},
        }


Told = list[tuple[str, dict[str, Any], dict[str, Any]]]
"""What was compared: the surface, all that is expected of it, all that it told."""


def differences(told: Told) -> list[str]:
    """Return each difference in words."""
    return [
        f"{surface}: {what}: expected {expected.get(what)!r}, told {said.get(what)!r}"
        for surface, expected, said in told
        for what in sorted({*expected, *said})
        if expected.get(what, "nothing") != said.get(what, "nothing")
    ]


def fetch(server: Server, path: str, session: str = "") -> str:
    """Return a page of a process, as the owner of a session sees it."""
    headers = {"Cookie": f"sessionid={session}"} if session else {}
    with urlopen(Request(f"{server.origin}{path}", headers=headers), timeout=DEADLINE) as response:
        return str(response.read().decode())


class Surfaces:
    """Everything that is compared.

    `session` belongs to staff who may view everything; `pages` are their sockets, one to each
    process, with the list and the overview open.
    """

    def __init__(self, crowd: Crowd, session: str) -> None:
        self.pages: list[StaffPage] = []
        self._crowd = crowd
        self._session = session
        self._stack = AsyncExitStack()

    async def open_pages(self, boards: Sequence[str]) -> None:
        """Open a page of the admin through each process that has none."""
        self.pages = [page for page in self.pages if page.server in self._crowd.cluster.servers]
        having = [page.server for page in self.pages]
        for server in self._crowd.cluster.servers:
            if server not in having:
                clients = Clients(server)
                self._stack.push_async_callback(clients.close)
                page = await clients.staff(self._session)
                await page.subscribe(rows=list(boards), overview=True)
                await page.until(
                    lambda page=page: page.rows and page.overview, "the list and the overview"
                )
                self.pages.append(page)

    async def close(self) -> None:
        """Close the pages."""
        await self._stack.aclose()

    async def people(self, truth: Truth) -> Told:
        """Compare what visitors and the site's own code are told."""
        visitors = ("visitors", {"": ""}, {"": await self._crowd.complaint()})
        return [visitors, *await _api(truth), await self._where(truth)]

    async def _where(self, truth: Truth) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """Compare where people are, those included whom the store remembers, with who is on each
        board."""
        boards_of: dict[str, Any] = defaultdict(list)
        for board in sorted(truth.boards):
            for person in await api.apeople(board, states=False):
                boards_of[person.key].append(board)
        names = f"{self._crowd.store.keys.processes[0]}:person:"
        for key in await self._crowd.store.client.command("KEYS", f"{names}*"):
            boards_of[unescape(key.removeprefix(names.encode()))] += ()
        told = await asyncio.gather(*map(api.awhere, boards_of))
        where = {key: [*map(str, on)] for key, on in zip(boards_of, told, strict=True)}
        return "api.where", dict(boards_of), where

    async def now(self, truth: Truth) -> Told:
        """Compare all that tells how many people there are now."""
        told = await self.people(truth)
        for page in self.pages:
            surface = f"staff socket of {page.server.process.pid}"
            told.append((surface, {"close code": None}, {"close code": page.close_code}))
            told.append((f"{surface}, rows", truth.people, page.rows))
            told.append((f"{surface}, overview", truth.overview(), _overview(page.overview)))
        for server in truth.servers:
            told += await asyncio.to_thread(_process, truth, server, self._session)
        return told

    async def history(self, truth: Truth) -> Told:
        """Compare the history since the end of the traffic, in all its forms."""
        told: Told = []
        for server in truth.servers:
            told += await asyncio.to_thread(_plots, truth, server, self._session)
        for board, people in {None: truth.total, **truth.people}.items():
            for span, read in (("minutes", aminutes), ("hours", ahours)):
                points = await read(board and UUID(board), BUCKETS)
                seen = [(point.people, point.peak) for point in points]
                told.append(_samples(f"history, {span}", board or "", people, seen))
        return told

    async def audit(self, truth: Truth) -> Told:
        """Compare what `presence_audit` says."""
        status, lines = await asyncio.to_thread(audit, self._crowd.cluster.environment)
        said = NOTHING_DIFFERS.fullmatch(lines[-1])
        told = {"boards": int(said[1]), "sessions": int(said[2])} if said else {"lines": lines}
        expected = {"status": 0, "boards": len(truth.busy), "sessions": truth.sessions}
        return [("presence_audit", expected, {"status": status, **told})]


async def _api(truth: Truth) -> Told:
    """Compare `presence.api` in a process that serves no sockets."""
    boards = [*truth.boards]
    here = await asyncio.gather(*map(api.apeople, boards))
    told = {
        board: sorted((p.name[:LETTERS], p.tabs, sorted(map(_pid, p.processes))) for p in people)
        for board, people in zip(boards, here, strict=True)
    }
    return [
        ("api.counts", truth.people, _by_text(await api.acounts(boards))),
        ("api.census", truth.busy, _by_text(await api.acensus())),
        ("api.census among boards", truth.busy, _by_text(await api.acensus(boards))),
        ("api.people", {board: truth.persons(board) for board in boards}, told),
    ]


def _process(truth: Truth, server: Server, session: str) -> Told:
    """Compare the pages and the metrics of one process."""

    def feed(path: str) -> Any:
        return json.loads(fetch(server, path, session))

    def listed(query: str) -> dict[str, str]:
        return dict(ONLINE.findall(fetch(server, f"{BOARDS}?{query}", session)))

    process = f"process {server.process.pid}"
    # Other tests leave boards behind, more than a page of the list has.
    ours = f"id__in={','.join(truth.boards)}"
    texts = {board: str(people) for board, people in truth.people.items()}
    busy = {board: str(people) for board, people in truth.busy.items()}
    rows = feed(f"{BOARDS}presence/feed/?rows={','.join(truth.boards)}")["rows"]
    overview = feed(f"{OVERVIEW}feed/?overview=1")["overview"]
    panels = {b: feed(f"{BOARDS}presence/feed/?board={b}")["board"] for b in truth.boards}
    persons = {
        board: sorted(
            (person["name"][:LETTERS], person["tabs"], sorted(map(_pid, person["processes"])))
            for person in panel["people"].values()
        )
        for board, panel in panels.items()
    }
    asked = urlencode([("board", board) for board in truth.boards])
    counts = json.loads(fetch(server, f"/presence/counts/?{asked}"))["counts"]
    metrics = {
        "presence_site_people": truth.total,
        "presence_site_boards": len(truth.busy),
        "presence_sockets": truth.sockets(server),
        "presence_boards": truth.served(server),
    }
    samples = scrape(server)
    return [
        (f"admin's list of {process}", texts, listed(ours)),
        (f"filtered list of {process}", busy, listed(f"{ours}&people_now=some")),
        (f"admin's feed of {process}", truth.people, rows),
        (f"overview's feed of {process}", truth.overview(), _overview(overview)),
        (f"panels of {process}", {board: truth.persons(board) for board in panels}, persons),
        (f"presence/counts of {process}", truth.people, counts),
        (f"/metrics of {process}", metrics, {name: samples.get(name) for name in metrics}),
    ]


def _plots(truth: Truth, server: Server, session: str) -> Told:
    """Compare the history as the overview plots it and as it is downloaded."""
    told: Told = []
    for board, people in {"": truth.total, **truth.people}.items():
        asked = urlencode({"span": "minutes", "count": BUCKETS, "board": board})
        plot = json.loads(fetch(server, f"{OVERVIEW}history/?{asked}", session))
        seen = [*zip(plot["people"], plot["peak"], strict=True)]
        told.append(_samples("plot", board, people, seen))
    table = fetch(server, "/presence/history/minutes.csv", session).splitlines()
    rows = [row for row in csv.DictReader(table) if row["peak"]]
    seen = [(float(row["people"]), int(row["peak"])) for row in rows]
    return [*told, _samples("history as CSV", "", truth.total, seen)]


def _samples(
    surface: str, board: str, people: int, seen: Sequence[tuple[Any, Any]]
) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Compare averages and peaks: there is at least one of each, and all are the current number."""
    samples = [sample for sample in seen if sample != (None, None)]
    what = board or "all boards"
    return surface, {what: [(people, people)] * max(1, len(samples))}, {what: samples}


def _overview(said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: said[name] for name in ("people", "boards", "sockets", "store")},
        "busiest": [(each["board"], each["people"]) for each in said["busiest"]],
        **{
            f"process {_pid(each['process'])}": (each["sockets"], each["boards"])
            for each in said["processes"]
        },
    }


def _by_text(counts: Mapping[UUID, int]) -> dict[str, int]:
    return {str(board): people for board, people in counts.items()}


def _pid(process: str) -> int:
    """Return the id of a process from its name: host, id and a random part."""
    return int(process.split(":")[-2])
