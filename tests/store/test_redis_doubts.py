"""Where an answer is lost on the way, what was done all the same does not last."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis as AsyncRedis

from presence.store.base import Departure
from presence.store.redis.scripts import JOIN, RELEASE_ID, TAKE_IDS
from presence.store.redis.store import RedisStore
from tests.store.cast import BOARD, HERE, OTHER_BOARD, TIMING, people_on, request
from tests.store.redis_place import TIMEOUT, Place, refused


async def test_a_join_nobody_heard_of_is_taken_back(
    own_place: Place, impatient: RedisStore
) -> None:
    await impatient.join(BOARD, request("stays"))
    own_place.server.pause()
    try:
        # It was sent, and is carried out when the server goes on.
        await refused(impatient.join(BOARD, request("lost")))
    finally:
        own_place.server.resume()
    assert await people_on(impatient) == 2
    standing = (await impatient.renew(HERE))[BOARD]
    assert (standing.people, await people_on(impatient)) == (1, 1)
    assert await impatient.leave(BOARD, "lost") == Departure((), 1)


async def test_all_joins_nobody_heard_of_are_taken_back_in_one_trip(
    own_place: Place, impatient: RedisStore
) -> None:
    boards = [UUID(int=n + 1) for n in range(30)]
    own_place.server.pause()
    try:
        await asyncio.gather(*(refused(impatient.join(b, request(f"{b}"))) for b in boards))
    finally:
        own_place.server.resume()
    await impatient.ping()
    with own_place.server.client() as client:
        before = client.info("stats")["total_reads_processed"]
        await impatient.renew(HERE)
        trips = client.info("stats")["total_reads_processed"] - before
    assert dict(await impatient.counts(boards)) == dict.fromkeys(boards, 0)
    assert trips < len(boards)


async def test_a_session_that_cannot_be_taken_back_yet_does_not_hinder_the_renewal(
    own_place: Place, impatient: RedisStore
) -> None:
    stays = await impatient.join(BOARD, request("stays"))
    own_place.server.pause()
    try:
        await refused(impatient.join(OTHER_BOARD, request("lost")))
    finally:
        own_place.server.resume()
    assert await people_on(impatient, OTHER_BOARD) == 1
    broken = own_place.keys.board(OTHER_BOARD)[1]
    with own_place.server.client() as client:
        # A key of another kind: no script on that board can do its work.
        client.set(broken, "x")
        assert (await impatient.renew(HERE))[BOARD].version == stays.version
        client.delete(broken)
    assert await people_on(impatient, OTHER_BOARD) == 1
    await impatient.renew(HERE)
    assert await people_on(impatient, OTHER_BOARD) == 0


async def test_a_join_that_was_heard_of_the_second_time_stays(
    own_place: Place, impatient: RedisStore
) -> None:
    own_place.server.pause()
    try:
        await refused(impatient.join(BOARD, request("s")))
    finally:
        own_place.server.resume()
    await impatient.join(BOARD, request("s"))
    assert (await impatient.renew(HERE))[BOARD].people == 1


async def test_a_cancelled_join_is_taken_back(own_place: Place, impatient: RedisStore) -> None:
    own_place.server.pause()
    try:
        joining = asyncio.create_task(impatient.join(BOARD, request("s")))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(joining, TIMEOUT / 5)
    finally:
        own_place.server.resume()
    await impatient.renew(HERE)
    assert await people_on(impatient) == 0


class Failing(AsyncRedis):
    """A client of the site's own that fails with some scripts."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.failing: set[str] = set()

    def pipeline(self, *arguments: Any, **options: Any) -> Any:
        pipe: Any = super().pipeline(*arguments, **options)
        execute = pipe.execute

        async def failing(**how: Any) -> Any:
            if self.failing & {words[1] for words, _ in pipe.command_stack}:
                raise ConnectionResetError
            return await execute(**how)

        pipe.execute = failing
        return pipe


@pytest.fixture
async def failing(own_place: Place) -> AsyncIterator[Failing]:
    async with Failing(port=own_place.server.port) as client:
        yield client


@pytest.fixture
async def shaky(own_place: Place, failing: Failing) -> RedisStore:
    """A store over a client that fails."""
    made = RedisStore(failing, TIMING, prefix=own_place.prefix, ahead=lambda: own_place.ahead)
    await made.renew(HERE)
    return made


async def test_a_join_without_a_board_id_is_taken_back(shaky: RedisStore, failing: Failing) -> None:
    failing.failing.add(TAKE_IDS.sha)
    await refused(shaky.join(BOARD, request("s")))
    assert await people_on(shaky) == 1
    failing.failing.clear()
    assert dict(await shaky.renew(HERE)) == {}
    assert await people_on(shaky) == 0


async def test_who_left_is_told_although_the_board_id_is_not_let_go(
    shaky: RedisStore, failing: Failing, own_place: Place
) -> None:
    admission = await shaky.join(BOARD, request("s"))
    failing.failing.add(RELEASE_ID.sha)
    assert await shaky.leave(BOARD, "s") == Departure((admission.member,), 0)
    # It is given up a lease, a grace, a rest and the spare time later.
    own_place.ahead += 1000
    assert (await shaky.snapshot(BOARD)).board_id == admission.board_id
    own_place.ahead += 100
    assert (await shaky.snapshot(BOARD)).board_id == 0


async def test_after_trouble_nothing_is_sent_before_redis_answers(
    shaky: RedisStore, failing: Failing, own_place: Place
) -> None:
    failing.failing.add(JOIN.sha)
    await refused(shaky.join(BOARD, request("s")))
    failing.failing.clear()
    with own_place.server.client() as client, client.monitor() as monitor:
        await shaky.counts([BOARD])
        await shaky.counts([BOARD])
        client.echo("that was all")
        words = [told["command"].split()[0] for told in told_until_echo(monitor)]
    assert words.count("PING") == 1
    assert words[0] == "PING"


def told_until_echo(monitor: Any) -> Iterator[Any]:
    """Yield what clients sent, up to an ECHO."""
    for told in monitor.listen():
        if told["command"].startswith("ECHO"):
            return
        if told["client_type"] != "lua":
            yield told


async def test_a_restoration_that_failed_is_asked_for_again(
    shaky: RedisStore, failing: Failing, own_place: Place
) -> None:
    member = (await shaky.join(BOARD, request("s"))).member
    own_place.flush()
    assert set(await shaky.renew(HERE)) == {BOARD}
    failing.failing.add(TAKE_IDS.sha)
    await refused(shaky.restore(BOARD, [member]))
    own_place.flush()
    failing.failing.clear()
    assert (await shaky.renew(HERE))[BOARD].processes == frozenset()
    assert (await shaky.restore(BOARD, [member])).members == (member,)
