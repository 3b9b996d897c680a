"""What the processes that share a board say to each other, and how a channel layer carries it."""

from collections.abc import Collection
from dataclasses import dataclass, field
from struct import Struct, error
from typing import Any
from uuid import UUID

from presence.protocol.messages import UserState

_CURSOR = Struct(">B4s")
_STATE = Struct(">BB")


@dataclass(slots=True)
class Post:
    """What there is to say of one board, to its other processes or (`told`) to one of them.

    `look`: the membership changed, read it from the store. `hello`: I hold people of this board
    too, tell me where yours are. `cursors` are 4 bytes of position and `states` what people do,
    both by user id: only the latest matters. `whole`: there are no others of mine. `restart`: have
    your people connect anew.
    """

    look: bool = False
    hello: bool = False
    cursors: dict[int, bytes] = field(default_factory=dict)
    states: dict[int, UserState] = field(default_factory=dict)
    whole: bool = False
    told: bool = False
    restart: bool = False

    def __bool__(self) -> bool:
        """Whether it says anything."""
        said = self.look or self.hello or self.whole or self.restart
        return bool(said or self.cursors or self.states)

    def only(self, users: Collection[int]) -> "Post":
        """Return what it says of those users' doings."""
        return Post(
            cursors={user: at for user, at in self.cursors.items() if user in users},
            states={user: state for user, state in self.states.items() if user in users},
        )

    def merge(self, later: "Post") -> None:
        """Take in what is said later."""
        self.look |= later.look
        self.hello |= later.hello
        self.whole |= later.whole
        self.told |= later.told
        self.restart |= later.restart
        self.follow(later)

    def follow(self, later: "Post") -> None:
        """Take in what people did later."""
        # A cursor makes active and a state other than active hides: of one user only the later
        # of the two counts.
        for user in later.states:
            self.cursors.pop(user, None)
        self.cursors |= later.cursors
        self.states |= later.states


class Pending:
    """Posts that are yet to be sent, by the board they are about and the group they go to."""

    def __init__(self) -> None:
        self._posts: dict[UUID, dict[str, Post]] = {}

    def __bool__(self) -> bool:
        return bool(self._posts)

    def put(self, board: UUID, group: str, post: Post) -> None:
        """Add a post to what waits for the same group."""
        here = self._posts.setdefault(board, {})
        here.setdefault(group, Post()).merge(post)
        if not post.told:
            # What says everything must not fall behind what is sent before it.
            for waiting in here.values():
                if waiting.whole:
                    waiting.follow(post)

    def put_back(self, board: UUID, group: str, post: Post) -> None:
        """Put back what could not be sent, behind all other boards."""
        here = self._posts.pop(board, {})
        if post.whole:
            for waiting in here.values():
                if not waiting.told:
                    post.follow(waiting)
        post.merge(here.pop(group, Post()))
        # Before what else waits of the board, as it was.
        self._posts[board] = {group: post} | here

    def take(self) -> tuple[UUID, str, Post]:
        """Take out the post that has waited longest."""
        board, here = next(iter(self._posts.items()))
        group = next(iter(here))
        post = here.pop(group)
        if not here:
            del self._posts[board]
        return board, group, post


def pack(post: Post) -> dict[str, Any]:
    """Return a post as the layer carries it: cursors are 5 bytes each, states 2."""
    return {
        "look": post.look,
        "hello": post.hello,
        "whole": post.whole,
        "told": post.told,
        "restart": post.restart,
        "cursors": b"".join(_CURSOR.pack(user, at) for user, at in post.cursors.items()),
        "states": b"".join(_STATE.pack(user, state) for user, state in post.states.items()),
    }


def unpack(message: dict[str, Any]) -> Post:
    """Return what `pack` made a message of; `ValueError` where it did not make it."""
    try:
        return Post(
            bool(message["look"]),
            bool(message["hello"]),
            dict(_CURSOR.iter_unpack(message["cursors"])),
            {user: UserState(state) for user, state in _STATE.iter_unpack(message["states"])},
            bool(message["whole"]),
            bool(message["told"]),
            bool(message["restart"]),
        )
    except (KeyError, TypeError, error) as wrong:
        raise ValueError(f"no post: {wrong!r}") from wrong
