"""Sites with accounts of other kinds, and a site without any, each under a real Daphne."""

import html
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.support.clients import Clients
from tests.support.server import Server, manage, serve, site_environment
from tests.support.waiting import DEADLINE

NAMES = ("ada", "bob", "eve")
MEMBERS = """
import json
from django.core.management import call_command
from django.test import Client
from tests.sites.accounts.models import Member
call_command("migrate", run_syncdb=True, verbosity=0)
made = {}
for name in {names}:
    user = Member.objects.create(email=name + "@example.com", is_staff=True, is_superuser=True)
    if name == "bob":
        user.first_name = "Bob"
    if name == "eve":
        user.last_name = user.email
    user.save()
    client = Client()
    client.force_login(user)
    made[name] = f"sessionid={client.cookies['sessionid'].value}"
print(json.dumps(made))
"""

PLAYERS = """
import json
from django.core.management import call_command
from django.test import Client
from tests.sites.accounts.models import Player
call_command("migrate", run_syncdb=True, verbosity=0)
client = Client()
client.force_login(Player.objects.create(handle="ada/1"))
print(json.dumps({"ada": f"who={client.cookies['who'].value}"}))
"""


@dataclass(frozen=True)
class Site:
    """A site under one Daphne, and the cookies of its accounts by a name of the tests' own."""

    server: Server
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, cookie: str = "") -> str:
        """Return the text of a page."""
        request = Request(self.server.origin + path, headers={"Cookie": cookie})
        with urlopen(request, timeout=DEADLINE) as answer:
            return str(answer.read().decode())

    def status(self, path: str, cookie: str = "") -> int:
        """Return the status of what is no page."""
        with pytest.raises(HTTPError) as refused:
            self.get(path, cookie)
        refused.value.close()
        return int(refused.value.code)

    @asynccontextmanager
    async def visitors(self) -> AsyncIterator[Clients]:
        """Open sockets, which are closed when the block ends."""
        clients = Clients(self.server, "lobby")
        yield clients
        await clients.close()


@contextmanager
def site(folder: Path, settings: str, prepare: str = "", **first: str) -> Iterator[Site]:
    """Run a site of tests/sites. `prepare` is run before, with some variables of the environment,
    and prints the cookies."""
    environment = site_environment(folder, DJANGO_SETTINGS_MODULE=f"tests.sites.{settings}")
    cookies = {}
    if prepare:
        said = manage({**environment, **first}, "shell", "--no-imports", "-c", prepare)
        cookies = json.loads(said.splitlines()[-1])
    with serve(folder, environment) as running:
        yield Site(running, cookies)


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Accounts that are e-mail addresses."""
    with site(
        tmp_path_factory.mktemp("members"),
        "accounts.settings",
        MEMBERS.replace("{names}", str(NAMES)),
    ) as running:
        yield running


@pytest.fixture(scope="module")
def players(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A key of text, no permissions, another backend, and signed cookies of an earlier key."""
    folder = tmp_path_factory.mktemp("players")
    with site(folder, "accounts.players", PLAYERS, SECRET_KEY="earlier") as running:
        yield running


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """No accounts, no sessions and no database."""
    with site(tmp_path_factory.mktemp("strangers"), "strangers.settings") as running:
        yield running


def attributes(page: str) -> dict[str, str]:
    """Return the attributes of a page's overlay."""
    found = re.findall(r' ([a-z]+)="([^"]*)"', page.partition("<presence-overlay")[2])
    return {name: html.unescape(value) for name, value in found}


async def test_strangers_never_see_an_address(members: Site) -> None:
    async with members.visitors() as clients:
        guest = await clients.join("Guest")
        people = {name: await clients.join(cookies=members.cookies[name]) for name in NAMES}
        await guest.until(lambda: len(guest.others) == len(people), "all members")
        names = {name: guest.others[client.user] for name, client in people.items()}
        for name, client in people.items():
            assert client.view.users[client.user][0] == names[name], "each is told the same"
    assert names["bob"] == "Bob"
    assert len({*names.values()}) == len(names)
    for name, cookie in members.cookies.items():
        assert "name" not in attributes(members.get("/page/lobby/", cookie))
        assert re.fullmatch(r"Bob|[A-Z][a-z]+ [A-Z][a-z]+", names[name])
    told = b"".join(guest.frames).lower()
    assert not [word for word in (b"@", b"ada", b"eve", b"example.com") if word in told]
    assert "@" not in members.server.logged()


async def test_staff_who_may_view_accounts_see_whose_a_name_is(members: Site) -> None:
    board, bob = "contenttypes.contenttype:1", members.cookies["bob"]
    async with members.visitors() as clients:
        ada = await clients.join(board=board, cookies=members.cookies["ada"])
        eve = await clients.join(board=board, cookies=members.cookies["eve"])
        await ada.until(lambda: eve.user in ada.others, "Eve")
        await eve.until(lambda: ada.user in eve.others, "Ada")
        feed = "/admin/contenttypes/contenttype/presence/feed/"
        told = json.loads(members.get(f"{feed}?board={board}", bob))["board"]
        accounts = {
            (eve.others[ada.user], "ada@example.com"),
            (ada.others[eve.user], "eve@example.com"),
        }
    shown = {(person["name"], person["account"]["name"]) for person in told["people"].values()}
    assert shown == accounts
    for person in told["people"].values():
        url = f"/admin/accounts/member/{person['account']['pk']}/change/"
        assert person["account"]["name"] in members.get(url, bob)


def test_a_check_says_that_accounts_are_addresses(members: Site) -> None:
    with pytest.raises(AssertionError, match=r"presence\.W021"):
        members.server.manage("check", "--fail-level", "WARNING")


async def test_two_tabs_are_one_person_under_the_players_name(players: Site) -> None:
    cookie = players.cookies["ada"]
    async with players.visitors() as clients:
        guest = await clients.join("Guest")
        tabs = [await clients.join(cookies=cookie) for _ in range(2)]
        await guest.until(lambda: (len(guest.others), guest.count) == (2, 2), "both tabs")
        assert tabs[0].count == 2
        page = players.get("/page/lobby/", cookie)
        assert 'count="2"' in page
        token = json.loads(players.get("/presence/token/lobby/", cookie))["token"]
        await clients.join(subprotocols=("presence.v1", f"presence.token.{token}"))
        await guest.until(lambda: len(guest.others) == 3, "a third tab, with the token")
        await guest.settle()
        assert ({*guest.others.values()}, guest.count) == ({"ada/1"}, 2)


def test_no_player_is_staff(players: Site) -> None:
    path = "/presence/history/contenttypes.contenttype:1/minutes.csv"
    assert players.status(path, players.cookies["ada"]) == 403


async def test_without_accounts_everybody_is_a_guest(strangers: Site) -> None:
    async with strangers.visitors() as clients:
        # Another application of this host may have set such a cookie.
        ada = await clients.join("Ada", cookies="sessionid=another")
        bob = await clients.join("Bob")
        await ada.until(lambda: ada.others == {bob.user: "Bob"}, "Bob")
        page = strangers.get("/page/lobby/")
        assert 'count="2"' in page
        assert "name" not in attributes(page)
        counts = strangers.get("/presence/counts/?board=lobby")
        assert json.loads(counts) == {"counts": {"lobby": 2}}
        token = json.loads(strangers.get("/presence/token/lobby/"))["token"]
        await clients.join("Eve", subprotocols=("presence.v1", f"presence.token.{token}"))
        await ada.until(lambda: ada.count == 3, "Eve")
    assert not re.search("ERROR|WARNING", strangers.server.logged())
    assert strangers.status("/presence/history/minutes.csv") == 403
    assert "no issues" in strangers.server.manage("check")
