"""Which sessions a store put on which boards, for stores whose state is elsewhere."""

from collections.abc import Collection
from math import inf
from uuid import UUID


class Held:
    """Sessions by board, with the process of each."""

    def __init__(self) -> None:
        self.puts = 0
        """How often `put` was called."""
        # The process of each, and which `put` it was.
        self._sessions: dict[UUID, dict[str, tuple[str, int]]] = {}

    def __contains__(self, board: object) -> bool:
        return board in self._sessions

    def put(self, board: UUID, session: str, process: str) -> None:
        """Note a session that is on a board."""
        self.puts += 1
        self._sessions.setdefault(board, {})[session] = process, self.puts

    def drop(self, board: UUID, sessions: Collection[str], *, until: float = inf) -> None:
        """Forget sessions that are off a board, but for those put after `puts` was `until`;
        unknown ones change nothing."""
        here = self._sessions.get(board, {})
        for session in sessions:
            if session in here and here[session][1] <= until:
                del here[session]
        if not here:
            self._sessions.pop(board, None)

    def of(self, process: str) -> dict[UUID, list[str]]:
        """Return the boards that a process has sessions on, with those sessions."""
        found = {
            board: [session for session, (owner, _) in here.items() if owner == process]
            for board, here in self._sessions.items()
        }
        return {board: sessions for board, sessions in found.items() if sessions}
