"""The load client, against a relay in Python."""

from asyncio import to_thread
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from time import monotonic

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from benchmarks.client import Joins, Moves, Room, run_client
from benchmarks.workload import Workload

WORK = Workload(3, 2, 50.0, warm_up=0.1, seconds=0.5)


@asynccontextmanager
async def relay(refused: bool = False) -> AsyncIterator[int]:
    """Pass each position on to all others on its path; `refused` answers no handshake."""
    rooms: dict[str, list[ServerConnection]] = {}

    async def serve_one(socket: ServerConnection) -> None:
        assert socket.request is not None
        room = rooms.setdefault(socket.request.path, [])
        room.append(socket)
        async for frame in socket:
            assert isinstance(frame, bytes)
            for peer in room:
                if peer is not socket:
                    await peer.send(bytes([2, room.index(socket)]) + frame[1:])

    def refuse(connection: ServerConnection, request: Request) -> Response | None:
        return connection.respond(HTTPStatus.FORBIDDEN, "") if refused else None

    async with serve(serve_one, "127.0.0.1", 0, process_request=refuse) as server:
        yield next(iter(server.sockets)).getsockname()[1]


def load(port: int, work: Workload) -> tuple[Joins, Moves]:
    """Run the client to its end."""
    with run_client(
        "raw", [Room(port, f"/{n}", str(n)) for n in range(work.rooms)], work
    ) as client:
        joins = client.joins()
        client.start(monotonic())
        return joins, client.moves()


async def test_everybody_joins_moves_and_hears_of_the_others() -> None:
    async with relay() as port:
        joins, moves = await to_thread(load, port, WORK)
    assert (joins.joined, joins.lost) == (6, 0)
    assert moves.moves > 0
    assert moves.cursors > 0
    assert (moves.frames, moves.bytes) == (moves.cursors, 8 * moves.cursors)
    assert 0 <= moves.age_p50 <= moves.age_p99
    assert moves.lost == moves.blocked == 0


async def test_people_may_join_at_a_rate() -> None:
    async with relay() as port:
        joins, _ = await to_thread(
            load, port, Workload(2, 3, 0.0, join_rate=100, warm_up=0.0, seconds=0.1)
        )
    assert joins.joined == 6
    assert joins.seconds >= 5 / 100, "the sixth is due after five gaps"


async def test_a_refused_handshake_ends_the_client(capfd: pytest.CaptureFixture[str]) -> None:
    async with relay(refused=True) as port:
        with pytest.raises(RuntimeError, match="the load client ended with 1"):
            await to_thread(load, port, WORK)
    assert "refused: HTTP/1.1 403" in capfd.readouterr().err


async def test_who_does_not_get_in_is_counted_as_lost() -> None:
    async with relay() as port:
        pass
    joins, _ = await to_thread(load, port, Workload(2, 1, 0.0, warm_up=0.0, seconds=0.1))
    assert (joins.joined, joins.lost) == (0, 2)


async def test_several_clients_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.client.MOST_SOCKETS", 3)
    async with relay() as port:
        joins, moves = await to_thread(load, port, WORK)
    assert (joins.joined, joins.lost) == (6, 0)
    assert moves.cursors > 0
    assert moves.bytes == 8 * moves.cursors
