"""A process of the last release and one of this one share a Redis, as in a rolling upgrade: counts
and rosters are true in both, and neither has anything to log.

`make upgrade` lets the traffic run for five minutes. PRESENCE_SEED sets another seed.
"""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from random import Random
from uuid import UUID

import pytest

from presence.protocol.codec import encode
from presence.protocol.graphemes import fit
from presence.protocol.messages import (
    MAX_NAME_BYTES,
    MAX_USERS,
    NO_USER,
    Anchor,
    AnchoredUpdate,
    Anchors,
    Dialect,
    Welcome,
)
from tests.support.accounts import guest_cookie, sign_in
from tests.support.clients import Client, cursor
from tests.support.cluster import Cluster, run_cluster
from tests.support.redis import RedisServer
from tests.support.release import last_release
from tests.support.server import THIS, Release, with_settings
from tests.support.waiting import LONG, POLL
from tests.system.conftest import QUICK, settings_of
from tests.system.crowd import Crowd
from tests.system.surfaces import Surfaces, Told, Truth, differences
from tests.system.traffic import Operation, Traffic, Visitor

logger = logging.getLogger(__name__)

SEED = int(os.environ.get("PRESENCE_SEED", "20261129"))
SECONDS = 300.0 if LONG else 4.0
"""Seconds of traffic through both."""

pytestmark = pytest.mark.long

OLD, NEW = 0, 1
"""The processes by their numbers."""

HINDI = "ल" * 32
ACCOUNTS = ("ann", "ben", HINDI)
MAY = ["view_board", "view_overview"]
ANCHOR = Anchor(0x811C9DC5, 1, 65_535)
WITHIN = QUICK.lease * 4 / 3 + QUICK.grace + 10
"""Seconds until everybody knows who is there."""

COMPACT = Dialect.COMPACT


def anchored(x: int, y: int) -> bytes:
    """Return an ANCHORED_UPDATE."""
    return encode(AnchoredUpdate(x, y, ANCHOR), COMPACT)


def long_name(number: int) -> str:
    """Return a name of 96 bytes, which begins as no other."""
    return fit(f"{number:02} {'नमस्ते' * 8}", MAX_NAME_BYTES)


class Mixed(Traffic):
    """Traffic in which some moves have anchors, where the server knows these."""

    def _move(self, client: Client) -> Operation:
        known = client.server.release.name_bytes == THIS.name_bytes and client.dialect is COMPACT
        if not known or self._random.random() < 0.5:
            return super()._move(client)
        self.did["anchored"] += 1
        x, y = self._random.randrange(65_536), self._random.randrange(65_536)
        return self._through(client.server, client.send(anchored(x, y)))


@pytest.fixture(scope="module")
def releases(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Release, Release]:
    """The last release, and this one with what it can do more."""
    own = settings_of(QUICK) | {"AVATAR": "tests.support.release.picture"}
    more = with_settings({}, PRESENCE=own)
    return last_release(tmp_path_factory.mktemp("release")), replace(THIS, environment=more)


@pytest.fixture(scope="module")
def processes(
    site: dict[str, str],
    redis: RedisServer,
    releases: tuple[Release, Release],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    with run_cluster(folder, site, redis.url, releases) as running:
        yield running


@pytest.fixture(scope="module")
def sessions(processes: Cluster) -> dict[str, str]:
    """The sessions of staff who may view everything, and of people with an account."""
    return sign_in(processes.servers[NEW], stan=MAY, **dict.fromkeys(ACCOUNTS))


@pytest.fixture
async def traffic(
    crowd: Crowd, boards: list[str], sessions: dict[str, str], redis: RedisServer
) -> AsyncIterator[Mixed]:
    known = [Visitor(f"Guest {n}", guest_cookie()) for n in range(6)]
    known += [Visitor(long_name(n), guest_cookie()) for n in range(6)]
    known += [Visitor(name, f"sessionid={sessions[name]}") for name in ACCOUNTS]
    mixed = Mixed(crowd, boards, known, Random(SEED), grace=QUICK.grace, spared=set(), redis=redis)
    beating = asyncio.create_task(mixed.beat())
    yield mixed
    beating.cancel()


async def settled(compare: Callable[[Truth], Awaitable[Told]], truth: Truth) -> None:
    """Wait until nothing differs from the truth."""
    end = time.monotonic() + WITHIN
    while wrong := differences(await compare(truth)):
        assert time.monotonic() < end, "\n".join(["differ:", *wrong])
        # There is no one event to wait for.
        await asyncio.sleep(POLL * 10)


async def test_what_one_release_tells_the_other(
    crowd: Crowd, board: str, sessions: dict[str, str]
) -> None:
    bob, carol = await crowd.join(OLD, board, "Bob"), await crowd.join(NEW, board, "Carol")
    ada = await crowd.join(NEW, board, long_name(0), guest_cookie())
    ann = await crowd.join(NEW, board, "ann", f"sessionid={sessions['ann']}")
    ben = await crowd.join(OLD, board, "ben", f"sessionid={sessions['ben']}")
    members = [
        await crowd.join(n, board, HINDI, f"sessionid={sessions[HINDI]}") for n in (OLD, NEW)
    ]
    await crowd.agree()
    assert [carol.others[ada.user], carol.others[members[NEW].user]] == [long_name(0), HINDI]
    assert bob.others[ada.user] == fit(long_name(0), 32)
    assert carol.view.avatars.keys() == {ann.user, members[NEW].user}
    snapshot = await crowd.store.snapshot(UUID(board))
    assert {m.user for m in snapshot.members if m.avatar} == carol.view.avatars.keys()

    await ada.send(anchored(7, 8))
    for other in (bob, carol, ben, ann):
        await other.until(
            lambda o=other: o.positions(ada.user) == [(7, 8)], "a move with an anchor"
        )
    assert not bob.all(Anchors)
    assert carol.last(Anchors).anchors == ((ada.user, ANCHOR),)
    await bob.send(cursor(9, 9))
    await carol.until(lambda: carol.positions(bob.user) == [(9, 9)], "a move in the old process")

    # Whoever goes is taken off by either process, and returns through either.
    for person in (ada, ann, members[NEW]):
        await person.snap()
        crowd.gone(person)
        again = await crowd.join(OLD, board, person.name, person.cookies)
        assert (again.user, again.last(Welcome).color) == (person.user, person.last(Welcome).color)
    await crowd.agree()
    await members[OLD].leave()
    crowd.gone(members[OLD])
    await crowd.agree()


async def test_spectators_count_in_both(crowd: Crowd, board: str) -> None:
    for first in range(0, MAX_USERS, 15):
        numbers = range(first, first + 15)
        await asyncio.gather(*(crowd.join(n % 2, board, f"P{n}") for n in numbers))
    late = [await crowd.join(process, board, "Late") for process in (OLD, NEW)]
    assert [person.user for person in late] == [NO_USER, NO_USER]
    people = [*crowd[:2], *late]
    crowd.clear()
    for person in people:
        await person.until(lambda p=person: p.count == MAX_USERS + 2, "all people")
        # Their own name is not in all rosters.
        everybody = {*range(MAX_USERS)} - {person.user}
        await person.until(lambda p=person, e=everybody: e <= p.view.users.keys(), "the roster")


@pytest.mark.timeout(SECONDS * 2 + 180)
async def test_random_traffic_through_both(
    traffic: Mixed, crowd: Crowd, boards: list[str], sessions: dict[str, str], shared: None
) -> None:
    logger.info("seed %d (PRESENCE_SEED sets another), %.0f s", SEED, SECONDS)
    surfaces = Surfaces(crowd, sessions["stan"])
    await surfaces.open_pages(boards)
    try:
        await traffic.run(SECONDS, [])
        logger.info("did %s", dict(traffic.did))
        await crowd.agree(WITHIN)
        await settled(surfaces.people, traffic.truth())
        await settled(surfaces.now, traffic.truth())
        await settled(surfaces.audit, traffic.truth())
    finally:
        await surfaces.close()
    assert traffic.did["anchored"] > 0
    assert traffic.did["went on"] > 0
    await traffic.leave()


@pytest.mark.timeout(SECONDS * 2 + 180)
async def test_one_process_is_upgraded_and_the_other_put_back(
    traffic: Mixed, crowd: Crowd, releases: tuple[Release, Release]
) -> None:
    cluster = crowd.cluster
    for number, release in ((OLD, releases[NEW]), (NEW, releases[OLD])):
        cluster.releases[number] = release
        traffic.spare(1 - number)
        await traffic.run(SECONDS / 2, [(SECONDS / 4, "terminate")])
        await crowd.agree(WITHIN)
    assert traffic.did["went on"] > 0
    await traffic.leave()


def test_no_process_logged_a_warning(processes: Cluster) -> None:
    assert processes.logged("WARNING", "ERROR", "CRITICAL") == []
