"""Which board holds which id on the wire (PROTOCOL.md, "Identifiers"), for stores that keep it in
memory."""

from itertools import takewhile
from math import inf
from uuid import UUID

from presence.protocol.board_ids import home_id, next_id


class BoardIds:
    """The ids in use. An id is kept for `rest` seconds after its board was let go."""

    def __init__(self, rest: float) -> None:
        self.shared = 0
        """How often a board had to share its home id because all 65,535 were taken."""
        self._rest = rest
        self._ids: dict[UUID, int] = {}
        self._taken: dict[int, UUID] = {}
        self._resting: dict[UUID, float] = {}

    def take(self, board: UUID) -> int:
        """Return the board's id (1..65535): the one it has, or the next free one from its home
        on."""
        self._resting.pop(board, None)
        if board not in self._ids:
            self._ids[board] = self._allot(board)
        return self._ids[board]

    def held(self, board: UUID, now: float) -> int:
        """Return the id that a board holds, 0 where it holds none or its rest is over."""
        return 0 if self._resting.get(board, inf) <= now else self._ids.get(board, 0)

    def let_go(self, board: UUID, now: float) -> None:
        """Begin the rest of an empty board's id."""
        self._resting.setdefault(board, now + self._rest)

    def release(self, now: float) -> list[UUID]:
        """Free the ids whose rest is over, and return their boards."""
        # Boards were let go in the order in which their rests end, so this stops at the first that
        # has not.
        over = list(takewhile(lambda board: self._resting[board] <= now, self._resting))
        for board in over:
            del self._resting[board]
            board_id = self._ids.pop(board)
            if self._taken.get(board_id) == board:
                del self._taken[board_id]
        return over

    def _allot(self, board: UUID) -> int:
        board_id = next_id(home_id(board), self._taken)
        if board_id in self._taken:
            self.shared += 1
        else:
            self._taken[board_id] = board
        return board_id
