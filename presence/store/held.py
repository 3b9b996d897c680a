"""Which sessions a store put on which boards, for stores whose state is elsewhere."""

from collections.abc import Collection
from uuid import UUID


class Held:
    """Sessions by board, with the process of each."""

    def __init__(self) -> None:
        self._sessions: dict[UUID, dict[str, str]] = {}

    def __contains__(self, board: object) -> bool:
        return board in self._sessions

    def put(self, board: UUID, session: str, process: str) -> None:
        """Note a session that is on a board."""
        self._sessions.setdefault(board, {})[session] = process

    def drop(self, board: UUID, sessions: Collection[str]) -> None:
        """Forget sessions that are off a board; unknown ones change nothing."""
        here = self._sessions.get(board, {})
        for session in sessions:
            here.pop(session, None)
        if not here:
            self._sessions.pop(board, None)

    def of(self, process: str) -> dict[UUID, list[str]]:
        """Return the boards that a process has sessions on, with those sessions."""
        found = {
            board: [session for session, owner in here.items() if owner == process]
            for board, here in self._sessions.items()
        }
        return {board: sessions for board, sessions in found.items() if sessions}
