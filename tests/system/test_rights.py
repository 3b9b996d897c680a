"""Real processes end the sockets of those who lose a right, in every way there is: two Daphnes, and
a gunicorn that serves pages only, in which all of it happens. A thousand others stay meanwhile.

`presence.server.rechecks` says when sockets are asked about; tests/django has each way by itself.
"""

import asyncio
import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from urllib.parse import quote

import pytest

from presence.protocol.messages import NoticeMessage
from tests.support.clients import Client, Clients
from tests.support.insides import turn
from tests.support.loop import LoopThread
from tests.support.redis import RedisServer
from tests.support.server import Server, manage, serve, site_environment
from tests.support.visitor import Visitor

logger = logging.getLogger(__name__)

ORIGIN = "https://www.example.com"
CROWD = 1000
CROWD_BOARDS = 20
CROWD_PEOPLE = 100
WITHIN = 15.0
"""Seconds within which a change is felt: 5, and more where the machine has other work."""

RECHECK_EVERY = 3

STALL = 20.0
"""Milliseconds of CPU that no turn of an event loop may take."""

PREPARE = """
from django.core.management import call_command
call_command("migrate", run_syncdb=True, verbosity=0)
"""


@dataclass
class Site:
    """Processes of one site: `daphnes` serve sockets, `worker` pages only."""

    daphnes: list[Server]
    worker: Server
    loop: LoopThread
    clients: list[Clients] = field(default_factory=list)

    def sign_in(self, name: str) -> Visitor:
        """Return somebody who is signed in, by the worker."""
        visitor = Visitor(self.worker.origin)
        assert visitor.get(f"/sign-in/{quote(name)}/").status == 200
        return visitor

    def make(self, **asks: object) -> str:
        """Make a plan, and return its reference."""
        query = {name: str(value) for name, value in asks.items() if value}
        return f"rights.plan:{Visitor(self.worker.origin).get('/make/', **query).text}"

    def lose(self, way: str, visitor: Visitor, name: str, plan: str) -> None:
        """Do what costs somebody a right, in the worker."""
        answer = visitor.get(f"/lose/{quote(way)}/{quote(name)}/{plan.partition(':')[2]}/")
        assert answer.status == 200, answer.text

    def open(self, plan: str, visitor: Visitor | None, *, token: str = "") -> list[Client]:
        """Open a socket in each Daphne, and join."""

        async def join() -> list[Client]:
            how = {"cookies": visitor.cookie} if visitor and not token else {}
            joined = []
            for clients in self.clients:
                offered = ("presence.v1", *([f"presence.token.{token}"] if token else []))
                origin = ORIGIN if token else clients.server.origin
                more = {"subprotocols": offered, "origin": origin}
                joined.append(await clients.join("Guest", board=plan, **how, **more))
            return joined

        return self.loop.run(join())

    def token(self, plan: str, visitor: Visitor) -> str:
        """Return a token of somebody for pages of `ORIGIN`."""
        answer = visitor.get(f"/presence/token/{plan}/", {"Origin": ORIGIN})
        token: str = json.loads(answer.text)["token"]
        return token

    def end_of(self, sockets: list[Client], within: float) -> set[tuple[int, int]]:
        """Wait until sockets are closed; return their notices and close codes."""

        async def ended() -> set[tuple[int, int]]:
            codes = await asyncio.gather(*(socket.closed(within) for socket in sockets))
            notices = [socket.last(NoticeMessage).code for socket in sockets]
            return {*zip(notices, codes, strict=True)}

        return self.loop.run(ended(), within + 5)

    def stay(self, sockets: list[Client]) -> None:
        """Check that sockets are open, and are answered."""

        async def answered() -> None:
            await asyncio.gather(*(socket.settle() for socket in sockets))

        self.loop.run(answered())

    def turn(self) -> float:
        """Return the most CPU that one turn of a Daphne's event loop took since the last call, in
        milliseconds."""
        return max(map(turn, self.daphnes))


@pytest.fixture(scope="module")
def loop() -> Iterator[LoopThread]:
    """The loop of the sockets."""
    running = LoopThread()
    yield running
    running.close()


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, redis: RedisServer) -> dict[str, str]:
    """The environment of the site, with its tables."""
    folder = tmp_path_factory.mktemp("rights")
    environment = site_environment(
        folder, DJANGO_SETTINGS_MODULE="tests.sites.rights.settings", REDIS_URL=redis.url
    )
    manage(environment, "shell", "--no-imports", "-c", PREPARE)
    return environment


def run_site(
    stack: ExitStack, folder: Path, environment: dict[str, str], loop: LoopThread, daphnes: int
) -> Site:
    """Start the processes of a site, all at once."""
    worker = "gunicorn --bind 127.0.0.1:{port} --threads 4"
    kinds = [("daphne", "asgi")] * daphnes + [(worker, "wsgi")]

    def start(kind: tuple[str, str]) -> Server:
        name, module = kind
        application = f"tests.sites.rights.{module}:application"
        return stack.enter_context(serve(folder, environment, application, name=name))

    with ThreadPoolExecutor() as pool:
        *servers, worker_server = pool.map(start, kinds)
    site = Site(servers, worker_server, loop, [Clients(server) for server in servers])

    def close() -> None:
        loop.run(_close(site.clients))

    stack.callback(close)
    return site


async def _close(clients: list[Clients]) -> None:
    await asyncio.gather(*(each.close() for each in clients))


@pytest.fixture(scope="module")
def site(
    environment: dict[str, str], loop: LoopThread, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Two Daphnes that ask about nobody by themselves, with 1,000 sockets."""
    with ExitStack() as stack:
        never = {**environment, "RECHECK_EVERY": "86400"}
        yield run_site(stack, tmp_path_factory.mktemp("told"), never, loop, 2)


@pytest.fixture(scope="module")
def crowd(site: Site) -> list[Client]:
    """1,000 sockets, of accounts that belong to one group."""
    boards = [site.make(needs_permission=1) for _ in range(CROWD_BOARDS)]
    people = [site.sign_in(f"group of all.{n}") for n in range(CROWD_PEOPLE)]

    async def join() -> list[Client]:
        async def come(number: int) -> Client:
            clients = site.clients[number % len(site.clients)]
            cookies = people[number // len(site.clients) % CROWD_PEOPLE].cookie
            return await clients.join(board=boards[number % CROWD_BOARDS], cookies=cookies)

        joined: list[Client] = []
        for begin in range(0, CROWD, 50):
            joined += await asyncio.gather(*map(come, range(begin, begin + 50)))
        return joined

    began = monotonic()
    joined = site.loop.run(join(), 120)
    logger.info("%d sockets joined in %.1f s", CROWD, monotonic() - began)
    return joined


SIGN_IN, FORBIDDEN, NO_BOARD = (3, 4401), (4, 4403), (5, 4404)
TOLD = {
    "logout": SIGN_IN,
    "everywhere": SIGN_IN,
    "password": SIGN_IN,
    "own password": SIGN_IN,
    "inactive": SIGN_IN,
    "account deleted": SIGN_IN,
    "permission": FORBIDDEN,
    "group": FORBIDDEN,
    "permission of a group": FORBIDDEN,
    "group deleted": FORBIDDEN,
    "rule": FORBIDDEN,
    "closed": FORBIDDEN,
    "members only": FORBIDDEN,
    "not a member": FORBIDDEN,
    "no guests": SIGN_IN,
    "plan deleted": NO_BOARD,
}
"""What is told by a signal, and how it ends."""

OF_SESSIONS = ("logout", "everywhere")
OF_PLANS = ("closed", "plan deleted")


@pytest.mark.parametrize("way", TOLD)
def test_a_right_is_lost(site: Site, crowd: list[Client], way: str) -> None:
    name = f"{way}-loses"
    visitor, staying = site.sign_in(name), site.sign_in(f"{way}-stays")
    asks = {"open": way in ("no guests", "closed"), "member": f"{way}-stays"}
    asks["needs_permission"] = "permission" in way or "group" in way
    plan = site.make(**asks)
    if way == "not a member":
        plan = site.make(for_members=1, member=name)
    guest = way == "no guests"
    losing = site.open(plan, None if guest else visitor)
    losing += site.open(plan, None if guest else visitor)
    stay = site.open(plan if way not in (*OF_PLANS, "not a member") else site.make(), staying)
    if not guest:
        by_token = site.open(plan, visitor, token=site.token(plan, visitor))
        (stay if way in OF_SESSIONS else losing).extend(by_token)
    thief = Visitor(visitor.origin, visitor.cookies.copy())
    site.turn()
    began = monotonic()
    site.lose(way, visitor, name, plan)
    assert site.end_of(losing, WITHIN) == {TOLD[way]}
    took = monotonic() - began
    site.stay(stay)
    logger.info("%s: %.2f s, turn %.0f ms", way, took, site.turn())
    cookies = "" if guest else thief.cookie
    refused = site.loop.run(site.clients[0].connect(board=plan, cookies=cookies))
    assert site.end_of([refused], WITHIN) == {TOLD[way]}, "nor is anybody let in with the cookie"
    if way == "own password":
        site.stay(site.open(plan, visitor))


def test_a_thousand_lose_theirs(site: Site, crowd: list[Client]) -> None:
    """At once, and no event loop stands still for it."""
    site.stay(crowd)
    site.turn()
    began = monotonic()
    visitor = Visitor(site.worker.origin)
    site.lose("permission of a group", visitor, "group of all.0", site.make())
    assert site.end_of(crowd, WITHIN) == {FORBIDDEN}
    took, longest = monotonic() - began, site.turn()
    logger.info("%d sockets: %.2f s, turn %.0f ms", CROWD, took, longest)
    assert longest < STALL


@pytest.mark.parametrize("engine", ["db", "cache", "signed_cookies"])
def test_what_sends_no_signal(
    environment: dict[str, str], loop: LoopThread, tmp_path: Path, engine: str
) -> None:
    """And a logout, for each kind of session."""
    ways = {"quietly account": SIGN_IN, "quietly plan": FORBIDDEN, "quietly rule": FORBIDDEN}
    ways |= {
        "db": {"quietly expiry": SIGN_IN, "quietly sql": SIGN_IN},
        "cache": {"quietly session": SIGN_IN},
        "signed_cookies": {},
    }[engine]
    settings = {"SESSIONS": engine, "RECHECK_EVERY": str(RECHECK_EVERY)}
    with ExitStack() as stack:
        site = run_site(stack, tmp_path, {**environment, **settings}, loop, 1)
        people = {}
        for way in ["logout", "nothing", *ways]:
            visitor, plan = site.sign_in(f"{engine}-{way}"), site.make()
            people[way] = visitor, plan, site.open(plan, visitor)
        visitor, plan, sockets = people["logout"]
        cookie = visitor.cookies.copy()
        # The browser sends the cookie that the first socket gave it.
        (set_cookie,) = sockets[0].socket.response.headers.get_all("Set-Cookie")
        visitor.keep(set_cookie)
        site.lose("logout", visitor, f"{engine}-logout", plan)
        assert site.end_of(sockets, WITHIN) == {SIGN_IN}
        if engine != "signed_cookies":
            thief = Visitor(site.worker.origin, cookie)
            (refused,) = [site.loop.run(site.clients[0].connect(board=plan, cookies=thief.cookie))]
            assert site.end_of([refused], WITHIN) == {SIGN_IN}, "the cookie is worth nothing"
        for way in ways:
            visitor, plan, _ = people[way]
            site.lose(way, visitor, f"{engine}-{way}", plan)
        for way, code in ways.items():
            assert site.end_of(people[way][2], RECHECK_EVERY + WITHIN) == {code}, way
        site.stay(people["nothing"][2])
