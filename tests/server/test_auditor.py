"""What an audit finds in real processes, how soon it is gone by itself, and that an audit ends."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import pytest

from presence.protocol.errors import TryLater
from presence.server.audit import compare
from presence.server.auditor import CONCURRENT_SNAPSHOTS, CONFIRM_AFTER, READ_TIMEOUT, Auditor
from presence.server.auditor import longest as longest_audit
from presence.store.base import JoinRequest, Snapshot
from tests.server.harness import BOARD, OTHER_BOARD, BrokenError, Seam, Socket, pass_time, settle
from tests.server.world import RENEWAL, TIMING, World, agree, three
from tests.support.layer import never

TIMEOUT = 1.0
"""Seconds that processes have to answer."""

SNAPSHOT = 0.001
"""Seconds that the auditor's store takes for a snapshot."""


class SlowSeam(Seam):
    """A store in which a snapshot takes a while."""

    async def snapshot(self, board: UUID) -> Snapshot:
        await pass_time(SNAPSHOT)
        return await self.__getattr__("snapshot")(board)


@dataclass
class Audit:
    """Processes, an auditor, and its way to their store."""

    world: World
    seam: SlowSeam
    auditor: Auditor

    async def read(self) -> list[str]:
        """Return what one comparison finds."""
        return [str(difference) for difference in compare(await self.auditor.read())]

    async def found(self) -> list[str]:
        """Return what differs, be it just on its way or not."""
        found, _ = await self.auditor.audit()
        return [str(difference) for difference in found]

    async def healed(self) -> float:
        """Return the seconds until nothing differs."""
        begin = seconds()
        while await self.read():
            await pass_time(0.25)
        return seconds() - begin


def seconds() -> float:
    return asyncio.get_running_loop().time()


@pytest.fixture
async def audit(world: World) -> Audit:
    seam = SlowSeam(world.store)
    return Audit(world, seam, Auditor(seam, world.layer, timeout=TIMEOUT))


# What is found


async def test_sessions_and_told_counts_are_read_also_in_their_grace(audit: Audit) -> None:
    ada = await audit.world.joined("one", "ada")
    bob = await audit.world.joined("one", "bob", board=OTHER_BOARD)
    cy = await audit.world.joined("two", "cy")
    bob_session = bob.connection.session_id
    bob.snap()
    await settle()
    evidence = await audit.auditor.read()
    assert evidence.answers["one"].sessions == {
        BOARD: [ada.connection.session_id],
        OTHER_BOARD: [bob_session],
    }
    assert evidence.answers["two"].sessions == {BOARD: [cy.connection.session_id]}
    assert evidence.answers["two"].told == {BOARD: 2}
    assert evidence.counts == {BOARD: 2, OTHER_BOARD: 1}
    assert await audit.found() == []


async def test_somebody_who_is_just_coming_is_no_ghost(audit: Audit) -> None:
    await audit.world.joined("one", "ada")
    one = audit.world.process("one")
    one.seam.late.add("join")
    one.seam.open.clear()
    one.socket("bob").ask("Bob")
    await settle()
    (ghost, *_) = await audit.read()
    assert "ghost: 'Bob'" in ghost, "the store has them, the process not yet"
    asyncio.get_running_loop().call_later(CONFIRM_AFTER / 2, one.seam.open.set)
    assert await audit.found() == []


async def test_a_process_that_does_not_answer_is_named(audit: Audit) -> None:
    await three(audit.world)
    await audit.world.store.renew("gone")
    begin = seconds()
    (line,) = await audit.found()
    assert line.startswith("process gone: silent")
    assert seconds() - begin == pytest.approx(TIMEOUT, abs=0.01)


# What heals by itself

People = dict[str, Socket]


async def ghost(world: World, people: People) -> str:
    await world.store.join(BOARD, JoinRequest("ghost", "one", "casper", "Casper"))
    return "ghost: 'Casper'"


async def ghost_alone(world: World, people: People) -> str:
    await world.store.join(OTHER_BOARD, JoinRequest("ghost", "one", "casper", "Casper"))
    return "ghost: 'Casper'"


async def failed_leave(world: World, people: People) -> str:
    """Leave a ghost behind without a change of the version, as an edit by hand may."""
    dee, failing = await world.joined("one", "dee"), world.process("one").seam.failing
    failing["leave"] = BrokenError("a fault")
    dee.leave()
    await settle()
    del failing["leave"]
    return "ghost: 'Dee'"


async def missing(world: World, people: People) -> str:
    session = people["ada"].connection.session_id
    await world.store.leave(BOARD, session)
    return f"missing: session {session} of live process one"


async def stranded(world: World, people: People) -> str:
    await world.store.renew("dead")
    await world.store.join(BOARD, JoinRequest("left", "dead", "casper", "Casper"))
    await pass_time(TIMING.lease + 0.1)
    return "stranded: 'Casper'"


async def lost_messages(world: World, people: People) -> str:
    world.layer.loses = lambda message: "echo" not in message
    people["dee"] = await world.joined("two", "dee")
    world.layer.loses = never
    return "process one tells its clients 3, the persons on the roster are 4"


@pytest.mark.parametrize(
    ("fault", "within"),
    [
        (ghost, RENEWAL),
        (ghost_alone, RENEWAL),
        (failed_leave, RENEWAL),
        (missing, RENEWAL),
        (stranded, TIMING.grace + RENEWAL),
        (lost_messages, RENEWAL),
    ],
)
async def test_what_renewals_heal(
    audit: Audit, fault: Callable[[World, People], Awaitable[str]], within: float
) -> None:
    people = await three(audit.world)
    line = await fault(audit.world, people)
    assert any(line in found for found in await audit.read())
    assert await audit.healed() <= within
    await pass_time(RENEWAL)
    assert agree(**people)
    assert await audit.found() == []


# An audit ends


@pytest.mark.parametrize("ask", ["processes", "boards", "counts", "snapshot"])
async def test_a_store_that_is_away_is_told(audit: Audit, ask: str) -> None:
    await audit.world.joined("one", "ada")
    audit.seam.failing[ask] = TryLater("Redis: gone")
    with pytest.raises(TryLater, match=r"^Redis: gone$"):
        await audit.found()


async def test_a_store_that_hangs_is_told_in_time(audit: Audit) -> None:
    audit.seam.open.clear()
    begin = seconds()
    with pytest.raises(TryLater, match=r"^reading all boards: no answer within 31 s$"):
        await audit.found()
    assert seconds() - begin == pytest.approx(READ_TIMEOUT + TIMEOUT)


async def test_a_board_that_cannot_be_read_is_named(audit: Audit) -> None:
    await audit.world.joined("one", "ada")
    audit.seam.failing["snapshot"] = ValueError("no member")
    with pytest.raises(TryLater, match=rf"^board {BOARD}: no member$"):
        await audit.found()


async def test_several_boards_are_read_at_once_and_counted_together(audit: Audit) -> None:
    one = audit.world.process("one")
    for number in range(3 * CONCURRENT_SNAPSHOTS):
        await one.joined("ada", board=UUID(int=number))
    begin = seconds()
    evidence = await audit.auditor.read()
    assert seconds() - begin == pytest.approx(3 * SNAPSHOT)
    assert len(evidence.boards) == len(evidence.counts) == 3 * CONCURRENT_SNAPSHOTS
    assert audit.seam.calls.count("counts") == 1


def test_how_long_an_audit_takes_at_most_is_known() -> None:
    """The number of docs/commands.md."""
    assert longest_audit(3.0) == 68
