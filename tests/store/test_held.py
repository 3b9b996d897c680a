"""`LocalSessions`: which sessions a store put on which boards."""

from presence.store.redis.store import LocalSessions
from tests.store.cast import BOARD, HERE, OTHER_BOARD, THERE


def held() -> LocalSessions:
    """Return two boards, three sessions, two processes."""
    made = LocalSessions()
    made.put(BOARD, "a", HERE)
    made.put(BOARD, "b", THERE)
    made.put(OTHER_BOARD, "c", HERE)
    return made


def test_boards_and_sessions_of_a_process() -> None:
    assert held().of(HERE) == {BOARD: ["a"], OTHER_BOARD: ["c"]}
    assert held().of(THERE) == {BOARD: ["b"]}
    assert held().of("process-new") == {}


def test_what_is_dropped_is_not_there() -> None:
    made = held()
    made.drop(BOARD, ["a", "nobody"])
    assert made.of(HERE) == {OTHER_BOARD: ["c"]}
    assert BOARD in made


def test_a_board_without_sessions_is_forgotten() -> None:
    made = held()
    made.drop(OTHER_BOARD, ["c"])
    assert OTHER_BOARD not in made
    made.drop(OTHER_BOARD, ["c"])
    assert OTHER_BOARD not in made


def test_putting_again_says_whose_it_is_now() -> None:
    made = held()
    made.put(BOARD, "a", THERE)
    assert made.of(THERE) == {BOARD: ["a", "b"]}
    assert made.of(HERE) == {OTHER_BOARD: ["c"]}


def test_what_was_put_later_than_said_is_not_dropped() -> None:
    made = held()
    then = made.puts
    made.put(BOARD, "a", HERE)
    made.put(BOARD, "d", HERE)
    made.drop(BOARD, ["a", "b", "d"], until=then)
    assert made.of(HERE) == {BOARD: ["a", "d"], OTHER_BOARD: ["c"]}
    assert made.of(THERE) == {}
