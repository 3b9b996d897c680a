"""`SECRET_KEY` changes, and `SECRET_KEY_FALLBACKS` has the old one: everybody stays who they are,
and what they have is signed anew. When the old one is gone, nothing that it signed is valid."""

from http.cookies import SimpleCookie

import pytest
from django.contrib.auth.models import User

from presence.auth import admit
from presence.auth.rights import SiteRules
from presence.consumers import PresenceConsumer
from presence.guests import guest_person, read_guest, sign_guest
from presence.protocol.errors import Forbidden
from presence.tokens import issue
from tests.django.test_joins import ORIGIN, scope
from tests.django.test_rights import sign_in, sync_to_async
from tests.support.communicator import Communicator

pytestmark = pytest.mark.django_db(transaction=True)

COOKIE = "presence_guest"


@pytest.fixture
def change_key(settings):
    """Changes the secret key; the old one is still accepted, or not."""

    def change(accept_old=True):
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY] if accept_old else []
        settings.SECRET_KEY = f"{settings.SECRET_KEY}, changed"

    return change


def has_new(set_cookie):
    """Return the guest id in a header Set-Cookie whose signature is of today's key, else None."""
    value = SimpleCookie(set_cookie)[COOKIE].value
    return read_guest({COOKIE: value}, earlier_keys=False)


async def test_a_token_of_an_account_or_a_person(board, change_key):
    user = await User.objects.acreate(username="ada")
    tokens = [
        issue(board, origin=ORIGIN, user=user),
        issue(board, origin=ORIGIN, person="7"),
    ]
    change_key()
    for token in tokens:
        right = (await admit(scope(token), board)).right
        assert await SiteRules().ask([right]) == {right: None}
    change_key(accept_old=False)
    for token in tokens:
        with pytest.raises(Forbidden):
            await admit(scope(token), board)


async def test_the_session_of_an_account(board, change_key):
    user, cookies = await sync_to_async(sign_in)()
    before = (await admit(scope(**cookies), board)).right
    change_key()
    visitor = await admit(scope(**cookies), board)
    assert visitor.person == f"user:{user.pk}"
    assert await SiteRules().ask([before, visitor.right]) == {before: None, visitor.right: None}
    change_key(accept_old=False)
    assert (await admit(scope(**cookies), board)).person.startswith("session:")


async def test_the_cookie_of_a_guest(board, change_key):
    async def visit(value):
        """Return the cookie that a socket sets, None for none, and who it is of."""
        socket = Communicator(PresenceConsumer.as_asgi(), "/")
        route = {"kwargs": {"board": str(board)}}
        socket.scope |= {**scope(**{COOKIE: value}), "url_route": route}
        await socket.send_input({"type": "websocket.connect"})
        accepted = await socket.receive_output()
        headers = dict(accepted.get("headers") or {})
        person = (await admit(socket.scope, board)).person
        await socket.disconnect()
        return headers.get(b"set-cookie", b"").decode(), person

    value = sign_guest("a")
    assert await visit(value) == ("", guest_person("a"))
    change_key()
    cookie, person = await visit(value)
    assert (has_new(cookie), person) == ("a", guest_person("a"))
    assert await visit(sign_guest("a")) == ("", guest_person("a"))
    change_key(accept_old=False)
    cookie, person = await visit(value)
    assert has_new(cookie) != "a"
    assert person != guest_person("a")


@pytest.mark.parametrize("by", ["cookie", "header"])
async def test_a_guest_who_asks_for_a_token(async_client, board, change_key, by):
    value = sign_guest("a")
    change_key()
    if by == "cookie":
        async_client.cookies[COOKIE] = value
    headers = {} if by == "cookie" else {"presence-guest": value}
    answer = await async_client.get(f"/presence/token/{board}/", headers=headers)
    assert answer.json()["guest"] == sign_guest("a")
    assert has_new(answer.cookies.output(header="")) == "a"
