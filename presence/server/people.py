"""Who is on a board, person by person, as `presence.api` returns it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from presence.protocol.codec import unpack_position
from presence.protocol.messages import Color, UserState
from presence.rooms.seats import Activity
from presence.store.base import ACCOUNT, Member, PersonSummary, Snapshot

STATES = {
    UserState.ACTIVE: "active",
    UserState.OFF_BOARD: "off board",
    UserState.IDLE: "idle",
    UserState.AWAY: "away",
}
"""Names of the states. Of a person with several tabs the first state in this order counts."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person on a board, with all their tabs.

    `name` is "" where the board shows counts only. `key` is the same for all their sockets, and
    what `presence.api.remove` takes. `account` is the primary key of their account as text, None
    for a guest. `since` is when they came. `state` is that of their most active tab: "active",
    "off board", "idle" or "away", None if no process told it. `processes` are those that serve
    them.
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
    """A board at one moment.

    `people` are in the order they came. `cursors` are the cursors that are shown, by session: the
    person's key, and x and y from 0 to 65535. A `closed` board lets no newcomers in.
    """

    people: list[Person]
    cursors: Mapping[str, tuple[str, int, int]]
    closed: bool


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a person is: the boards, by their reference. `last_seen` is when they were last on a
    board, now if they are on one, and None if that is not known."""

    boards: list[UUID]
    last_seen: datetime | None

    @property
    def online(self) -> bool:
        """Whether they are on any board."""
        return bool(self.boards)


def whereabouts(summary: PersonSummary, now: datetime) -> Whereabouts:
    """Return where a person is from what the store tells."""
    seen = summary.seen
    last_seen = None if seen is None else now - timedelta(seconds=summary.at - seen)
    return Whereabouts([*summary.boards], last_seen)


def scene(snapshot: Snapshot, activity: Activity, now: datetime) -> Scene:
    """Return the scene of a board from its roster and from what is known of its activity."""
    members = snapshot.members
    if not all(member.name for member in members):
        # The board shows counts only, also of those who came before it did.
        members = tuple(replace(member, name="") for member in members)
        activity = Activity(activity.states)
    cursors = {
        member.session: (member.person, *unpack_position(activity.cursors[member.session]))
        for member in members
        if member.session in activity.cursors
    }
    tabs: dict[str, list[Member]] = defaultdict(list)
    for member in members:
        tabs[member.person].append(member)
    people = [_person(members, snapshot.at, activity.states, now) for members in tabs.values()]
    return Scene(sorted(people, key=lambda person: person.since), cursors, snapshot.closed)


def _person(
    tabs: Sequence[Member], at: float, states: Mapping[str, UserState], now: datetime
) -> Person:
    key, latest = tabs[0].person, tabs[-1]
    known = {states[tab.session] for tab in tabs if tab.session in states}
    return Person(
        key=key,
        name=latest.name,
        color=latest.color,
        account=key.removeprefix(ACCOUNT) if key.startswith(ACCOUNT) else None,
        since=now - timedelta(seconds=at - min(tab.since for tab in tabs)),
        tabs=len(tabs),
        state=next((name for state, name in STATES.items() if state in known), None),
        processes=tuple(sorted({tab.process for tab in tabs})),
    )
