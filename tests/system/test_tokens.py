"""Tokens through a real Daphne: pages of another origin come onto a board with them.

Every reason to refuse one is tested in tests/django.
"""

import json
from urllib.request import Request, urlopen

import pytest
from websockets.exceptions import InvalidStatus

from tests.support.accounts import issue, sign_in
from tests.support.clients import Client, Clients
from tests.support.server import MEMBERS_BOARD, with_settings
from tests.support.waiting import DEADLINE

ORIGIN = "https://www.example.com"


@pytest.fixture(scope="module")
def site(environment: dict[str, str]) -> dict[str, str]:
    """The environment of a site that lets pages of `ORIGIN` take part."""
    return with_settings(environment, PRESENCE={"EMBED_ORIGINS": [ORIGIN]})


async def connect(clients: Clients, *tokens: str, **how: str) -> Client:
    offered = ("presence.v1", *(f"presence.token.{token}" for token in tokens))
    return await clients.connect(subprotocols=offered, **{"origin": ORIGIN, **how})


async def test_a_page_of_another_origin_with_a_token(clients: Clients) -> None:
    ada = await clients.join("Ada")
    for person, count in (("7", 2), ("7", 2), ("8", 3)):
        bob = await connect(clients, issue(clients.board, ORIGIN, person=person, name="Bob"))
        assert bob.socket.subprotocol == "presence.v1"
        await bob.join("Mallory")
        assert bob.count == count, "the tokens of one person are for one person"
    await ada.until(lambda: ada.count == 3, "both persons")
    assert {*ada.others.values()} == {"Bob"}, "the token's name, whatever the page says"


async def test_without_a_good_token_nobody_comes_in(clients: Clients) -> None:
    session = sign_in(clients.server, admin=None)["admin"]
    expected = {
        "none, though cookies go with every socket": ([], 4401),
        "too old": ([issue(clients.board, ORIGIN, age=62)], 4401),
        "forged": ([issue(clients.board, ORIGIN)[:-2] + "xx"], 4403),
        "of another origin": ([issue(clients.board, "https://other.example")], 4403),
    }
    for what, (tokens, code) in expected.items():
        client = await connect(clients, *tokens, cookies=f"sessionid={session}")
        assert await client.closed() == code, what


@pytest.mark.parametrize("origin", ["https://evil.example", "http://www.example.com", "null"])
async def test_an_origin_that_is_not_named_fails_the_handshake(
    clients: Clients, origin: str
) -> None:
    with pytest.raises(InvalidStatus) as error:
        await connect(clients, issue(clients.board, origin), origin=origin)
    assert error.value.response.status_code == 403


async def test_the_tokens_of_the_view(clients: Clients) -> None:
    def ask(board: str, **headers: str) -> dict[str, str]:
        url = f"{clients.server.origin}/presence/token/{board}/"
        with urlopen(
            Request(url, headers={"Origin": ORIGIN, **headers}), timeout=DEADLINE
        ) as answer:
            said: dict[str, str] = json.loads(answer.read())
            return said

    first = ask(clients.board)
    again = ask(clients.board, **{"Presence-Guest": first["guest"]})
    for said, count in ((first, 1), (again, 1), (ask(clients.board), 2)):
        assert (await (await connect(clients, said["token"])).join()).count == count
    session = sign_in(clients.server, admin=None)["admin"]
    account = ask(MEMBERS_BOARD, Cookie=f"sessionid={session}")
    ada = await (await connect(clients, account["token"], board=MEMBERS_BOARD)).join()
    tab = await clients.join(board=MEMBERS_BOARD, cookies=f"sessionid={session}")
    assert (tab.count, [*tab.others.values()]) == (1, ["Ada Admin"]), "one account, in both"
    await ada.settle()

    # A token's payload is JSON in base 64, which begins with '{"b'.
    log = clients.server.logged()
    assert "/presence/token/" in log
    assert "eyJi" not in log
    assert "presence.token" not in log
