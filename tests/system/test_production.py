"""The example site as it runs in production: its settings by the environment, under a real Daphne
and with a real PostgreSQL, asked as a proxy that ends TLS asks and as a probe beside it does."""

import asyncio
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import psycopg
import pytest
from websockets.asyncio.client import connect

from presence.protocol.messages import SUBPROTOCOL
from tests.support.clients import joining
from tests.support.server import (
    OPEN_BOARD,
    Server,
    manage,
    prepare,
    serve,
    site_environment,
    with_settings,
)
from tests.support.visitor import Visitor
from tests.support.waiting import DEADLINE, eventually

HOST = "boards.example.org"
FORWARDED = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
"""What a proxy of the same machine passes on of a visitor who came by https."""

POOL = 3


@pytest.fixture(scope="module")
def server(postgresql: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The site under one Daphne."""
    folder = tmp_path_factory.mktemp("production")
    database = f"{postgresql.rpartition('/')[0]}/production"
    with psycopg.connect(postgresql, autocommit=True) as own:
        own.execute("CREATE DATABASE production")
    prepare(site_environment(folder, DATABASE_URL=database))
    environment = site_environment(
        folder,
        DATABASE_URL=database,
        DATABASE_POOL=str(POOL),
        DEBUG="0",
        SECRET_KEY="a long random key, which only this test knows: 0123456789",
        ALLOWED_HOSTS=f"{HOST},127.0.0.1",
        BEHIND_HTTPS="1",
        TRUSTED_PROXIES="127.0.0.1",
        LOG_FORMAT="json",
    )
    environment = with_settings(environment, STATIC_ROOT=str(folder / "static"))
    manage(environment, "collectstatic", "--verbosity=0")
    with serve(folder, environment, options=["--verbosity", "0"]) as running:
        yield running


@pytest.fixture
def visitor(server: Server) -> Visitor:
    """Somebody who comes through the proxy."""
    return Visitor(server.origin)


def test_a_page_is_for_https_only(visitor: Visitor) -> None:
    page = visitor.get("/accounts/login/", FORWARDED)
    assert page.status == 200
    assert page.headers["Strict-Transport-Security"] == "max-age=3600"
    [csrf] = page.headers.get_all("Set-Cookie", [])
    assert "; Secure" in csrf
    plain = visitor.get("/accounts/login/", {**FORWARDED, "X-Forwarded-Proto": "http"})
    assert (plain.status, plain.headers["Location"]) == (301, f"https://{HOST}/accounts/login/")
    assert "Strict-Transport-Security" not in plain.headers


@pytest.mark.parametrize("path", ["/healthz", "/metrics"])
def test_a_probe_beside_it_asks_by_plain_http(server: Server, path: str) -> None:
    assert Visitor(server.origin).get(path).status == 200


def test_static_files_are_hashed_and_kept(visitor: Visitor) -> None:
    page = visitor.get(f"/boards/{OPEN_BOARD}/", FORWARDED)
    scripts = re.findall(r'<script[^>]* src="([^"]+)"', page.text)
    assert len(scripts) >= 2
    for script in scripts:
        assert re.search(r"\.[0-9a-f]{12}\.js$", script)
        file = visitor.get(script, FORWARDED)
        assert (file.status, "immutable" in file.headers["Cache-Control"]) == (200, True)


async def test_a_visitor_joins_and_gets_a_secure_cookie(server: Server) -> None:
    url = f"ws://{HOST}/ws/presence/{OPEN_BOARD}/"
    address = {"host": "127.0.0.1", "port": urlsplit(server.origin).port}
    forwarded = {name: value for name, value in FORWARDED.items() if name != "Host"}
    how = {"additional_headers": forwarded, "subprotocols": [SUBPROTOCOL], "proxy": None}
    async with connect(url, origin=f"https://{HOST}", **how, **address) as socket:  # type: ignore[arg-type]
        assert "; Secure" in socket.response.headers["Set-Cookie"]  # type: ignore[union-attr]
        await socket.send(joining("Ada"))
        assert await asyncio.wait_for(socket.recv(), DEADLINE)


def test_pages_share_a_few_connections_and_get_over_a_restart_of_the_database(
    server: Server, postgresql: str
) -> None:
    def status(_: int) -> int:
        return Visitor(server.origin).get("/", FORWARDED).status

    own = "FROM pg_stat_activity WHERE datname = 'production'"
    with (
        psycopg.connect(postgresql, autocommit=True) as asking,
        ThreadPoolExecutor(12) as visitors,
    ):
        assert {*visitors.map(status, range(36))} == {200}
        rows = asking.execute(f"SELECT pid {own}").fetchall()
        assert 1 <= len(rows) <= POOL
        # As a restart does.
        asking.execute(f"SELECT pg_terminate_backend(pid) {own}")
        assert {*visitors.map(status, range(12))} == {200}
        assert not {*rows} & {*asking.execute(f"SELECT pid {own}").fetchall()}


def test_whatever_it_logs_is_one_object_a_line(server: Server, visitor: Visitor) -> None:
    assert visitor.get("/", {"Host": "stranger.example"}).status == 400
    logged = eventually(
        lambda: [
            line
            for line in map(json.loads, server.logged().splitlines())
            if line["logger"] == "django.security.DisallowedHost"
        ],
        "the line on the host",
    )
    assert "DisallowedHost" in logged[0]["exception"]
    loggers = {json.loads(line)["logger"] for line in server.logged().splitlines()}
    assert loggers >= {"daphne.server", "presence.journal"}
