"""What the people of a board do, as one process tells another that asks for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from presence.protocol.messages import UserState


@dataclass(frozen=True, slots=True)
class Activity:
    """States, and cursors that are shown, of which each is 4 bytes of position; both by session."""

    states: Mapping[str, UserState] = field(default_factory=dict)
    cursors: Mapping[str, bytes] = field(default_factory=dict)

    def __or__(self, other: "Activity") -> "Activity":
        """Return both in one."""
        return Activity({**self.states, **other.states}, {**self.cursors, **other.cursors})

    def packed(self) -> dict[str, Any]:
        """Return it as a channel layer carries it."""
        states = {session: int(state) for session, state in self.states.items()}
        return {"states": states, "cursors": dict(self.cursors)}


def unpack(said: Mapping[str, Any]) -> Activity:
    """Return what was `packed`; `ValueError` where it was something else."""
    try:
        states = {str(session): UserState(state) for session, state in said["states"].items()}
        cursors = {str(session): bytes(at) for session, at in said["cursors"].items()}
    except (KeyError, AttributeError, TypeError) as error:
        raise ValueError(f"no activity: {error!r}") from error
    if any(len(at) != 4 for at in cursors.values()):
        raise ValueError("a position is 4 bytes")
    return Activity(states, cursors)
