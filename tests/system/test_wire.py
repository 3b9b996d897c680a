"""The wire through a real Daphne: what a client of PROTOCOL.md sees, and what bad input does.

The order and the bytes of all messages, and every limit, are tested in tests/protocol and
tests/server; here is what a real server between them could change.
"""

import asyncio

import pytest
from websockets.exceptions import InvalidStatus

from presence.protocol.codec import encode
from presence.protocol.errors import Notice
from presence.protocol.messages import (
    MAX_MESSAGE_BYTES,
    SUBPROTOCOL,
    CursorUpdate,
    Dialect,
    NoticeMessage,
    PresenceUpdate,
    Rate,
    Roster,
    States,
    UserJoined,
    UserLeft,
    UserState,
    Welcome,
)
from tests.server.wire import client_frame
from tests.support.accounts import guest_cookie, sign_in
from tests.support.clients import HEARTBEAT, LEAVE, Clients, cursor, joining, state
from tests.support.server import MEMBERS_BOARD
from tests.system.paths import BOTH_PATHS

pytestmark = BOTH_PATHS

HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n"
)
CLOSE = (1000).to_bytes(2, "big")


async def test_two_people_join_move_and_leave(clients: Clients) -> None:
    ada = await clients.join("Ada")
    assert [type(m) for m in ada.messages] == [Welcome, Roster, PresenceUpdate]
    bob = await clients.join("Bob")
    await ada.until(lambda: ada.count == 2, "the second person")
    assert (ada.others, bob.others) == ({bob.user: "Bob"}, {ada.user: "Ada"})
    assert bob.last(Welcome).interval == ada.last(Rate).interval > 0

    frame = cursor(500, 300)
    assert len(frame) == 5
    await ada.send(frame)
    await bob.until(lambda: bob.cursors, "Ada's cursor")
    assert bob.cursors == [bytes([2, ada.user]) + frame[1:]], "6 bytes"
    await ada.send(state(UserState.AWAY))
    await bob.until(lambda: bob.all(States), "Ada's state")
    await ada.settle()
    assert ada.cursors == [], "a lone mover does not hear of itself"

    await bob.send(LEAVE)
    await ada.until(lambda: ada.count == 1, "Bob off the board")
    assert bob.close_code is None
    await bob.join("Bob")
    await ada.until(lambda: ada.count == 2, "Bob again, over the same socket")
    await bob.leave()
    await ada.until(lambda: ada.count == 1, "Bob gone")
    assert len(ada.all(UserLeft)) == 2


async def test_a_page_that_is_loaded_again_goes_on_as_the_same_user(clients: Clients) -> None:
    ada, cookies = await clients.join("Ada"), guest_cookie()
    bob = await clients.join("Bob", cookies=cookies)
    await ada.until(lambda: ada.count == 2, "Bob on the board")
    seen = ada.comings_and_goings
    await bob.close()
    await ada.until(lambda: ada.view.states[bob.user] is UserState.AWAY, "Bob away")
    again = await clients.join("Bob", cookies=cookies)
    assert again.user == bob.user
    assert again.last(Welcome).color == bob.last(Welcome).color
    await ada.until(lambda: ada.view.states[bob.user] is UserState.ACTIVE, "Bob back")
    assert (ada.comings_and_goings, ada.count) == (seen, 2)
    await again.close()
    await ada.until(lambda: ada.count == 1, "Bob gone after the grace")
    assert ada.last(UserLeft).user == bob.user


async def test_the_explicit_dialect_is_7_bytes_up_and_8_down(clients: Clients) -> None:
    ada = await clients.join("Ada")
    old = await clients.join("Old", dialect=Dialect.EXPLICIT)
    assert [type(m) for m in old.messages] == [UserJoined, UserJoined, PresenceUpdate]
    await ada.send(cursor(1, 2))
    await old.until(lambda: old.cursors, "Ada's cursor")
    assert len(old.cursors[-1]) == 8
    update = encode(CursorUpdate(3, 4, ada.last(Welcome).board), Dialect.EXPLICIT)
    assert len(update) == 7
    await old.send(update)
    await ada.until(lambda: ada.cursors, "the other's cursor")
    assert ada.cursors[-1] == bytes([2, old.user]) + update[3:]


async def test_the_tabs_of_a_person_count_once(clients: Clients) -> None:
    session = sign_in(clients.server, admin=None)["admin"]
    guest, account = guest_cookie(), f"sessionid={session}"
    for cookies, count in ((guest, 1), (guest, 1), ("", 2), (account, 3), (account, 3)):
        client = await clients.join("Mallory", cookies=cookies)
        assert client.count == count
    first, tab, stranger, own = client.others.values()
    assert (first, tab, own) == ("Mallory", "Mallory", "Ada Admin")
    assert stranger != "Mallory", "a guest has nobody else's name"
    assert client.last(Welcome).name_set, "an account's name is the account's"


async def test_a_broken_socket_is_kept_for_the_grace(clients: Clients) -> None:
    bobs = guest_cookie()
    ada, bob = await clients.join("Ada"), await clients.join("Bob", cookies=bobs)
    await bob.snap()
    again = await clients.join("Bob", cookies=bobs)
    assert (again.user, again.last(Welcome).color) == (bob.user, bob.last(Welcome).color)
    await ada.settle()
    assert (ada.count, ada.comings_and_goings) == (2, 1), "nobody was told"
    await again.snap()
    await ada.until(lambda: ada.count == 1, "Bob gone after the grace")


async def test_the_tenth_malformed_frame_closes(clients: Clients) -> None:
    client = await clients.join("Clumsy")
    await client.send(*["text", b"", b"\xff"] * 3)
    await client.settle()
    assert client.all(NoticeMessage) == [NoticeMessage(Notice.MALFORMED, 0)], "one in a second"
    await client.send("text")
    assert await client.closed() == 4400


async def test_no_frame_follows_a_close_frame(clients: Clients) -> None:
    """RFC 6455 section 5.5.1."""

    async def join() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        _, _, host, path = clients.server.socket_url().split("/", 3)
        reader, writer = await asyncio.open_connection("127.0.0.1", clients.server.port)
        writer.write(HANDSHAKE.format(path=f"/{path}", host=host).encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(client_frame(joining("Leaver")))
        await asyncio.sleep(0.1)  # for everything that follows a JOIN
        return reader, writer

    movers = [await join() for _ in range(3)]
    for _ in range(10):
        reader, writer = await join()
        writer.write(client_frame(CLOSE, 0x88))
        for _, mover in movers:
            mover.write(client_frame(cursor(1, 2)))
        assert (await reader.read()).endswith(b"\x88\x02" + CLOSE)
        writer.close()
    for _, mover in movers:
        mover.close()


async def test_too_many_frames_close(clients: Clients) -> None:
    client = await clients.join("Hasty")
    await client.send(*[HEARTBEAT] * 400)
    assert await client.closed() == 4429
    assert client.last(NoticeMessage).code == Notice.TOO_FAST


async def test_a_message_over_1_kib_closes(clients: Clients) -> None:
    client = await clients.join("Big")
    await client.send(bytes(1025))
    assert await client.closed() == 1009


async def test_the_server_may_send_more_than_1_kib(clients: Clients) -> None:
    """Autobahn has one limit for both directions."""
    names = [f"{number:032}" for number in range(40)]
    await asyncio.gather(*(clients.join(name) for name in names))
    newcomer = await clients.join("Newcomer")
    assert sorted(newcomer.others.values()) == names
    assert max(map(len, newcomer.frames)) > MAX_MESSAGE_BYTES


@pytest.mark.parametrize(
    ("board", "notice", "code"),
    [
        (MEMBERS_BOARD, Notice.SIGN_IN, 4401),
        ("0dd00000-0000-4000-8000-000000000000", Notice.NO_BOARD, 4404),
        ("nonsense", Notice.SIGN_IN, 4401),  # a room, without a rule
        ("no.model:1", Notice.NO_BOARD, 4404),
    ],
)
async def test_a_refusal_is_sent_and_closes(
    clients: Clients, board: str, notice: Notice, code: int
) -> None:
    client = await clients.connect(board=board)
    assert await client.closed() == code
    assert client.messages == [NoticeMessage(notice, 0)]


@pytest.mark.parametrize("how", [{"origin": "http://elsewhere.example"}, {"subprotocols": ("x",)}])
async def test_other_origins_and_subprotocols_fail_the_handshake(
    clients: Clients, how: dict[str, object]
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await clients.connect(**how)
    assert refused.value.response.status_code == 403
