"""Connections to Redis are cut for a moment; what was lost meanwhile is sent again."""

import logging
import time
from collections.abc import Callable

from redis import Redis

from presence.protocol.errors import Close
from presence.protocol.messages import UserState
from tests.support.clients import Client, ClosedEarlyError, cursor, state
from tests.support.redis import RedisServer
from tests.support.waiting import eventually
from tests.system.crowd import Crowd, agreed
from tests.system.paths import BOTH_PATHS

pytestmark = BOTH_PATHS

logger = logging.getLogger(__name__)

SENT_AGAIN = 4.0
"""Seconds until a lost last position is sent again: a renewal, every third of a lease of at most
6 s, and as much to spare for a busy machine."""

AGREED = 10.0
"""Seconds until everybody knows of everybody."""

LISTENERS = 3
"""Connections by which the processes listen, one each."""


def subscribed(client: Redis) -> int:
    return len(client.client_list(_type="pubsub"))


def cut(client: Redis, kind: str) -> int:
    """Close every connection of a kind, and return how many."""
    return int(client.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes"))


async def move_until_cut(mover: Client, numbers: range, cutting: Callable[[], object]) -> None:
    """Move, and have the connections cut while the last moves are on their way."""
    for number in numbers:
        if number == numbers[-3]:
            cutting()
        await mover.send(cursor(number, 1))


async def come_in(crowd: Crowd, process: int, board: str, name: str) -> None:
    """Put somebody on a board who comes again while the store is out of reach, as browsers do."""

    async def refused() -> str:
        try:
            await crowd.join(process, board, name)
        except ClosedEarlyError as error:
            if error.args[0] != Close.TRY_LATER:
                raise
            return str(error)
        return ""

    await agreed(refused, AGREED)


async def test_a_lost_last_position_and_state_are_sent_again(
    crowd: Crowd, redis: RedisServer, board: str
) -> None:
    pairs = await crowd.pairs(board)
    (mover, sleeper), others = pairs[0], [person for pair in pairs[1:] for person in pair]
    with redis.client() as client:
        for turn in range(3):
            now = (UserState.AWAY, UserState.OFF_BOARD)[turn % 2]
            moves = range(100 * turn, 100 * turn + 20)
            eventually(lambda: subscribed(client) == LISTENERS, "every process listens")
            await move_until_cut(mover, moves, lambda: cut(client, "pubsub"))
            await sleeper.send(state(now))
            began = time.monotonic()
            for person in others:
                await person.until(
                    lambda p=person, last=moves[-1]: p.positions(mover.user)[-1:] == [(last, 1)],
                    "the last position",
                    SENT_AGAIN,
                )
                await person.until(
                    lambda p=person, now=now: p.view.states[sleeper.user] is now,
                    "the state",
                    SENT_AGAIN,
                )
            logger.info("sent again after %.2f s", time.monotonic() - began)
    for person in others:
        numbers = [x for x, _ in person.positions(mover.user)]
        assert numbers == sorted(numbers), "out of order"
    await crowd.agree(AGREED)


async def test_joins_and_leaves_while_every_connection_is_cut(
    crowd: Crowd, redis: RedisServer, board: str
) -> None:
    pairs = await crowd.pairs(board)
    with redis.client() as client:
        for turn, (ada, _) in enumerate(pairs):
            assert cut(client, "pubsub") + cut(client, "normal") > LISTENERS
            await ada.leave()
            crowd.gone(ada)
            await come_in(crowd, (turn + 1) % 3, board, f"N{turn}")
            await crowd.agree(AGREED)
