"""Numbers on what processes say, and what is noticed by them."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from presence.cluster.messages import Post
from presence.cluster.sequence import Incoming, Outgoing
from presence.protocol.messages import UserState

BOARD, OTHER = UUID(int=1), UUID(int=2)
A = b"\x00\x01\x00\x02"


def listening(*boards: UUID) -> Incoming:
    incoming = Incoming()
    for board in boards or (BOARD,):
        incoming.begin(board)
    return incoming


def lost(incoming: Incoming, *numbers: int, process: str = "one", board: UUID = BOARD) -> list[int]:
    """The numbers of posts to the group before which something was lost."""
    return [n for n in numbers if incoming.take(board, process, n, Post(cursors={1: A}))]


def told(incoming: Incoming, number: int, *, whole: bool) -> bool:
    return incoming.take(BOARD, "one", number, Post(told=True, whole=whole))


# What is said


def test_what_is_said_of_a_board_is_numbered_without_a_gap() -> None:
    outgoing = Outgoing()
    first = outgoing.next(BOARD)
    assert [outgoing.next(BOARD), outgoing.last(BOARD)] == [first + 1, first + 1]
    assert outgoing.last(OTHER) == outgoing.last(OTHER)
    assert outgoing.next(OTHER) == outgoing.last(OTHER)


@given(st.lists(st.tuples(st.sampled_from([BOARD, OTHER]), st.sampled_from("nlf"))))
def test_a_board_that_was_forgotten_gets_no_number_twice(steps: list[tuple[UUID, str]]) -> None:
    outgoing = Outgoing()
    given_out: dict[UUID, list[int]] = {BOARD: [], OTHER: []}
    for board, step in steps:
        if step == "n":
            given_out[board].append(outgoing.next(board))
        elif step == "l":
            assert outgoing.last(board) >= max(given_out[board], default=0)
        else:
            outgoing.forget(board)
    for numbers in given_out.values():
        assert numbers == sorted(set(numbers))


# What is heard


def test_numbers_that_follow_each_other_lack_nothing() -> None:
    assert lost(listening(), 5, 6, 7, 8) == []


def test_a_number_that_was_skipped_was_lost() -> None:
    assert lost(listening(), 5, 7, 8, 12, 13) == [7, 12]


def test_processes_and_boards_have_numbers_of_their_own() -> None:
    incoming = listening(BOARD, OTHER)
    assert lost(incoming, 5) == lost(incoming, 1, process="two") == []
    assert lost(incoming, 9, board=OTHER) == lost(incoming, 6) == []
    assert lost(incoming, 3, process="two") == [3]


def test_a_board_nobody_listens_to_lacks_nothing() -> None:
    incoming = Incoming()
    assert lost(incoming, 1, 5, 9) == []
    incoming.begin(BOARD)
    incoming.forget(BOARD)
    incoming.forget(BOARD)
    assert lost(incoming, 1, 5, 9) == []


def test_a_post_without_a_number_lacks_nothing() -> None:
    incoming = listening()
    assert lost(incoming, 5) == []
    assert not incoming.take(BOARD, "one", None, Post(look=True))
    assert lost(incoming, 6) == []


def test_what_is_told_has_the_number_of_what_was_said_before_it() -> None:
    incoming = listening()
    assert lost(incoming, 5) == []
    assert not told(incoming, 5, whole=False)
    assert lost(incoming, 6) == []
    assert told(incoming, 8, whole=False)
    assert lost(incoming, 9) == []


def test_who_tells_everything_leaves_nothing_missing() -> None:
    incoming = listening()
    assert lost(incoming, 5) == []
    assert not told(incoming, 8, whole=True)
    assert lost(incoming, 9) == []


def test_what_was_overtaken_keeps_only_what_is_not_old() -> None:
    incoming, late = listening(), Post(look=True, cursors={1: A}, states={1: UserState.AWAY})
    assert lost(incoming, 5) == []
    assert not told(incoming, 6, whole=True)
    assert not incoming.take(BOARD, "one", 6, late)
    assert late == Post(look=True)
    assert lost(incoming, 7) == []


def test_everything_that_was_overtaken_is_to_be_told_again() -> None:
    incoming = listening()
    assert lost(incoming, 5, 6) == []
    assert told(incoming, 5, whole=True)
    assert lost(incoming, 7) == []


def test_after_a_gap_of_all_numbers_begin_anew() -> None:
    incoming = listening(BOARD, OTHER)
    assert lost(incoming, 5) == lost(incoming, 5, board=OTHER) == []
    incoming.begin_all()
    assert lost(incoming, 50, 51) == lost(incoming, 60, board=OTHER) == []


def test_processes_that_are_gone_are_forgotten() -> None:
    incoming = listening()
    assert lost(incoming, 5) == lost(incoming, 5, process="two") == []
    incoming.keep(BOARD, {"two"})
    incoming.keep(OTHER, set())
    assert lost(incoming, 9) == []
    assert lost(incoming, 9, process="two") == [9]
