"""Asks again whether those who were let in may stay: for many sockets at once, and as `admit` does.

Sessions, accounts and boards are read by one query each (boards by one for each model). The site's
rule is asked once for each account and board, and once for all guests of a board.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from time import monotonic, sleep
from typing import Any, NamedTuple
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
    load_backend,
)
from django.utils.crypto import constant_time_compare

from presence.auth import (
    DECIDE_WITHIN,
    Account,
    Decision,
    Right,
    ask_rule,
    decide_in_thread,
    forget_answers,
    in_rule_thread,
    is_any_guest,
    refusal,
    rule_is_async,
)
from presence.boards import Board, find_boards, open_privacy
from presence.cluster.messages import RightsChange
from presence.conf import get_settings
from presence.protocol.errors import NoBoard, Restarting
from presence.protocol.identity import Privacy
from presence.server.rechecks import session_ended
from presence.sessions import ReadOnlySession, read_sessions, session_user
from presence.tokens import is_proof

SLICE = 0.5
"""Seconds after which one trip to a thread asks no more rules: newcomers may wait for it."""

PAUSE = 0.001
"""Seconds of rest after each right, for the event loop. While a thread is busy in Python, the loop
gets Python's lock back up to 5 ms after each frame that it sends."""

RULES_AT_ONCE = 4
"""Async rules that are asked at the same time. More would hold up the event loop."""

Verdicts = dict[Right, Exception | None]


class SiteRules:
    """See `presence.server.rechecks.Rules`."""

    def changed(self, change: RightsChange) -> None:
        """Ask newcomers anew, too."""
        for board in change.boards if change.subjects else [None]:
            forget_answers(board)

    async def ask(self, rights: Sequence[Right]) -> Mapping[Right, Exception | None]:
        """Ask about rights, as far as the time of one trip allows."""
        with in_rule_thread():
            trip: _Trip = await sync_to_async(_ask_in_thread)(rights)
            if trip.on_loop:
                await trip.ask_on_loop()
        return trip.verdicts()


class _Question(NamedTuple):
    """Whether a user may be on a board."""

    user: Any
    board: Board


class _Trip:
    """What was found out about some rights. Rights with equal questions share an answer."""

    def __init__(self) -> None:
        self._keys: dict[Right, object] = {}
        self._answers: dict[object, Exception | None] = {}
        self._privacy: dict[UUID, Privacy | Exception] = {}
        self.on_loop: dict[object, _Question] = {}

    def verdicts(self) -> Verdicts:
        """Return the answer about each right that was reached."""
        return {right: self._answers[key] for right, key in self._keys.items()}

    def note(self, right: Right, answer: Exception | None) -> None:
        """Note what is known without asking a rule."""
        self._keys[right] = right
        self._answers[right] = answer

    def privacy_changed(self, right: Right, board: Board) -> Exception | None:
        """Return what ends a socket of a board that tells more or less of its people than when it
        was opened, or that is off: its client comes back as the new level has it."""
        if right.board not in self._privacy:
            try:
                self._privacy[right.board] = open_privacy(board)
            except Exception as error:  # noqa: BLE001 (the site's own code)
                self._privacy[right.board] = error
        privacy = self._privacy[right.board]
        if isinstance(privacy, Exception):
            return privacy
        if privacy is right.privacy:
            return None
        return Restarting.within(
            get_settings().GRACE, reason="the board has another level of privacy"
        )

    def ask_in_thread(self, right: Right, user: Any, board: Board) -> None:
        """Ask the rule about a right, unless it was asked the same; later, where it is async."""
        key = (right.board, user.pk if right.account else "" if is_any_guest(user) else id(user))
        self._keys[right] = key
        if key in self._answers or key in self.on_loop:
            return
        if rule_is_async(board):
            self.on_loop[key] = _Question(user, board)
            return
        try:
            self._answers[key] = refusal(decide_in_thread(user, board), user, board)
        except Exception as error:  # noqa: BLE001 (the site's own rule)
            self._answers[key] = error

    async def ask_on_loop(self) -> None:
        """Ask the async rules."""
        waiting = iter(self.on_loop.items())

        async def ask_the_next() -> None:
            for key, (user, board) in waiting:
                try:
                    async with asyncio.timeout(DECIDE_WITHIN):
                        decision: Decision = await ask_rule(user, board)
                    self._answers[key] = refusal(decision, user, board)
                except Exception as error:  # noqa: BLE001 (the site's own rule)
                    self._answers[key] = error

        await asyncio.gather(*(ask_the_next() for _ in range(RULES_AT_ONCE)))


def _ask_in_thread(rights: Sequence[Right]) -> _Trip:
    trip, end = _Trip(), monotonic() + SLICE
    boards = find_boards({right.board for right in rights})
    users = _users([right.account for right in rights if right.account])
    for index, right in enumerate(rights):
        if index and monotonic() > end:
            break
        sleep(PAUSE)
        board, user = boards.get(right.board), right.user
        if board is None:
            trip.note(right, NoBoard("the board is gone"))
            continue
        changed = trip.privacy_changed(right, board)
        if changed is not None:
            trip.note(right, changed)
            continue
        if right.account is not None:
            user = users[right.account]
            if user is None:
                trip.note(right, session_ended("the session, or its account, has ended"))
                continue
        if user is None:
            trip.note(right, None)
        else:
            trip.ask_in_thread(right, user, board)
    return trip


def _users(accounts: Collection[Account]) -> dict[Account, Any]:
    """Return the users whose sockets are theirs still, None for the others."""
    if not accounts:
        return {}
    sessions = read_sessions({each.session_key for each in accounts if each.session_key})
    manager = get_user_model()._default_manager
    rows = {user.pk: user for user in manager.filter(pk__in={each.key for each in accounts})}
    users: dict[Account, Any] = {}
    for account in accounts:
        user = rows.get(account.key)
        if account.session_key is None:
            users[account] = user if user is not None and _is_as_before(user, account) else None
        else:
            users[account] = _signed_in(sessions[account.session_key], user, account)
    return users


def _is_as_before(user: Any, account: Account) -> bool:
    return user.is_active and is_proof(account.proof, user)


def _signed_in(session: ReadOnlySession, user: Any, account: Account) -> Any:
    """Return the user who is signed in with a session, if it is the same account as before. `user`
    is the account as it is now; backends of the site's own are asked."""
    if user is None or not _is_valid(session, user):
        user = session_user(session)
    return user if user.is_authenticated and user.pk == account.key else None


def _is_valid(session: ReadOnlySession, user: Any) -> bool:
    """Return whether Django's own backend would take a user for signed in with a session. False
    also where only `django.contrib.auth.get_user` knows."""
    path, key = session.get(BACKEND_SESSION_KEY, ""), session.get(SESSION_KEY)
    if path not in settings.AUTHENTICATION_BACKENDS or key != user._meta.pk.value_to_string(user):
        return False
    backend: Any = load_backend(path)
    reads = type(backend).get_user
    if (reads.__module__, reads.__qualname__) != (
        "django.contrib.auth.backends",
        "ModelBackend.get_user",
    ):
        return False
    proof = session.get(HASH_SESSION_KEY, "")
    same = constant_time_compare(proof, user.get_session_auth_hash())
    return same and bool(backend.user_can_authenticate(user))
