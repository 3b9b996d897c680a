"""A site with several real databases, none of them the default, under a real Daphne."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import psycopg
import pytest

from presence.auth import RULE_THREADS
from tests.support.clients import Clients
from tests.support.server import Server, manage, serve, site_environment
from tests.support.waiting import DEADLINE, eventually

PEOPLE = 30
BOARDS = ("databases.plan:1", "databases.draft:1")
PREPARE = f"""
import json
from django.core.management import call_command
from django.contrib.auth.models import User
from django.test import Client
from tests.sites.databases.models import Draft, Plan
for database in ("people", "visits", "boards"):
    call_command("migrate", database=database, run_syncdb=True, verbosity=0)
    call_command("migrate", database=database, check_unapplied=True, verbosity=0)
call_command("check", databases=["people", "boards", "visits"], fail_level="WARNING")
Plan.objects.create(title="Plan")
Draft.objects.create(title="Draft")
made = []
for n in range({PEOPLE}):
    user = User.objects.create(username=f"person{{n}}", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(user)
    made.append(client.cookies["sessionid"].value)
print(json.dumps(made))
"""


class Connections:
    """The connections that the server has, by the name of the database in the settings."""

    def __init__(self, url: str) -> None:
        self._own = psycopg.connect(url, autocommit=True)

    def close(self) -> None:
        """Close the test's own."""
        self._own.close()

    def make(self, *names: str) -> None:
        """Make databases."""
        for name in names:
            self._own.execute(f'CREATE DATABASE "{name}"')  # type: ignore[call-overload]

    def count(self, state: str = "%") -> Counter[str]:
        """Return how many there are of each in a state."""
        query = "SELECT application_name FROM pg_stat_activity WHERE state LIKE %s"
        return Counter(name for (name,) in self._own.execute(query, [state]))


@pytest.fixture(scope="module")
def connections(postgresql: str) -> Iterator[Connections]:
    """The databases of the site."""
    made = Connections(postgresql)
    made.make("people", "boards", "visits")
    yield made
    made.close()


@pytest.fixture(scope="module")
def environment(
    connections: Connections, postgresql: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The environment of the site."""
    settings = "tests.sites.databases.settings"
    folder = tmp_path_factory.mktemp("databases")
    return site_environment(folder, DATABASE_URL=postgresql, DJANGO_SETTINGS_MODULE=settings)


@pytest.fixture(scope="module")
def sessions(environment: dict[str, str]) -> list[str]:
    """The keys of the people's sessions."""
    said = manage(environment, "shell", "--no-imports", "-c", PREPARE)
    return [str(key) for key in json.loads(said.splitlines()[-1])]


@pytest.fixture(scope="module")
def server(
    environment: dict[str, str], sessions: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The site under one Daphne."""
    folder: Path = tmp_path_factory.mktemp("daphne")
    with serve(folder, environment) as running:
        yield running


def get(server: Server, path: str, session: str) -> str:
    """Return the text of a page."""
    request = Request(server.origin + path, headers={"Cookie": f"sessionid={session}"})
    with urlopen(request, timeout=DEADLINE) as answer:
        return str(answer.read().decode())


async def test_everything_works_and_no_connection_is_left_behind(
    server: Server, clients: Clients, sessions: list[str], connections: Connections
) -> None:
    for board in BOARDS:
        joining = (clients.join(board=board, cookies=f"sessionid={key}") for key in sessions)
        people = await asyncio.gather(*joining)
        last = people[-1]
        await last.until(lambda last=last: last.count == PEOPLE, "everybody")
        stranger = await clients.connect(board=board)
        assert await stranger.closed() == 4401
    # Each board asked all three databases in the threads of the rules, and told of the joins.
    assert connections.count()["visits"] <= RULE_THREADS
    page = await clients.staff(sessions[0])
    await page.subscribe(model="databases.plan", rows=["databases.plan:1"], overview=True)
    await page.until(lambda: page.rows == {"databases.plan:1": PEOPLE}, "the count")
    await page.until(lambda: len(page.overview.get("busiest") or ()) == 2, "both boards")
    for board in BOARDS:
        assert f'count="{PEOPLE}"' in get(server, f"/page/{board}/", sessions[1])
        assert "token" in json.loads(get(server, f"/presence/token/{board}/", sessions[1]))
        path = f"/admin/databases/{board.partition(':')[0].partition('.')[2]}/"
        assert f">{PEOPLE}<" in get(server, f"{path}?people_now=some", sessions[1])
        told = json.loads(get(server, f"{path}presence/feed/?board={board}", sessions[1]))
        assert len(told["board"]["people"]) == PEOPLE
    await page.close()
    eventually(lambda: not {"boards", "replica"} & {*connections.count()}, "they are closed")
    assert connections.count()["people"] <= 4, "the pool has as many as it may have"
    eventually(lambda: not connections.count("idle in transaction"), "no transaction is open")
    await clients.join(board=BOARDS[0], cookies=f"sessionid={sessions[0]}")
    assert "ERROR" not in server.logged()
