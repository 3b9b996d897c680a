"""Who is on a board, person by person: what a site is told of a roster."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from presence.protocol.codec import unpack_position
from presence.protocol.messages import Color, UserState
from presence.rooms.seats import Activity
from presence.store.base import Member, Snapshot

ACCOUNT = "user:"
"""What the key of a person who has an account begins with; its primary key follows."""

STATES = {
    UserState.ACTIVE: "active",
    UserState.OFF_BOARD: "off board",
    UserState.IDLE: "idle",
    UserState.AWAY: "away",
}
"""What states are called, those first that say that somebody does more."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person on a board, with all their tabs.

    `key` is what all their sockets share, by which they are removed; `account` the primary key of
    their account as text, None for a guest; `since` when they came; `state` what they do ("active",
    "off board", "idle" or "away"), in the tab where they do most, None where no process told;
    `processes` those that serve them.
    """

    key: str
    name: str
    color: Color
    account: str | None
    since: datetime
    tabs: int
    state: str | None
    processes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """A board at one moment: `people` in the order they came; `cursors`, those that are shown, by
    session: whose (`Person.key`), and where, x and y from 0 to 65535; whether it is `closed` to
    newcomers."""

    people: list[Person]
    cursors: Mapping[str, tuple[str, int, int]]
    closed: bool


def scene(snapshot: Snapshot, activity: Activity, now: datetime) -> Scene:
    """Return a board as its roster has it, with what people do as far as it is told."""
    cursors = {
        member.session: (member.person, *unpack_position(activity.cursors[member.session]))
        for member in snapshot.members
        if member.session in activity.cursors
    }
    return Scene(_persons(snapshot, activity.states, now), cursors, snapshot.closed)


def _persons(snapshot: Snapshot, states: Mapping[str, UserState], now: datetime) -> list[Person]:
    tabs: dict[str, list[Member]] = defaultdict(list)
    for member in snapshot.members:
        tabs[member.person].append(member)
    here = [_person(members, snapshot.at, states, now) for members in tabs.values()]
    return sorted(here, key=lambda person: person.since)


def _person(
    tabs: Sequence[Member], at: float, states: Mapping[str, UserState], now: datetime
) -> Person:
    key, latest = tabs[0].person, tabs[-1]
    told = {states[tab.session] for tab in tabs if tab.session in states}
    return Person(
        key=key,
        name=latest.name,
        color=latest.color,
        account=key.removeprefix(ACCOUNT) if key.startswith(ACCOUNT) else None,
        since=now - timedelta(seconds=at - min(tab.since for tab in tabs)),
        tabs=len(tabs),
        state=next((word for state, word in STATES.items() if state in told), None),
        processes=tuple(sorted({tab.process for tab in tabs})),
    )
