"""A process tells which sessions it serves, whoever asks; and what differs is found and mended."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer

from presence.audit import Ghost, Missing, Silent, Stranded
from presence.errors import TryLater
from presence.hub import Hub
from presence.inquiry import LOOK_AGAIN, Inquirer
from presence.store.base import Ticket, Timing
from presence.store.memory import MemoryStore
from tests.process.harness import BOARD, OTHER_BOARD, Process, Seam, pass_time, settle

TIMING = Timing(grace=30.0, lease=30.0)
"""So long that no process mends by itself what a test breaks."""

WITHIN = 3.0


class Layer(InMemoryChannelLayer):  # type: ignore[misc]
    """A layer that fails while it is `away`, and may lose what is said."""

    away = False
    lose: Callable[[dict[str, Any]], bool] = staticmethod(lambda message: False)

    async def new_channel(self, prefix: str = "specific.") -> str:
        self._fail()
        channel: str = await super().new_channel(prefix)
        return channel

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        self._fail()
        if not self.lose(message):
            await super().group_send(group, message)

    def _fail(self) -> None:
        if self.away:
            raise ConnectionError("the layer is away")


class World:
    """Processes over one store and one layer."""

    def __init__(self) -> None:
        self.store = MemoryStore(asyncio.get_running_loop().time, TIMING)
        self.layer = Layer()
        self.inquirer = Inquirer(self.store, self.layer, within=WITHIN)
        self.hubs: list[Hub] = []

    def process(self, name: str) -> Process:
        """Start a process."""
        seam = Seam(self.store)
        hub = Hub(seam, name, least=33, timing=TIMING, layer=self.layer)
        self.hubs.append(hub)
        return Process(hub, seam)

    async def stories(self) -> list[str]:
        """Return what differs, in words."""
        found, _ = await self.inquirer.audit()
        return [str(difference) for difference in found]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A world whose processes end with the test."""
    made = World()
    yield made
    made.layer.away = False
    for hub in made.hubs:
        await hub.close()


async def test_a_process_tells_whom_it_serves_also_in_their_grace(world: World) -> None:
    here, there = world.process("here"), world.process("there")
    ada, bob = await here.joined("ada"), await here.joined("bob", board=OTHER_BOARD)
    cal = await there.joined("cal")
    sessions = [socket.connection.session_id for socket in (ada, bob, cal)]
    bob.snap()
    await settle()
    evidence = await world.inquirer.look()
    assert evidence.served["here"] == {BOARD: [sessions[0]], OTHER_BOARD: [sessions[1]]}
    assert evidence.served["there"] == {BOARD: [sessions[2]]}
    assert await world.stories() == []


async def test_a_process_alone_on_its_board_can_be_asked(world: World) -> None:
    alone = world.process("alone")
    await alone.joined("ada")
    assert (await world.inquirer.look()).served.keys() == {"alone"}


async def test_nobody_to_ask_is_no_difference(world: World) -> None:
    assert await world.stories() == []


async def test_a_layer_that_is_away_keeps_nobody_from_joining(world: World) -> None:
    world.layer.away = True
    here = world.process("here")
    ada = await here.joined("ada")
    assert ada.count == 1
    world.layer.away = False
    await pass_time(TIMING.lease / 3 + 1)
    assert await world.stories() == [], "it can be asked as soon as it has renewed"


async def test_a_question_that_is_lost_is_asked_again(world: World) -> None:
    await world.process("here").joined("ada")
    questions: list[dict[str, Any]] = []

    def lose_first(message: dict[str, Any]) -> bool:
        if "ask" in message:
            questions.append(message)
        return "ask" in message and len(questions) == 1

    world.layer.lose = lose_first
    assert await world.stories() == []
    assert len(questions) == 2


async def test_a_process_that_hears_nothing_is_named_in_time(world: World) -> None:
    await world.process("here").joined("ada")
    await world.process("deaf").joined("bob")
    loop = asyncio.get_running_loop()
    # One who holds a lease and is not there.
    await world.store.renew("gone")
    began = loop.time()
    found, _ = await world.inquirer.audit()
    assert found == [Silent("gone")]
    assert loop.time() - began == pytest.approx(WITHIN)


async def test_a_layer_that_is_away_is_told(world: World) -> None:
    await world.process("here").joined("ada")
    world.layer.away = True
    with pytest.raises(TryLater, match="the layer is away"):
        await world.inquirer.audit()


async def test_who_is_just_coming_is_no_ghost(world: World) -> None:
    here = world.process("here")
    await here.joined("ada")
    here.seam.late.add("join")
    here.seam.open.clear()
    coming = here.socket("bob")
    coming.ask()
    await settle()
    assert len(await world.store.roster(BOARD)) == 2, "the store has them, the process not yet"
    asyncio.get_running_loop().call_later(LOOK_AGAIN / 2, here.seam.open.set)
    assert await world.stories() == []


async def test_a_ghost_is_found_and_taken_off_its_board(world: World) -> None:
    here, there = world.process("here"), world.process("there")
    ada, bob = await here.joined("ada"), await there.joined("bob")
    await world.store.join(BOARD, Ticket("ghost", "there", "casper", "Casper"))
    found, evidence = await world.inquirer.audit()
    (ghost,) = found
    assert isinstance(ghost, Ghost)
    assert (ghost.board, ghost.member.name, ghost.member.process) == (BOARD, "Casper", "there")
    await world.inquirer.repair(found, evidence)
    assert await world.stories() == []
    assert ada.count == bob.count == 2
    assert {member.person for member in await world.store.roster(BOARD)} == {"ada", "bob"}


async def test_who_is_missing_is_found_and_put_back(world: World) -> None:
    here, there = world.process("here"), world.process("there")
    ada, bob = await here.joined("ada"), await there.joined("bob")
    lost = bob.connection.session_id
    await world.store.leave(BOARD, lost)
    found, evidence = await world.inquirer.audit()
    assert found == [Missing(BOARD, lost, "there")]
    await world.inquirer.repair(found, evidence)
    assert await world.stories() == []
    # Whoever looked before they were put back looks again when it renews.
    await pass_time(TIMING.lease / 3 + 1)
    assert ada.count == bob.count == 2
    assert lost in {member.session for member in await world.store.roster(BOARD)}


async def test_who_is_left_of_a_dead_process_is_taken_off(world: World) -> None:
    ada = await world.process("here").joined("ada")
    await world.store.renew("dead")
    await world.store.join(BOARD, Ticket("left", "dead", "casper", "Casper"))
    await pass_time(TIMING.lease + 1)
    found, evidence = await world.inquirer.audit()
    assert [type(difference) for difference in found] == [Stranded]
    await world.inquirer.repair(found, evidence)
    assert await world.stories() == []
    await settle()
    assert ada.count == 1
