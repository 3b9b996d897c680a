"""Decides who may join a board, and under which name. It is asked when a socket connects and for
counts on pages, never for a frame."""

import asyncio
import enum
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from math import inf
from time import monotonic
from typing import Any
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
    """A site's answer to somebody who wants to join; NOT_FOUND hides that the board exists."""

    ALLOW = "allow"
    SIGN_IN = "sign in"
    FORBID = "forbid"
    NOT_FOUND = "not found"


REFUSALS: Mapping[Decision, type[PresenceError]] = {
    Decision.SIGN_IN: SignInRequired,
    Decision.FORBID: Forbidden,
    Decision.NOT_FOUND: NoBoard,
}

RULE_FAILED = "auth: rule failed, no count is shown (board=%s)"

Authorize = Callable[[Any, Any], Awaitable[Decision]]


async def ask_board(user: Any, board: Any) -> Decision:
    """Let the board decide: the default of `PRESENCE["AUTHORIZE"]`.

    A board model may have a method `presence_decision(user) -> Decision`, sync or async; a sync one
    may use the database. Without it, signed-in users may join and guests may not.
    """
    decide = getattr(board, "presence_decision", None)
    if decide is None:
        return Decision.ALLOW if user.is_authenticated else Decision.SIGN_IN
    if not iscoroutinefunction(decide):
        decide = sync_to_async(decide)
    decision: Decision = await decide(user)
    return decision


def account_name(user: Any) -> str:
    """Return a user's full name, else the user name: the default of `PRESENCE["DISPLAY_NAME"]`."""
    full_name: str = user.get_full_name() if hasattr(user, "get_full_name") else ""
    return full_name.strip() or user.get_username()


def visitor_name(user: Any) -> str | None:
    """Return a signed-in user's name; None for a guest or a name that shows nothing."""
    if user is None or not user.is_authenticated:
        return None
    name: str = import_string(get_settings().DISPLAY_NAME)(user)
    return clean_name(name) or None


def board_model() -> type[models.Model]:
    """Return the site's board model. Raises `ImproperlyConfigured` where
    `PRESENCE["BOARD_MODEL"]` does not name an installed model."""
    label = get_settings().BOARD_MODEL
    try:
        return apps.get_model(label, require_ready=False)
    except (LookupError, ValueError) as error:
        raise ImproperlyConfigured(
            f"PRESENCE['BOARD_MODEL'] is {label!r}: it takes 'app_label.Model' of an installed app."
        ) from error


def parse_board(text: str) -> UUID:
    """Return the UUID that a URL gives for a board. Raises `NoBoard` where it is none."""
    try:
        return UUID(text)
    except ValueError as error:
        raise NoBoard(text) from error


@asynccontextmanager
async def _fail_closed() -> AsyncIterator[None]:
    """Raise `TryLater` while presence is switched off, and for any error of the site's own rules
    and database: nobody joins, and clients come back later."""
    try:
        if not get_settings().ENABLED:
            raise TryLater("presence is switched off")
        yield
    except PresenceError:
        raise
    except Exception as error:
        logger.exception("auth: rules failed, nobody can join")
        raise TryLater(str(error)) from error


@_fail_closed()
async def admit(scope: Mapping[str, Any], board: UUID) -> Visitor:
    """Return who opens a socket on a board. Raises a `Refused` where this visitor may not join, and
    `TryLater` where that is not known."""
    token = offered(scope.get("subprotocols", ()))
    if token is not None:
        return await _admit_bearer(read(token, board, origin_of(scope)), board)
    if is_embedded(scope):
        raise SignInRequired("a page of another origin needs a token")
    user = scope["user"]
    await permit(user, board)
    session_key = getattr(scope.get("session"), "session_key", None)
    person = person_of(user, scope.get("cookies", {}), session_key)
    return await _visitor(user, person or f"socket:{uuid4().hex}")


async def _admit_bearer(grant: Grant, board: UUID) -> Visitor:
    """Return whom a token names. The rules decide about accounts; others the token itself
    permits."""
    if grant.account is None:
        await _find_board(board)
        return Visitor(grant.person, clean_name(grant.name) or None)
    user = await get_user_model()._default_manager.filter(pk=grant.account).afirst()
    if user is None or not user.is_active:
        raise SignInRequired("the token's account is gone")
    await permit(user, board)
    return await _visitor(user, user_person(user))


async def _visitor(user: Any, person: str) -> Visitor:
    return Visitor(person, await sync_to_async(visitor_name)(user))


@_fail_closed()
async def permit(user: Any, board: UUID) -> None:
    """Return if a user may join a board. Raises like `admit` otherwise."""
    decision = await _authorize()(user, await _find_board(board))
    if decision is not Decision.ALLOW:
        raise REFUSALS[decision]


async def _find_board(board: UUID) -> models.Model:
    found = await board_model()._default_manager.filter(pk=board).afirst()
    if found is None:
        raise NoBoard(board)
    return found


def _authorize() -> Authorize:
    authorize: Authorize = import_string(get_settings().AUTHORIZE)
    return authorize


@_fail_closed()
async def permitted(user: Any, boards: Collection[UUID], deadline: float = inf) -> list[UUID]:
    """Return the boards that a user may join. Finds them in one query. Raises `TryLater` where
    nothing is known.

    A board is left out where its rule raises or has not answered by the deadline (on `monotonic`).
    A sync rule cannot be interrupted, but none is called after the deadline.
    """
    authorize = _authorize()
    found = [board async for board in board_model()._default_manager.filter(pk__in=boards)]
    decide = getattr(board_model(), "presence_decision", None)
    if authorize is ask_board and decide is not None and not iscoroutinefunction(decide):
        # One trip to the thread for all boards, not one for each.
        allowed = await sync_to_async(
            lambda: [_allows_in_thread(user, board, deadline) for board in found]
        )()
    else:
        allowed = await asyncio.gather(
            *(_allows(authorize, user, board, deadline) for board in found)
        )
    return [board.pk for board, allows in zip(found, allowed, strict=True) if allows]


async def _allows(authorize: Authorize, user: Any, board: Any, deadline: float) -> bool:
    remaining = deadline - monotonic()
    if remaining <= 0:  # A rule that blocks the event loop would not be interrupted.
        return False
    try:
        async with asyncio.timeout(remaining) as timeout:
            return await authorize(user, board) is Decision.ALLOW
    except Exception:
        if not timeout.expired():
            logger.exception(RULE_FAILED, board.pk)
        return False


def _allows_in_thread(user: Any, board: Any, deadline: float) -> bool:
    if monotonic() >= deadline:
        return False
    try:
        return board.presence_decision(user) is Decision.ALLOW
    except Exception:
        logger.exception(RULE_FAILED, board.pk)
        return False
