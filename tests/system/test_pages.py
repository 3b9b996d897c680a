"""The site's pages, as they are served by Daphne, whatever becomes of presence."""

import re
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.support.server import MEMBERS_BOARD, Server, prepare, serve, site_environment
from tests.support.wire import Clients

SITES = "tests.client_facing.sites"


def fetch(url: str) -> tuple[int, str]:
    try:
        with urlopen(url, timeout=10) as response:
            return response.status, response.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def content(page: str) -> str:
    """Return a page without what is new each time: the CSRF token, and the guest's name."""
    page = re.sub(r'(csrfmiddlewaretoken" value)="[^"]*"', r'\1=""', page)
    return re.sub(r'(<presence-overlay[^>]*) name="[^"]*"', r"\1", page)


def without_overlay(page: str) -> str:
    return re.sub(
        r"<script[^>]*overlay\.js[^>]*></script><presence-overlay.*?</presence-overlay>", "", page
    )


@pytest.mark.parametrize("path", ["/", "/healthz", "/boards/00000000-0000-4000-8000-000000000001/"])
def test_what_make_run_serves(server: Server, path: str) -> None:
    status, _ = fetch(server.origin + path)
    assert status == 200


def test_the_script_is_served_as_committed(server: Server) -> None:
    _, page = fetch(server.page())
    source = re.search(r'<script type="module" src="([^"]*overlay[^"]*)"', page)
    assert source
    status, script = fetch(server.origin + source[1])
    assert status == 200
    assert script == Path("presence/static/presence/overlay.js").read_text()


def test_the_board_page_with_the_layers_backend_missing(
    server: Server, environment: dict[str, str], folder: Path
) -> None:
    broken = {**environment, "DJANGO_SETTINGS_MODULE": f"{SITES}.no_backend"}
    with serve(folder, broken) as other:
        expected, got = fetch(server.page()), fetch(other.page())
    assert got[0] == expected[0] == 200
    assert content(got[1]) == content(expected[1])
    assert "<presence-overlay" in got[1]


async def test_sockets_work_with_the_layers_backend_missing(
    environment: dict[str, str], folder: Path
) -> None:
    """One process needs no layer at all."""
    broken = {**environment, "DJANGO_SETTINGS_MODULE": f"{SITES}.no_backend"}
    with serve(folder, broken) as other:
        clients = Clients(other)
        ada = await clients.join("Ada")
        assert ada.count == 1
        await clients.close()


def test_the_board_page_with_presence_switched_off(
    server: Server, environment: dict[str, str], folder: Path
) -> None:
    off = {**environment, "DJANGO_SETTINGS_MODULE": f"{SITES}.switched_off"}
    with serve(folder, off) as other:
        status, page = fetch(other.page())
    assert status == 200
    assert content(page) == without_overlay(content(fetch(server.page())[1]))


@pytest.mark.parametrize("fault", ["switched_off", "faulty"])
async def test_sockets_are_told_to_come_later(
    environment: dict[str, str], folder: Path, fault: str
) -> None:
    off = {**environment, "DJANGO_SETTINGS_MODULE": f"{SITES}.{fault}"}
    with serve(folder, off) as other:
        clients = Clients(other)
        for board in ({}, {"board": MEMBERS_BOARD}):
            client = await clients.connect(**board)
            assert await client.closed() == 1013
            assert client.frames[0][:2] == b"\x0e\x08"
        assert fetch(other.page())[0] == 200


def test_a_site_with_postgresql(postgresql: str, folder: Path) -> None:
    environment = site_environment(folder, DATABASE_URL=postgresql)
    prepare(environment)
    with serve(folder, environment) as other:
        status, page = fetch(other.page())
        assert (status, "<presence-overlay" in page) == (200, True)
        assert fetch(f"{other.origin}/healthz") == (200, "ok")


def test_a_site_whose_database_is_gone_says_so(postgresql: str, folder: Path) -> None:
    nowhere = postgresql.rsplit("/", 1)[0] + "/no_such_database"
    good = site_environment(folder, DATABASE_URL=postgresql)
    prepare(good)
    bad = {**good, "DATABASE_URL": nowhere}
    with serve(folder, bad, healthy=False) as other:
        assert fetch(f"{other.origin}/healthz") == (503, "database is down")
