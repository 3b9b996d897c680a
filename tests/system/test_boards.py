"""A site whose boards are objects with all kinds of keys, and named rooms, under a real Daphne."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

import pytest

from presence.protocol.errors import Close
from tests.support.accounts import sign_in
from tests.support.clients import Clients, cursor, joining
from tests.support.server import Server, manage, serve, site_environment
from tests.support.waiting import DEADLINE

PREPARE = """
from django.core.management import call_command
from tests.sites.boards.models import *
call_command("migrate", run_syncdb=True, verbosity=0)
call_command("createsuperuser", username="admin", email="", interactive=False, verbosity=0)
Article.objects.create(pk=41, title="News")
Guide.objects.create(pk=42, title="Paris")
Chapter.objects.create(slug="a/b, ü#1")
Drawing.objects.create(pk="00000000-0000-4000-8000-000000000041", title="Plan")
Sheet.objects.create(id="00000000-0000-4000-8000-000000000042", title="Sketch")
"""


@dataclass(frozen=True)
class Kind:
    """A board, by its reference and its title, and its models in the admin: the first of these has
    the page of the board."""

    reference: str
    title: str
    models: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.title

    @property
    def quoted(self) -> str:
        """The reference as it is written in a URL."""
        return quote(self.reference, safe=":")


KINDS = [
    Kind("boards.article:41", "News", ("article",)),
    Kind("boards.guide:42", "Paris", ("guide",)),
    Kind("boards.chapter:a/b, ü#1", "Chapter a/b, ü#1", ("chapter",)),
    Kind("00000000-0000-4000-8000-000000000041", "Plan", ("drawing",)),
    Kind("00000000-0000-4000-8000-000000000042", "Sketch", ("drawing", "sheet")),
    Kind("lobby", "lobby"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The site under one Daphne."""
    folder: Path = tmp_path_factory.mktemp("boards")
    environment = site_environment(folder, DJANGO_SETTINGS_MODULE="tests.sites.boards.settings")
    manage(environment, "shell", "--no-imports", "-c", PREPARE)
    with serve(folder, environment) as running:
        yield running


@pytest.fixture(scope="module")
def staff(server: Server) -> "Browser":
    """The superuser."""
    return Browser(server.origin, sign_in(server, admin=[])["admin"])


@dataclass(frozen=True)
class Browser:
    """Fetches pages, signed in or not."""

    origin: str
    session: str = ""

    def get(self, path: str, **query: str) -> str:
        """Return the text of a page."""
        return self._send(f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, **fields: str) -> Any:
        """Post a form, and return the JSON that comes back."""
        return json.loads(self._send(path, urlencode(fields).encode()))

    def _send(self, path: str, body: bytes | None = None) -> str:
        token = "a" * 32
        cookies = f"csrftoken={token}; sessionid={self.session}"
        headers = {"Cookie": cookies, "X-CSRFToken": token, "Origin": self.origin}
        with urlopen(Request(self.origin + path, body, headers), timeout=DEADLINE) as answer:
            return str(answer.read().decode())


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_people_see_each_other_and_staff_see_them(
    server: Server, staff: Browser, clients: Clients, kind: Kind
) -> None:
    guest = Browser(server.origin)
    page = guest.get(f"/page/{kind.quoted}/")
    attributes = dict(re.findall(r' ([a-z]+)="([^"]*)"', page.partition("<presence-overlay")[2]))
    assert html.unescape(attributes["board"]) == kind.reference
    socket = html.unescape(re.findall(r'endpoint="([^"]*)"', page)[0])
    assert socket == f"/ws/presence/{kind.quoted}/"

    ada = await clients.join("Ada", board=kind.quoted)
    token = json.loads(guest.get(f"/presence/token/{kind.quoted}/"))["token"]
    offered = ("presence.v1", f"presence.token.{token}")
    bob = await clients.join("Bob", board=kind.quoted, subprotocols=offered)
    await ada.until(lambda: ada.others == {bob.user: "Bob"}, "Bob on the board")
    await bob.send(cursor(7, 9))
    await ada.until(lambda: ada.positions(bob.user) == [(7, 9)], "Bob's cursor")

    counts = json.loads(guest.get("/presence/counts/", board=kind.reference))
    assert counts == {"counts": {kind.reference: 2}}
    assert 'count="2"' in guest.get(f"/page/{kind.quoted}/")
    for model in kind.models:
        for query in ({}, {"people_now": "some"}, {"o": "-2"}):
            rows = re.findall(
                r'data-board="([^"]*)">(\d+)<', staff.get(f"/admin/boards/{model}/", **query)
            )
            assert (kind.reference, "2") in [(html.unescape(board), n) for board, n in rows]
        assert kind.title not in staff.get(f"/admin/boards/{model}/", people_now="none")
        feed = f"/admin/boards/{model}/presence/feed/"
        told = json.loads(staff.get(feed, rows=quote(kind.reference, safe="")))
        assert told == {"rows": {kind.reference: 2}}

    busiest = json.loads(staff.get("/admin/presence/overview/feed/", overview="1"))["overview"]
    (own,) = [each for each in busiest["busiest"] if each["board"] == kind.reference]
    assert (own["title"], own["people"]) == (kind.title, 2)
    assert (own["url"] is None) == (not kind.models)
    if own["url"]:
        assert kind.title in html.unescape(staff.get(own["url"]))
    assert f"board={json.dumps(kind.reference)}" in server.logged()
    assert staff.get(f"/presence/history/{kind.quoted}/minutes.csv").startswith("time,people,peak")
    plot = staff.get("/admin/presence/overview/history/", board=kind.reference)
    assert "peak" in json.loads(plot)
    await ada.close()
    await bob.close()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.models], ids=str)
async def test_staff_act_on_a_board_from_its_page(
    staff: Browser, clients: Clients, kind: Kind
) -> None:
    await clients.join("Eve", board=kind.quoted)
    overview = json.loads(staff.get("/admin/presence/overview/feed/", overview="1"))["overview"]
    (page,) = [each["url"] for each in overview["busiest"] if each["board"] == kind.reference]
    config = re.search(
        r'<script id="presence-feed" type="application/json">(.*?)</script>', staff.get(page)
    )
    assert config
    feed = json.loads(config[1])
    assert feed["watch"]["board"] == kind.reference
    people = json.loads(staff.get(feed["feed"], board=kind.reference))["board"]["people"]
    (person,) = [key for key, each in people.items() if each["name"] == "Eve"]
    assert staff.post(feed["act"], action="close")["level"] == "success"
    late = await clients.connect(board=kind.quoted)
    await late.send(joining("Late"))
    assert await late.closed() == Close.FORBIDDEN
    assert staff.post(feed["act"], action="reopen")["level"] == "success"
    removed = staff.post(feed["act"], action="remove", person=person)
    assert (removed["level"], "1 tab closed" in removed["message"]) == ("success", True)


@pytest.mark.parametrize(
    ("board", "reason"),
    [
        ("boards.article:43", "There is no object boards.article:43"),
        ("boards.chapter:none", "There is no object boards.chapter:none"),
        ("auth.user:1", "names no model 'auth.user'"),
        ("7", "'7' is no board. The name of a room"),
        ("a%20room", "'a room' is no board. The name of a room"),
    ],
)
async def test_what_is_no_board_is_refused_with_its_reason(
    server: Server, clients: Clients, board: str, reason: str
) -> None:
    client = await clients.connect(board=board)
    assert await client.closed() == Close.NO_BOARD
    (line,) = [line for line in server.logged().splitlines() if reason in line]
    assert "WARNING presence.consumers: socket: refused" in line
