"""The table of page situations: whether the same thing is under both pointers, on every page of
tests/situations/pages.

Two people look at a page, on screens that differ. Each points at a thing with a real mouse, and the
other's cursor is drawn on the same thing. Then the page of one of them changes, and it still is.
"""

import json
from dataclasses import dataclass
from typing import Any, Protocol

from tests.support.server import ROOT, Server
from tests.support.waiting import DEADLINE, LONG, eventually

FOLDER = ROOT / "tests/situations/pages"

MOST = 2
"""Pixels between a thing and the tip of the cursor on it."""

SIZES = {"a": (1000, 700), "b": (820, 620)}
"""The viewport of each person. A page may widen the pixels of one with `data-ratio`."""


class Screen(Protocol):
    """A person's window, in any browser. All lengths are CSS pixels."""

    def open(self, url: str) -> None:
        """Go to a page, and return when it is loaded."""

    def resize(self, width: int, height: int, ratio: float) -> None:
        """Set the size of the viewport, and the device's pixels per CSS pixel."""

    def run(self, expression: str) -> Any:
        """Return what an expression of the page is, or resolves to: anything that JSON can hold."""

    def point(self, x: float, y: float) -> None:
        """Move the real mouse."""

    def click(self, x: float, y: float) -> None:
        """Move the real mouse, and click."""


@dataclass
class Person:
    """Somebody at a screen."""

    name: str
    screen: Screen

    def arrive(self, server: Server, situation: str, board: str) -> None:
        """Open the page of a situation."""
        self.screen.open(f"{server.origin}/situations/{situation}/{board}/{self.name}/")
        ratio = float(self.screen.run("document.documentElement.dataset.ratio ?? 1"))
        self.screen.resize(*SIZES[self.name], ratio)

    def sees(self, people: int) -> bool:
        """Return whether the bar shows a number of people, and the page its things."""
        ready = f"table.count() === '{people}' && !!(table.find('#one') && table.find('#two'))"
        return bool(self.screen.run(ready))

    def place(self, thing: str) -> list[float]:
        """Return where a thing is now."""
        place: list[float] | None = self.screen.run(f"table.thing('{thing}')")
        assert place, f"#{thing} is not shown to {self.name}"
        return place

    def point_at(self, thing: str) -> None:
        """Point at a thing where it is now."""
        self.screen.point(*self.place(thing))

    def change(self) -> Any:
        """Change the page, a step at a time."""
        for step in range(self.screen.run("changes.length")):
            if click := self.screen.run(f"table.change({step})"):
                self.screen.click(*click)
            yield step + 1

    def must_see(self, thing: str, when: str) -> None:
        """Check that the other's cursor comes to rest on a thing, or is not shown, as it is."""
        found = self.screen.run(f"table.meet('{thing}', {MOST}, {1000 * DEADLINE})")
        assert float(found["off"]) <= MOST, (
            f"{self.name}'s page, {when}: the cursor is {found['off']} px off #{thing}: "
            f"{json.dumps(found)}"
        )


SHARE = 1 if LONG else 12
"""Each browser walks one page in so many, unless `make situations` asks for all."""

FIRST = {"chromium": 0, "firefox": SHARE // 2}

ALWAYS = "style-rules"
"""Both walk this one: only observers tell of its changes."""


def situations(browser: str) -> list[str]:
    """Return the situations that are tested in a browser."""
    pages = [path.stem for path in sorted(FOLDER.glob("*.html"))]
    return sorted({*pages[FIRST[browser] :: SHARE], ALWAYS})


def assert_same_thing(
    screens: tuple[Screen, Screen], server: Server, browser: str, situation: str
) -> None:
    """Check a situation, with a board of its own."""
    a, b = meet(screens, server, situation, f"{situation}-{browser}")
    a.point_at("two")
    b.must_see("two", "at first")
    a.point_at("one")
    b.must_see("one", "at first")
    for step in b.change():
        b.must_see("one", f"after its change {step}")
    b.point_at("two")
    a.must_see("two", "at first")
    for step in a.change():
        a.must_see("two", f"after its change {step}")
    a.point_at("one")
    b.must_see("one", "after both changed")


def assert_told_anew(screens: tuple[Screen, Screen], server: Server, browser: str) -> None:
    """Check that the page moves a thing under a pointer that rests, and others see it there."""
    a, b = meet(screens, server, "plain", f"told-anew-{browser}")
    a.point_at("two")
    b.must_see("two", "at first")
    x, y = (end - start for start, end in zip(a.place("one"), a.place("two"), strict=True))
    a.screen.run(f"board.style.translate = '{x}px {y}px'")
    b.must_see("one", "after a's page moved it under a's pointer")


def meet(
    screens: tuple[Screen, Screen], server: Server, situation: str, board: str
) -> list[Person]:
    """Have two people come to the page of a situation, on a board of their own."""
    people = [Person(name, each) for name, each in zip("ab", screens, strict=True)]
    for person in people:
        person.arrive(server, situation, board)
    for person in people:
        eventually(lambda: person.sees(2), f"both are on the board, as {person.name} sees it")  # noqa: B023
    return people
