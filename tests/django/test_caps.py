"""At a cap newcomers hear that they should come back later, before anything is asked; whoever is
inside notices nothing."""

import asyncio
from hashlib import sha256
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser

from presence import consumers
from presence.admin.consumer import StaffConsumer
from presence.auth import Decision
from presence.consumers import PresenceConsumer
from presence.protocol.codec import decode_server, encode
from presence.protocol.messages import Dialect, Join, NoticeMessage, PresenceUpdate
from presence.runtime import current_hub
from presence.server.caps import RETRY, Cap
from tests.support.communicator import Communicator
from tests.support.metrics import by_label

pytestmark = pytest.mark.django_db(transaction=True)

JOIN, LEAVE = encode(Join(0, "Ada"), Dialect.COMPACT), b"\x04\x00\x00"
PROXY = ["10.0.0.1", 4711]
ASKED: list[object] = []


async def rule(user, board):
    ASKED.append(board)
    return Decision.ALLOW


async def slow_rule(user, board):
    await asyncio.Event().wait()


@pytest.fixture
async def connect(board, configure):
    """Opens sockets through a proxy that names a visitor's address."""
    configure(TRUSTED_PROXIES=["10.0.0.0/8"], AUTHORIZE=f"{__name__}.rule")
    ASKED.clear()
    opened = []

    async def connected(address="198.51.100.1", to=board, consumer=PresenceConsumer, **more):
        socket = Communicator(consumer.as_asgi(), "/")
        headers = [
            (b"x-forwarded-for", address.encode()),
            (b"host", b"testserver"),
            (b"origin", b"http://testserver"),
        ]
        socket.scope |= {
            "type": "websocket",
            "client": PROXY,
            "headers": headers,
            "user": AnonymousUser(),
            "subprotocols": ["presence.v1"],
            "url_route": {"kwargs": {"board": str(to)}},
            **more,
        }
        accepted, _ = await socket.connect()
        assert accepted
        opened.append(socket)
        return socket

    yield connected
    for socket in opened:
        socket.future.cancel()
    await current_hub().close()


async def notice(socket):
    """Return the NOTICE that a socket is closed with."""
    message = decode_server(await socket.receive_from(), Dialect.COMPACT)
    assert await socket.receive_output() == {"type": "websocket.close", "code": 1013}
    return message


async def joined(socket):
    """Join, and wait for the count that ends it."""
    await socket.send_to(bytes_data=JOIN)
    while not isinstance(
        decode_server(await socket.receive_from(), Dialect.COMPACT), PresenceUpdate
    ):
        pass
    return socket


def refusals():
    return by_label(current_hub().metrics, "refused_total", "cap")


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(
    ("setting", "cap", "newcomer", "other"),
    [
        ("MAX_SOCKETS", Cap.SOCKETS, {"address": "198.51.100.2"}, None),
        ("MAX_BOARD_SOCKETS", Cap.BOARD, {"address": "198.51.100.2"}, {"to": "another"}),
        ("MAX_ADDRESS_SOCKETS", Cap.ADDRESS, {"to": "another"}, {"address": "198.51.100.2"}),
        ("MAX_ADDRESS_JOINS", Cap.JOINS, {"to": "another"}, {"address": "198.51.100.2"}),
    ],
)
async def test_a_newcomer_at_a_cap(
    connect, configure, settings, caplog, setting, cap, newcomer, other, debug
):
    settings.DEBUG = debug
    configure(**{setting: 1})
    inside = await joined(await connect())
    ASKED.clear()
    refusal = await notice(await connect(**newcomer))
    assert isinstance(refusal, NoticeMessage)
    assert RETRY[0] * 1000 <= refusal.retry <= RETRY[1] * 1000
    explicit = await connect(subprotocols=[], **newcomer)
    assert await explicit.receive_output() == {"type": "websocket.close", "code": 1013}
    assert not ASKED, "no rule was asked"
    assert refusals() == {cap: 2}
    assert await inside.receive_nothing()
    said = [each for each in caplog.records if each.name == "presence.server.caps"]
    assert [setting in each.getMessage() for each in said] == [True]
    if debug:
        asking = await connect(subprotocols=["presence.debug"], **newcomer)
        assert setting in await asking.receive_from()
    if other is not None:
        await joined(await connect(**other))
    if setting != "MAX_ADDRESS_JOINS":
        await inside.disconnect()
        await joined(await connect(**newcomer))


async def test_handshakes_that_wait_for_the_rule(connect, configure):
    configure(MAX_HANDSHAKES=1, AUTHORIZE=f"{__name__}.slow_rule")
    waits = await connect()
    await notice(await connect())
    await waits.disconnect()
    again = await connect()
    assert await again.receive_nothing()


async def test_a_person_with_many_sockets(connect, configure, django_user_model):
    configure(MAX_PERSON_SOCKETS=2)
    ada = await django_user_model.objects.acreate(username="ada")
    first = await joined(await connect(user=ada))
    await joined(await connect(user=ada, to="another"))
    await notice(await connect(user=ada))
    assert refusals() == {Cap.PERSON: 1}
    await joined(await connect())
    await first.disconnect()
    await joined(await connect(user=ada))


async def test_joins_on_one_socket_count_too(connect, configure):
    configure(MAX_ADDRESS_JOINS=2)
    socket = await connect()
    for _ in range(2):
        await joined(socket)
        await socket.send_to(bytes_data=LEAVE)
    await socket.send_to(bytes_data=JOIN)
    assert isinstance(await notice(socket), NoticeMessage)


async def test_a_board_that_does_not_exist_takes_a_place_until_it_is_closed(connect, configure):
    configure(MAX_SOCKETS=1, AUTHORIZE="presence.auth.ask_board")
    socket = await connect(to=uuid4())
    assert (await socket.receive_output())["type"] == "websocket.send"
    assert await socket.receive_output() == {"type": "websocket.close", "code": 4404}
    await socket.disconnect(code=4404)
    await joined(await connect())
    assert not refusals()


async def test_a_page_of_the_admin_at_a_cap(connect, configure):
    configure(MAX_ADDRESS_SOCKETS=1)
    await connect(consumer=StaffConsumer, subprotocols=[])
    page = await connect(consumer=StaffConsumer, subprotocols=[])
    assert await page.receive_output() == {"type": "websocket.close", "code": 1013}
    await page.send_to(text_data="{}")
    assert refusals() == {Cap.ADDRESS: 1}


@pytest.mark.parametrize("proxies", [[], ["127.0.0.1"]])
async def test_a_proxy_that_no_setting_names(connect, configure, caplog, proxies):
    consumers._say_unknown_proxy.cache_clear()
    configure(TRUSTED_PROXIES=proxies, MAX_ADDRESS_SOCKETS=1)
    for _ in range(3):
        await connect(client=["127.0.0.1", 4711])
    said = [each for each in caplog.records if "TRUSTED_PROXIES" in each.getMessage()]
    assert len(said) == 1
    assert bool(refusals()) is bool(proxies)


async def test_the_store_knows_an_address_by_a_pool(connect, configure, board):
    for address in ("198.51.100.1", "198.51.100.1", "198.51.100.2"):
        await joined(await connect(address))
    members = (await current_hub().store.snapshot(board)).members
    first, second, other = (member.pool for member in members)
    assert first == second != other
    assert all(len(pool) == 16 and "198" not in pool for pool in (first, other))
    assert first != sha256(b"198.51.100.1").hexdigest()[:16], "only this site can tell"
