"""One position from the socket to the room, without the server below."""

import asyncio
from itertools import count
from typing import Any

from presence.protocol.codec import encode
from presence.protocol.messages import CursorUpdate, Dialect
from tests.server.harness import Socket
from tests.server.world import World


def test_receive_a_position(benchmark: Any, runner: asyncio.Runner) -> None:
    async def join() -> tuple[World, Socket]:
        world = World()
        return world, await world.process("one").socket("ada").join()

    world, socket = runner.run(join())
    frame = encode(CursorUpdate(1000, 2000), Dialect.COMPACT)
    # Later by 20 ms each, within the limit for one person.
    times = count(1_000_000)
    benchmark(lambda: socket.connection.receive(frame, next(times) / 50))
    assert not socket.codes
    runner.run(world.close())
