"""What processes tell each other, and its form on a channel layer."""

from collections.abc import Collection
from dataclasses import dataclass, field
from struct import Struct, error
from typing import Any
from uuid import UUID

from presence.protocol.codec import ANCHORED_POSITION, POSITION
from presence.protocol.messages import KNOWN_STATES, UserState

_CURSOR = Struct(f">B{POSITION}s")
_ANCHOR = Struct(f">B{ANCHORED_POSITION - POSITION}s")
_STATE = Struct(">BB")


@dataclass(slots=True)
class Message:
    """One process's news of one board.

    `version` is the board's version as the sender knows it: a receiver that knows an older one
    reads the board from the store. `cursors` (positions of 4 or 12 bytes) and `states` are what
    the sender's people do, by user id; only the latest of each matters. `introduction`: the sender
    has begun to share the board and asks for the others' activity. `reconnect`: have the people of
    the board connect anew.
    """

    version: int = 0
    cursors: dict[int, bytes] = field(default_factory=dict)
    states: dict[int, UserState] = field(default_factory=dict)
    introduction: bool = False
    reconnect: bool = False

    def only(self, users: Collection[int]) -> "Message":
        """Return what it tells of some users."""
        return Message(
            cursors={user: at for user, at in self.cursors.items() if user in users},
            states={user: state for user, state in self.states.items() if user in users},
        )

    def merge(self, later: "Message") -> None:
        """Add a later message of the same sender."""
        self.version = max(self.version, later.version)
        self.introduction |= later.introduction
        self.reconnect |= later.reconnect
        # A cursor makes its user active, and a state may hide it: the later of the two counts.
        for user in later.states:
            self.cursors.pop(user, None)
        self.cursors |= later.cursors
        self.states |= later.states

    def packed(self) -> dict[str, Any]:
        """Return the form that a layer carries: 5 bytes a cursor, 9 more for its anchor, 2 a state.
        Processes of an older version read no `anchors`."""
        cursors = self.cursors.items()
        anchors = [(user, at[POSITION:]) for user, at in cursors if len(at) > POSITION]
        return {
            "version": self.version,
            "cursors": b"".join(_CURSOR.pack(user, at[:POSITION]) for user, at in cursors),
            "anchors": b"".join(_ANCHOR.pack(*anchor) for anchor in anchors),
            "states": b"".join(_STATE.pack(*state) for state in self.states.items()),
            "introduction": self.introduction,
            "reconnect": self.reconnect,
        }


def unpack(packed: dict[str, Any]) -> Message:
    """Return the message that was packed; `ValueError` for anything else. What a later release may
    add is left out: more fields, and states that are not known here."""
    try:
        cursors = dict(_CURSOR.iter_unpack(packed["cursors"]))
        # Processes of an older version write no `anchors`.
        for user, anchor in _ANCHOR.iter_unpack(packed.get("anchors", b"")):
            cursors[user] += anchor
        return Message(
            int(packed["version"]),
            cursors,
            {
                user: UserState(state)
                for user, state in _STATE.iter_unpack(packed["states"])
                if state in KNOWN_STATES
            },
            bool(packed["introduction"]),
            bool(packed["reconnect"]),
        )
    except (AttributeError, KeyError, TypeError, error) as wrong:
        raise ValueError(f"not a message: {wrong!r}") from wrong


@dataclass(frozen=True, slots=True)
class RightsChange:
    """Sockets whose right to be open may have changed: those that all `subjects` are about, or all
    sockets where there are none. `ended`: the right is over, and nobody needs to be asked; that
    takes subjects.

    A subject is the key of a person, the hex form of a board, or a digest of a session's key.
    """

    subjects: frozenset[str]
    ended: bool = False

    @property
    def boards(self) -> list[UUID]:
        """The boards among the subjects."""
        return [UUID(hex=subject) for subject in self.subjects if ":" not in subject]

    def packed(self) -> list[Any]:
        """Return the form that a layer carries."""
        return [self.ended, *sorted(self.subjects)]


def unpack_change(packed: Any) -> RightsChange:
    """Return the change that was packed; `ValueError` for anything else."""
    match packed:
        case [bool(ended), *subjects] if all(isinstance(each, str) for each in subjects):
            return RightsChange(frozenset(subjects), ended)
    raise ValueError(f"not a change of rights: {packed!r}")
