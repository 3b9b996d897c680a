"""The Redis store without a server."""

import time
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from presence.protocol.errors import TryLater
from presence.store.history import HOURS
from presence.store.redis.history import RedisHistory
from presence.store.redis.scripts import LUA
from presence.store.redis.store import RedisStore
from tests.store.cast import BOARD, GRACE, HERE, request
from tests.support.server import free_port

REFUSED_WITHIN = 5.0
"""Seconds until a call is refused, on a busy machine: less than waiting for one connection after
the other would take, or a timeout of the system."""

CALLS: dict[str, Any] = {
    "join": lambda store: store.join(BOARD, request("s")),
    "start_grace": lambda store: store.start_grace(BOARD, "s", GRACE),
    "leave": lambda store: store.leave(BOARD, "s"),
    "reap": lambda store: store.reap(BOARD),
    "restore": lambda store: store.restore(BOARD, []),
    "remove": lambda store: store.remove(BOARD, "ada", 0),
    "remove_from": lambda store: store.remove_from([BOARD], "ada", 0),
    "whereabouts": lambda store: store.whereabouts("ada"),
    "close_board": lambda store: store.close_board(BOARD, 0),
    "renew": lambda store: store.renew(HERE),
    "retire": lambda store: store.retire(HERE),
    "snapshot": lambda store: store.snapshot(BOARD),
    "counts": lambda store: store.counts([BOARD]),
    "boards": lambda store: store.boards(),
    "processes": lambda store: store.processes(),
    "ping": lambda store: store.ping(),
    "claim": lambda store: RedisHistory(store).claim(HERE),
    "record": lambda store: RedisHistory(store).record(HERE, 0.0, {}),
    "read": lambda store: RedisHistory(store).read(None, HOURS, 1),
    "publish": lambda store: RedisHistory(store).publish(HERE, ""),
    "published": lambda store: RedisHistory(store).published(),
}


async def refused(work: Any, within: float = REFUSED_WITHIN) -> str:
    """Wait for the refusal, which must come in time and say what the trouble is."""
    start = time.monotonic()
    with pytest.raises(TryLater) as raised:
        await work
    assert time.monotonic() - start < within
    assert raised.value.__cause__ is not None
    trouble = str(raised.value).removeprefix("Redis: ")
    assert trouble
    return trouble


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_nobody_listens(call: Any) -> None:
    store = RedisStore(f"redis://127.0.0.1:{free_port()}")
    await refused(call(store))
    await store.close()


@pytest.mark.parametrize("path", sorted(LUA.glob("*.lua")), ids=lambda path: path.stem)
def test_a_script_says_what_it_takes_and_returns(path: Path) -> None:
    head = " ".join(takewhile(lambda line: line.startswith("--"), path.read_text().splitlines()))
    shared = path.stem in {"clock", "board", "bans", "persons", "registry"}
    assert "ARGV" in head or "KEYS" in head
    assert shared or all(word in head for word in ("KEYS", "ARGV", "Return"))


def test_a_prefix_with_braces_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'a\{b\}'"):
        RedisStore("redis://127.0.0.1:1", prefix="a{b}")
