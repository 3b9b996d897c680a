"""Who may come onto a board, and as whom. Asked once, when a socket connects; no frame comes this
way."""

import asyncio
import enum
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from math import inf
from time import monotonic
from typing import Any, TypeVar
from uuid import UUID, uuid4

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.utils.module_loading import import_string

from presence.conf import get_settings
from presence.embed import is_embedded, origin_of
from presence.guests import person_of, user_person
from presence.protocol.errors import Forbidden, NoBoard, PresenceError, SignInRequired, TryLater
from presence.protocol.identity import Visitor, clean_name
from presence.tokens import Grant, offered, read

logger = logging.getLogger(__name__)


class Decision(enum.Enum):
    """What a site says when somebody asks to come onto a board. NOT_FOUND keeps the board a
    secret."""

    ALLOW = "allow"
    SIGN_IN = "sign in"
    FORBID = "forbid"
    NOT_FOUND = "not found"


REFUSALS: Mapping[Decision, type[PresenceError]] = {
    Decision.SIGN_IN: SignInRequired,
    Decision.FORBID: Forbidden,
    Decision.NOT_FOUND: NoBoard,
}

Authorize = Callable[[Any, Any], Awaitable[Decision]]
T = TypeVar("T")


async def ask_board(user: Any, board: Any) -> Decision:
    """Decide as the board does: the default for `PRESENCE["AUTHORIZE"]`.

    A board model may have a method `presence_decision(user) -> Decision`, sync or async; a sync one
    may use the database. Without one, signed-in users may come in and guests may not.
    """
    decide = getattr(board, "presence_decision", None)
    if decide is None:
        return Decision.ALLOW if user.is_authenticated else Decision.SIGN_IN
    if not iscoroutinefunction(decide):
        decide = sync_to_async(decide)
    decision: Decision = await decide(user)
    return decision


def account_name(user: Any) -> str:
    """Return what others call a signed-in user: the default for `PRESENCE["DISPLAY_NAME"]`."""
    full_name: str = user.get_full_name() if hasattr(user, "get_full_name") else ""
    return full_name.strip() or user.get_username()


def board_model() -> type[models.Model]:
    """Return the site's board model; `ImproperlyConfigured` where `PRESENCE["BOARD_MODEL"]` names
    none."""
    label = get_settings().BOARD_MODEL
    try:
        return apps.get_model(label, require_ready=False)
    except (LookupError, ValueError) as error:
        raise ImproperlyConfigured(
            f"PRESENCE['BOARD_MODEL'] is {label!r}: it takes 'app_label.Model' of an installed app."
        ) from error


def visitor_name(user: Any) -> str | None:
    """Return the name a signed-in user goes by on every board, None for a guest or a name nobody
    could see."""
    if user is None or not user.is_authenticated:
        return None
    name: str = import_string(get_settings().DISPLAY_NAME)(user)
    return clean_name(name) or None


def parse_board(text: str) -> UUID:
    """Return the board that a URL names; `NoBoard` where it can name none."""
    try:
        return UUID(text)
    except ValueError as error:
        raise NoBoard(text) from error


async def admit(scope: Mapping[str, Any], board: UUID) -> Visitor:
    """Return who is behind a WebSocket's scope, if they may come onto the board.

    Raises a `Refused` where they may not, `TryLater` where that can't be found out now.
    """
    return await _answer(_admit(scope, board))


async def permit(user: Any, board: UUID) -> None:
    """Return if a user may come onto the board; raise what `admit` raises where they may not."""
    await _answer(_permit(user, board))


async def permitted(user: Any, boards: Collection[UUID], ends: float = inf) -> list[UUID]:
    """Return those of the boards that a user may come onto; `TryLater` where that can't be found
    out now.

    The boards are looked for with one query, whatever their number. One about which the site's own
    code raises is left out, and so are those about which it has not answered by `ends`, a time of
    `monotonic`. Code that is not async can't be interrupted: it is asked no more from then on.
    """
    return await _answer(_permitted(user, boards, ends))


async def _answer(asked: Coroutine[Any, Any, T]) -> T:
    """Return the answer to a question about who may come in, whatever goes wrong with it."""
    try:
        if not get_settings().ENABLED:
            raise TryLater("presence is switched off")
        return await asked
    except PresenceError:
        raise
    except Exception as error:
        # The site's own code and database speak here. Whatever goes wrong there, the door stays
        # shut, and the client, told to come again later, does not hammer at it.
        logger.exception("could not find out who may come onto a board")
        raise TryLater(str(error)) from error
    finally:
        asked.close()


async def _admit(scope: Mapping[str, Any], board: UUID) -> Visitor:
    token = offered(scope.get("subprotocols", ()))
    if token is not None:
        return await _admit_bearer(read(token, board, origin_of(scope)), board)
    if is_embedded(scope):
        raise SignInRequired("a page of another origin takes a token")
    user = scope["user"]
    await _permit(user, board)
    session_key = getattr(scope.get("session"), "session_key", None)
    person = person_of(user, scope.get("cookies", {}), session_key)
    return await _visitor(user, person or f"socket:{uuid4().hex}")


async def _admit_bearer(grant: Grant, board: UUID) -> Visitor:
    """Let in whom a token names. Of an account it says who, and the rules are asked again; for
    others it is the permission."""
    if grant.account is None:
        await _find_board(board)
        return Visitor(grant.person, clean_name(grant.name) or None)
    user = await get_user_model()._default_manager.filter(pk=grant.account).afirst()
    if user is None or not user.is_active:
        raise SignInRequired("the token's account is gone")
    await _permit(user, board)
    return await _visitor(user, user_person(user))


async def _visitor(user: Any, person: str) -> Visitor:
    return Visitor(person, await sync_to_async(visitor_name)(user))


async def _permit(user: Any, board: UUID) -> None:
    decision = await _authorize()(user, await _find_board(board))
    if decision is not Decision.ALLOW:
        raise REFUSALS[decision]


async def _permitted(user: Any, boards: Collection[UUID], ends: float) -> list[UUID]:
    authorize = _authorize()
    found = [board async for board in board_model()._default_manager.filter(pk__in=boards)]
    if authorize is ask_board and _decides_in_thread():
        # All in one trip to the thread, not one for each.
        decided = sync_to_async(lambda: [_decide(user, board, ends) for board in found])
        answers = await decided()
    else:
        asked = (_authorized(authorize, user, board, ends) for board in found)
        answers = await asyncio.gather(*asked, return_exceptions=True)
    return [board.pk for board, answer in zip(found, answers, strict=True) if _allows(answer)]


async def _authorized(authorize: Authorize, user: Any, board: Any, ends: float) -> Decision:
    if monotonic() >= ends:
        return Decision.FORBID
    try:
        async with asyncio.timeout(None if ends == inf else ends - monotonic()) as waiting:
            return await authorize(user, board)
    except TimeoutError:
        if not waiting.expired():
            raise
        return Decision.FORBID


def _decides_in_thread() -> bool:
    decide = getattr(board_model(), "presence_decision", None)
    return decide is not None and not iscoroutinefunction(decide)


def _decide(user: Any, board: Any, ends: float) -> Decision | BaseException:
    if monotonic() >= ends:
        return Decision.FORBID
    try:
        decision: Decision = board.presence_decision(user)
    except Exception as error:  # noqa: BLE001 (logged by `_allows`)
        return error
    return decision


def _allows(answer: Decision | BaseException) -> bool:
    if isinstance(answer, BaseException):
        # The site's own code; one board's trouble is not that of the others.
        logger.error("could not find out who may come onto a board", exc_info=answer)
    return answer is Decision.ALLOW


def _authorize() -> Authorize:
    authorize: Authorize = import_string(get_settings().AUTHORIZE)
    return authorize


async def _find_board(board: UUID) -> models.Model:
    found = await board_model()._default_manager.filter(pk=board).afirst()
    if found is None:
        raise NoBoard(board)
    return found
