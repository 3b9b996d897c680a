"""Tokens on the wire, against a real Daphne: who comes in, and what the others are told."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest
from websockets.exceptions import InvalidStatus

from presence.protocol.messages import Roster, UserJoined
from tests.support.cookies import staff_cookie
from tests.support.server import MEMBERS_BOARD, Server, serve
from tests.support.tokens import issue
from tests.support.wire import Client, Clients

ORIGIN = "https://www.example.com"


@pytest.fixture(scope="module")
def server(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The example site, which lets `ORIGIN` in."""
    site = {
        "DJANGO_SETTINGS_MODULE": "tests.client_facing.sites.embedding",
        "EMBED_ORIGINS": ORIGIN,
    }
    folder = tmp_path_factory.mktemp("daphne")
    with serve(folder, {**environment, **site}) as running:
        yield running


async def connect(clients: Clients, *tokens: str, **how: str) -> Client:
    offered = ["presence.v1", *(f"presence.token.{token}" for token in tokens)]
    return await clients.connect(subprotocols=offered, **{"origin": ORIGIN, **how})


def frame(code: int) -> bytes:
    return bytes([0x0E, code, 0, 0])


async def test_a_page_of_another_origin_with_a_token(clients: Clients) -> None:
    ada = await clients.join("Ada")
    token = issue(clients.server, clients.board, ORIGIN, name="Bob")
    bob = await connect(clients, token)
    assert bob.socket.subprotocol == "presence.v1"
    await bob.join("Mallory")
    await ada.until(lambda: ada.count == 2, "Bob")
    assert ada.last(UserJoined).name == "Bob", "the token's name, whatever the page says"


async def test_one_persons_tokens_make_one_person(clients: Clients) -> None:
    for person, count in (("7", 1), ("7", 1), ("8", 2)):
        token = issue(clients.server, clients.board, ORIGIN, person=person)
        assert (await (await connect(clients, token)).join()).count == count


async def test_a_token_opens_a_board_that_is_closed_to_guests(clients: Clients) -> None:
    token = issue(clients.server, MEMBERS_BOARD, ORIGIN)
    client = await (await connect(clients, token, board=MEMBERS_BOARD)).join("Bob")
    assert client.count == 1
    await client.close()


async def test_refusals(clients: Clients) -> None:
    server, board = clients.server, clients.board
    good = issue(server, board, ORIGIN)
    unknown = str(uuid4())
    expected = {
        "no token": ([], 3, 4401),
        "too old": ([issue(server, board, ORIGIN, age=62)], 3, 4401),
        "forged": ([good[:-2] + "xx"], 4, 4403),
        "nonsense": (["x"], 4, 4403),
        "another board's": ([issue(server, MEMBERS_BOARD, ORIGIN)], 4, 4403),
        "another origin's": ([issue(server, board, "https://other.example")], 4, 4403),
    }
    for what, (tokens, notice, code) in expected.items():
        client = await connect(clients, *tokens)
        assert await client.closed() == code, what
        assert client.frames == [frame(notice)], what
    gone = await connect(clients, issue(server, unknown, ORIGIN), board=unknown)
    assert (await gone.closed(), gone.frames) == (4404, [frame(5)])


async def test_a_session_of_the_site_is_nobody_on_another_origins_page(clients: Clients) -> None:
    """Cookies go with every socket, whoever's page opens it."""
    cookies = staff_cookie(clients.server)
    client = await connect(clients, cookies=cookies)
    assert await client.closed() == 4401
    token = issue(clients.server, clients.board, ORIGIN, name="Bob")
    bob = await (await connect(clients, token, cookies=cookies)).join()
    ada = await clients.join("Ada")
    assert [entry.name for entry in ada.last(Roster).users] == ["Bob"]
    await bob.close()


@pytest.mark.parametrize("origin", ["https://evil.example", "http://www.example.com", "null"])
async def test_an_origin_that_is_not_named_fails_the_handshake(
    clients: Clients, origin: str
) -> None:
    token = issue(clients.server, clients.board, origin)
    with pytest.raises(InvalidStatus) as error:
        await connect(clients, token, origin=origin)
    assert error.value.response.status_code == 403


async def test_a_token_alone_is_no_protocol(clients: Clients) -> None:
    token = issue(clients.server, clients.board, ORIGIN)
    with pytest.raises(InvalidStatus):
        await clients.connect(subprotocols=[f"presence.token.{token}"], origin=ORIGIN)


def get_token(server: Server, board: str, **headers: str) -> dict[str, str]:
    request = Request(f"{server.origin}/presence/token/{board}/", headers=headers)
    with urlopen(request, timeout=10) as response:
        said: dict[str, str] = json.loads(response.read())
    return said


async def test_the_views_tokens(clients: Clients) -> None:
    ask = {"Origin": ORIGIN}
    first = get_token(clients.server, clients.board, **ask)
    again = get_token(clients.server, clients.board, **ask, **{"Presence-Guest": first["guest"]})
    other = get_token(clients.server, clients.board, **ask)
    for said, count in ((first, 1), (again, 1), (other, 2)):
        client = await (await connect(clients, said["token"])).join("Guest")
        assert client.count == count
    staff = get_token(clients.server, MEMBERS_BOARD, **ask, Cookie=staff_cookie(clients.server))
    await (await connect(clients, staff["token"], board=MEMBERS_BOARD)).join()
    watcher = await clients.join(board=MEMBERS_BOARD, cookies=staff_cookie(clients.server))
    assert watcher.count == 1, "the same account, here and there"
    assert [entry.name for entry in watcher.last(Roster).users] == ["Ada Admin"]


def test_no_token_is_in_the_servers_log(server: Server) -> None:
    """The last of these tests: all of them have written to it."""
    log = Path(server.log).read_text()
    assert "/ws/presence/" in log, "sockets are logged"
    assert "/presence/token/" in log, "and so is who asks for tokens"
    # A token's payload is JSON in base 64, whose first letters say '{"b'.
    assert "eyJi" not in log
    assert "presence.token" not in log
