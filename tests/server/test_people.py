"""A roster, person by person."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from presence.protocol.messages import UserState
from presence.rooms.seats import Activity
from presence.server.people import Person, Scene, scene
from presence.store.base import Member, Snapshot

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
ACTIVE, OFF_BOARD, AWAY, IDLE = UserState


def member(
    session: str, person: str, since: float, process: str = "p", name: str = "Ada"
) -> Member:
    return Member(session, process, person, name, (1, 2, 3), 0, since)


def on(*members: Member, at: float = 1000.0) -> Snapshot:
    people = len({m.person for m in members})
    return Snapshot(members, people, 1, frozenset({"p"}), 7, at=at)


def people(snapshot: Snapshot, states: dict[str, UserState] | None = None) -> list[Person]:
    return scene(snapshot, Activity(states or {}), NOW).people


def test_tabs_are_one_person_who_came_with_the_first() -> None:
    tabs = [member("a", "user:7", 900, "q"), member("b", "user:7", 940, "p", "Ada L")]
    assert people(on(*tabs)) == [
        Person("user:7", "Ada L", (1, 2, 3), "7", NOW - timedelta(seconds=100), 2, None, ("p", "q"))
    ]


@pytest.mark.parametrize("key", ["guest:abc", "session:abc", "socket:abc", "embedded:user:7"])
def test_a_guest_has_no_account(key: str) -> None:
    (person,) = people(on(member("a", key, 0)))
    assert person.account is None


def test_they_are_in_the_order_they_came() -> None:
    roster = [member("a", "x", 30), member("b", "y", 10), member("c", "x", 5)]
    assert [person.key for person in people(on(*roster))] == ["x", "y"]


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({}, None),
        ({"elsewhere": ACTIVE}, None),
        ({"a": AWAY, "b": IDLE}, "idle"),
        ({"a": AWAY, "b": OFF_BOARD}, "off board"),
        ({"a": AWAY, "b": ACTIVE}, "active"),
        ({"b": AWAY}, "away"),
    ],
)
def test_what_somebody_does_is_what_they_do_most(
    told: dict[str, UserState], state: str | None
) -> None:
    (person,) = people(on(member("a", "x", 0), member("b", "x", 0)), told)
    assert person.state == state


def test_a_cursor_is_somebodys_who_is_there() -> None:
    cursors = {"a": b"\x00\x01\xff\xff", "gone": bytes(4)}
    seen = scene(on(member("a", "x", 0), member("b", "x", 0)), Activity({}, cursors), NOW)
    assert seen.cursors == {"a": ("x", 1, 65535)}


def test_a_board_is_closed_or_open() -> None:
    assert scene(on(), Activity(), NOW) == Scene([], {}, closed=False)
    assert scene(replace(on(), closed=True), Activity(), NOW).closed
