"""What is asked of a server: people, rooms, moves and joins."""

import re
from dataclasses import dataclass, replace

_TEXT = re.compile(r"(\d+)x(\d+)(?:@(\d+(?:\.\d+)?))?(?:\+(\d+))?")


@dataclass(frozen=True)
class Workload:
    """`people` in each of `rooms`, who each move `rate` times a second, evenly spread.

    They join at `join_rate` a second, or `window` at a time where that is 0, and within `patience`
    seconds. The first `warm_up` seconds of moves are not counted, `seconds` are.
    """

    people: int
    rooms: int
    rate: float = 0.0
    join_rate: int = 0
    window: int = 32
    patience: float = 90.0
    warm_up: float = 2.0
    seconds: float = 10.0

    @property
    def total(self) -> int:
        """People in all rooms."""
        return self.people * self.rooms

    def __str__(self) -> str:
        rate = f"@{self.rate:g}" if self.rate else ""
        joins = f"+{self.join_rate}" if self.join_rate else ""
        return f"{self.people}x{self.rooms}{rate}{joins}"


def parse(text: str, **others: float) -> Workload:
    """Return the workload `PEOPLExROOMS@RATE+JOINS`, of which @RATE and +JOINS may be missing.

    Raises `ValueError` where the text is none.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not PEOPLExROOMS@RATE+JOINS, such as 5x200@20")
    people, rooms, rate, joins = match.groups()
    work = Workload(int(people), int(rooms), float(rate or 0), int(joins or 0))
    return replace(work, **others)  # type: ignore[arg-type]
