"""What the passing of time asks of a connection (PROTOCOL.md, HEARTBEAT, STATE and PROBE)."""

import pytest

from presence.protocol.errors import (
    Close,
    Malformed,
    Silent,
)
from presence.protocol.messages import (
    Dialect,
    SetState,
    UserState,
)
from presence.protocol.session import UNREAD_LIMIT, CatchUp, Reply, Session, Shut
from tests.protocol.visit import (
    EXPLICIT,
    HEARTBEAT,
    JOIN,
    LEAVE,
    MOVE,
    NONSENSE,
    START,
    alive,
    error,
    feed,
    fresh,
    joined,
    reason,
)

# Silence and idleness


@pytest.mark.parametrize("dialect", Dialect)
def test_90_seconds_of_silence_end_it(dialect: Dialect) -> None:
    session = fresh(dialect)
    assert session.check(START + 89.9) is None
    end = session.check(START + 90)
    assert error(end) is Silent
    assert isinstance(end, Shut)
    assert end.frame is None
    assert end.error.close == Close.SILENT


def test_whatever_comes_breaks_the_silence() -> None:
    session = fresh(EXPLICIT)
    for n, frame in enumerate([HEARTBEAT, NONSENSE, None, JOIN], start=1):
        session.feed(frame, START + 80 * n)
        assert not isinstance(session.check(START + 80 * n + 79), Shut)
    assert error(session.check(START + 320 + 90)) is Silent


@pytest.mark.parametrize("dialect", Dialect)
def test_30_seconds_without_a_move_are_idle_once(dialect: Dialect) -> None:
    said = alive(joined(dialect), range(1, 61))
    assert [n for n, action in enumerate(said, start=1) if action] == [30]
    assert said[29] == SetState(UserState.IDLE)


def test_a_move_ends_idleness_and_begins_it_anew() -> None:
    session = joined()
    assert alive(session, [30]) == [SetState(UserState.IDLE)]
    session.feed(MOVE, START + 40)
    assert alive(session, [69, 70, 71]) == [None, SetState(UserState.IDLE), None]


def test_active_ends_idleness_and_begins_it_anew() -> None:
    session = joined()
    assert alive(session, [30]) == [SetState(UserState.IDLE)]
    session.feed(b"\x0b\x00", START + 40)
    assert alive(session, [69, 70, 71]) == [None, SetState(UserState.IDLE), None]


@pytest.mark.parametrize("state", [UserState.OFF_BOARD, UserState.AWAY])
def test_off_the_board_and_away_are_never_idle(state: UserState) -> None:
    session = joined()
    session.feed(bytes((0x0B, state)), START)
    assert alive(session, range(1, 200)) == [None] * 199
    session.feed(MOVE, START + 200)
    assert alive(session, [229, 230]) == [None, SetState(UserState.IDLE)]


def test_nobody_is_idle_who_is_not_on_the_board() -> None:
    assert alive(fresh(), [30, 60]) == [None, None]
    session = joined()
    session.feed(LEAVE, START)
    assert alive(session, [30, 60]) == [None, None]


def test_a_join_begins_the_30_seconds_anew() -> None:
    session = joined()
    feed(session, [b"\x0b\x02", LEAVE])
    session.feed(JOIN, START + 20)
    assert alive(session, [49, 50]) == [None, SetState(UserState.IDLE)]


def test_an_unanswered_probe_does_not_put_idleness_off() -> None:
    session = joined()
    session.wrote_cursors()
    assert alive(session, [28, 29, 30]) == [Reply(b"\x0d\x01"), None, SetState(UserState.IDLE)]


# Probes


def probed(at: float = START) -> Session:
    session = joined()
    session.wrote_cursors()
    assert session.check(at) == Reply(b"\x0d\x01")
    return session


def test_a_probe_follows_much_that_is_written_cursors_or_not() -> None:
    session = joined()
    session.wrote(UNREAD_LIMIT - 1)
    assert session.check(START) is None
    session.wrote(1)
    assert session.check(START) == Reply(b"\x0d\x01")
    session.feed(b"\x0d\x01", START)
    assert session.check(START) is None


def test_a_probe_follows_what_was_written_and_nothing_else() -> None:
    session = joined()
    assert session.check(START) is None
    session.wrote_cursors()
    assert session.check(START + 1) == Reply(b"\x0d\x01")
    assert session.feed(b"\x0d\x01", START + 1.1) is None
    assert session.check(START + 2) is None
    session.wrote_cursors()
    assert session.check(START + 3) == Reply(b"\x0d\x02")


def test_the_explicit_dialect_is_not_probed() -> None:
    session = joined(EXPLICIT)
    session.wrote_cursors()
    assert session.check(START + 1) is None
    assert session.check(START + 20) is None
    assert not session.held


def test_one_probe_is_out_at_a_time() -> None:
    session = probed()
    session.wrote_cursors()
    assert session.check(START + 0.5) is None
    assert session.feed(b"\x0d\x01", START + 0.6) is None
    assert session.check(START + 1) == Reply(b"\x0d\x02")


def test_a_peer_is_held_after_a_second_and_caught_up_once_it_answers() -> None:
    session = probed()
    assert session.check(START + 1.0) is None
    assert not session.held
    assert session.check(START + 1.1) is None
    assert session.held
    assert session.feed(b"\x0d\x01", START + 5) == CatchUp()
    assert not session.held
    assert session.check(START + 40 - 1) == SetState(UserState.IDLE)
    assert session.check(START + 40) is None
    assert session.feed(b"\x0d\x01", START + 41) is None


def test_only_the_right_answer_counts() -> None:
    session = probed()
    session.check(START + 2)
    assert session.feed(b"\x0d\x02", START + 3) is None
    assert session.held
    assert session.feed(b"\x0d\x01", START + 3) == CatchUp()


def test_an_answer_that_nobody_asked_for_is_no_strike() -> None:
    assert joined().feed(b"\x0d\x00", START) is None


def test_30_seconds_without_an_answer_end_it() -> None:
    session = probed()
    assert alive(session, range(1, 30)) == [None] * 29
    assert alive(session, [30]) == [SetState(UserState.IDLE)]
    end = session.check(START + 30)
    assert error(end) is Silent
    assert isinstance(end, Shut)
    assert end.frame is None


def test_a_probe_may_be_answered_after_the_leave() -> None:
    session = probed()
    session.check(START + 2)
    session.feed(LEAVE, START + 2)
    assert session.feed(b"\x0d\x01", START + 3) == CatchUp()
    assert reason(session.feed(b"\x0d\x01", START + 3)) is Malformed.OUT_OF_ORDER


def test_the_numbers_of_probes_wrap() -> None:
    session = joined()
    for number in range(1, 600):
        session.feed(MOVE, START + number)
        session.wrote_cursors()
        assert session.check(START + number) == Reply(bytes((0x0D, number % 256)))
        session.feed(bytes((0x0D, number % 256)), START + number)
