"""Connections to Redis are cut for a moment, and what was lost meanwhile is made up for."""

import logging
import time
from collections.abc import Callable

import pytest
from redis import Redis

from presence.protocol.codec import encode
from presence.protocol.messages import Dialect, SetState, UserState
from tests.support.redis import RedisServer
from tests.support.waiting import eventually
from tests.support.wire import cursor
from tests.system.people import Crowd, Person

logger = logging.getLogger(__name__)

MADE_UP = 10.0
"""Seconds until everybody is told again what is so."""

LISTENERS = 3
"""Connections by which the processes listen, one each."""


def subscribed(client: Redis) -> int:
    return len(client.client_list(_type="pubsub"))


def cut(client: Redis, kind: str) -> int:
    """Close every connection of a kind, and return how many."""
    return int(client.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes"))


async def move_until_cut(mover: Person, numbers: range, cutting: Callable[[], object]) -> None:
    """Move, and have the connections cut while the last moves are on their way."""
    for number in numbers:
        if number == numbers[-3]:
            cutting()
        await mover.client.send(cursor(number, 1))


@pytest.mark.parametrize("times", [1, 3])
async def test_the_last_position_and_state_arrive_although_they_were_lost(
    crowd: Crowd, redis: RedisServer, board: str, times: int
) -> None:
    pairs = await crowd.pairs(board)
    (mover, sleeper), others = pairs[0], [person for pair in pairs[1:] for person in pair]
    with redis.client() as client:
        for turn in range(times):
            state = (UserState.AWAY, UserState.OFF_BOARD)[turn % 2]
            moves = range(100 * turn, 100 * turn + 20)
            eventually(lambda: subscribed(client) == LISTENERS, "every process listens")
            await move_until_cut(mover, moves, lambda: cut(client, "pubsub"))
            await sleeper.client.send(encode(SetState(state), Dialect.COMPACT))
            began = time.monotonic()
            for person in others:
                await person.until(
                    lambda p, last=moves[-1]: p.positions[mover.user][-1:] == [(last, 1)],
                    "the last position",
                    MADE_UP,
                )
                await person.until(
                    lambda p, state=state: p.states[sleeper.user] is state, "the state", MADE_UP
                )
            logger.info("made up for after %.2f s", time.monotonic() - began)
    for person in others:
        numbers = [x for x, _ in person.positions[mover.user]]
        assert numbers == sorted(numbers), "out of order"
    await crowd.agree(MADE_UP)


async def test_who_comes_and_goes_while_every_connection_is_cut(
    crowd: Crowd, redis: RedisServer, board: str
) -> None:
    pairs = await crowd.pairs(board)
    with redis.client() as client:
        for turn, (ada, _) in enumerate(pairs):
            assert cut(client, "pubsub") + cut(client, "normal") > LISTENERS
            await ada.client.close()
            crowd.gone(ada)
            await crowd.join((turn + 1) % 3, board, f"N{turn}")
            await crowd.agree(MADE_UP)
