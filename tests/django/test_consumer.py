"""The consumer under Channels: who it lets in, and that it cleans up whatever ends it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from channels import consumer as channels_consumer
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser

from presence.consumers import PresenceConsumer, choose_dialect
from presence.protocol.codec import decode_server, encode
from presence.protocol.messages import Dialect, Join, PresenceUpdate
from presence.runtime import current_hub
from presence.server.connection import Connection
from presence_site.models import Board
from tests.support.metrics import value

pytestmark = pytest.mark.django_db(transaction=True)

JOIN = encode(Join(0, "Ada"), Dialect.COMPACT)
HEARTBEAT = b"\x08"
Connect = Callable[[], Any]
Queue = asyncio.Queue[dict[str, Any]]
Unwritable = tuple[asyncio.Task[None], Queue]


@pytest.fixture(autouse=True)
def short_grace(settings: Any) -> None:
    settings.PRESENCE = {**settings.PRESENCE, "GRACE": 0.2}


@pytest.fixture
async def board() -> UUID:
    return (await Board.objects.acreate(title="Plans", open_to_guests=True)).pk


@pytest.fixture
async def connect(board: UUID) -> AsyncIterator[Connect]:
    """Open sockets to one board, under Channels' own test driver."""
    opened = []

    async def connected(to: str = "") -> WebsocketCommunicator:
        socket = WebsocketCommunicator(
            PresenceConsumer.as_asgi(), f"/ws/presence/{board}/", subprotocols=["presence.v1"]
        )
        socket.scope["user"] = AnonymousUser()
        socket.scope["url_route"] = {"kwargs": {"board": to or str(board)}}
        assert await socket.connect() == (True, "presence.v1")
        opened.append(socket)
        return socket

    yield connected
    for socket in opened:
        socket.future.cancel()
    await current_hub().close()


async def join(socket: WebsocketCommunicator) -> int:
    """Send JOIN, and return the count that comes."""
    await socket.send_to(bytes_data=JOIN)
    return await count(socket)


async def count(socket: WebsocketCommunicator) -> int:
    """Wait for the next count."""
    while True:
        message = decode_server(await socket.receive_from(timeout=5), Dialect.COMPACT)
        if isinstance(message, PresenceUpdate):
            return message.count


async def two(connect: Connect) -> tuple[WebsocketCommunicator, WebsocketCommunicator]:
    ada, bob = await connect(), await connect()
    assert await join(ada) == 1
    assert await join(bob) == 2
    assert await count(ada) == 2
    return ada, bob


async def gone_after_the_grace(ada: WebsocketCommunicator, board: UUID) -> None:
    assert (await current_hub().store.counts([board]))[board] == 2, "within the grace"
    assert await count(ada) == 1


@pytest.mark.parametrize(
    ("offered", "dialect"),
    [
        ([], Dialect.EXPLICIT),
        (["presence.v1"], Dialect.COMPACT),
        (["chat", "presence.v1"], Dialect.COMPACT),
        (["chat"], None),
    ],
)
def test_the_subprotocol_chooses_the_dialect(offered: list[str], dialect: Dialect | None) -> None:
    assert choose_dialect(offered) is dialect


async def test_a_cancelled_consumer(connect: Connect, board: UUID) -> None:
    """As Daphne does when it goes down."""
    ada, bob = await two(connect)
    while not await bob.receive_nothing(timeout=0.01):
        await bob.receive_output()
    bob.future.cancel()
    assert await bob.receive_from() == b"\x0e\x07\x00\x78", "120 ms of a grace of 200"
    assert await bob.receive_output() == {"type": "websocket.close", "code": 1012}
    await gone_after_the_grace(ada, board)
    await bob.send_input({"type": "websocket.disconnect", "code": 1012})
    await asyncio.wait([bob.future])
    assert bob.future.cancelled()


async def test_a_handler_that_raises(
    connect: Connect, board: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = await two(connect)

    def fail(connection: Connection, data: bytes | None) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(Connection, "receive", fail)
    await bob.send_to(bytes_data=HEARTBEAT)
    await gone_after_the_grace(ada, board)
    assert isinstance(bob.future.exception(), RuntimeError)


async def test_a_disconnect_that_raises(
    connect: Connect, board: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = await two(connect)

    async def fail(consumer: PresenceConsumer, code: int) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(PresenceConsumer, "disconnect", fail)
    await bob.send_input({"type": "websocket.disconnect", "code": 1006})
    await gone_after_the_grace(ada, board)
    assert isinstance(bob.future.exception(), RuntimeError)


async def test_a_clean_close_is_off_the_board_at_once(connect: Connect, board: UUID) -> None:
    ada, bob = await two(connect)
    await bob.disconnect(code=1000)
    assert await count(ada) == 1


@pytest.fixture
async def unwritable(board: UUID) -> AsyncIterator[Unwritable]:
    """A consumer whose socket takes no frame and one was due, and what comes from its server."""
    arrived: Queue = asyncio.Queue()
    arrived.put_nowait({"type": "websocket.connect"})

    async def send(message: dict[str, Any]) -> None:
        if message["type"] != "websocket.accept":
            raise OSError("no such socket")

    scope = {
        "type": "websocket",
        "user": AnonymousUser(),
        "subprotocols": ["presence.v1"],
        "url_route": {"kwargs": {"board": str(board)}},
    }
    running = asyncio.create_task(PresenceConsumer()(scope, arrived.get, send))
    arrived.put_nowait({"type": "websocket.receive", "bytes": HEARTBEAT})
    yield running, arrived
    assert running.done()
    assert current_hub().metrics.sockets == 0


async def test_a_socket_that_takes_no_more_ends_its_consumer(unwritable: Unwritable) -> None:
    """The consumer ends with an error, on which a server closes the socket."""
    running, _ = unwritable
    with pytest.raises(ConnectionError):
        await running


async def test_a_socket_that_broke_while_it_was_written_to_is_no_error(
    unwritable: Unwritable,
) -> None:
    running, arrived = unwritable
    arrived.put_nowait({"type": "websocket.receive", "bytes": HEARTBEAT})
    arrived.put_nowait({"type": "websocket.disconnect", "code": 1006})
    await running


async def test_no_frame_goes_through_a_thread(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Channels closes old database connections, in a thread, for every message it dispatches."""
    calls = []
    original = channels_consumer.aclose_old_connections

    async def counted() -> None:
        calls.append(asyncio.current_task())
        await original()

    monkeypatch.setattr(channels_consumer, "aclose_old_connections", counted)
    ada = await connect()
    before = len(calls)
    for _ in range(50):
        await ada.send_to(bytes_data=HEARTBEAT)
        assert await ada.receive_from() == HEARTBEAT
    assert (before, len(calls)) == (1, 1)


async def test_what_a_refused_client_says_is_not_heard(connect: Connect) -> None:
    socket = await connect(to=str(uuid4()))
    assert await socket.receive_from() == b"\x0e\x05\x00\x00"
    assert await socket.receive_output() == {"type": "websocket.close", "code": 4404}
    await socket.send_to(bytes_data=JOIN)
    assert await socket.receive_nothing()
    assert value(current_hub().metrics, "closed_total", code=4404) == 1
