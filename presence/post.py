"""What the processes that share a board say to each other, and how a channel layer carries it."""

from dataclasses import dataclass, field
from struct import Struct, error
from typing import Any

from presence.messages import UserState

_CURSOR = Struct(">B4s")
_STATE = Struct(">BB")


@dataclass(slots=True)
class Post:
    """What there is to say of one board, to its other processes or to one of them.

    `look`: the membership changed, read it from the store. `hello`: I hold people of this board
    too, tell me where yours are. `cursors` are 4 bytes of position and `states` what people do,
    both by user id: only the latest matters.
    """

    look: bool = False
    hello: bool = False
    cursors: dict[int, bytes] = field(default_factory=dict)
    states: dict[int, UserState] = field(default_factory=dict)

    def merge(self, later: "Post") -> None:
        """Take in what is said later."""
        self.look |= later.look
        self.hello |= later.hello
        # A cursor makes active and a state other than active hides: of one user only the later
        # of the two counts.
        for user in later.states:
            self.cursors.pop(user, None)
        self.cursors |= later.cursors
        self.states |= later.states


def pack(post: Post) -> dict[str, Any]:
    """Return a post as the layer carries it: cursors are 5 bytes each, states 2."""
    return {
        "look": post.look,
        "hello": post.hello,
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
        )
    except (KeyError, TypeError, error) as wrong:
        raise ValueError(f"no post: {wrong!r}") from wrong
