"""The memory store beyond the contract: it keeps nothing of what is over."""

import gc
from uuid import UUID

from presence.store.base import Timing
from presence.store.memory import Bans, BoardState, MemoryStore
from tests.store.cast import BOARD, GRACE, HERE, OTHER_BOARD, TIMING, fill, request


def boards_kept() -> int:
    """Count the boards that any store in this process keeps."""
    gc.collect()
    return sum(type(thing) is BoardState for thing in gc.get_objects())


async def test_nothing_is_kept_of_boards_that_were_empty_for_long() -> None:
    now = 0.0
    store = MemoryStore(lambda: now, TIMING)
    await store.renew(HERE)
    before = boards_kept()
    for n in range(100):
        board = UUID(int=n)
        await store.join(board, request("s"))
        await store.leave(board, "s")
    assert boards_kept() == before + 100
    now += 6
    await store.join(BOARD, request("s"))
    assert boards_kept() == before + 1


async def test_asking_about_a_board_keeps_nothing() -> None:
    store = MemoryStore(lambda: 0.0, TIMING)
    before = boards_kept()
    await store.counts([BOARD, OTHER_BOARD])
    await store.snapshot(BOARD)
    await store.leave(BOARD, "s")
    await store.start_grace(BOARD, "s", GRACE)
    await store.reap(BOARD)
    assert boards_kept() == before


def test_bans_that_are_over_are_forgotten() -> None:
    bans = Bans()
    bans.add(BOARD, "person", ["ada", "bob"], 10.0)
    bans.add(BOARD, "person", ["cy"], 20.0)
    bans.add(OTHER_BOARD, "newcomers", [""], 10.0)
    bans.expire(10.0)
    assert bans._ends == {BOARD: {("person", "cy"): 20.0}}


async def test_the_default_times() -> None:
    assert Timing() == Timing(grace=5.0, reload_grace=3.0, id_rest=5.0, board_rest=60.0, lease=10.0)
    now = 0.0
    store = MemoryStore(lambda: now)
    await store.renew(HERE)
    await fill(store, 1)
    await store.leave(BOARD, "filler 0")
    now = 4.9
    assert (await store.join(BOARD, request("early"))).member.user == 1
    now = 5.0
    assert (await store.join(BOARD, request("next"))).member.user == 0
