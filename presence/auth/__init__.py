"""Decides who may join a board, and under which name. It is asked when a socket connects and for
counts on pages, never for a frame.

A socket takes at most one trip to a thread that may use the database: it reads session, account
and board there, and asks a sync rule. Guests whom nothing tells apart share one answer for each
board, for `GUESTS_FOR` seconds; so most of them take none.

Outside a request, asgiref sends all sync code of a process to one thread, which the site's own
consumers use too. Visitors are let in by `RULE_THREADS` others, so that a slow rule keeps only
newcomers waiting.
"""

import asyncio
import enum
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Container,
    Iterator,
    Mapping,
)
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from math import inf
from operator import attrgetter
from time import monotonic
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from asgiref.sync import (
    SyncToAsync,
    ThreadSensitiveContext,
    iscoroutinefunction,
    sync_to_async,
)
from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user_model
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.utils.module_loading import import_string

from presence.auth.avatars import avatar_in_thread, avatar_on_loop
from presence.auth.names import account_name as account_name
from presence.auth.names import reserved_looks
from presence.auth.names import visitor_name as visitor_name
from presence.auth.threads import DatabaseThreads
from presence.boards import Board, find_board, find_boards, open_privacy
from presence.conf import get_settings
from presence.embed import is_embedded, origin_of
from presence.guests import GUEST, guest_person, person_of, read_guest, session_person, user_person
from presence.protocol.errors import Forbidden, NoBoard, PresenceError, SignInRequired, TryLater
from presence.protocol.identity import Privacy as Privacy
from presence.protocol.identity import Visitor, clean_name
from presence.recent import RecentAnswers
from presence.server.logs import bounded_logger
from presence.sessions import ReadOnlySession, cookies_of, is_account, is_session, session_user
from presence.tokens import Grant, is_proof, offered, proof_of, read

logger = bounded_logger(__name__)


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

GUESTS_FOR = 2.0
"""Seconds for which a board that let a guest in lets in others without being asked. Saving or
deleting the board in this process ends them early. Bans are in the store, and never wait."""

DECIDE_WITHIN = 15.0
"""Seconds until a visitor is told to try later, because the rule has not answered. A browser gives
up after 20 s (`WELCOME_TIMEOUT` in connection.ts), and would not hear of it."""

RULE_THREADS = 4
"""Threads that let visitors in. Each uses a connection to the database meanwhile: PostgreSQL takes
100 by default, from all processes together. Threads also compete with the event loop for Python's
lock, and delay cursors."""

Authorize = Callable[[Any, Any], Awaitable[Decision]]

_lets_guests_in: RecentAnswers[UUID, Privacy] = RecentAnswers(GUESTS_FOR)
_exists: RecentAnswers[UUID, Privacy] = RecentAnswers(GUESTS_FOR)


@dataclass(frozen=True, slots=True)
class Account:
    """The account that a socket is of. `proof` is another after its password has changed.
    `session_key` is None where no session of Django says whose the socket is."""

    key: Any
    proof: str = field(repr=False)
    session_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Right:
    """What lets a socket be open, to be asked about again (`presence.auth.rights`).

    It is that of an `account`, else of a `user` of whom only the rule knows, such as a guest. Both
    are None for the token of a person, which needs no more than the board. `privacy` is what the
    board told of its people.
    """

    board: UUID
    subjects: frozenset[str]
    account: Account | None = None
    user: Any = None
    privacy: Privacy = Privacy.FULL


@receiver(setting_changed)
def _forget_boards(**kwargs: Any) -> None:
    forget_answers()


def forget_answers(board: UUID | None = None) -> None:
    """Ask anew about a board, or about every board."""
    for answers in (_lets_guests_in, _exists):
        answers.clear() if board is None else answers.forget(board)


async def ask_board(user: Any, board: Any) -> Decision:
    """Let the board decide: the default of `PRESENCE["AUTHORIZE"]`.

    `board` is an object, or the name of a room. A model may have a method `presence_decision(user)
    -> Decision`, sync or async; a sync one may use the database. Without it, signed-in users may
    join, and guests if `PRESENCE["GUESTS"]` is true.
    """
    decide = getattr(board, "presence_decision", None)
    if decide is not None and not iscoroutinefunction(decide):
        return await sync_to_async(decide_in_thread)(user, board)
    return _checked(await decide(user), board) if decide else decide_in_thread(user, board)


def decide_in_thread(user: Any, board: Any) -> Decision:
    """Let the board decide, whose rule is not async."""
    decide = getattr(board, "presence_decision", None)
    if decide is None:
        may_join = user.is_authenticated or get_settings().GUESTS
        return Decision.ALLOW if may_join else Decision.SIGN_IN
    return _checked(decide(user), board)


def rule_is_async(board: Board) -> bool:
    """Return whether the site's rule for a board must be asked on the event loop."""
    decide = getattr(board, "presence_decision", None)
    return _authorize() is not ask_board or iscoroutinefunction(decide)


def _kind(board: Board) -> str:
    """Return what a board is, for the site's developer."""
    return f"the room {board!r}" if isinstance(board, str) else board._meta.label


def _rule(board: Board) -> str:
    """Return the name of the rule that decides about a board, "" where it has none."""
    if _authorize() is not ask_board:
        return get_settings().AUTHORIZE
    return f"presence_decision of {_kind(board)}" if hasattr(board, "presence_decision") else ""


def _reason(decision: Decision, user: Any, board: Board) -> str:
    """Return why a board refuses somebody, for the site's developer."""
    rule = _rule(board)
    if not rule:
        way = "add presence_decision(user) to the model"
        if isinstance(board, str):
            way = "name a rule in PRESENCE['AUTHORIZE']"
        return (
            f"Guests may not join {_kind(board)}, which has no rule: {way}, or set "
            "PRESENCE['GUESTS'] to True. Signed-in users may join."
        )
    who = "a signed-in user" if user.is_authenticated else "a guest"
    way = "sign in, or " if decision is Decision.SIGN_IN else ""
    return f"{rule} returned {decision} for {who}: {way}have it return Decision.ALLOW."


def _checked(decision: Any, board: Board) -> Decision:
    """Return the answer of a rule. Raises `TypeError` for anything that is no decision: `True`
    would let nobody in."""
    if not isinstance(decision, Decision):
        raise TypeError(
            f"{_rule(board)} returned {decision!r}, which is no presence.auth.Decision, such as "
            "Decision.ALLOW"
        )
    return decision


@asynccontextmanager
async def _fail_closed() -> AsyncIterator[None]:
    """Raise `TryLater` while presence is switched off, and for any error of the site's own rules
    and database: nobody joins, and clients come back later."""
    try:
        if not get_settings().ENABLED:
            raise TryLater("Presence is switched off: PRESENCE['ENABLED'] is False.")
        yield
    except PresenceError:
        raise
    except Exception as error:
        logger.exception("auth: rules failed, nobody can join")
        raise TryLater(
            f"The rule, or what it asks, failed with {type(error).__name__}: "
            f"{str(error) or 'no answer'}. The log has the traceback."
        ) from error


class _RuleThread(ThreadSensitiveContext):
    """A thread for the sync code of those who are being let in, `visitors` in number."""

    visitors = 0


_rule_threads = [_RuleThread() for _ in range(RULE_THREADS)]
for _thread in _rule_threads:
    # asgiref names another class, and uses what any executor has.
    _executor: Any = DatabaseThreads(1, "presence-rules")
    SyncToAsync.context_to_thread_executor[_thread] = _executor


@contextmanager
def in_rule_thread() -> Iterator[None]:
    """Have the block's sync code, and that of an async rule, run in the least busy rule thread."""
    thread = min(_rule_threads, key=attrgetter("visitors"))
    thread.visitors += 1
    token = SyncToAsync.thread_sensitive_context.set(thread)
    try:
        yield
    finally:
        SyncToAsync.thread_sensitive_context.reset(token)
        thread.visitors -= 1


class _Who(NamedTuple):
    """A user, a guest or not; the key of the Django session, if there is one; and the account, if
    it can be asked about again."""

    user: Any
    session_key: str | None = None
    account: Account | None = None


class _Admitted(NamedTuple):
    """Somebody who may join, the name of their account, what the board tells, and the URL of the
    account's picture."""

    who: _Who
    name: str | None
    privacy: Privacy
    avatar: str = ""


@_fail_closed()
async def admit(scope: Mapping[str, Any], board: UUID) -> Visitor:
    """Return who opens a socket on a board, and by which `Right`. Raises a `Refused` where this
    visitor may not join, and `TryLater` where that is not known.

    The user is the one that a middleware of the site put into the scope, such as Channels'
    `AuthMiddleware`. Without one, it is the user of the Django session.
    """
    token = offered(scope.get("subprotocols", ()))
    async with asyncio.timeout(DECIDE_WITHIN):
        if token is not None:
            return await _admit_bearer(read(token, board, origin_of(scope)), board)
        if is_embedded(scope):
            raise SignInRequired("a page of another origin needs a token")
        cookies = cookies_of(scope)
        admitted = await _admit_by_cookies(scope, cookies, board)
        looks = frozenset() if admitted.name else await reserved_looks(in_rule_thread)
    return _visitor(admitted, scope, board, looks)


def admit_at_once(scope: Mapping[str, Any], board: UUID) -> Visitor | None:
    """Return what `admit` returns for a guest on a board that has just let another one in. None for
    anybody else: `admit` finds out about them."""
    privacy = _lets_guests_in.recent(board)
    if privacy is None or not get_settings().ENABLED or get_settings().FORBID_ACCOUNT_NAMES:
        return None
    if is_embedded(scope) or offered(scope.get("subprotocols", ())) is not None:
        return None
    who = _who_without_database(scope, cookies_of(scope))
    if who is None or not is_any_guest(who.user):
        return None
    return _visitor(_Admitted(who, None, privacy), scope, board)


def _visitor(
    admitted: _Admitted,
    scope: Mapping[str, Any],
    board: UUID,
    reserved: Container[str] = frozenset(),
) -> Visitor:
    who, name, privacy, avatar = admitted
    guest = scope.get(GUEST) or read_guest(cookies_of(scope))
    person = person_of(who.user, guest, who.session_key) or f"socket:{uuid4().hex}"
    subjects = {person, board.hex}
    if guest is not None:
        subjects.add(guest_person(guest))
    if who.account and who.account.session_key:
        subjects.add(session_person(who.account.session_key))
    user = None if who.account else who.user
    right = Right(board, frozenset(subjects), who.account, user, privacy)
    return Visitor(person, name, privacy, reserved, right, avatar)


async def _admit_by_cookies(
    scope: Mapping[str, Any], cookies: Mapping[str, str], board: UUID
) -> _Admitted:
    who = _who_without_database(scope, cookies)
    if who is None:
        session_key = cookies[settings.SESSION_COOKIE_NAME]
        return await _decide(partial(_read_session, session_key), board)
    if not is_any_guest(who.user):
        return await _decide(lambda: _with_account(who, scope.get("session")), board)
    privacy = await _lets_guests_in.ask(board, partial(_let_guest_in, who, board))
    return _Admitted(who, None, privacy)


def _who_without_database(scope: Mapping[str, Any], cookies: Mapping[str, str]) -> _Who | None:
    """Return whom a middleware of the site names, or a guest; None where there is a session to
    read."""
    if "user" in scope:
        return _Who(scope["user"], getattr(scope.get("session"), "session_key", None))
    return None if cookies.get(settings.SESSION_COOKIE_NAME) else _Who(_guest_class()())


def _read_session(session_key: str | None) -> _Who:
    """Return who has a session. Uses the database unless the key is None."""
    session = ReadOnlySession(session_key)
    user, key = session_user(session), session.session_key
    account = Account(user.pk, proof_of(user), key) if user.is_authenticated else None
    return _Who(user, key, account)


def _with_account(who: _Who, session: Any) -> _Who:
    """Return somebody of whom a middleware of the site said who it is, with the account and, where
    that says the same, with the session."""
    user = who.user
    if not user.is_authenticated or not is_account(user):
        return who
    names_user = is_session(session) and session.get(SESSION_KEY) == str(user.pk)
    account = Account(user.pk, proof_of(user), who.session_key if names_user else None)
    return who._replace(account=account)


def is_any_guest(user: Any) -> bool:
    """Return whether a rule gets to know no more of this user than that it is a guest: a site's
    middleware may use another class, or set attributes."""
    user = getattr(user, "_wrapped", user)  # a lazy object, as Channels has it
    return type(user) is _guest_class() and not vars(user)


@lru_cache(maxsize=1)
def _guest_class() -> type[Any]:
    """Return Django's `AnonymousUser`, which cannot be imported before the apps are ready."""
    return type(_read_session(None).user)


@_fail_closed()
async def _let_guest_in(who: _Who, board: UUID) -> Privacy:
    return (await _decide(lambda: who, board)).privacy


async def _admit_bearer(grant: Grant, board: UUID) -> Visitor:
    """Return whom a token names. The rules decide about accounts; others the token itself
    permits."""
    account, avatar = None, ""
    if grant.account is None:
        privacy = await _exists.ask(board, partial(_check_exists, board))
        person, name = grant.person, clean_name(grant.name) or None
    else:
        who, name, privacy, avatar = await _decide(partial(_find_account, grant), board)
        person, account = user_person(who.user), who.account
    reserved = await reserved_looks(in_rule_thread) if name is None else frozenset()
    right = Right(board, frozenset({person, board.hex}), account, privacy=privacy)
    return Visitor(person, name, privacy, reserved, right, avatar)


@_fail_closed()
async def _check_exists(board: UUID) -> Privacy:
    with in_rule_thread():
        return await sync_to_async(_find_privacy)(board)


def _find_privacy(board: UUID) -> Privacy:
    return open_privacy(find_board(board))


def _find_account(grant: Grant) -> _Who:
    user = get_user_model()._default_manager.filter(pk=str(grant.account)).first()
    if user is None or not user.is_active:
        raise SignInRequired("the token's account is gone")
    if not is_proof(grant.proof, user):
        raise SignInRequired("the password of the token's account has changed")
    return _Who(user, None, Account(user.pk, grant.proof))


@_fail_closed()
async def permit(user: Any, board: UUID) -> None:
    """Return if the user of a request may join a board. Raises like `admit` otherwise."""
    # A request has a thread, and Django closes its connections at the end.
    who, found, decision, *_ = await sync_to_async(_look_up)(lambda: _Who(user), board)
    _refuse(await ask_rule(who.user, found) if decision is None else decision, who.user, found)


async def _decide(find: Callable[[], _Who], board: UUID) -> _Admitted:
    """Find somebody in a rule thread, and return them if they may join a board. Raises like `admit`
    otherwise.

    Where the caller is cancelled, what has begun goes on: nothing interrupts a function in a
    thread. What still waits for its thread does nothing there. Otherwise a rule that is too slow
    for a crowd would be busy with those who have given up, and nobody would come in.
    """
    given_up = False

    def find_unless_given_up() -> _Who:
        if given_up:
            raise TryLater("the visitor is gone")
        return find()

    asking = asyncio.create_task(_ask(find_unless_given_up, board))
    try:
        return await asyncio.shield(asking)
    except asyncio.CancelledError:
        given_up = True
        # asyncio would log an exception that nobody takes.
        asking.add_done_callback(lambda task: task.cancelled() or task.exception())
        raise


async def _ask(find: Callable[[], _Who], board: UUID) -> _Admitted:
    with in_rule_thread():
        look_up = sync_to_async(_look_up_with_avatar)
        who, found, decision, name, privacy, avatar = await look_up(find, board)
        if decision is None:
            # The caller's deadline does not reach this task.
            async with asyncio.timeout(DECIDE_WITHIN):
                decision = await ask_rule(who.user, found)
    _refuse(decision, who.user, found)
    if avatar is None:
        avatar = await avatar_on_loop(who.user)
    return _Admitted(who, name, privacy, avatar)


def refusal(decision: Decision, user: Any, board: Board) -> PresenceError | None:
    """Return the error that a decision means, None where it lets the user in."""
    if decision is Decision.ALLOW:
        return None
    return REFUSALS[decision](_reason(decision, user, board))


def _refuse(decision: Decision, user: Any, board: Board) -> None:
    error = refusal(decision, user, board)
    if error is not None:
        raise error


def _look_up(
    find: Callable[[], _Who], board: UUID
) -> tuple[_Who, Board, Decision | None, str | None, Privacy]:
    """Return somebody, a board, the decision of a sync rule (None: the rule is async), the name of
    an account, and what the board tells. Uses the database."""
    who, found = find(), find_board(board)
    privacy = open_privacy(found)
    decision = None if rule_is_async(found) else decide_in_thread(who.user, found)
    refused = decision is not None and decision is not Decision.ALLOW
    return who, found, decision, None if refused else visitor_name(who.user), privacy


def _look_up_with_avatar(
    find: Callable[[], _Who], board: UUID
) -> tuple[_Who, Board, Decision | None, str | None, Privacy, str | None]:
    """Return what `_look_up` does, and the picture of the account (None: the site's function is
    async)."""
    who, found, decision, name, privacy = _look_up(find, board)
    shown = name is not None and privacy is not Privacy.COUNTS_ONLY
    return who, found, decision, name, privacy, avatar_in_thread(who.user) if shown else ""


async def ask_rule(user: Any, board: Board) -> Decision:
    """Ask the site's rule, whatever it is."""
    return _checked(await _authorize()(user, board), board)


def _authorize() -> Authorize:
    authorize: Authorize = import_string(get_settings().AUTHORIZE)
    return authorize


@_fail_closed()
async def permitted(user: Any, boards: Collection[UUID], deadline: float = inf) -> list[UUID]:
    """Return the boards that a user may join. Finds them in one query for each model. Raises
    `TryLater` where nothing is known.

    A board is left out where its rule raises or has not answered by the deadline (on `monotonic`).
    A sync rule cannot be interrupted, but none is called after the deadline.
    """
    authorize = _authorize()
    found = await sync_to_async(_find_open)(boards)
    on_loop = [uuid for uuid, board in found.items() if rule_is_async(board)]
    in_thread = [uuid for uuid in found if uuid not in on_loop]
    allowed: set[UUID] = set()
    if in_thread:
        # One trip to the thread for all boards, not one for each.
        allowed |= await sync_to_async(
            lambda: {b for b in in_thread if _allows_in_thread(user, b, found[b], deadline)}
        )()
    answers = await asyncio.gather(
        *(_allows(authorize, user, uuid, found[uuid], deadline) for uuid in on_loop)
    )
    allowed |= {uuid for uuid, allows in zip(on_loop, answers, strict=True) if allows}
    return [uuid for uuid in found if uuid in allowed]


def _find_open(boards: Collection[UUID]) -> dict[UUID, Board]:
    """Find boards, without those that are off."""
    found = {}
    for uuid, board in find_boards(boards).items():
        try:
            open_privacy(board)
            found[uuid] = board
        except NoBoard:
            continue
        except Exception:
            logger.exception(RULE_FAILED, uuid)
    return found


async def _allows(
    authorize: Authorize, user: Any, uuid: UUID, board: Board, deadline: float
) -> bool:
    remaining = deadline - monotonic()
    if remaining <= 0:  # A rule that blocks the event loop would not be interrupted.
        return False
    try:
        async with asyncio.timeout(remaining) as timeout:
            return _checked(await authorize(user, board), board) is Decision.ALLOW
    except Exception:
        if not timeout.expired():
            logger.exception(RULE_FAILED, uuid)
        return False


def _allows_in_thread(user: Any, uuid: UUID, board: Board, deadline: float) -> bool:
    if monotonic() >= deadline:
        return False
    try:
        return decide_in_thread(user, board) is Decision.ALLOW
    except Exception:
        logger.exception(RULE_FAILED, uuid)
        return False
