"""Who may come in, and as whom."""

import logging
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import AnonymousUser, User

from presence import auth
from presence.auth import Decision, account_name, admit, ask_board, parse_board
from presence.guests import new_guest, sign_guest
from presence.protocol.errors import Forbidden, NoBoard, SignInRequired, TryLater
from presence_site.models import Board

GUEST = AnonymousUser()


async def forbid(user: Any, board: Any) -> Decision:
    return Decision.FORBID


async def hide(user: Any, board: Any) -> Decision:
    return Decision.NOT_FOUND


async def fail(user: Any, board: Any) -> Decision:
    raise RuntimeError("the site's own bug")


def shout(user: Any) -> str:
    return user.username.upper()


def scope(user: Any = GUEST, **more: Any) -> dict[str, Any]:
    return {"user": user, "cookies": {}, **more}


class Plain:
    """A board without a word on who may come in."""


class Deciding:
    async def presence_decision(self, user: Any) -> Decision:
        return Decision.FORBID


async def test_a_board_without_a_word_lets_in_who_signed_in() -> None:
    assert await ask_board(GUEST, Plain()) is Decision.SIGN_IN
    assert await ask_board(User(username="ada"), Plain()) is Decision.ALLOW


async def test_a_board_may_decide_asynchronously() -> None:
    assert await ask_board(GUEST, Deciding()) is Decision.FORBID


def test_the_accounts_name() -> None:
    assert account_name(User(username="ada")) == "ada"
    assert account_name(User(username="ada", first_name="Ada", last_name="L.")) == "Ada L."


@pytest.mark.parametrize("text", ["", "nonsense", "123"])
def test_what_is_no_uuid_is_no_board(text: str) -> None:
    with pytest.raises(NoBoard):
        parse_board(text)


def test_a_uuid_is_a_board() -> None:
    assert parse_board("00000000-0000-4000-8000-000000000001").version == 4


@pytest.mark.django_db(transaction=True)
class TestAdmit:
    async def board(self, **how: Any) -> UUID:
        return (await Board.objects.acreate(title="Plans", **how)).pk

    async def test_a_guest_on_an_open_board(self) -> None:
        visitor = await admit(scope(), await self.board(open_to_guests=True))
        assert visitor.name is None
        assert visitor.person.startswith("socket:")

    async def test_a_guest_on_a_closed_board(self) -> None:
        with pytest.raises(SignInRequired):
            await admit(scope(), await self.board())

    async def test_a_signed_in_user_goes_by_the_accounts_name(self, settings: Any) -> None:
        user = await User.objects.acreate(username="ada")
        board = await self.board()
        visitor = await admit(scope(user), board)
        assert (visitor.person, visitor.name) == (f"user:{user.pk}", "ada")
        settings.PRESENCE = {**settings.PRESENCE, "DISPLAY_NAME": f"{__name__}.shout"}
        auth_name = (await admit(scope(user), board)).name
        assert auth_name == "ADA"

    async def test_an_account_nobody_could_see_gets_no_name(self) -> None:
        user = await User.objects.acreate(username="\u200b")
        assert (await admit(scope(user), await self.board())).name is None

    async def test_a_guest_with_a_cookie_is_one_person(self) -> None:
        cookies = {"presence_guest": sign_guest(new_guest())}
        board = await self.board(open_to_guests=True)
        first, second = [await admit(scope(cookies=cookies), board) for _ in range(2)]
        assert first.person == second.person
        forged = {"presence_guest": "forged:signature"}
        assert (await admit(scope(cookies=forged), board)).person.startswith("socket:")

    async def test_no_such_board(self) -> None:
        with pytest.raises(NoBoard):
            await admit(scope(), uuid4())

    @pytest.mark.parametrize(
        ("path", "error"), [("forbid", Forbidden), ("hide", NoBoard), ("fail", TryLater)]
    )
    async def test_the_sites_own_rule(
        self, settings: Any, path: str, error: type[Exception], caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.PRESENCE = {**settings.PRESENCE, "AUTHORIZE": f"{__name__}.{path}"}
        with caplog.at_level(logging.CRITICAL + 1), pytest.raises(error):
            await admit(scope(), await self.board(open_to_guests=True))

    async def test_switched_off(self, settings: Any) -> None:
        settings.PRESENCE = {**settings.PRESENCE, "ENABLED": False}
        with pytest.raises(TryLater):
            await admit(scope(), await self.board(open_to_guests=True))


def test_every_refusal_has_its_error() -> None:
    assert auth.REFUSALS.keys() == set(Decision) - {Decision.ALLOW}
