"""One connection's side of the protocol (PROTOCOL.md: Messages, Bad input, STATE, PROBE)."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presence.protocol.codec import encode
from presence.protocol.errors import (
    Forbidden,
    Malformed,
    Notice,
    PresenceError,
    Silent,
    StruckOut,
    TooBig,
    TooFast,
)
from presence.protocol.messages import (
    NO_USER,
    CursorUpdate,
    Dialect,
    Gone,
    Join,
    Leave,
    Probe,
    SessionMessage,
    SetState,
    UserState,
)
from presence.protocol.session import (
    UNREAD_LIMIT,
    Action,
    CatchUp,
    Idle,
    Move,
    Reply,
    Session,
    Shut,
    Strike,
    farewell,
)

BOARD, USER = 0x1234, 7
START = 1_000.0
COMPACT, EXPLICIT = Dialect.COMPACT, Dialect.EXPLICIT
JOIN = bytes.fromhex("03 0000 03") + b"Ada"
LEAVE = bytes.fromhex("04 0000")
GONE = bytes.fromhex("13 0000")
HEARTBEAT = b"\x08"
MOVE = bytes.fromhex("01 0001 0002")
MOVE_ON_BOARD = bytes.fromhex("01 1234 0001 0002")
MOVED: Move = b"\x00\x01\x00\x02"
MOVE_ON_ANCHOR = bytes.fromhex("0f 0001 0002 00000009 0007 0008")
AWAY = b"\x0b\x02"
NONSENSE = b"\xff"
WRONG_BOARD = [bytes.fromhex("01 4321 0001 0002"), bytes.fromhex("04 4321")]
BOARD_0 = [bytes.fromhex("01 0000 0001 0002"), LEAVE]
NOTICE_1 = bytes.fromhex("0e 01 0000")
NOTICE_2 = bytes.fromhex("0e 02 1388")
GONE_IDLE = Idle((0,))
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "frames.json").read_text())


def fresh(dialect: Dialect = COMPACT) -> Session:
    return Session(dialect, START)


def joined(dialect: Dialect = COMPACT, user: int = USER) -> Session:
    session = fresh(dialect)
    assert session.feed(JOIN, START) == Join(0, "Ada")
    session.admitted(BOARD, user)
    return session


def feed(session: Session, frames: Iterable[bytes | None], now: float = START) -> list[Action]:
    return [session.feed(frame, now) for frame in frames]


def alive(session: Session, seconds: Iterable[int]) -> list[Action]:
    """What `check` returns in these seconds while the client sends heartbeats and nothing else."""
    checks = []
    for second in seconds:
        assert session.feed(HEARTBEAT, START + second) == Reply(HEARTBEAT)
        checks.append(session.check(START + second))
    return checks


def assert_closes(action: Action, error: type[PresenceError], frame: bytes | None = None) -> None:
    assert isinstance(action, Shut)
    assert (type(action.error), action.frame) == (error, frame)


# The order of messages


@pytest.mark.parametrize("dialect", Dialect)
def test_a_visit(dialect: Dialect) -> None:
    session = fresh(dialect)
    assert feed(session, [HEARTBEAT, JOIN]) == [Reply(HEARTBEAT), Join(0, "Ada")]
    session.admitted(BOARD, USER)
    assert feed(session, [HEARTBEAT, MOVE, MOVE_ON_BOARD]) == [Reply(HEARTBEAT), MOVED, MOVED]
    assert feed(session, [bytes.fromhex("04 1234"), JOIN, MOVE, LEAVE]) == [
        *(Leave(BOARD), Join(0, "Ada"), MOVED, Leave(0))
    ]


def test_a_move_on_an_anchor_is_passed_on_in_the_compact_dialect_only() -> None:
    assert joined().feed(MOVE_ON_ANCHOR, START) == MOVE_ON_ANCHOR[1:]
    strike = Strike(Malformed.UNKNOWN_TYPE, None)
    assert joined(EXPLICIT).feed(MOVE_ON_ANCHOR, START) == strike


@pytest.mark.parametrize("state", [UserState.ACTIVE, UserState.OFF_BOARD, UserState.AWAY])
def test_a_state_is_passed_on(state: UserState) -> None:
    assert joined().feed(bytes((0x0B, state)), START) == SetState(state)


@pytest.mark.parametrize("before", [[], [JOIN, LEAVE]], ids=["before a join", "after a leave"])
@pytest.mark.parametrize(
    "frame", [MOVE, MOVE_ON_BOARD, MOVE_ON_ANCHOR, LEAVE, GONE, AWAY, b"\x0d\x01"]
)
def test_off_the_board_this_is_out_of_order(before: list[bytes], frame: bytes) -> None:
    session = fresh()
    feed(session, before)
    assert session.feed(frame, START) == Strike(Malformed.OUT_OF_ORDER, NOTICE_1)


def test_a_second_join_is_out_of_order_and_changes_nothing() -> None:
    strike = Strike(Malformed.OUT_OF_ORDER, NOTICE_1)
    assert feed(joined(), [JOIN, MOVE]) == [strike, MOVED]


# The board of a frame


def test_the_board_of_a_join_is_a_hint() -> None:
    assert fresh().feed(bytes.fromhex("03 abcd 00"), START) == Join(0xABCD, "")


@pytest.mark.parametrize("user", [USER, NO_USER])
@pytest.mark.parametrize("frame", WRONG_BOARD)
def test_a_wrong_board_is_malformed_and_changes_nothing(frame: bytes, user: int) -> None:
    session = joined(user=user)
    assert session.feed(frame, START) == Strike(Malformed.WRONG_BOARD, NOTICE_1)
    assert feed(session, [MOVE, LEAVE]) == [None if user == NO_USER else MOVED, Leave(0)]


@pytest.mark.parametrize("frame", BOARD_0)
def test_board_0_is_never_wrong(frame: bytes) -> None:
    assert isinstance(joined().feed(frame, START), Move | Leave)


@pytest.mark.parametrize("frame", WRONG_BOARD)
def test_no_board_is_wrong_while_a_join_is_under_way(frame: bytes) -> None:
    session = fresh()
    session.feed(JOIN, START)
    assert isinstance(session.feed(frame, START), Move | Leave)
    again = joined()
    feed(again, [LEAVE, JOIN])
    assert isinstance(again.feed(frame, START), Move | Leave)


# Spectators


def test_a_spectators_moves_and_states_are_dropped_without_a_strike() -> None:
    session = joined(user=NO_USER)
    assert feed(session, [MOVE, MOVE_ON_BOARD, MOVE_ON_ANCHOR, AWAY]) == [None] * 4
    assert feed(session, [HEARTBEAT, LEAVE]) == [Reply(HEARTBEAT), Leave(0)]
    assert feed(session, [JOIN, MOVE])[-1] == MOVED


# Bad input


@pytest.mark.parametrize("vector", VECTORS["malformed"], ids=lambda vector: vector["name"])
def test_a_malformed_frame_changes_nothing_and_ten_close(vector: dict[str, str]) -> None:
    dialect, frame = Dialect(vector["dialect"]), bytes.fromhex(vector["hex"])
    session, notice = joined(dialect), NOTICE_1 if dialect is COMPACT else None
    strike = session.feed(frame, START)
    assert isinstance(strike, Strike)
    assert strike.frame == notice
    assert session.feed(MOVE, START) == MOVED
    assert feed(session, [frame] * 8) == [Strike(strike.reason, None)] * 8
    assert_closes(session.feed(frame, START + 1), StruckOut, notice)
    assert session.feed(MOVE, START + 1) is None


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (None, Malformed.TEXT),
        (b"", Malformed.EMPTY),
        (b"\x11", Malformed.UNKNOWN_TYPE),
        (bytes(1_024), Malformed.UNKNOWN_TYPE),
        (b"\x08\x00", Malformed.LENGTH),
        (bytes.fromhex("03 0000 01 c3"), Malformed.UTF8),
        (bytes.fromhex("03 0000 61") + b"a" * 97, Malformed.NAME_TOO_LONG),
        (b"\x0b\x03", Malformed.VALUE),
    ],
)
def test_bad_input_is_a_strike_with_its_reason(frame: bytes | None, reason: Malformed) -> None:
    assert fresh().feed(frame, START) == Strike(reason, NOTICE_1)


@pytest.mark.parametrize(("at", "closes"), [(9.9, True), (10.0, False)])
def test_strikes_are_counted_over_ten_seconds(at: float, closes: bool) -> None:
    session = joined()
    for second in range(9):
        assert isinstance(session.feed(NONSENSE, START + second), Strike)
    assert isinstance(session.feed(NONSENSE, START + at), Shut) == closes


def test_a_notice_comes_at_most_once_a_second_also_with_the_close() -> None:
    session = joined()
    strikes = [session.feed(NONSENSE, START + at) for at in (0.0, 0.5, 0.999, 1.0, 1.5, 2.0)]
    frames = [strike.frame for strike in strikes if isinstance(strike, Strike)]
    assert frames == [NOTICE_1, None, None, NOTICE_1, None, NOTICE_1]
    assert_closes(feed(session, [NONSENSE] * 4, START + 2)[-1], StruckOut)


@pytest.mark.parametrize("dialect", Dialect)
def test_a_message_over_1_kib_closes_and_nothing_is_said_afterwards(dialect: Dialect) -> None:
    session = joined(dialect)
    assert_closes(session.feed(bytes(1_025), START), TooBig)
    assert feed(session, [MOVE, NONSENSE, HEARTBEAT, None]) == [None] * 4
    assert session.check(START + 100) is None


# Rates


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("frame", [MOVE, HEARTBEAT])
def test_240_frames_in_a_second_pass_and_one_more_closes(frame: bytes, dialect: Dialect) -> None:
    session = fresh(dialect)
    session.feed(JOIN, START - 2)
    for second in (-1, 0):
        actions = feed(session, [frame] * 240, START + second)
        assert set(map(type, actions)) == {Move if frame == MOVE else Reply}
    notice = NOTICE_2 if dialect is COMPACT else None
    assert_closes(session.feed(frame, START + 0.999), TooFast, notice)


def test_600_frames_in_5_seconds_pass_and_one_more_closes() -> None:
    session = fresh()
    session.feed(JOIN, START - 5)
    assert [session.feed(MOVE, START + n * 5 / 601) for n in range(600)] == [MOVED] * 600
    assert_closes(session.feed(MOVE, START + 600 * 5 / 601), TooFast, NOTICE_2)


def test_a_little_under_120_frames_a_second_pass_for_ever() -> None:
    session = joined()
    assert all(session.feed(MOVE, START + 1 + n / 119.9) == MOVED for n in range(3_000))


def test_malformed_frames_count_towards_the_rate() -> None:
    session = fresh(EXPLICIT)
    session.feed(JOIN, START - 1)
    feed(session, [MOVE] * 240)
    assert_closes(session.feed(NONSENSE, START), TooFast)


def test_frames_that_end_no_message_count_towards_the_rate() -> None:
    session = joined()
    assert [session.count(START) for _ in range(239)] == [None] * 239
    assert_closes(session.count(START), TooFast, NOTICE_2)
    assert session.count(START) is None
    assert session.feed(MOVE, START) is None


def test_frames_that_end_no_message_are_no_sign_of_life() -> None:
    session = joined()
    assert session.count(START + 80) is None
    assert_closes(session.check(START + 90), Silent)


def test_ten_joins_within_ten_seconds_pass_and_the_eleventh_closes() -> None:
    for at, expected in ((9.9, Shut), (10.0, Join)):
        session = fresh()
        assert set(map(type, feed(session, [JOIN, LEAVE] * 10))) == {Join, Leave}
        assert isinstance(session.feed(JOIN, START + at), expected)


def test_a_farewell_has_a_notice_where_the_error_and_the_dialect_have_one() -> None:
    assert farewell(Forbidden(), COMPACT).frame == bytes((0x0E, Notice.FORBIDDEN, 0, 0))
    assert farewell(Forbidden(), EXPLICIT).frame is None
    assert farewell(Silent(), COMPACT).frame is None


# Silence and idleness


@pytest.mark.parametrize("dialect", Dialect)
def test_90_seconds_without_any_frame_close(dialect: Dialect) -> None:
    assert_closes(fresh(dialect).check(START + 90), Silent)
    session = fresh(dialect)
    for n, frame in enumerate([HEARTBEAT, NONSENSE, None, JOIN], start=1):
        session.feed(frame, START + 80 * n)
        assert not isinstance(session.check(START + 80 * n + 79), Shut)
    assert session.check(START + 320 + 89.9) is None
    assert_closes(session.check(START + 320 + 90), Silent)


@pytest.mark.parametrize("dialect", Dialect)
def test_30_seconds_without_a_move_are_idle_once(dialect: Dialect) -> None:
    checks = alive(joined(dialect), range(1, 61))
    assert checks == [None] * 29 + [GONE_IDLE] + [None] * 30


@pytest.mark.parametrize("frame", [MOVE, MOVE_ON_BOARD, MOVE_ON_ANCHOR, b"\x0b\x00"])
def test_a_move_or_the_active_state_ends_idleness(frame: bytes) -> None:
    session = joined()
    assert alive(session, [30]) == [GONE_IDLE]
    session.feed(frame, START + 40)
    assert alive(session, [69, 70, 71]) == [None, GONE_IDLE, None]


@pytest.mark.parametrize("state", [UserState.OFF_BOARD, UserState.AWAY])
def test_off_the_board_and_away_do_not_become_idle(state: UserState) -> None:
    session = joined()
    session.feed(bytes((0x0B, state)), START)
    assert alive(session, range(1, 200)) == [None] * 199
    session.feed(MOVE, START + 200)
    assert alive(session, [229, 230]) == [None, GONE_IDLE]


def test_only_a_session_on_the_board_becomes_idle_and_a_join_starts_anew() -> None:
    assert alive(fresh(), [30, 60]) == [None, None]
    session = joined()
    feed(session, [AWAY, LEAVE])
    assert alive(session, [30, 60]) == [None, None]
    session.feed(JOIN, START + 70)
    assert alive(session, [99, 100]) == [None, GONE_IDLE]


# Probes


def probe(number: int) -> bytes:
    return bytes((0x0D, number))


def probed() -> Session:
    session = joined()
    session.wrote(UNREAD_LIMIT)
    assert session.check(START) == Reply(probe(1))
    return session


def test_many_bytes_call_for_a_probe() -> None:
    session = joined()
    session.wrote(UNREAD_LIMIT - 1)
    assert session.check(START) is None
    session.wrote(1)
    assert session.check(START) == Reply(probe(1))
    assert session.feed(probe(1), START + 1) is None
    assert session.check(START + 2) is None
    session.wrote(UNREAD_LIMIT)
    assert session.check(START + 3) == Reply(probe(2))


def test_the_explicit_dialect_is_not_probed() -> None:
    session = joined(EXPLICIT)
    session.wrote(UNREAD_LIMIT)
    assert [session.check(START + 1), session.check(START + 20)] == [None, None]
    assert not session.held


def test_the_explicit_dialect_is_held_while_what_was_written_waits() -> None:
    session = joined(EXPLICIT)
    for at, held in ((0.0, False), (1.0, False), (1.1, True), (9.0, True)):
        assert session.check(START + at, clogged=True) is None
        assert session.held is held
    assert session.check(START + 10, clogged=False) == CatchUp()
    assert not session.held
    assert session.check(START + 11, clogged=True) is None
    assert session.check(START + 12, clogged=False) is None, "it was not held"


@pytest.mark.parametrize("moves", [True, False])
def test_the_explicit_dialect_is_closed_after_30_seconds_that_nothing_is_read(moves: bool) -> None:
    session = joined(EXPLICIT)
    checks = []
    for second in range(30):
        session.feed(MOVE if moves else HEARTBEAT, START + second)
        checks.append(session.check(START + second, clogged=True))
    assert checks == [None] * 30
    session.feed(MOVE, START + 29.5)
    assert_closes(session.check(START + 30, clogged=True), Silent)


def test_what_waits_is_no_measure_of_the_compact_dialect() -> None:
    session = joined()
    assert [session.check(START + second, clogged=True) for second in range(29)] == [None] * 29
    assert not session.held


def test_one_probe_is_out_at_a_time() -> None:
    session = probed()
    session.wrote(UNREAD_LIMIT)
    assert session.check(START + 0.5) is None
    session.feed(probe(1), START + 0.6)
    assert session.check(START + 1) == Reply(probe(2))


def test_a_client_is_held_after_a_second_and_catches_up_with_the_right_answer() -> None:
    session = probed()
    assert session.check(START + 1.0) is None
    assert not session.held
    assert session.check(START + 1.1) is None
    assert session.held
    assert session.feed(probe(2), START + 5) is None
    assert session.held
    assert session.feed(probe(1), START + 5) == CatchUp()
    assert not session.held
    assert session.check(START + 39) == GONE_IDLE
    assert session.check(START + 40) is None
    assert session.feed(probe(1), START + 41) is None


def test_an_answer_without_a_probe_is_no_strike() -> None:
    assert joined().feed(probe(0), START) is None


def test_30_seconds_without_an_answer_close_and_do_not_put_idleness_off() -> None:
    session = probed()
    assert alive(session, range(1, 31)) == [None] * 29 + [GONE_IDLE]
    assert_closes(session.check(START + 30), Silent)


def test_a_probe_may_be_answered_after_a_leave() -> None:
    session = probed()
    session.check(START + 2)
    session.feed(LEAVE, START + 2)
    assert session.feed(probe(1), START + 3) == CatchUp()
    assert session.feed(probe(1), START + 3) == Strike(Malformed.OUT_OF_ORDER, NOTICE_1)


def test_the_numbers_of_probes_wrap() -> None:
    session = joined()
    for number in range(1, 600):
        session.feed(MOVE, START + number)
        session.wrote(UNREAD_LIMIT)
        assert session.check(START + number) == Reply(probe(number % 256))
        session.feed(probe(number % 256), START + number)


# Several sessions on one socket


def select(session: int) -> bytes:
    return encode(SessionMessage(session), COMPACT)


def test_each_session_of_a_socket_has_an_order_of_its_own() -> None:
    session = joined()
    assert feed(session, [select(1), MOVE, JOIN, MOVE]) == [
        *(SessionMessage(1), Strike(Malformed.OUT_OF_ORDER, NOTICE_1), Join(0, "Ada"), MOVED)
    ]
    assert feed(session, [GONE, select(0), MOVE, select(1), JOIN]) == [
        *(Gone(0), SessionMessage(0), MOVED, SessionMessage(1), Join(0, "Ada"))
    ]


def test_each_session_has_its_own_ids() -> None:
    session = joined()
    feed(session, [select(15), JOIN])
    session.admitted(BOARD, NO_USER, 15)
    assert feed(session, [MOVE, AWAY, select(0), MOVE]) == [None, None, SessionMessage(0), MOVED]


def test_each_session_becomes_idle_by_itself() -> None:
    session = joined()
    assert feed(session, [select(1), JOIN], START + 5) == [SessionMessage(1), Join(0, "Ada")]
    assert alive(session, [29, 30, 34, 35]) == [None, Idle((0,)), None, Idle((1,))]


def test_sessions_that_become_idle_at_once_put_nothing_else_off() -> None:
    session = joined()
    for number in range(1, 16):
        feed(session, [select(number), JOIN])
    session.wrote(UNREAD_LIMIT)
    assert alive(session, [30, 31]) == [Idle(tuple(range(16))), Reply(probe(1))]


def test_a_session_whose_join_was_refused_may_join_again() -> None:
    session = joined()
    feed(session, [select(1), JOIN])
    session.refused(1)
    assert feed(session, [JOIN, select(0), MOVE]) == [Join(0, "Ada"), SessionMessage(0), MOVED]


def test_forty_joins_of_a_socket_within_ten_seconds_pass_and_the_next_closes() -> None:
    session = fresh()
    for number in range(40):
        feed(session, [select(number % 16), JOIN, LEAVE], START + number / 5)
    assert session.feed(select(8), START + 9.9) == SessionMessage(8)
    assert_closes(session.feed(JOIN, START + 9.9), TooFast, NOTICE_2)


def test_the_limits_on_frames_count_all_sessions_together() -> None:
    session = fresh()
    frames = [select(number % 16) for number in range(240)]
    assert not any(isinstance(action, Shut) for action in feed(session, frames))
    assert_closes(session.feed(HEARTBEAT, START), TooFast, NOTICE_2)


# Anything at all

FRAMES = st.one_of(
    st.none(),
    st.binary(max_size=40),
    st.binary(min_size=1_020, max_size=1_030),
    st.sampled_from([JOIN, LEAVE, HEARTBEAT, MOVE, MOVE_ON_BOARD, AWAY, *WRONG_BOARD]),
    st.sampled_from([encode(m, COMPACT) for m in (*map(SessionMessage, range(3)), Gone(0))]),
    st.sampled_from([encode(m, COMPACT) for m in (CursorUpdate(1, 2, BOARD), Probe(1))]),
)
STEPS = st.lists(
    st.tuples(FRAMES, st.sampled_from([0.0, 0.3, 2.0, 31.0]), st.booleans()), max_size=60
)


@given(dialect=st.sampled_from(Dialect), steps=STEPS, user=st.sampled_from([0, 7, NO_USER]))
@settings(deadline=None, max_examples=300)
def test_whatever_comes_the_order_holds(
    dialect: Dialect, steps: list[tuple[bytes | None, float, bool]], user: int
) -> None:
    session, now, over = fresh(dialect), START, False
    speaks, on_board = 0, set[int]()
    for data, pause, admit in steps:
        now += pause
        for action in (session.feed(data, now), session.check(now)):
            assert not (over and action), "said something after its end"
            speaks = action.session if isinstance(action, SessionMessage) else speaks
            about = set(action.sessions) if isinstance(action, Idle) else {speaks}
            if isinstance(action, Move | SetState | Leave | Gone | Idle):
                assert about <= on_board
            assert not (speaks in on_board and isinstance(action, Join))
            if isinstance(action, Join):
                on_board.add(speaks)
            elif isinstance(action, Leave | Gone):
                on_board.remove(speaks)
            over = over or isinstance(action, Shut)
        if admit and speaks in on_board:
            session.admitted(BOARD, user, speaks)
            session.wrote(UNREAD_LIMIT)
