"""The view that gives tokens: to whom, for what, and which pages may read it."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.test import AsyncClient

from presence.guests import guest_person, read_guest, read_signed, sign_guest
from presence.tokens import read
from presence_site.models import Board

pytestmark = pytest.mark.django_db(transaction=True)

OWN = "http://testserver"
OTHER = "https://www.example.com"


@pytest.fixture(autouse=True)
def embedding(settings: Any) -> None:
    settings.PRESENCE = {**settings.PRESENCE, "EMBED_ORIGINS": [OTHER]}


@pytest.fixture
async def board() -> UUID:
    return (await Board.objects.acreate(title="Plans", open_to_guests=True)).pk


async def ask(client: AsyncClient, board: UUID, **headers: str) -> Any:
    return await client.get(f"/presence/token/{board}/", headers=headers)


async def test_a_page_of_the_site(async_client: AsyncClient, board: UUID) -> None:
    answer = await ask(async_client, board)
    grant = read(answer.json()["token"], board, OWN)
    guest = read_signed(answer.json()["guest"])
    assert guest
    assert (grant.person, grant.account, grant.name) == (guest_person(guest), None, "")
    assert "no-store" in answer["Cache-Control"]


async def test_a_page_of_another_origin(async_client: AsyncClient, board: UUID) -> None:
    answer = await ask(async_client, board, origin=OTHER)
    assert read(answer.json()["token"], board, OTHER)
    assert answer["Access-Control-Allow-Origin"] == OTHER
    assert answer["Access-Control-Allow-Credentials"] == "true"
    assert {"Origin", "Cookie"} <= {name.strip() for name in answer["Vary"].split(",")}


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{OTHER}.evil.example", ""])
async def test_a_page_of_no_allowed_origin(
    async_client: AsyncClient, board: UUID, origin: str
) -> None:
    for method in (async_client.get, async_client.options):
        answer: Any = await method(f"/presence/token/{board}/", headers={"origin": origin})
        assert answer.status_code == 403
        assert "token" not in answer.json()
        assert "Access-Control-Allow-Origin" not in answer


async def test_what_a_browser_asks_beforehand(async_client: AsyncClient, board: UUID) -> None:
    answer: Any = await async_client.options(f"/presence/token/{board}/", headers={"origin": OTHER})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer["Access-Control-Allow-Origin"] == OTHER
    assert answer["Access-Control-Allow-Headers"] == "Presence-Guest"


async def test_nothing_else_may_be_asked(async_client: AsyncClient, board: UUID) -> None:
    answer: Any = await async_client.post(f"/presence/token/{board}/", headers={"origin": OWN})
    assert answer.status_code == 405


async def test_a_signed_in_user(async_client: AsyncClient, board: UUID) -> None:
    user = await User.objects.acreate(username="ada")
    await async_client.aforce_login(user)
    answer = await ask(async_client, board, origin=OTHER)
    grant = read(answer.json()["token"], board, OTHER)
    assert (grant.person, grant.account) == (f"user:{user.pk}", str(user.pk))
    assert "guest" not in answer.json()


async def test_a_guest_stays_who_they_are(async_client: AsyncClient, board: UUID) -> None:
    first = await ask(async_client, board, origin=OTHER)
    async_client.cookies.clear()
    said = first.json()["guest"]
    again = await ask(async_client, board, origin=OTHER, **{"presence-guest": said})
    assert again.json()["guest"] == said
    async_client.cookies.clear()
    forged = await ask(async_client, board, origin=OTHER, **{"presence-guest": "me:forged"})
    assert forged.json()["guest"] not in (said, "me:forged")


async def test_a_guests_cookie_comes_first(async_client: AsyncClient, board: UUID) -> None:
    async_client.cookies["presence_guest"] = sign_guest("a")
    answer = await ask(async_client, board, **{"presence-guest": sign_guest("b")})
    assert answer.json()["guest"] == sign_guest("a")


async def test_a_new_guest_gets_the_cookie_too(async_client: AsyncClient, board: UUID) -> None:
    answer = await ask(async_client, board)
    cookie = answer.cookies["presence_guest"].value
    assert read_guest({"presence_guest": cookie}) == read_signed(answer.json()["guest"])


async def fail(user: Any, board: Any) -> Any:
    raise RuntimeError("the site's own bug")


async def test_refusals(async_client: AsyncClient, settings: Any) -> None:
    closed = (await Board.objects.acreate(title="Members", open_to_guests=False)).pk
    for board, status in ((closed, 401), (uuid4(), 404)):
        answer = await ask(async_client, board, origin=OTHER)
        assert answer.status_code == status
        assert answer.json()["error"]
        assert answer["Access-Control-Allow-Origin"] == OTHER, "the page may know why"
    settings.PRESENCE = {**settings.PRESENCE, "ENABLED": False}
    answer = await ask(async_client, closed)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


async def test_a_rule_that_fails_gives_no_token(
    async_client: AsyncClient, board: UUID, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.PRESENCE = {**settings.PRESENCE, "AUTHORIZE": f"{__name__}.fail"}
    answer = await ask(async_client, board)
    assert answer.status_code == 503
    assert "the site's own bug" not in answer.text
    assert "the site's own bug" in caplog.text
