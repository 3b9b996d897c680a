"""Bad input and how much of it (PROTOCOL.md, Bad input)."""

import pytest

from presence.protocol.errors import (
    Close,
    Malformed,
    StruckOut,
    TooBig,
    TooFast,
)
from presence.protocol.messages import (
    Dialect,
    Join,
    Leave,
)
from presence.protocol.session import Move, Shut, Strike
from tests.protocol.visit import (
    COMPACT,
    EXPLICIT,
    HEARTBEAT,
    JOIN,
    LEAVE,
    MOVE,
    NONSENSE,
    NOTICE_1,
    NOTICE_2,
    START,
    VECTORS,
    error,
    feed,
    fresh,
    joined,
    reason,
)

# Bad input


@pytest.mark.parametrize("vector", VECTORS["malformed"], ids=lambda vector: vector["name"])
def test_a_malformed_frame_after_a_join_changes_nothing(vector: dict[str, str]) -> None:
    dialect = Dialect(vector["dialect"])
    session, notice = joined(dialect), NOTICE_1 if dialect is COMPACT else None
    action = session.feed(bytes.fromhex(vector["hex"]), START)
    assert isinstance(action, Strike)
    assert action.frame == notice
    assert session.feed(MOVE, START) == Move(MOVE[1:])
    assert session.feed(LEAVE, START) == Leave(0)


@pytest.mark.parametrize("vector", VECTORS["malformed"], ids=lambda vector: vector["name"])
def test_ten_of_a_malformed_frame_close(vector: dict[str, str]) -> None:
    session = joined(Dialect(vector["dialect"]))
    actions = feed(session, [bytes.fromhex(vector["hex"])] * 10)
    assert [type(action) for action in actions] == [Strike] * 9 + [Shut]
    assert error(actions[-1]) is StruckOut


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (None, Malformed.TEXT),
        (b"", Malformed.EMPTY),
        (b"\x0f", Malformed.UNKNOWN_TYPE),
        (b"\x08\x00", Malformed.LENGTH),
        (bytes.fromhex("03 0000 01 c3"), Malformed.UTF8),
        (bytes.fromhex("03 0000 21") + b"a" * 33, Malformed.NAME_TOO_LONG),
        (b"\x0b\x03", Malformed.VALUE),
        (LEAVE, Malformed.OUT_OF_ORDER),
    ],
)
def test_every_kind_of_bad_input_is_a_strike_with_its_reason(
    frame: bytes | None, expected: Malformed
) -> None:
    assert fresh().feed(frame, START) == Strike(expected, NOTICE_1)


def test_ten_joins_within_ten_seconds_pass_and_the_eleventh_closes() -> None:
    session = fresh()
    passed = feed(session, [JOIN, LEAVE] * 10)
    assert [type(action) for action in passed] == [Join, Leave] * 10
    end = session.feed(JOIN, START + 9.9)
    assert error(end) is TooFast
    later = fresh()
    feed(later, [JOIN, LEAVE] * 10)
    assert isinstance(later.feed(JOIN, START + 10.0), Join)


def test_strikes_are_counted_over_ten_seconds() -> None:
    session = joined()
    for second in range(9):
        assert reason(session.feed(NONSENSE, START + second)) is Malformed.UNKNOWN_TYPE
    end = session.feed(NONSENSE, START + 9.9)
    assert error(end) is StruckOut
    assert isinstance(end, Shut)
    assert end.frame == NOTICE_1
    assert end.error.close == Close.MALFORMED


def test_strikes_older_than_ten_seconds_are_forgiven() -> None:
    session = joined()
    first = session.feed(NONSENSE, START)
    actions = [first, *feed(session, [NONSENSE] * 8, START + 5), session.feed(NONSENSE, START + 10)]
    assert {type(action) for action in actions} == {Strike}
    assert error(session.feed(NONSENSE, START + 10)) is StruckOut


def test_a_notice_comes_at_most_once_a_second() -> None:
    session = joined()
    told = [session.feed(NONSENSE, START + at) for at in (0.0, 0.5, 0.999, 1.0, 1.5, 2.0)]
    frames = [action.frame for action in told if isinstance(action, Strike)]
    assert frames == [NOTICE_1, None, None, NOTICE_1, None, NOTICE_1]


def test_the_last_strike_too_keeps_to_one_notice_a_second() -> None:
    session = joined()
    end = feed(session, [NONSENSE] * 10)[-1]
    assert error(end) is StruckOut
    assert isinstance(end, Shut)
    assert end.frame is None


def test_the_explicit_dialect_gets_no_notice() -> None:
    session = joined(EXPLICIT)
    told = [session.feed(NONSENSE, START + n) for n in range(10)]
    assert told[:9] == [Strike(Malformed.UNKNOWN_TYPE, None)] * 9
    assert isinstance(told[9], Shut)
    assert told[9].frame is None


def test_a_message_over_1_kib_ends_it() -> None:
    end = joined().feed(bytes(1_025), START)
    assert error(end) is TooBig
    assert isinstance(end, Shut)
    assert end.error.close == Close.TOO_BIG
    assert end.frame is None


def test_a_message_of_1_kib_is_no_more_than_malformed() -> None:
    assert reason(joined().feed(bytes(1_024), START)) is Malformed.UNKNOWN_TYPE


def test_after_the_end_nothing_is_said() -> None:
    session = joined()
    session.feed(bytes(1_025), START)
    assert feed(session, [MOVE, NONSENSE, HEARTBEAT, None]) == [None] * 4
    assert session.check(START + 100) is None


# Rates


@pytest.mark.parametrize("frame", [MOVE, HEARTBEAT])
def test_240_frames_in_a_second_pass_and_one_more_ends_it(frame: bytes) -> None:
    session = fresh()
    session.feed(JOIN, START - 1)
    actions = feed(session, [frame] * 240)
    assert not any(isinstance(action, Shut) for action in actions)
    end = session.feed(frame, START + 0.999)
    assert error(end) is TooFast
    assert isinstance(end, Shut)
    assert end.frame == NOTICE_2
    assert end.error.close == Close.TOO_FAST


def test_240_frames_in_each_second_of_two_pass() -> None:
    session = joined()
    actions = feed(session, [MOVE] * 240, START + 1) + feed(session, [MOVE] * 240, START + 2)
    assert actions == [Move(MOVE[1:])] * 480


def test_600_frames_in_5_seconds_pass_and_one_more_ends_it() -> None:
    session = fresh()
    session.feed(JOIN, START - 5)
    actions = [session.feed(MOVE, START + n * 5 / 601) for n in range(600)]
    assert actions == [Move(MOVE[1:])] * 600
    end = session.feed(MOVE, START + 600 * 5 / 601)
    assert error(end) is TooFast


def test_a_little_under_120_frames_a_second_pass_for_ever() -> None:
    session = joined()
    actions = [session.feed(MOVE, START + 1 + n / 119.9) for n in range(3_000)]
    assert not any(isinstance(action, Shut) for action in actions)


def test_malformed_frames_count_for_the_rate() -> None:
    session = fresh(EXPLICIT)
    session.feed(JOIN, START - 1)
    feed(session, [MOVE] * 240)
    assert error(session.feed(NONSENSE, START)) is TooFast


def test_the_explicit_dialect_is_closed_without_a_notice() -> None:
    end = feed(joined(EXPLICIT), [MOVE] * 240)[-1]
    assert error(end) is TooFast
    assert isinstance(end, Shut)
    assert end.frame is None
