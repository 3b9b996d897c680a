"""One connection's side of the protocol: order, boards, spectators (PROTOCOL.md, Messages)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presence.protocol.codec import encode
from presence.protocol.errors import (
    Forbidden,
    Malformed,
    Notice,
    Silent,
)
from presence.protocol.messages import (
    NO_USER,
    CursorUpdate,
    Dialect,
    Heartbeat,
    Join,
    Leave,
    Probe,
    SetState,
    UserState,
)
from presence.protocol.session import Move, Reply, Shut, Strike, farewell
from tests.protocol.visit import (
    BOARD,
    COMPACT,
    EXPLICIT,
    HEARTBEAT,
    JOIN,
    LEAVE,
    MOVE,
    NOTICE_1,
    START,
    USER,
    feed,
    fresh,
    joined,
    reason,
)

# What is said in order


@pytest.mark.parametrize("dialect", Dialect)
def test_a_visit(dialect: Dialect) -> None:
    session = fresh(dialect)
    assert session.feed(HEARTBEAT, START) == Reply(HEARTBEAT)
    assert session.feed(JOIN, START) == Join(0, "Ada")
    session.admitted(BOARD, USER)
    assert session.feed(HEARTBEAT, START) == Reply(HEARTBEAT)
    assert session.feed(MOVE, START) == Move(b"\x00\x01\x00\x02")
    assert session.feed(bytes.fromhex("01 1234 0001 0002"), START) == Move(b"\x00\x01\x00\x02")
    assert session.feed(bytes.fromhex("04 1234"), START) == Leave(BOARD)


@pytest.mark.parametrize("state", [UserState.ACTIVE, UserState.OFF_BOARD, UserState.AWAY])
def test_a_state_is_passed_on(state: UserState) -> None:
    assert joined().feed(bytes((0x0B, state)), START) == SetState(state)


def test_the_boards_id_in_a_join_is_a_hint_only() -> None:
    assert fresh().feed(bytes.fromhex("03 abcd 00"), START) == Join(0xABCD, "")


def test_join_leave_join() -> None:
    session = joined()
    assert feed(session, [LEAVE, JOIN, MOVE]) == [Leave(0), Join(0, "Ada"), Move(MOVE[1:])]


OUT_OF_ORDER = {
    "a cursor": MOVE,
    "a cursor with a board": bytes.fromhex("01 1234 0001 0002"),
    "a leave": LEAVE,
    "a state": b"\x0b\x01",
    "a probe": b"\x0d\x01",
}


@pytest.mark.parametrize("frame", OUT_OF_ORDER.values(), ids=OUT_OF_ORDER)
def test_before_a_join_this_is_out_of_order(frame: bytes) -> None:
    assert fresh().feed(frame, START) == Strike(Malformed.OUT_OF_ORDER, NOTICE_1)


@pytest.mark.parametrize("frame", OUT_OF_ORDER.values(), ids=OUT_OF_ORDER)
def test_after_a_leave_this_is_out_of_order(frame: bytes) -> None:
    session = joined()
    session.feed(LEAVE, START)
    assert session.feed(frame, START) == Strike(Malformed.OUT_OF_ORDER, NOTICE_1)


def test_a_second_join_is_out_of_order_and_changes_nothing() -> None:
    session = joined()
    assert session.feed(JOIN, START) == Strike(Malformed.OUT_OF_ORDER, NOTICE_1)
    assert session.feed(MOVE, START) == Move(MOVE[1:])


# Boards


WRONG_BOARD = [bytes.fromhex("01 4321 0001 0002"), bytes.fromhex("04 4321")]
UNKNOWN_BOARD = [bytes.fromhex("01 0000 0001 0002"), bytes.fromhex("04 0000")]


@pytest.mark.parametrize("frame", WRONG_BOARD)
def test_a_wrong_board_is_malformed_and_changes_nothing(frame: bytes) -> None:
    session = joined()
    assert session.feed(frame, START) == Strike(Malformed.WRONG_BOARD, NOTICE_1)
    assert session.feed(MOVE, START) == Move(MOVE[1:])


@pytest.mark.parametrize("frame", UNKNOWN_BOARD)
def test_board_0_is_never_wrong(frame: bytes) -> None:
    assert isinstance(joined().feed(frame, START), Move | Leave)


@pytest.mark.parametrize("frame", WRONG_BOARD)
def test_no_board_is_wrong_while_the_join_is_under_way(frame: bytes) -> None:
    session = fresh()
    session.feed(JOIN, START)
    assert isinstance(session.feed(frame, START), Move | Leave)


@pytest.mark.parametrize("frame", WRONG_BOARD)
def test_after_a_leave_the_next_join_may_come_to_another_id(frame: bytes) -> None:
    session = joined()
    feed(session, [LEAVE, JOIN])
    assert isinstance(session.feed(frame, START), Move | Leave)


# Spectators


def test_what_a_spectator_does_is_dropped_without_a_strike() -> None:
    session = joined(user=NO_USER)
    explicit_move = bytes.fromhex("01 1234 0001 0002")
    assert feed(session, [MOVE, explicit_move, b"\x0b\x02"]) == [None] * 3
    assert feed(session, [HEARTBEAT, LEAVE]) == [Reply(HEARTBEAT), Leave(0)]


def test_a_spectators_wrong_board_is_still_wrong() -> None:
    assert reason(joined(user=NO_USER).feed(WRONG_BOARD[0], START)) is Malformed.WRONG_BOARD


def test_a_spectator_who_joins_again_may_be_heard() -> None:
    session = joined(user=NO_USER)
    assert feed(session, [LEAVE, JOIN, MOVE])[-1] == Move(MOVE[1:])


# The end


def test_a_farewell_says_why_where_the_dialect_can() -> None:
    refused = farewell(Forbidden(), COMPACT)
    assert refused.frame == bytes((0x0E, Notice.FORBIDDEN, 0, 0))
    assert farewell(Forbidden(), EXPLICIT).frame is None
    assert farewell(Silent(), COMPACT).frame is None


# Anything at all


FRAMES = st.one_of(
    st.none(),
    st.binary(max_size=40),
    st.binary(min_size=1_020, max_size=1_030),
    st.sampled_from([JOIN, LEAVE, HEARTBEAT, MOVE, *OUT_OF_ORDER.values(), *WRONG_BOARD]),
    st.sampled_from(
        [
            encode(m, COMPACT)
            for m in (CursorUpdate(1, 2, BOARD), Probe(1), Heartbeat(), Leave(BOARD))
        ]
    ),
)
STEPS = st.lists(
    st.tuples(FRAMES, st.sampled_from([0.0, 0.3, 2.0, 31.0]), st.booleans()), max_size=60
)


@given(dialect=st.sampled_from(Dialect), steps=STEPS, user=st.sampled_from([0, 7, NO_USER]))
@settings(deadline=None, max_examples=300)
def test_whatever_comes_the_order_holds(
    dialect: Dialect, steps: list[tuple[bytes | None, float, bool]], user: int
) -> None:
    session, now, on_board, over = fresh(dialect), START, False, False
    for data, pause, admit in steps:
        now += pause
        for action in (session.feed(data, now), session.check(now)):
            assert not (over and action), "said something after its end"
            assert on_board or not isinstance(action, Move | SetState | Leave)
            assert not (on_board and isinstance(action, Join))
            on_board = isinstance(action, Join) or (on_board and not isinstance(action, Leave))
            over = over or isinstance(action, Shut)
        if admit and on_board:
            session.admitted(BOARD, user)
            session.wrote_cursors()
