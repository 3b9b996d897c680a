"""The wire against a real Daphne: what a client of PROTOCOL.md sees, byte for byte."""

import asyncio
import json
import time
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from websockets.exceptions import InvalidStatus

from presence.boards import home_id
from presence.errors import Notice
from presence.messages import (
    NO_USER,
    CursorBroadcast,
    CursorUpdate,
    Dialect,
    NoticeMessage,
    PresenceUpdate,
    Rate,
    Roster,
    SetState,
    States,
    UserJoined,
    UserLeft,
    UserState,
    Welcome,
)
from presence.protocol import encode
from tests.support.server import MEMBERS_BOARD, Server
from tests.support.wire import Client, Clients

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "frames.json").read_text())
HEARTBEAT = b"\x08"


def cursor(x: int, y: int) -> bytes:
    return encode(CursorUpdate(x, y), Dialect.COMPACT)


async def settle(client: Client) -> None:
    """Wait for the answer to a heartbeat: everything sent before it has been taken in by then."""
    seen = client.frames.count(HEARTBEAT)
    await client.send(HEARTBEAT)
    await client.until(lambda: client.frames.count(HEARTBEAT) > seen, "a heartbeat's answer")


async def test_two_people_meet_and_part(clients: Clients) -> None:
    ada = await clients.join("Ada")
    assert [type(m) for m in ada.messages] == [Welcome, Roster, PresenceUpdate]
    assert (ada.last(Welcome).interval, ada.count, ada.last(Roster).users) == (0, 1, ())

    bob = await clients.join("Bob")
    await ada.until(lambda: ada.count == 2, "the second person")
    joined = ada.last(UserJoined)
    assert (joined.user, joined.name, joined.color) == (bob.user, "Bob", bob.last(Welcome).color)
    assert [entry.name for entry in bob.last(Roster).users] == ["Ada"]
    assert bob.last(Welcome).interval == ada.last(Rate).interval > 0
    assert bob.last(Welcome).board == home_id(UUID(clients.board))

    await bob.close()
    await ada.until(lambda: ada.count == 1, "one left")
    assert ada.last(UserLeft).user == bob.user
    assert ada.last(Rate).interval == 0


async def test_a_cursor_is_5_bytes_up_and_6_down(clients: Clients) -> None:
    ada, bob = await clients.join("Ada"), await clients.join("Bob")
    frame = cursor(500, 300)
    assert len(frame) == 5
    await ada.send(frame)
    await bob.until(lambda: bob.all(CursorBroadcast), "Ada's cursor")
    assert bob.frames[-1] == bytes([2, ada.user]) + frame[1:]
    assert len(bob.frames[-1]) == 6
    await settle(ada)
    assert not ada.all(CursorBroadcast), "a lone mover need not hear of itself"


async def test_the_explicit_dialect_is_7_bytes_up_and_8_down(clients: Clients) -> None:
    ada = await clients.join("Ada")
    old = await clients.connect(dialect=Dialect.EXPLICIT)
    await old.join("Old")
    assert [type(m) for m in old.messages] == [UserJoined, UserJoined, PresenceUpdate]
    assert [m.name for m in old.all(UserJoined)] == ["Ada", "Old"]
    await ada.send(cursor(1, 2))
    await old.until(lambda: old.all(CursorBroadcast), "Ada's cursor")
    assert len(old.frames[-1]) == 8
    update = encode(CursorUpdate(3, 4, ada.last(Welcome).board), Dialect.EXPLICIT)
    assert len(update) == 7
    await old.send(update)
    await ada.until(lambda: ada.all(CursorBroadcast), "the other's cursor")
    assert ada.frames[-1] == bytes([2, old.last(UserJoined).user]) + update[3:]


async def test_a_cursor_arrives_within_100_ms(clients: Clients) -> None:
    ada, bob = await clients.join("Ada"), await clients.join("Bob")
    took = []
    for n in range(20):
        seen = len(bob.all(CursorBroadcast))
        began = time.perf_counter()
        await ada.send(cursor(n, n))
        await bob.until(lambda seen=seen: len(bob.all(CursorBroadcast)) > seen, "the cursor")
        took.append(time.perf_counter() - began)
    assert sorted(took)[len(took) // 2] < 0.1


async def test_states_travel(clients: Clients) -> None:
    ada, bob = await clients.join("Ada"), await clients.join("Bob")
    await ada.send(cursor(1, 1), encode(SetState(UserState.AWAY), Dialect.COMPACT))
    await bob.until(lambda: bob.all(States), "Ada's state")
    assert bob.last(States).states == ((ada.user, UserState.AWAY),)
    late = await clients.join("Late")
    assert {e.name: e.state for e in late.last(Roster).users} == {
        "Ada": UserState.AWAY,
        "Bob": UserState.ACTIVE,
    }
    assert not late.all(CursorBroadcast), "the cursor of one who is away is not shown"


async def test_300_connections_on_one_board(clients: Clients) -> None:
    crowd = [await clients.join(f"P{n}") for n in range(300)]
    users = [client.user for client in crowd]
    assert sorted(users[:255]) == list(range(255))
    assert users[255:] == [NO_USER] * 45
    assert all(client.last(Welcome).spectator for client in crowd[255:])
    for client in (crowd[0], crowd[299]):
        await client.until(lambda client=client: client.count == 300, "all 300 counted")

    await crowd[7].close()
    left = time.monotonic()
    await crowd[0].until(lambda: crowd[0].count == 299, "one left")
    early = await clients.join("Early")
    assert time.monotonic() - left < 5, "too slow a machine to say anything about the rest"
    assert early.user == NO_USER, "an id rests for 5 s"
    await early.close()

    taken = NO_USER
    while taken == NO_USER:
        client = await clients.join("Next")
        taken = client.user
        await client.close()
        assert time.monotonic() - left < 10, "the id is not given again"
    assert taken == 7
    assert time.monotonic() - left >= 5


async def test_every_malformed_vector_changes_nothing(clients: Clients) -> None:
    watcher = await clients.join("Watcher")
    for vector in VECTORS["malformed"]:
        dialect = Dialect[vector["dialect"].upper()]
        client = await clients.join("Sender", dialect=dialect)
        await watcher.until(lambda: watcher.count == 2, "the sender")
        before = list(watcher.messages)
        await client.send(bytes.fromhex(vector["hex"]))
        await settle(client)
        await settle(watcher)
        notices = client.all(NoticeMessage)
        expected = [NoticeMessage(Notice.MALFORMED, 0)] if dialect is Dialect.COMPACT else []
        assert notices == expected, vector["name"]
        assert [
            m for m in watcher.messages if m not in before and type(m).__name__ != "Heartbeat"
        ] == []
        assert client.close_code is None
        await client.close()
        await watcher.until(lambda: watcher.count == 1, "the sender gone")


@pytest.mark.parametrize("frame", [b"\xff", b"", "text"])
async def test_the_tenth_malformed_frame_closes(clients: Clients, frame: bytes | str) -> None:
    client = await clients.join("Clumsy")
    for _ in range(9):
        await client.socket.send(frame)
    await settle(client)
    assert client.close_code is None
    assert len(client.all(NoticeMessage)) == 1, "at most one NOTICE a second"
    await client.socket.send(frame)
    assert await client.closed() == 4400


async def test_too_many_frames_close_with_4429(clients: Clients) -> None:
    client = await clients.join("Hasty")
    await client.send(*[cursor(n, n) for n in range(400)])
    assert await client.closed() == 4429
    assert client.last(NoticeMessage).code == Notice.TOO_FAST


async def test_a_message_over_1_kib_closes_with_1009(clients: Clients) -> None:
    client = await clients.join("Big")
    await client.send(bytes(1025))
    assert await client.closed() == 1009


async def test_a_broken_socket_is_kept_for_the_grace(clients: Clients) -> None:
    ada, bob = await clients.join("Ada"), await clients.join("Bob")
    await ada.until(lambda: ada.count == 2, "Bob")
    await bob.snap()
    broke = time.monotonic()
    await ada.until(lambda: ada.count == 1, "Bob gone", within=8)
    assert 4.5 < time.monotonic() - broke < 7
    assert ada.last(UserLeft).user == bob.user


async def test_the_same_person_goes_on_within_the_grace(clients: Clients) -> None:
    cookies = guest_cookie(clients.server)
    ada, bob = await clients.join("Ada"), await clients.join("Bob", cookies=cookies)
    await ada.until(lambda: ada.count == 2, "Bob")
    await bob.snap()
    again = await clients.join("Bob", cookies=cookies)
    assert (again.user, again.last(Welcome).color) == (bob.user, bob.last(Welcome).color)
    await settle(ada)
    assert not ada.all(UserLeft)
    assert len(ada.all(UserJoined)) == 1


async def test_tabs_of_one_person_count_once(clients: Clients) -> None:
    cookies = guest_cookie(clients.server)
    tabs = [await clients.join("Ada", cookies=cookies) for _ in range(3)]
    assert [tab.count for tab in tabs] == [1, 1, 1]
    assert len({tab.user for tab in tabs}) == 3
    assert len({tab.last(Welcome).color for tab in tabs}) == 1


async def test_a_hostile_name_is_made_harmless(clients: Clients) -> None:
    ada = await clients.join("Ada")
    await clients.join("<script>\u202e\u0007x")
    await ada.until(lambda: ada.count == 2, "the other")
    assert ada.last(UserJoined).name == "<script>x"


async def test_a_guest_without_a_name_gets_a_kind_one(clients: Clients) -> None:
    ada = await clients.join("Ada")
    nameless = await clients.join("")
    await ada.until(lambda: ada.count == 2, "the other")
    assert len(ada.last(UserJoined).name.split(" ")) == 2
    assert nameless.last(Welcome).name_set


@pytest.mark.parametrize(
    ("board", "notice", "code"),
    [
        (MEMBERS_BOARD, Notice.SIGN_IN, 4401),
        (str(uuid4()), Notice.NO_BOARD, 4404),
        ("nonsense", Notice.NO_BOARD, 4404),
    ],
)
async def test_a_refusal_is_told_and_closed(
    clients: Clients, board: str, notice: int, code: int
) -> None:
    client = await clients.connect(board=board)
    assert await client.closed() == code
    assert client.messages == [NoticeMessage(notice, 0)]
    old = await clients.connect(board=board, dialect=Dialect.EXPLICIT)
    assert await old.closed() == code
    assert old.messages == []


async def test_other_origins_and_subprotocols_are_refused_at_the_handshake(
    clients: Clients,
) -> None:
    for how in ({"origin": "http://elsewhere.example"}, {"subprotocols": ["chat"]}):
        with pytest.raises(InvalidStatus) as refused:
            await clients.connect(**how)
        assert refused.value.response.status_code == 403


async def test_boards_do_not_hear_each_other(clients: Clients, environment: dict[str, str]) -> None:
    ada = await clients.join("Ada")
    elsewhere = await clients.join("Eve", board=MEMBERS_BOARD, cookies=staff_cookie(clients.server))
    await elsewhere.send(cursor(9, 9))
    await settle(elsewhere)
    await settle(ada)
    assert ada.count == elsewhere.count == 1
    assert not ada.all(CursorBroadcast)


async def test_a_signed_in_users_name_is_the_accounts(clients: Clients) -> None:
    ada = await clients.join("Ada")
    staff = await clients.join("Mallory", cookies=staff_cookie(clients.server))
    await ada.until(lambda: ada.count == 2, "the staff member")
    assert ada.last(UserJoined).name == "Ada Admin"
    assert staff.last(Welcome).name_set


async def test_leave_and_join_again(clients: Clients) -> None:
    ada, bob = await clients.join("Ada"), await clients.join("Bob")
    await bob.send(encode_leave())
    await ada.until(lambda: ada.count == 1, "Bob off the board")
    assert bob.close_code is None
    before = len(bob.all(Welcome))
    await bob.join("Bob")
    await bob.until(lambda: len(bob.all(Welcome)) > before, "a second WELCOME")
    await ada.until(lambda: ada.count == 2, "Bob again")


async def test_many_at_once_agree(clients: Clients) -> None:
    crowd = await asyncio.gather(*(clients.join(f"P{n}") for n in range(60)))
    assert len({client.user for client in crowd}) == 60
    for client in crowd:
        await client.until(lambda client=client: client.count == 60, "all 60")


def encode_leave() -> bytes:
    return b"\x04\x00\x00"


def guest_cookie(server: Server) -> str:
    code = "from presence.guests import *; print(sign_guest(new_guest()))"
    return f"presence_guest={server.manage('shell', '--no-imports', '-c', code).strip()}"


def staff_cookie(server: Server) -> str:
    code = (
        "from django.test import Client; from django.contrib.auth.models import User; c = Client();"
        "c.force_login(User.objects.get(username='admin')); print(c.cookies['sessionid'].value)"
    )
    return f"sessionid={server.manage('shell', '--no-imports', '-c', code).strip()}"
