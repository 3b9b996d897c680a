"""Numbers on what processes say to each other of a board, by which they notice what was lost.

A channel layer loses messages in silence while a connection of its own is made again. A process
numbers what it says to a board's group; who hears a number that does not follow the last one has
missed something.
"""

from collections.abc import Collection
from uuid import UUID

from presence.cluster.messages import Post


class Outgoing:
    """The numbers of what this process says. A board that was forgotten goes on with a number that
    it did not have yet."""

    def __init__(self) -> None:
        self._last: dict[UUID, int] = {}
        self._total = 0

    def last(self, board: UUID) -> int:
        """Return the number of what was last said to a board's group."""
        return self._last.setdefault(board, self._total)

    def next(self, board: UUID) -> int:
        """Return the number of what is said to a board's group now."""
        number = self._last[board] = self.last(board) + 1
        self._total += 1
        return number

    def forget(self, board: UUID) -> None:
        """Forget a board to which nothing is said for now."""
        self._last.pop(board, None)


class Incoming:
    """The numbers of what other processes said."""

    def __init__(self) -> None:
        self._last: dict[UUID, dict[str, int]] = {}

    def begin(self, board: UUID) -> None:
        """Listen to a board, of which everything is heard from now on."""
        self._last[board] = {}

    def forget(self, board: UUID) -> None:
        """Listen to a board no more."""
        self._last.pop(board, None)

    def begin_all(self) -> None:
        """Begin anew with every board: nobody knows what was lost."""
        for board in self._last:
            self.begin(board)

    def keep(self, board: UUID, processes: Collection[str]) -> None:
        """Forget all processes but those."""
        heard = self._last.get(board, {})
        for process in heard.keys() - processes:
            del heard[process]

    def take(self, board: UUID, process: str, number: int | None, post: Post) -> bool:
        """Take in the number of a post that came: to the board's group, or, where it is `told`, to
        this process alone. Returns whether something was lost before it.

        A post that was overtaken by a later one loses what is older: cursors and states.
        """
        heard = self._last.get(board)
        if number is None or heard is None:
            return False
        before = heard.get(process)
        heard[process] = max(number, before or 0)
        if before is None or number == before + (not post.told):
            return False
        if number <= before:
            post.cursors, post.states = {}, {}
            return post.whole
        # Who says everything leaves nothing missing.
        return not post.whole
