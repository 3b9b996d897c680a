"""What is true of the people on some boards, as those know who brought them there, and what of it
somebody else tells otherwise."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from tests.system.people import Person


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that a surface tells wrongly; `what` is a board, or the name of a figure."""

    surface: str
    what: str
    expected: object
    told: object

    def __str__(self) -> str:
        return f"{self.surface}: {self.what}: expected {self.expected!r}, told {self.told!r}"


@dataclass(slots=True)
class Comparison:
    """What surfaces tell, held against the truth. `compared` is how many things each of them
    told."""

    differences: list[Difference] = field(default_factory=list)
    compared: Counter[str] = field(default_factory=Counter)

    def hold(
        self, surface: str, expected: Mapping[str, object], told: Mapping[str, object]
    ) -> None:
        """Compare all that is expected of a surface with all that it tells."""
        self.compared[surface] += len(expected)
        for what in sorted({*expected, *told}):
            true, said = expected.get(what, "nothing"), told.get(what, "nothing")
            if true != said:
                self.differences.append(Difference(surface, what, true, said))

    def add(self, other: "Comparison") -> None:
        """Add what was compared elsewhere."""
        self.differences += other.differences
        self.compared += other.compared


@dataclass(frozen=True, slots=True)
class Truth:
    """Who is where. `boards` has the living sockets of each board; `pids` the ids of the processes
    that run, by number; `sockets` how many are open to each, by number, those included that left
    their board and stay open."""

    boards: Mapping[str, Sequence[Person]]
    pids: Mapping[int, int]
    sockets: Mapping[int, int]

    @property
    def people(self) -> dict[str, int]:
        """How many persons are on each board: whoever has many tabs there is one."""
        return {board: len({tab.identity for tab in tabs}) for board, tabs in self.boards.items()}

    @property
    def busy(self) -> dict[str, int]:
        """The same, of boards that somebody is on."""
        return {board: people for board, people in self.people.items() if people}

    @property
    def total(self) -> int:
        """How many people there are: who is on two boards counts on both."""
        return sum(self.people.values())

    @property
    def sessions(self) -> int:
        """How many sockets are on a board."""
        return sum(map(len, self.boards.values()))

    def busiest(self, most: int) -> list[tuple[str, int]]:
        """Return so many boards with most people, equal ones by their UUID."""
        ranked = sorted(self.busy.items(), key=lambda each: (-each[1], UUID(each[0])))
        return ranked[:most]

    def persons(self, board: str) -> list[tuple[str, int, list[int]]]:
        """Return who is on a board, by their names: in how many tabs, through which processes (by
        id)."""
        tabs_of: dict[str, list[Person]] = defaultdict(list)
        for tab in self.boards[board]:
            tabs_of[tab.identity].append(tab)
        return sorted(
            (tabs[0].name, len(tabs), sorted({self.pids[tab.process] for tab in tabs}))
            for tabs in tabs_of.values()
        )

    def served(self, number: int) -> int:
        """Return on how many boards a process serves somebody."""
        return sum(number in {tab.process for tab in tabs} for tabs in self.boards.values())
