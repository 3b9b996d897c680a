"""Events of people who join and leave boards.

Each is told once over all processes, by the process whose call to the store made it happen. They
are about people: another tab of the same person is no event.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from presence.store.base import Admission, Departure


@dataclass(frozen=True, slots=True)
class Event:
    """What happened on a board. `person` is the key that all sockets of the person share, `count`
    how many people are on the board after it."""

    board: UUID
    person: str
    name: str
    count: int


class PersonJoined(Event):
    """A person joined a board."""


class PersonLeft(Event):
    """A person left a board with their last tab, or their grace is over."""


class BoardEmptied(Event):
    """The last person left a board."""


Tell = Callable[[Event], None]
"""Takes an event. It must neither wait nor raise."""


def nobody(event: Event) -> None:
    """Tell nobody."""


class Events:
    """Tells the events that follow from the store's answers."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def joined(self, board: UUID, admission: Admission) -> None:
        """Tell that a person joined, unless they had another tab."""
        if admission.arrived:
            member = admission.member
            self._tell(PersonJoined(board, member.person, member.name, admission.people))

    def left(self, board: UUID, departure: Departure) -> None:
        """Tell of each person who left with their last tab, and that the board is empty if so."""
        names = {member.person: member.name for member in departure.members}
        for person, name in names.items():
            if person in departure.left:
                self._tell(PersonLeft(board, person, name, departure.people))
        if departure.emptied:
            person, name = list(names.items())[-1]
            self._tell(BoardEmptied(board, person, name, departure.people))
