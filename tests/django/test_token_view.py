"""`/presence/token/<board>/`: who gets a token, and which pages may read it."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from presence.guests import guest_person, read_guest, read_signed, sign_guest
from presence.tokens import issue, read
from presence_site.models import Board

pytestmark = pytest.mark.django_db(transaction=True)

OWN = "http://testserver"
OTHER = "https://www.example.com"


@pytest.fixture(autouse=True)
def embedding(configure):
    configure(EMBED_ORIGINS=[OTHER])


async def ask(client, board, method="get", **headers):
    return await getattr(client, method)(f"/presence/token/{board}/", headers=headers)


async def test_a_guest_on_a_page_of_the_site(async_client, board):
    answer = await ask(async_client, board)
    grant = read(answer.json()["token"], board, OWN)
    guest = read_signed(answer.json()["guest"])
    assert guest
    assert (grant.person, grant.account, grant.name) == (guest_person(guest), None, "")
    assert read_guest({"presence_guest": answer.cookies["presence_guest"].value}) == guest
    assert "no-store" in answer["Cache-Control"]


async def test_a_page_of_another_origin(async_client, board):
    answer = await ask(async_client, board, origin=OTHER)
    assert read(answer.json()["token"], board, OTHER)
    assert answer["Access-Control-Allow-Origin"] == OTHER
    assert answer["Access-Control-Allow-Credentials"] == "true"
    assert {"Origin", "Cookie"} <= {name.strip() for name in answer["Vary"].split(",")}
    preflight = await ask(async_client, board, "options", origin=OTHER)
    assert (preflight.status_code, preflight.content) == (204, b"")
    assert preflight["Access-Control-Allow-Origin"] == OTHER
    assert preflight["Access-Control-Allow-Headers"] == "Presence-Guest"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", f"{OTHER}.evil.example", "", "http://["]
)
@pytest.mark.parametrize("method", ["get", "options"])
async def test_a_page_of_no_allowed_origin(async_client, board, origin, method):
    answer = await ask(async_client, board, method, origin=origin)
    assert answer.status_code == 403
    assert "token" not in answer.json()
    assert "Access-Control-Allow-Origin" not in answer


async def test_other_methods(async_client, board):
    assert (await ask(async_client, board, "post", origin=OWN)).status_code == 405


async def test_an_account(async_client, board):
    user = await User.objects.acreate(username="ada")
    await async_client.aforce_login(user)
    answer = await ask(async_client, board, origin=OTHER)
    grant = read(answer.json()["token"], board, OTHER)
    assert (grant.person, grant.account) == (f"user:{user.pk}", str(user.pk))
    assert grant == read(issue(board, origin=OTHER, user=user), board, OTHER)
    assert "guest" not in answer.json()


async def test_a_guest_is_known_by_the_cookie_else_by_the_header(async_client, board):
    async def guest(**headers):
        return (await ask(async_client, board, origin=OTHER, **headers)).json()["guest"]

    told = {"presence-guest": sign_guest("a")}
    assert await guest(**told) == sign_guest("a")
    async_client.cookies["presence_guest"] = sign_guest("b")
    assert await guest(**told) == sign_guest("b")
    async_client.cookies.clear()
    assert await guest(**{"presence-guest": "a:forged"}) not in (sign_guest("a"), "a:forged")


async def test_refusals(async_client, configure, caplog, board):
    closed = (await Board.objects.acreate(title="Members")).pk
    for refused, status in ((closed, 401), (uuid4(), 404)):
        answer = await ask(async_client, refused, origin=OTHER)
        assert answer.status_code == status
        assert answer.json()["error"]
        assert answer["Access-Control-Allow-Origin"] == OTHER, "the page may know why"
    configure(AUTHORIZE="tests.django.test_auth.fail")
    answer = await ask(async_client, board)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "the site's own bug" not in answer.text
    assert "the site's own bug" in caplog.text
