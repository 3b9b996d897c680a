"""Everything that tells how many people there are, held against the truth: one after the other, in
every process that runs."""

import asyncio
import csv
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from uuid import UUID

from presence import api
from presence.admin.busiest import MAX_LISTED
from presence.stats import ahours, aminutes
from tests.support.audit import audit
from tests.support.cluster import Cluster
from tests.support.metrics import scrape
from tests.support.server import Server
from tests.support.staff import StaffPage, StaffPages
from tests.system.people import Crowd
from tests.system.truth import Comparison, Truth

BOARDS = "/admin/presence_site/board/"
OVERVIEW = "/admin/presence/overview/"

ONLINE = re.compile(r'<span class="presence-online" data-board="([^"]+)">([^<]*)</span>')

NOTHING_DIFFERS = re.compile(
    r"Nothing differs: \d+ process(?:es)?, (\d+) boards?, (\d+) sessions?\."
)

LOOKED_FOR = 3
"""Buckets of the history that are looked at: what was kept began two minutes ago at most."""


class Desks:
    """Staff with the list and the overview open, in one page for each process. One whose process
    dies opens the page again through another."""

    def __init__(self, cluster: Cluster, session: str, boards: Sequence[str]) -> None:
        self.pages: list[tuple[int, StaffPage]] = []
        self._cluster = cluster
        self._session = session
        self._boards = boards

    async def open(self, number: int) -> None:
        """Open a page through a process."""
        page = await StaffPages(self._cluster.servers[number]).connect(self._session)
        await page.watch(rows=list(self._boards), overview=True)
        await page.until(lambda: page.rows and page.overview, "the list and the overview")
        self.pages.append((number, page))

    async def bereft(self, number: int) -> None:
        """Open the pages again that were lost with a process."""
        lost = [page for through, page in self.pages if through == number]
        self.pages = [each for each in self.pages if each[0] != number]
        survivor = next(n for n in range(len(self._cluster.servers)) if n != number)
        for page in lost:
            assert await page.closed() == 1006
            await self.open(survivor)

    async def everywhere(self, numbers: Sequence[int]) -> None:
        """Open a page through each process that has none."""
        for number in {*numbers} - {through for through, _ in self.pages}:
            await self.open(number)

    async def close(self) -> None:
        """Close all pages."""
        await asyncio.gather(*(page.close() for _, page in self.pages))


class Surfaces:
    """All that is held against the truth. `session` is of staff who may view everything."""

    def __init__(self, crowd: Crowd, desks: Desks, session: str) -> None:
        self._crowd = crowd
        self._desks = desks
        self._session = session

    async def people(self, truth: Truth) -> Comparison:
        """Compare what people themselves are told, and what the site's own code is."""
        found = Comparison()
        self._overlays(found, truth)
        await _of_api(found, truth)
        complaint = await self._crowd.complaint()
        found.hold("rosters", {"complaint": ""}, {"complaint": complaint})
        return found

    async def now(self, truth: Truth) -> Comparison:
        """Compare all that tells how many people there are now."""
        found = await self.people(truth)
        self._sockets(found, truth)
        for number in truth.pids:
            await asyncio.to_thread(self._of_process, found, truth, number)
        return found

    async def history(self, truth: Truth) -> Comparison:
        """Compare what the history tells of the time since all is calm, in all its forms."""
        found = Comparison()
        for number, pid in truth.pids.items():
            site = Site(self._crowd.cluster.servers[number], self._session)
            await asyncio.to_thread(_plots, found, truth, site, f"process {pid}")
        await _of_history(found, truth)
        return found

    async def audit(self, truth: Truth) -> Comparison:
        """Compare what `presence_audit` says."""
        found = Comparison()
        status, lines = await asyncio.to_thread(audit, self._crowd.cluster.environment)
        said = NOTHING_DIFFERS.fullmatch(lines[-1])
        told = {"boards": int(said[1]), "sessions": int(said[2])} if said else {"lines": lines}
        expected = {"status": 0, "boards": len(truth.busy), "sessions": truth.sessions}
        found.hold("presence_audit", expected, {"status": status, **told})
        return found

    def _overlays(self, found: Comparison, truth: Truth) -> None:
        for board, tabs in truth.boards.items():
            for tab in tabs:
                surface = f"overlay of {tab.name} through process {truth.pids[tab.process]}"
                told = tab.listen().count if tab.client.close_code is None else "closed"
                found.hold(surface, {board: truth.people[board]}, {board: told})

    def _sockets(self, found: Comparison, truth: Truth) -> None:
        for number, page in self._desks.pages:
            surface = f"staff socket of process {truth.pids[number]}"
            found.hold(surface, {"close code": None}, {"close code": page.close_code})
            found.hold(f"{surface}, rows", truth.people, page.rows)
            found.hold(f"{surface}, overview", _overview(truth), _read_overview(page.overview))

    def _of_process(self, found: Comparison, truth: Truth, number: int) -> None:
        server, process = self._crowd.cluster.servers[number], f"process {truth.pids[number]}"
        site = Site(server, self._session)
        _admin(found, truth, site, process)
        visitor = Site(server)
        asked = urlencode([("board", board) for board in truth.boards])
        counts = visitor.json(f"/presence/counts/?{asked}")["counts"]
        found.hold(f"presence/counts of {process}", truth.people, counts)
        metrics = {
            "presence_site_people": truth.total,
            "presence_site_boards": len(truth.busy),
            "presence_sockets": truth.sockets[number],
            "presence_boards": truth.served(number),
        }
        told = scrape(server)
        found.hold(f"/metrics of {process}", metrics, {name: told.get(name) for name in metrics})


class Site:
    """The pages of one process, as whoever a session is of sees them."""

    def __init__(self, server: Server, session: str = "") -> None:
        self._origin = server.origin
        self._headers = {"Cookie": f"sessionid={session}"} if session else {}

    def text(self, path: str) -> str:
        """Return a page."""
        request = Request(f"{self._origin}{path}", headers=self._headers)
        with urlopen(request, timeout=15) as response:
            return str(response.read().decode())

    def json(self, path: str) -> Any:
        """Return what a page says in JSON."""
        return json.loads(self.text(path))

    def online(self, query: str) -> dict[str, str]:
        """Return the column of people of the admin's list."""
        return dict(ONLINE.findall(self.text(f"{BOARDS}?{query}")))


def _admin(found: Comparison, truth: Truth, site: Site, process: str) -> None:
    # Other tests leave boards behind, more than a page has.
    ours = f"id__in={','.join(truth.boards)}"
    listed = site.online(ours)
    found.hold(f"admin's list of {process}", _texts(truth.people), listed)
    some = site.online(f"{ours}&people_now=some")
    found.hold(f"admin's list of boards with people, of {process}", _texts(truth.busy), some)
    feed = site.json(f"{BOARDS}presence/feed/?rows={','.join(truth.boards)}")
    found.hold(f"admin's feed of {process}", truth.people, feed["rows"])
    overview = site.json(f"{OVERVIEW}feed/?overview=1")["overview"]
    found.hold(f"overview's feed of {process}", _overview(truth), _read_overview(overview))
    panels = {b: site.json(f"{BOARDS}presence/feed/?board={b}")["board"] for b in truth.boards}
    told = {
        board: sorted(
            (person["name"], person["tabs"], sorted(map(_pid, person["processes"])))
            for person in panel["people"].values()
        )
        for board, panel in panels.items()
    }
    found.hold(f"admin's panels of {process}", {b: truth.persons(b) for b in panels}, told)


def _plots(found: Comparison, truth: Truth, site: Site, process: str) -> None:
    """Compare the history as the overview plots it and as it is downloaded."""
    for board, people in {"": truth.total, **truth.people}.items():
        asked = urlencode({"span": "minutes", "count": LOOKED_FOR, "board": board})
        plot = site.json(f"{OVERVIEW}history/?{asked}")
        _looks(
            found,
            f"plot of {process}",
            board,
            people,
            [*zip(plot["people"], plot["peak"], strict=True)],
        )
    rows = csv.DictReader(site.text("/presence/history/minutes.csv").splitlines())
    seen = [(float(row["people"]), int(row["peak"])) for row in rows if row["peak"]]
    _looks(found, f"history as CSV of {process}", "", truth.total, seen)


async def _of_api(found: Comparison, truth: Truth) -> None:
    """Compare what the site's code is told, in a process that serves nobody."""
    boards = [*truth.boards]
    found.hold("api.counts", truth.people, _by_text(await api.acounts(boards)))
    found.hold("api.census", truth.busy, _by_text(await api.acensus()))
    found.hold("api.census among boards", truth.busy, _by_text(await api.acensus(boards)))
    here = dict(zip(boards, await asyncio.gather(*map(api.apeople, boards)), strict=True))
    told = {
        board: sorted((p.name, p.tabs, sorted(map(_pid, p.processes))) for p in people)
        for board, people in here.items()
    }
    found.hold("api.people", {board: truth.persons(board) for board in boards}, told)


async def _of_history(found: Comparison, truth: Truth) -> None:
    for board, people in {None: truth.total, **truth.people}.items():
        for span, read in (("minutes", aminutes), ("hours", ahours)):
            points = await read(board and UUID(board), LOOKED_FOR)
            seen = [(point.people, point.peak) for point in points]
            _looks(found, f"history, {span}", board or "", people, seen)


def _looks(
    found: Comparison, surface: str, board: str, people: int, seen: Sequence[tuple[Any, Any]]
) -> None:
    """Compare averages and peaks of a history that began when all was calm: there is one, and in
    each all is as now."""
    looks = [look for look in seen if look != (None, None)]
    what = board or "all boards"
    found.hold(surface, {what: [(people, people)] * max(1, len(looks))}, {what: looks})


def _overview(truth: Truth) -> dict[str, object]:
    processes: dict[str, object] = {}
    for number, pid in truth.pids.items():
        processes |= _process(pid, truth.sockets[number], truth.served(number))
    metrics = {"people": truth.total, "boards": len(truth.busy), "store": True}
    sockets = sum(truth.sockets.values())
    return {**metrics, "sockets": sockets, "busiest": truth.busiest(MAX_LISTED), **processes}


def _read_overview(said: Mapping[str, Any]) -> dict[str, object]:
    processes: dict[str, object] = {}
    for each in said["processes"]:
        processes |= _process(_pid(each["process"]), each["sockets"], each["boards"])
    metrics = {name: said[name] for name in ("people", "boards", "store", "sockets")}
    busiest = [(each["board"], each["people"]) for each in said["busiest"]]
    return {**metrics, "busiest": busiest, **processes}


def _process(pid: int, sockets: int, boards: int) -> dict[str, object]:
    return {f"sockets of process {pid}": sockets, f"boards of process {pid}": boards}


def _by_text(counts: Mapping[UUID, int]) -> dict[str, int]:
    return {str(board): people for board, people in counts.items()}


def _texts(counts: Mapping[str, int]) -> dict[str, str]:
    return {board: str(people) for board, people in counts.items()}


def _pid(process: str) -> int:
    """Return the id of a process from its name: host, id and a random part."""
    return int(process.split(":")[-2])
