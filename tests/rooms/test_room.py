"""One room: what it tells, to whom, and when (PROTOCOL.md).

The random events of `test_room_machine` prove that clients and other processes know the truth
after each tick; here is what they cannot show, and that nothing is told without need.
"""

from collections.abc import Callable
from dataclasses import replace
from math import ceil
from typing import Any

import pytest

from presence.protocol.codec import decode_server, encode, pack_position
from presence.protocol.messages import (
    NO_USER,
    Anchor,
    Anchors,
    Avatars,
    Cursor,
    CursorBroadcast,
    Dialect,
    PresenceUpdate,
    Rate,
    Roster,
    RosterEntry,
    ServerMessage,
    States,
    UserJoined,
    UserLeft,
    UserState,
    Welcome,
)
from presence.rooms.frames import Flush
from presence.rooms.pacing import JOINS_WITHIN, Announcements
from presence.rooms.room import Room
from presence.rooms.seats import Activity, unpack_activity
from presence.store.base import Member

BOARD, LEAST, COLOR = 0x1234, 33, (10, 20, 30)
COMPACT, EXPLICIT = Dialect.COMPACT, Dialect.EXPLICIT
ACTIVE, OFF_BOARD, AWAY, IDLE = UserState
HIDDEN = pytest.mark.parametrize("state", [OFF_BOARD, AWAY, IDLE])
COUNT, COUNT_3 = PresenceUpdate(BOARD, 2), PresenceUpdate(BOARD, 3)
A, B, C = pack_position(1, 2), pack_position(3, 4), pack_position(5, 6)
ADA, BOB = RosterEntry(0, ACTIVE, COLOR, "ada"), RosterEntry(1, ACTIVE, COLOR, "bob")


def at(user: int, x: int, y: int) -> CursorBroadcast:
    return CursorBroadcast((Cursor(user, x, y),))


def member(session: str, user: int, person: str = "", name: str = "") -> Member:
    return Member(session, "process", person or session, name or session, COLOR, user)


def again(user: int = 1, name: str = "bob") -> Member:
    """Bob's next session."""
    return member("bob again", user, "bob", name)


class Board(Room):
    """A room with members under the ids 0, 1, 2 ..., of whom `remote` are another process's, with
    nothing left to tell; and a clock that lets every quota recover between two flushes."""

    def __init__(self, *sessions: str, remote: str = "", dialect: Dialect = COMPACT) -> None:
        super().__init__(BOARD)
        self.now = 1_000.0
        for user, session in enumerate(sessions):
            self.arrive(member(session, user), None if session == remote else dialect)
        self.people = len(sessions)
        self.tick()

    def tick(self, *, shared: bool = False) -> Flush:
        self.now += 1.0
        return self.flush(self.now, LEAST, shared=shared)

    def told(self) -> list[ServerMessage]:
        """What a compact session that was here before, and did not move, gets with one flush."""
        common, cursors = self.tick().frames_for("somebody", COMPACT)
        return [decode_server(frame, COMPACT) for frame in [*common, *cursors]]


def test_a_count_that_changed_elsewhere_is_told_by_itself() -> None:
    assert Room(BOARD).told_people == 0
    board = Board("ada", "bob")
    board.people = 7
    assert (board.told_people, board.pending) == (2, True)
    assert board.told() == [PresenceUpdate(BOARD, 7)]
    assert (board.told_people, board.pending) == (7, False)


def test_what_changes_nothing_is_not_told() -> None:
    board = Board("ada", "bob")
    board.move("nobody", A)
    board.set_state("nobody", AWAY)
    board.start_grace("nobody")
    board.depart("nobody")
    board.set_state("ada", ACTIVE)
    assert not board.pending
    board.set_state("ada", AWAY)
    board.set_state("ada", AWAY)
    assert board.told() == [States(((0, AWAY),))]
    board.set_state("ada", AWAY)
    assert not board.pending


@pytest.mark.parametrize(
    "change",
    [
        lambda board: board.arrive(member("tab", 5, "bob"), None),
        lambda board: board.arrive(member("late", NO_USER), COMPACT),
        lambda board: board.depart("bob"),
        lambda board: board.resume(again(name="Robert"), None, "bob"),
        lambda board: board.resume(again(), COMPACT, "bob"),
        lambda board: board.move("ada", A),
        lambda board: board.set_state("ada", AWAY),
        lambda board: board.tell_everything(),
    ],
)
def test_a_change_is_pending_until_it_is_told(change: Callable[[Board], None]) -> None:
    board = Board("ada", "bob", "cy")
    change(board)
    assert board.pending
    flush = board.tick()
    assert any([*flush.common.values(), *flush.cursors.values(), *flush.welcomes.values()])
    assert not board.pending


# Resuming


@pytest.mark.parametrize("here", [True, False])
def test_a_person_who_resumes_under_the_same_id_is_not_announced(here: bool) -> None:
    board = Board("ada", "bob", "cy")
    board.start_grace("bob")
    board.tick()
    board.resume(again(), COMPACT if here else None, "bob", name_set=True)
    flush = board.tick()
    assert flush.frames_for("ada", COMPACT) == ([], [])
    welcomes = {s: decode_server(frames[0], COMPACT) for s, frames in flush.welcomes.items()}
    welcome = Welcome(BOARD, 1, COLOR, LEAST, spectator=False, name_set=True)
    assert welcomes == ({"bob again": welcome} if here else {})
    assert board.seats.by_session.keys() == {"ada", "bob again", "cy"}


@pytest.mark.parametrize("here", [True, False])
def test_resuming_under_another_id_is_a_leave_and_a_join(here: bool) -> None:
    board = Board("ada", "bob", remote="bob")
    board.resume(again(user=5), COMPACT if here else None, "bob")
    joined = UserJoined(BOARD, 5, "bob", COLOR)
    assert board.told() == [UserLeft(BOARD, 1), joined, COUNT]
    assert len(board.seats.by_session) == 2


def test_a_new_name_is_announced_once_and_without_a_count() -> None:
    board = Board("ada", "bob")
    board.resume(again(name="Robert"), COMPACT, "bob")
    assert board.told() == [UserJoined(BOARD, 1, "Robert", COLOR)]
    board.arrive(member("cy", 2), COMPACT)
    board.people = 3
    board.resume(member("cy again", 2, "cy", "Cyrus"), COMPACT, "cy")
    assert board.told() == [UserJoined(BOARD, 2, "Cyrus", COLOR), PresenceUpdate(BOARD, 3)]


def test_a_new_picture_is_announced_as_a_new_name_is() -> None:
    board = Board("ada", "bob")
    board.resume(replace(again(), avatar="/bob.png"), COMPACT, "bob")
    told = [Avatars(((1, "/bob.png"),)), UserJoined(BOARD, 1, "bob", COLOR)]
    assert board.told() == told
    board.start_grace("bob again")
    board.resume(replace(again(), session="third", avatar="/bob.png"), COMPACT, "bob again")
    assert board.told() == []
    board.resume(replace(again(), session="fourth"), COMPACT, "third")
    assert board.told() == told[1:]


def test_a_new_name_within_a_roster_brings_the_cursor_along() -> None:
    board = Board("ada", "bob")
    board.move("bob", A)
    board.tick()
    board.resume(again(name="Robert"), COMPACT, "bob")
    board.tell_everything()
    renamed = RosterEntry(1, ACTIVE, COLOR, "Robert")
    assert board.told() == [Roster(BOARD, (ADA, renamed)), at(1, 1, 2), at(1, 1, 2)]


@pytest.mark.parametrize("state", [OFF_BOARD, AWAY])
def test_a_cursor_that_was_hidden_stays_hidden_until_it_moves(state: UserState) -> None:
    board = Board("ada", "bob")
    board.move("bob", A)
    board.set_state("bob", state)
    board.tick()
    board.start_grace("bob")
    board.resume(again(), COMPACT, "bob")
    assert board.told() == [States(((1, ACTIVE),))]
    board.move("bob again", A)
    assert board.told() == [at(1, 1, 2)]


def test_a_cursor_of_which_nobody_knows_that_it_was_hidden_stays() -> None:
    board = Board("ada", "bob")
    board.move("bob", A)
    board.tick()
    board.set_state("bob", OFF_BOARD)
    board.resume(again(), COMPACT, "bob")
    assert board.told() == [States(((1, ACTIVE),)), at(1, 1, 2)]


# Cursors and states


def test_only_the_latest_move_is_told_and_once() -> None:
    board = Board("ada", "bob")
    board.move("ada", A)
    board.move("ada", B)
    assert board.tick() == Flush(
        {}, {COMPACT: [(bytes.fromhex("02 00 0003 0004"), "ada")]}, moves=1
    )
    assert board.tick() == Flush()


@pytest.mark.parametrize("dialect", Dialect)
def test_nobody_is_told_only_their_own_cursor(dialect: Dialect) -> None:
    board = Board("ada", "bob", "cy", remote="cy", dialect=dialect)

    def told() -> list[list[tuple[Cursor, ...]]]:
        flush = board.tick()
        here = [flush.frames_for(session, dialect) for session in ("ada", "bob")]
        return [[_cursors(frame, dialect) for frame in cursors] for _, cursors in here]

    board.move("ada", A)
    assert told() == [[], [(Cursor(0, 1, 2),)]]
    board.update_remote("process", {2: C}, {})
    assert told() == [[(Cursor(2, 5, 6),)]] * 2
    board.move("ada", B)
    board.move("bob", C)
    ada, bob = Cursor(0, 3, 4), Cursor(1, 5, 6)
    assert told() == ([[(ada, bob)]] * 2 if dialect is COMPACT else [[(bob,)], [(ada,)]])


def test_anchors_are_told_with_the_cursors_that_they_belong_to() -> None:
    board = Board("ada", "bob", "cy")
    anchor = bytes.fromhex("00000009 0007 0008")
    anchors, one, both = (
        "10 00 00000009 0007 0008",
        "02 00 0001 0002",
        "02 01 0005 0006 00 0001 0002",
    )
    board.move("ada", A + anchor)
    assert board.tick() == Flush(
        {}, {COMPACT: [(bytes.fromhex(frame), "ada") for frame in (anchors, one)]}, moves=1
    )
    board.move("bob", C)
    board.move("ada", A + anchor)
    told = [(bytes.fromhex(frame), None) for frame in (anchors, both)]
    assert board.tick().cursors == {COMPACT: told}
    assert board.catch_up(EXPLICIT) == [
        *(bytes.fromhex("02 1234 00 0001 0002"), bytes.fromhex("02 1234 01 0005 0006"))
    ]
    # One replaces the other.
    board.move("bob", C + anchor)
    board.move("ada", A + anchor)
    board.move("ada", B)
    (_, told), (_, cursors) = [
        (f, decode_server(f, COMPACT)) for f, _ in board.tick().cursors[COMPACT]
    ]
    assert told == Anchors(((1, Anchor(9, 7, 8)),))
    assert cursors == CursorBroadcast((Cursor(1, 5, 6), Cursor(0, 3, 4)))
    assert board.seats.activity() == Activity(
        {"ada": ACTIVE, "bob": ACTIVE, "cy": ACTIVE}, {"ada": B, "bob": C}
    )


def _cursors(frame: bytes, dialect: Dialect) -> tuple[Cursor, ...]:
    message = decode_server(frame, dialect)
    assert isinstance(message, CursorBroadcast)
    return message.cursors


def test_other_processes_are_told_what_this_one_serves_where_they_have_people() -> None:
    board = Board("ada", "bob", "cy", remote="cy")
    for shared, cursors, states in ((False, {}, {}), (True, {0: A}, {1: AWAY})):
        board.move("ada", A)
        board.set_state("bob", AWAY)
        board.update_remote("process", {2: C}, {2: IDLE})
        flush = board.tick(shared=shared)
        assert (flush.moves, flush.moved, flush.states) == (1, cursors, states)
        board.set_state("bob", ACTIVE)
        board.update_remote("process", {}, {2: ACTIVE})
        board.tick()


@HIDDEN
def test_a_hidden_cursor_is_told_when_its_user_is_active_again(state: UserState) -> None:
    board = Board("ada", "bob")
    board.move("ada", A)
    board.set_state("ada", state)
    assert board.told() == [States(((0, state),))]
    board.set_state("ada", ACTIVE)
    assert board.told() == [States(((0, ACTIVE),)), at(0, 1, 2)]


@HIDDEN
def test_a_remote_state_is_told_once_and_hides_the_cursor(state: UserState) -> None:
    board = Board("ada", "bob", remote="bob")
    board.update_remote("process", {1: C}, {})  # not told yet when the state comes
    for position, new, told in (
        (A, state, [States(((1, state),))]),
        (B, state, []),
        (B, ACTIVE, [States(((1, ACTIVE),)), at(1, 3, 4)]),
        (B, ACTIVE, []),
    ):
        board.update_remote("process", {1: position}, {1: new})
        assert board.told() == told


def test_a_session_that_lost_its_id_to_another_is_not_told_under_it() -> None:
    """After a clash, until this process has read the board."""
    board = Board("ada", "bob")
    board.move("ada", A)
    board.arrive(member("late", NO_USER), None)
    board.arrive(member("cy", 0), None)
    held = {name for name, seat in board.seats.by_session.items() if board.seats.holds_user(seat)}
    assert held == {"bob", "cy", "late"}
    board.set_state("ada", AWAY)
    assert board.told() == [UserLeft(BOARD, 0), UserJoined(BOARD, 0, "cy", COLOR), COUNT]
    board.set_state("ada", ACTIVE)
    board.move("ada", B)
    assert board.told() == []


@pytest.mark.parametrize("state", [ACTIVE, AWAY])
def test_a_session_that_gets_another_id_keeps_its_state_and_its_cursor(state: UserState) -> None:
    board = Board("ada", "bob")
    board.move("ada", A)
    board.set_state("ada", state)
    board.tick()
    board.reseat(member("ada", 5))
    changed = at(5, 1, 2) if state is ACTIVE else States(((5, AWAY),))
    assert board.told() == [UserLeft(BOARD, 0), UserJoined(BOARD, 5, "ada", COLOR), COUNT, changed]
    assert board.seats.activity_by_user() == ({5: A}, {1: ACTIVE, 5: state})


@pytest.mark.parametrize("dialect", Dialect)
def test_a_second_welcome_is_for_those_who_forget_by_it_who_they_knew(dialect: Dialect) -> None:
    board = Board("ada", "bob", dialect=dialect)
    board.reseat(member("bob", 5))
    assert [*board.tick().welcomes] == (["bob"] if dialect is COMPACT else [])


def test_the_tabs_of_a_person_share_a_quota_that_a_return_does_not_refill() -> None:
    board, told = Board("ada", dialect=EXPLICIT), []
    board.announcements = Announcements(burst=1_000)
    began = board.now
    for _ in range(31):
        for tab in (1, 2):
            board.depart(f"tab {tab}")
            board.arrive(member(f"tab {tab}", tab, "bob"), EXPLICIT)
            board.move(f"tab {tab}", A)
        flush = board.flush(board.now, LEAST, shared=False)
        told.append((flush.moves, flush.held_back))
        board.now += 2**-6  # no rounding
    assert told == [(2, 0)] * 30 + [(0, 2)]
    board.now -= 2**-6
    assert flush.wait == began + 1.0 - board.now
    assert board.pending


def test_the_first_of_several_who_wait_for_their_quota_decides_how_long() -> None:
    board = Board("ada", "bob", "cy")
    for now, who in ((0.0, "bob"), (0.25, "ada")):
        for _ in range(60):
            board.move(who, A)
            board.flush(2_000.0 + now, LEAST, shared=False)
    for session in ("ada", "bob", "cy"):
        board.move(session, B)
    flush = board.flush(2_000.5, LEAST, shared=False)
    assert (flush.moves, flush.held_back, flush.wait) == (1, 2, 0.5)
    flush = board.flush(2_001.0, LEAST, shared=False)
    assert (flush.moves, flush.held_back, flush.wait) == (1, 1, 0.25)
    flush = board.flush(2_001.25, LEAST, shared=False)
    assert (flush.moves, flush.held_back, flush.wait, board.pending) == (1, 0, 0.0, False)


def test_the_members_of_other_processes_have_no_quota_here() -> None:
    board = Board("ada", "bob", remote="bob")
    for x in range(61):
        board.update_remote("process", {1: pack_position(x, 0)}, {})
        assert board.flush(board.now, LEAST, shared=False).moves == 1


def test_the_quota_of_a_person_who_left_is_forgotten() -> None:
    board = Board("ada", "bob")
    board.move("bob", A)
    board.tick()
    assert board._quotas.keys() == {"bob"}
    board.depart("bob")
    board.tick()
    assert not board._quotas


def test_a_pace_is_told_when_it_changes() -> None:
    board = Board("ada", "bob")
    for interval, told in ((LEAST, []), (165, [Rate(165)]), (165, []), (LEAST, [Rate(LEAST)])):
        common, _ = board.flush(board.now, interval, shared=False).frames_for("ada", COMPACT)
        assert [decode_server(frame, COMPACT) for frame in common] == told
        assert (board.interval, board.pending) == (interval, False)


def test_whoever_becomes_alone_or_no_longer_is_has_another_pace_pending() -> None:
    board = Board("ada")
    assert board.pending, "its interval is not that of somebody alone"
    board.flush(board.now, 0, shared=False)
    assert not board.pending
    board.arrive(member("late", NO_USER), None)
    board.people = 1
    assert board.pending


def spent(board: Board) -> Board:
    """The same board, whose joins have to wait from now on, for as long as they may."""
    board.announcements.told(board.now, (), (), renamed=1_000, counted=False)
    return board


def test_a_join_waits_with_what_its_user_does_and_the_others_go_on() -> None:
    board = spent(Board("ada", "bob"))
    board.arrive(member("cid", 2), COMPACT)
    board.people = 3
    board.move("cid", A)
    board.move("ada", B)
    flush = board.tick()
    roster, cursors, count = (decode_server(f, COMPACT) for f in flush.welcomes["cid"][1:])
    assert (roster, cursors) == (Roster(BOARD, (ADA, BOB)), at(0, 3, 4))
    assert count == PresenceUpdate(BOARD, 3)
    assert flush.common[COMPACT] == [encode(PresenceUpdate(BOARD, 3), COMPACT)]
    assert flush.cursors[COMPACT] == [(encode(at(0, 3, 4), COMPACT), "ada")]
    assert (flush.moves, flush.wait) == (1, pytest.approx(JOINS_WITHIN - 1.0))
    board.set_state("cid", AWAY)
    board.set_state("bob", AWAY)
    assert board.told() == [States(((1, AWAY),))]
    board.set_state("cid", ACTIVE)
    cid = UserJoined(BOARD, 2, "cid", COLOR)
    assert board.told() == [cid, COUNT_3, States(((2, ACTIVE),)), at(2, 1, 2)]
    assert not board.pending


def test_who_is_gone_before_the_join_is_told_was_never_there() -> None:
    board = spent(Board("ada", "bob"))
    for n in range(1, 100):
        board.arrive(member("cid", 2, f"person {n}"), COMPACT)
        flush = board.flush(board.now + n / 100, LEAST, shared=False)
        assert decode_server(flush.welcomes["cid"][1], COMPACT) == Roster(BOARD, (ADA, BOB))
        board.depart("cid")
    assert (board.told(), board.pending) == ([], False)


def test_a_leave_never_waits() -> None:
    board = spent(Board("ada", "bob"))
    board.depart("bob")
    board.people = 1
    assert board.told() == [UserLeft(BOARD, 1), PresenceUpdate(BOARD, 1)]


def test_a_new_name_waits_like_a_join() -> None:
    board = spent(Board("ada", "bob"))
    board.resume(again(name="Robert"), COMPACT, "bob")
    told = [board.told() for _ in range(ceil(JOINS_WITHIN))]
    assert told == [[], [], [UserJoined(BOARD, 1, "Robert", COLOR)]]


def test_a_state_that_was_told_before_a_new_name_is_told_again_after_it() -> None:
    """A client takes everybody whose name it hears for active."""
    board = spent(Board("ada", "bob"))
    member = again(name="Robert")
    board.resume(member, COMPACT, "bob")
    board.set_state(member.session, AWAY)
    told = [board.told() for _ in range(ceil(JOINS_WITHIN))]
    away = States(((1, AWAY),))
    assert told == [[away], [], [UserJoined(BOARD, 1, "Robert", COLOR), away]]


def test_a_count_alone_is_told_once_a_second_and_to_everybody_alike() -> None:
    board = Board("ada", "bob")
    board.people = 3
    assert board.told() == [PresenceUpdate(BOARD, 3)]
    board.people = 4
    flush = board.flush(board.now + 0.25, LEAST, shared=False)
    assert (flush.common, flush.wait) == ({}, 0.75)
    # A newcomer hears the count of now. It may be the old one again when it may be told.
    board.arrive(member("eve", NO_USER), COMPACT)
    flush = board.flush(board.now + 0.5, LEAST, shared=False)
    assert flush.welcomes["eve"][-1] == encode(PresenceUpdate(BOARD, 4), COMPACT)
    board.people = 3
    assert board.pending
    assert board.told() == [PresenceUpdate(BOARD, 3)]
    assert not board.pending


AT_REST = 9 * 20 * 8
"""Bytes a second that each of ten people is sent who move 20 times a second."""


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("stay", [0.1, 0.5, 0.9])
def test_a_hundred_who_come_and_go_all_the_time_cost_little(dialect: Dialect, stay: float) -> None:
    """Each joins once a second, which is as often as the server lets a socket."""
    board = Board("ada", "bob", dialect=dialect)
    steps = [(n / 100, n) for n in range(100)]
    told = [0] * 60
    for second in range(60):
        events = [(at, n, True) for at, n in steps]
        events += [((at + stay) % 1.0, n, False) for at, n in steps]
        for at_, n, comes in sorted(events):
            session = f"visitor {n}"
            if comes:
                board.arrive(member(session, 2 + n), COMPACT)
            else:
                board.depart(session)
            board.people = len(board.seats.by_session)
            flush = board.flush(board.now + second + at_, LEAST, shared=False)
            common, _ = flush.frames_for("ada", dialect)
            told[second] += sum(len(frame) + 2 for frame in common)
    assert sum(told[:10]) < 10 * AT_REST
    assert sum(told[10:]) < 50 * AT_REST * 0.6


def test_everything_is_told_as_a_roster_once() -> None:
    board = Board("ada", "bob", remote="bob")
    board.update_remote("process", {1: A}, {})
    board.tick()
    board.tell_everything()
    assert board.told() == [Roster(BOARD, (ADA, BOB)), at(1, 1, 2)]
    assert board.told() == []


# What members do, as one process answers another

HERE = Activity({"a": ACTIVE, "b": AWAY}, {"a": b"\x00\x01\x02\x03"})


def test_activities_are_packed_unpacked_and_joined() -> None:
    assert HERE.packed() == {"states": {"a": 0, "b": 2}, "cursors": {"a": b"\x00\x01\x02\x03"}}
    for activity in (HERE, Activity()):
        assert unpack_activity(activity.packed()) == activity
    there = Activity({"c": IDLE}, {"c": bytes(4)})
    both = Activity({"a": ACTIVE, "b": AWAY, "c": IDLE}, {**HERE.cursors, "c": bytes(4)})
    assert HERE | there == both


@pytest.mark.parametrize(
    "packed",
    [
        {},
        {"states": {}},
        {"states": [], "cursors": {}},
        {"states": {}, "cursors": {"a": b"123"}},
        {"states": {}, "cursors": {"a": None}},
    ],
)
def test_anything_else_is_no_activity(packed: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        unpack_activity(packed)


def test_states_of_a_later_release_are_left_out() -> None:
    packed = {"states": {"a": 9, "b": 2}, "cursors": {}, "new": 1}
    assert unpack_activity(packed) == Activity({"b": UserState.AWAY})


def test_the_activity_of_a_board_is_that_of_its_local_members_by_session() -> None:
    board = Board("ada", "bob", "cy", remote="bob")
    board.move("ada", A)
    board.move("cy", B)
    board.set_state("cy", AWAY)
    board.update_remote("process", {1: C}, {})
    assert board.seats.activity() == Activity({"ada": ACTIVE, "cy": AWAY}, {"ada": A})


def test_a_board_that_no_longer_shows_counts_only_tells_of_everybody() -> None:
    board = Board("ada", "bob")
    board.move("ada", A)
    board.move("bob", B)
    board.set_state("bob", AWAY)
    board.told()
    board.arrive(replace(member("crowd", NO_USER), name=""), None)
    assert not [told for told in board.told() if isinstance(told, CursorBroadcast)]
    board.depart("crowd")
    told = board.told()
    assert at(0, 1, 2) in told
    assert States(((0, ACTIVE), (1, AWAY))) in told


def test_while_a_board_shows_counts_only_a_move_is_no_news() -> None:
    board = Board("ada", "bob")
    board.arrive(replace(member("crowd", NO_USER), name=""), None)
    board.told()
    board.move("ada", A)
    assert not board.pending
    board.people = 7
    assert board.told() == [PresenceUpdate(BOARD, 7)]


def test_who_moves_is_active() -> None:
    board = Board("ada", "bob")
    board.set_state("ada", AWAY)
    board.told()
    board.move("ada", A)
    assert board.seats.by_session["ada"].state is ACTIVE


def test_nothing_is_encoded_for_a_dialect_that_nobody_speaks_any_more() -> None:
    board = Board("ada", "bob")
    board.arrive(member("cy", 2), EXPLICIT)
    assert {*board.tick().common} == {COMPACT, EXPLICIT}
    assert board.welcomed("cy")
    board.depart("cy")
    assert {*board.tick().common} == {COMPACT}


def test_of_a_spectator_who_resumes_nobody_is_told() -> None:
    board = Board("ada")
    board.arrive(member("late", NO_USER), COMPACT)
    board.told()
    board.resume(member("late again", NO_USER, "late"), None, "late")
    assert not board.pending
