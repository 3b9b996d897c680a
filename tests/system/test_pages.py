"""The site's pages under Daphne, whatever is wrong with presence, the layer or PostgreSQL."""

import re
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from presence.protocol.errors import Notice
from presence.protocol.messages import NoticeMessage
from tests.support.clients import Clients
from tests.support.server import (
    MEMBERS_BOARD,
    OPEN_BOARD,
    ROOT,
    Server,
    manage,
    prepare,
    serve,
    site_environment,
    with_settings,
)
from tests.support.waiting import DEADLINE

SORT_BOARDS = "from tests.support import many_boards; many_boards.check()"


def fetch(url: str) -> tuple[int, str]:
    try:
        with urlopen(url, timeout=DEADLINE) as response:
            return response.status, response.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_what_make_run_serves(server: Server) -> None:
    assert fetch(f"{server.origin}/healthz") == (200, "ok")
    assert fetch(f"{server.origin}/")[0] == 200
    status, page = fetch(server.page())
    source = re.search(r'<script type="module" src="([^"]*overlay[^"]*)"', page)
    assert status == 200
    assert source
    script = (ROOT / "presence/static/presence/overlay.js").read_text()
    assert fetch(server.origin + source[1]) == (200, script), "as committed"


async def test_one_process_needs_no_layer(environment: dict[str, str], tmp_path: Path) -> None:
    layers = {"default": {"BACKEND": "nowhere.to.be.found.Layer"}}
    with serve(tmp_path, with_settings(environment, CHANNEL_LAYERS=layers)) as server:
        assert "<presence-overlay" in fetch(server.page())[1]
        clients = Clients(server)
        assert (await clients.join("Ada")).count == 1
        await clients.close()


@pytest.mark.parametrize(
    "settings",
    [
        {"PRESENCE": {"ENABLED": False}},
        {
            "PRESENCE": {"AUTHORIZE": "nowhere.to.be.found"},
            "SILENCED_SYSTEM_CHECKS": ["presence.E004"],
        },
    ],
    ids=["switched off", "a rule that cannot be imported"],
)
async def test_sockets_are_told_to_come_later_and_pages_are_there(
    environment: dict[str, str], tmp_path: Path, settings: dict[str, Any]
) -> None:
    healthy = "AUTHORIZE" not in settings["PRESENCE"]
    with serve(tmp_path, with_settings(environment, **settings), healthy=healthy) as server:
        clients = Clients(server)
        for board in (OPEN_BOARD, MEMBERS_BOARD):
            client = await clients.connect(board=board)
            assert await client.closed() == 1013
            assert client.last(NoticeMessage).code is Notice.TRY_LATER
        assert fetch(server.page())[0] == 200


def test_postgresql(postgresql: str, tmp_path: Path) -> None:
    """The site runs on it, sorts 10,000 boards by people, and reports an outage."""
    environment = site_environment(tmp_path, DATABASE_URL=postgresql)
    prepare(environment)
    with serve(tmp_path, environment) as server:
        assert "<presence-overlay" in fetch(server.page())[1]
        assert fetch(f"{server.origin}/healthz") == (200, "ok")
    manage(environment, "shell", "--no-imports", "-c", SORT_BOARDS)
    nowhere = {**environment, "DATABASE_URL": postgresql.rsplit("/", 1)[0] + "/no_such_database"}
    with serve(tmp_path, nowhere, healthy=False) as server:
        assert fetch(f"{server.origin}/healthz") == (503, "database is down")
