"""Sockets of pages on other origins: only with a token, and as nobody but whom it names."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser, User

from presence.auth import admit
from presence.embed import EmbeddingOriginValidator, is_embedded, origin_of
from presence.guests import embedded_person
from presence.protocol.errors import Forbidden, NoBoard, SignInRequired
from presence.tokens import PREFIX, issue
from presence_site.models import Board

OWN = "http://testserver"
OTHER = "https://www.example.com"


@pytest.fixture(autouse=True)
def embedding(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.PRESENCE = {**settings.PRESENCE, "EMBED_ORIGINS": [OTHER]}


class TestTheValidator:
    async def passed(self, *headers: tuple[bytes, bytes]) -> dict[str, Any] | None:
        """Return the scope as it came through, None where the handshake was denied."""
        seen: list[dict[str, Any]] = []

        async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
            seen.append(scope)
            await receive()
            await send({"type": "websocket.accept"})

        socket = WebsocketCommunicator(EmbeddingOriginValidator(application), "/", list(headers))
        connected, _ = await socket.connect()
        assert connected is bool(seen)
        return seen[0] if seen else None

    async def test_the_sites_own_pages(self) -> None:
        scope = await self.passed((b"origin", OWN.encode()), (b"cookie", b"a=b"))
        assert scope
        assert not is_embedded(scope)
        assert (b"cookie", b"a=b") in scope["headers"]

    async def test_an_embedding_page_comes_without_its_cookies(self) -> None:
        scope = await self.passed((b"origin", OTHER.encode()), (b"cookie", b"sessionid=x"))
        assert scope
        assert is_embedded(scope)
        assert origin_of(scope) == OTHER
        assert [name for name, _ in scope["headers"]] == [b"origin"]

    @pytest.mark.parametrize(
        "origin", ["https://evil.example", "null", OTHER + ":8443", "http://www.example.com", ""]
    )
    async def test_all_others_are_denied(self, origin: str) -> None:
        assert await self.passed((b"origin", origin.encode())) is None
        assert await self.passed() is None

    async def test_who_says_two_origins_says_none(self) -> None:
        two = [(b"origin", OTHER.encode()), (b"origin", b"https://evil.example")]
        assert await self.passed(*two) is None


@pytest.mark.django_db(transaction=True)
class TestTheDoor:
    async def board(self, **how: Any) -> UUID:
        return (await Board.objects.acreate(title="Plans", **how)).pk

    def scope(self, token: str | None = None, origin: str = OTHER, **more: Any) -> dict[str, Any]:
        return {
            "user": AnonymousUser(),
            "cookies": {},
            "headers": [(b"origin", origin.encode())],
            "subprotocols": ["presence.v1", *([PREFIX + token] if token else [])],
            "presence.embedded": origin != OWN,
            **more,
        }

    async def test_without_a_token_an_open_board_is_closed_to_other_origins(self) -> None:
        with pytest.raises(SignInRequired):
            await admit(self.scope(), await self.board(open_to_guests=True))

    async def test_a_person_of_another_system(self) -> None:
        board = await self.board()
        token = issue(board, origin=OTHER, person="crm-7", name="Ada")
        visitor = await admit(self.scope(token), board)
        assert (visitor.person, visitor.name) == (embedded_person("crm-7"), "Ada")
        nameless = issue(board, origin=OTHER, person="crm-7")
        assert (await admit(self.scope(nameless), board)).name is None

    async def test_a_token_of_the_sites_own_page(self) -> None:
        board = await self.board()
        token = issue(board, origin=OWN, person="7", name="Ada")
        assert (await admit(self.scope(token, OWN), board)).name == "Ada"

    async def test_another_board_or_origin(self) -> None:
        board, other = await self.board(), await self.board()
        token = issue(board, origin=OTHER, person="7")
        with pytest.raises(Forbidden):
            await admit(self.scope(token), other)
        with pytest.raises(Forbidden):
            await admit(self.scope(token, OWN), board)

    async def test_a_board_that_is_gone(self) -> None:
        board = uuid4()
        with pytest.raises(NoBoard):
            await admit(self.scope(issue(board, origin=OTHER, person="7")), board)

    async def test_a_user_is_asked_for_anew(self) -> None:
        board = await self.board()
        user = await User.objects.acreate(username="ada")
        token = issue(board, origin=OTHER, user=user)
        visitor = await admit(self.scope(token), board)
        assert (visitor.person, visitor.name) == (f"user:{user.pk}", "ada")
        await User.objects.filter(pk=user.pk).aupdate(is_active=False)
        with pytest.raises(SignInRequired):
            await admit(self.scope(token), board)
        await User.objects.filter(pk=user.pk).adelete()
        with pytest.raises(SignInRequired):
            await admit(self.scope(token), board)

    async def test_a_token_is_who_somebody_is_whatever_else_they_are(self) -> None:
        """A forged token is not made up for by a session."""
        board = await self.board(open_to_guests=True)
        user = await User.objects.acreate(username="ada")
        with pytest.raises(Forbidden):
            await admit(self.scope("forged", OWN, user=user), board)
