"""A roster, person by person."""

from datetime import UTC, datetime, timedelta

import pytest

from presence.protocol.messages import UserState
from presence.rooms.seats import Activity
from presence.server.people import Person, Scene, scene
from presence.store.base import Member, Snapshot, people

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
ACTIVE, OFF_BOARD, AWAY, IDLE = UserState


def member(
    session: str, person: str, since: float, *, process: str = "p", name: str = "Ada"
) -> Member:
    return Member(session, process, person, name, (1, 2, 3), 0, since)


def on(*members: Member, closed: bool = False) -> Snapshot:
    where = people(members), 1, frozenset({"p"}), 7
    return Snapshot(members, *where, closed=closed, at=1000.0)


def test_tabs_are_one_person_who_came_with_the_first() -> None:
    tabs = [
        member("a", "user:7", 900, process="q"),
        member("b", "user:7", 940, name="Ada L"),
    ]
    since = NOW - timedelta(seconds=100)
    assert scene(on(*tabs), Activity(), NOW).people == [
        Person("user:7", "Ada L", (1, 2, 3), "7", since, 2, None, ("p", "q"))
    ]


@pytest.mark.parametrize("key", ["guest:abc", "session:abc", "socket:abc", "embedded:user:7"])
def test_a_guest_has_no_account(key: str) -> None:
    (person,) = scene(on(member("a", key, 0)), Activity(), NOW).people
    assert person.account is None


def test_people_are_in_the_order_they_came() -> None:
    roster = on(member("a", "x", 30), member("b", "y", 10), member("c", "x", 5))
    assert [person.key for person in scene(roster, Activity(), NOW).people] == ["x", "y"]


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
def test_a_state_is_that_of_the_most_active_tab(
    told: dict[str, UserState], state: str | None
) -> None:
    roster = on(member("a", "x", 0), member("b", "x", 0))
    (person,) = scene(roster, Activity(told), NOW).people
    assert person.state == state


def test_cursors_are_those_of_members() -> None:
    cursors = {"a": b"\x00\x01\xff\xff", "gone": bytes(4)}
    seen = scene(on(member("a", "x", 0), member("b", "x", 0)), Activity({}, cursors), NOW)
    assert seen.cursors == {"a": ("x", 1, 65535)}


def test_a_board_that_shows_counts_only_has_no_names_and_no_cursors() -> None:
    # One came before it did.
    roster = on(member("a", "user:7", 0), member("b", "guest:1", 1, name=""))
    cursors = {"a": bytes(4)}
    seen = scene(roster, Activity({"a": AWAY}, cursors), NOW)
    assert [(person.key, person.name) for person in seen.people] == [
        ("user:7", ""),
        ("guest:1", ""),
    ]
    assert seen.cursors == {}


def test_a_board_is_closed_or_open() -> None:
    assert scene(on(), Activity(), NOW) == Scene([], {}, closed=False)
    assert scene(on(closed=True), Activity(), NOW).closed
