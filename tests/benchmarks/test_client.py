"""The load client, against a relay in Python."""

from asyncio import Event, timeout, to_thread
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from time import monotonic

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.typing import Subprotocol

from benchmarks.client import Joins, Moves, Room, run_client
from benchmarks.workload import Workload
from tests.support.waiting import DEADLINE

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


class Board:
    """A board for two people that a server restarts: the first who is back is alone for a while."""

    def __init__(self) -> None:
        self.cookies: list[str | None] = []
        self.sockets: dict[int, ServerConnection] = {}
        self.restarted = False
        self.moved: set[int] = set()
        self.both_moved = Event()

    def greet(self, socket: ServerConnection, request: Request, response: Response) -> None:
        """Give a cookie to a browser that has none."""
        cookie = request.headers.get("Cookie")
        self.cookies.append(cookie)
        if cookie is None:
            response.headers["set-cookie"] = f"presence_guest={len(self.cookies)}; Path=/"

    async def serve_one(self, socket: ServerConnection) -> None:
        """Welcome somebody, and tell the others of them and of their positions."""
        assert socket.request is not None
        cookie = socket.request.headers.get("Cookie")
        user = len(self.cookies) if cookie is None else int(cookie.partition("=")[2])
        others = {other: each for other, each in self.sockets.items() if other != user}
        self.sockets[user] = socket
        async for frame in socket:
            assert isinstance(frame, bytes)
            if frame[0] == 3:
                await socket.send(bytes([9, 0, 1, user, 0, 0, 0, 0, 17, 0]))
                roster = b"".join(bytes([other, 0, 0, 0, 0, 1]) + b"A" for other in others)
                await socket.send(bytes([10, 0, 1, len(others)]) + roster)
                # One too many are counted after the restart.
                await socket.send(bytes([7, 0, 1, 2 + self.restarted]))
                for other in others.values():
                    await other.send(bytes([5, 0, 1, user, 1]) + b"A" + bytes(3))
            elif frame[0] == 1 and self.sockets.get(user) is socket:
                self.moved.add(user)
                if len(self.moved) == 2:
                    self.both_moved.set()
                for other, each in self.sockets.items():
                    if other != user and each.state is State.OPEN:
                        await each.send(bytes([2, user]) + frame[1:])

    async def restart(self) -> None:
        """Send everybody away, to be back within 0.3 s."""
        self.restarted = True
        ending = [*self.sockets.values()]
        self.sockets.clear()
        self.moved.clear()
        self.both_moved.clear()
        for socket in ending:
            await socket.send(bytes([14, 7, 1, 44]))
            await socket.close(1012)


async def test_people_come_back_after_a_restart_and_tell_what_they_noticed() -> None:
    board = Board()
    work = Workload(2, 1, 50.0, warm_up=0.0, seconds=0.1)
    async with serve(
        board.serve_one,
        "127.0.0.1",
        0,
        process_response=board.greet,
        subprotocols=[Subprotocol("presence.v1")],
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        with run_client("presence", [Room(port, "/", "board")], work, returns=True) as client:
            assert (await to_thread(client.joins)).joined == 2
            client.start(monotonic())
            await to_thread(client.moves)
            before = await to_thread(client.restarts)
            await board.restart()
            async with timeout(DEADLINE):
                await board.both_moved.wait()
            after = await to_thread(client.restarts)
    assert (before.ends, before.out, before.above, before.lacking) == (0, 0, 0, 0.0)
    assert board.cookies == [None, None, *board.cookies[2:]]
    assert {*board.cookies[2:]} == {"presence_guest=1", "presence_guest=2"}
    assert (after.ends, after.failed, after.out, after.above) == (2, 0, 0, 1)
    assert after.lacking > 0
    assert 0 < after.away_p50 <= after.away_most < 1000 * DEADLINE
    assert after.gap_most >= after.away_p50
