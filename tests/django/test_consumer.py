"""The consumer under Channels: which sockets it accepts, and that it leaves whatever ends it."""

import asyncio
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser

from presence.consumers import PresenceConsumer
from presence.protocol.codec import decode_server, encode
from presence.protocol.messages import Dialect, Join, PresenceUpdate
from presence.runtime import current_hub
from presence.server.connection import Connection
from presence_site.models import Board
from tests.support.communicator import Communicator
from tests.support.metrics import value

pytestmark = pytest.mark.django_db(transaction=True)

JOIN = {"bytes_data": encode(Join(0, "Ada"), Dialect.COMPACT)}
HEARTBEAT, LEAVE = b"\x08", b"\x04\x00\x00"


@pytest.fixture(autouse=True)
def short_grace(configure):
    configure(GRACE=0.2, RELOAD_GRACE=0.2)


@pytest.fixture
async def scope(board):
    """The scope of a guest's socket on a board."""
    yield {
        "type": "websocket",
        "user": AnonymousUser(),
        "subprotocols": ["presence.v1"],
        "url_route": {"kwargs": {"board": str(board)}},
    }
    await current_hub().close()


@pytest.fixture
def connect(scope):
    """Opens sockets under Channels' own test driver, and joins a board."""
    opened = []

    async def connected(join=True, accepted=(True, "presence.v1"), **more):
        socket = Communicator(PresenceConsumer.as_asgi(), "/")
        socket.scope |= {**scope, **more}
        assert await socket.connect() == accepted
        opened.append(socket)
        if join:
            await socket.send_to(**JOIN)
        return socket

    yield connected
    for socket in opened:
        socket.future.cancel()


async def count(socket):
    """Wait for the next count."""
    while True:
        message = decode_server(await socket.receive_from(), Dialect.COMPACT)
        if isinstance(message, PresenceUpdate):
            return message.count


@pytest.mark.parametrize("debug", [True, False])
async def test_the_reason_of_a_refusal_is_for_developers(connect, settings, board, debug):
    settings.DEBUG = debug
    closed = await Board.objects.acreate(title="Members")
    asking = {
        "subprotocols": ["presence.debug"],
        "url_route": {"kwargs": {"board": str(closed.pk)}},
        "join": False,
    }
    if not debug:
        await connect(accepted=(False, 1000), **asking)
        return
    socket = await connect(accepted=(True, "presence.debug"), **asking)
    assert "presence_decision of presence_site.Board" in await socket.receive_from()
    assert (await socket.receive_output())["type"] == "websocket.close"


@pytest.mark.parametrize("fails", [False, True])
async def test_the_reason_where_the_rule_lets_somebody_in(
    connect, settings, monkeypatch, caplog, fails
):
    def fail():
        raise RuntimeError("no hub")

    settings.DEBUG = True
    if fails:
        monkeypatch.setattr("presence.consumers.current_hub", fail)
    socket = await connect(
        join=False, accepted=(True, "presence.debug"), subprotocols=["presence.debug"]
    )
    reason = "RuntimeError: no hub. The log has" if fails else "Staff may have removed the person"
    assert reason in await socket.receive_from()
    assert [each for each in caplog.records if each.exc_info] or not fails


@pytest.fixture
async def two(connect):
    """Two sockets on a board."""
    ada = await connect()
    assert await count(ada) == 1
    bob = await connect()
    assert await count(bob) == await count(ada) == 2
    return ada, bob


async def gone_after_the_grace(ada, board):
    assert (await current_hub().store.counts([board]))[board] == 2, "within the grace"
    assert await count(ada) == 1


@pytest.mark.parametrize(
    ("offered", "accepted"),
    [
        ([], (True, None)),
        (["presence.v1"], (True, "presence.v1")),
        (["chat", "presence.v1"], (True, "presence.v1")),
        (["chat"], (False, 1000)),
    ],
)
async def test_the_subprotocol(connect, offered, accepted):
    await connect(join=False, subprotocols=offered, accepted=accepted)


async def test_a_cancelled_consumer(two, board):
    """Daphne cancels its applications when it shuts down."""
    ada, bob = two
    while not await bob.receive_nothing(timeout=0.01):
        await bob.receive_output()
    bob.future.cancel()
    assert await bob.receive_from() == b"\x0e\x07\x00\x3c", "60 ms of a grace of 200"
    assert await bob.receive_output() == {"type": "websocket.close", "code": 1012}
    await gone_after_the_grace(ada, board)
    await bob.send_input({"type": "websocket.disconnect", "code": 1012})
    await asyncio.wait([bob.future])
    assert bob.future.cancelled()


async def test_a_cancelled_consumer_waits_for_its_own_board_only(connect, scope, monkeypatch):
    slow_board = (await Board.objects.acreate(title="Slow", open_to_guests=True)).pk
    quick, slow = await connect(), await connect(url_route={"kwargs": {"board": str(slow_board)}})
    assert await count(quick) == await count(slow) == 1
    store, in_reach = current_hub().store, asyncio.Event()
    start_grace = store.start_grace

    async def slowly(board, *given):
        if board == slow_board:
            await in_reach.wait()
        await start_grace(board, *given)

    monkeypatch.setattr(store, "start_grace", slowly)
    for socket in (slow, quick):
        socket.future.cancel()
    while await quick.receive_output() != {"type": "websocket.close", "code": 1012}:
        pass
    assert await slow.receive_nothing()
    in_reach.set()
    while await slow.receive_output() != {"type": "websocket.close", "code": 1012}:
        pass


@pytest.mark.parametrize(
    ("part", "handler", "message"),
    [
        (Connection, "receive", {"type": "websocket.receive", "bytes": HEARTBEAT}),
        (PresenceConsumer, "disconnect", {"type": "websocket.disconnect", "code": 1006}),
    ],
)
async def test_a_handler_that_raises(two, board, monkeypatch, part, handler, message):
    def fail(self, data):
        raise RuntimeError("on purpose")

    ada, bob = two
    monkeypatch.setattr(part, handler, fail)
    await bob.send_input(message)
    await gone_after_the_grace(ada, board)
    assert isinstance(bob.future.exception(), RuntimeError)


async def test_a_leave_is_off_the_board_at_once(two):
    ada, bob = two
    await bob.send_to(bytes_data=LEAVE)
    await bob.disconnect(code=1000)
    assert await count(ada) == 1


async def test_a_page_that_goes_away_is_off_the_board_after_its_grace(two, board):
    ada, bob = two
    await bob.disconnect(code=1000)
    await gone_after_the_grace(ada, board)


@pytest.mark.parametrize("server_reports_it", [True, False])
async def test_a_socket_that_cannot_be_written_to(scope, server_reports_it):
    """The consumer ends: with an error, on which a server closes the socket, unless the server
    reports the disconnect."""
    messages = asyncio.Queue()
    for message in [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "bytes": HEARTBEAT},
        {"type": "websocket.receive", "bytes": HEARTBEAT},
        *([{"type": "websocket.disconnect", "code": 1006}] if server_reports_it else []),
    ]:
        messages.put_nowait(message)

    async def send(message):
        if message["type"] != "websocket.accept":
            raise OSError("no such socket")

    ended = await asyncio.gather(
        PresenceConsumer()(scope, messages.get, send), return_exceptions=True
    )
    assert [type(each) for each in ended] == [type(None) if server_reports_it else ConnectionError]
    assert value(current_hub().metrics, "sockets") == 0


async def test_a_refused_client_is_not_heard(connect):
    socket = await connect(join=False, url_route={"kwargs": {"board": str(uuid4())}})
    assert await socket.receive_from() == b"\x0e\x05\x00\x00"
    assert await socket.receive_output() == {"type": "websocket.close", "code": 4404}
    await socket.send_to(**JOIN)
    assert await socket.receive_nothing()
    assert value(current_hub().metrics, "closed_total", code=4404) == 1


async def test_a_model_that_does_not_exist(connect, settings, caplog):
    """The client comes back when `PRESENCE` is mended."""
    settings.PRESENCE = {"BOARDS": ["no.Such"]}
    socket = await connect(join=False, url_route={"kwargs": {"board": "auth.group:1"}})
    assert await socket.receive_from() == b"\x0e\x08\x13\x88"
    assert await socket.receive_output() == {"type": "websocket.close", "code": 1013}
    assert "nobody can join (error=PRESENCE['BOARDS'] has 'no.Such'" in caplog.text
