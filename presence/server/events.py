"""Who came onto a board and who went, told once over all processes: by the one whose word to the
store made it so.

It is about people: who has another tab on the board neither comes nor goes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

from presence.store.base import Admission, Departure


@dataclass(frozen=True, slots=True)
class Event:
    """What happened on a board; `person` is the key that all their sockets share, `count` how many
    people are on the board then."""

    board: UUID
    person: str
    name: str
    count: int


class PersonJoined(Event):
    """A person came onto a board."""


class PersonLeft(Event):
    """A person left a board with the last of their tabs, or their grace is over."""


class BoardEmptied(Event):
    """The last person left a board."""


Tell = Callable[[Event], None]
"""Takes an event; neither waits nor raises."""


def nobody(event: Event) -> None:
    """Tell nobody."""


class Events:
    """Tells what the store's answers mean."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def came(self, board: UUID, admission: Admission) -> None:
        """Tell of who came, if somebody did."""
        if admission.arrived:
            member = admission.member
            self._tell(PersonJoined(board, member.person, member.name, admission.people))

    def went(self, board: UUID, departure: Departure) -> None:
        """Tell of those who left, if anybody did."""
        for event in _leaves(board, departure):
            self._tell(event)


def _leaves(board: UUID, departure: Departure) -> Iterator[Event]:
    names = {member.person: member.name for member in departure.members}
    for person, name in names.items():
        if person in departure.left:
            yield PersonLeft(board, person, name, departure.people)
    if departure.emptied:
        person, name = list(names.items())[-1]
        yield BoardEmptied(board, person, name, departure.people)
