"""Whom boards keep out, for stores that keep it in memory."""

from collections.abc import Collection
from uuid import UUID

from presence.protocol.errors import Forbidden, Removed
from presence.store.base import REMEMBERED, UNTIL_REOPENED
from presence.store.roster import Member

Ends = dict[UUID, dict[str, float]]
"""By board, and by person or session: when it is over, in seconds of the store's clock."""


class Doors:
    """Persons who were removed, their sessions, and boards that are shut."""

    def __init__(self) -> None:
        self._persons: Ends = {}
        self._sessions: Ends = {}
        self._shut: dict[UUID, float] = {}

    def admit(self, board: UUID, person: str, now: float, *, here: bool) -> None:
        """Return if a person may come in; `here`: they are on the board already. Raises `Removed`
        or `Forbidden`."""
        if self._persons.get(board, {}).get(person, now) > now:
            raise Removed(person)
        if self.is_shut(board, now) and not here:
            raise Forbidden("the board is closed to newcomers")

    def removed(self, board: UUID, now: float) -> frozenset[str]:
        """Return the sessions that must not be put back."""
        ends = self._sessions.get(board, {})
        return frozenset(session for session, end in ends.items() if end > now)

    def is_shut(self, board: UUID, now: float) -> bool:
        """Return whether newcomers are kept out."""
        return self._shut.get(board, now) > now

    def remove(
        self, board: UUID, person: str, sessions: Collection[str], seconds: float, now: float
    ) -> None:
        """Keep a person out for so long, and their sessions off the board."""
        self._forget(now)
        self._persons.setdefault(board, {})[person] = now + seconds
        remembered = now + max(seconds, REMEMBERED)
        self._sessions.setdefault(board, {}).update(dict.fromkeys(sessions, remembered))

    def keep_out(self, board: UUID, members: Collection[Member], now: float) -> list[Member]:
        """Return which members may be put back; who is kept out is `removed` from now on."""
        persons = self._persons.get(board, {})
        barred = [m.session for m in members if persons.get(m.person, now) > now]
        removed = self._sessions.setdefault(board, {})
        removed.update(dict.fromkeys(barred, now + REMEMBERED))
        return [member for member in members if removed.get(member.session, now) <= now]

    def shut(self, board: UUID, seconds: float, now: float) -> None:
        """Keep newcomers out for so long."""
        self._forget(now)
        self._shut[board] = now + min(seconds, UNTIL_REOPENED)

    def _forget(self, now: float) -> None:
        """Forget what is over."""
        self._shut = {board: end for board, end in self._shut.items() if end > now}
        self._persons = _unfinished(self._persons, now)
        self._sessions = _unfinished(self._sessions, now)


def _unfinished(ends: Ends, now: float) -> Ends:
    left = {b: {who: end for who, end in here.items() if end > now} for b, here in ends.items()}
    return {board: here for board, here in left.items() if here}
