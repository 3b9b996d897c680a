"""The socket of the admin's pages through a real Daphne and a real database: who may use it.

What it tells is compared with the truth in test_storm.py, and shown in tests/client_facing.
"""

import asyncio
import signal
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.support.accounts import VIEW, change, sign_in
from tests.support.clients import Clients
from tests.support.server import Server, serve, with_settings
from tests.support.waiting import DEADLINE, SPARE

OTHER = "https://www.example.com"


@pytest.fixture(scope="module")
def site(environment: dict[str, str]) -> dict[str, str]:
    """The environment of a site that lets pages of another origin take part, with tokens."""
    return with_settings(environment, PRESENCE={"EMBED_ORIGINS": [OTHER]})


@pytest.fixture(scope="module")
def sessions(server: Server) -> dict[str, str]:
    """The sessions of staff who may view boards, and of those who may not."""
    staff = dict.fromkeys(("stan", "demoted", "gone", "inactive", "renewed", "narrowed"), VIEW)
    return sign_in(server, **staff, blind=[], una=None)


@pytest.mark.parametrize(("who", "code"), [("", 4401), ("una", 4403), ("blind", 4403)])
async def test_people_without_the_permission_are_told_nothing(
    clients: Clients, sessions: dict[str, str], board: str, who: str, code: int
) -> None:
    page = await clients.staff(sessions.get(who, ""))
    await page.subscribe(rows=[board])
    assert (await page.closed(), page.frames) == (code, [])


async def test_a_socket_closes_within_five_seconds_after_a_permission_is_lost(
    clients: Clients, sessions: dict[str, str], board: str
) -> None:
    expected = {
        "demoted": 4403,
        "narrowed": 4403,
        "gone": 4401,
        "inactive": 4401,
        "renewed": 4401,
    }
    opened = [await clients.staff(sessions[name]) for name in expected]
    for page in opened:
        await page.subscribe(rows=[board])
        await page.until(lambda page=page: page.rows, "the rows")
    server = clients.server
    change(server, "UPDATE auth_user SET is_staff = 0 WHERE username = ?", "demoted")
    change(server, "DELETE FROM django_session WHERE session_key = ?", sessions["gone"])
    change(server, "UPDATE auth_user SET is_active = 0 WHERE username = ?", "inactive")
    change(server, "UPDATE auth_user SET password = ? WHERE username = ?", "new", "renewed")
    owned = "user_id = (SELECT id FROM auth_user WHERE username = ?)"
    change(server, f"DELETE FROM auth_user_user_permissions WHERE {owned}", "narrowed")
    codes = await asyncio.gather(*(page.closed(within=5 + SPARE) for page in opened))
    assert codes == [*expected.values()]


async def test_malformed_and_too_many_messages_close(
    clients: Clients, sessions: dict[str, str], board: str
) -> None:
    page = await clients.staff(sessions["stan"])
    await page.send("nonsense")
    assert await page.closed() == 4400
    page = await clients.staff(sessions["stan"])
    for _ in range(12):
        await page.subscribe(rows=[board])
    assert await page.closed() == 4429


@pytest.mark.parametrize(
    "how",
    [
        {"origin": OTHER},
        {"origin": OTHER, "subprotocols": ["presence.v1", "presence.token.x"]},
        {"origin": "http://localhost"},
        {"origin": None},
        {"subprotocols": ["presence.v1"]},
    ],
    ids=str,
)
async def test_pages_of_other_origins_fail_the_handshake(
    clients: Clients, sessions: dict[str, str], how: dict[str, Any]
) -> None:
    """Even an origin that may come onto boards with a token, and even with one."""
    with pytest.raises(InvalidStatus):
        await clients.staff(sessions["stan"], **how)


async def test_a_server_that_goes_down_says_so(
    site: dict[str, str], sessions: dict[str, str], board: str, tmp_path: Path
) -> None:
    with serve(tmp_path, site) as server:
        clients = Clients(server, board)
        page = await clients.staff(sessions["stan"])
        await page.subscribe(rows=[board])
        await page.until(lambda: page.rows, "the rows")
        server.process.send_signal(signal.SIGTERM)
        assert await page.closed() == 1012
        await clients.close()
        # A second signal, while it stops, is an error for Twisted.
        await asyncio.to_thread(server.process.wait, DEADLINE)
    assert "Traceback" not in server.logged()
    assert "Task was destroyed" not in server.logged()
