"""The wire against a real Daphne: what a client of PROTOCOL.md sees, byte for byte."""

import asyncio
import json
import time
from pathlib import Path
from uuid import UUID

from presence.protocol.board_ids import home_id
from presence.protocol.codec import encode
from presence.protocol.messages import (
    NO_USER,
    CursorBroadcast,
    CursorUpdate,
    Dialect,
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
from tests.support.cookies import staff_cookie
from tests.support.server import MEMBERS_BOARD
from tests.support.wire import Clients, cursor

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "frames.json").read_text())


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
    assert bob.cursors == [bytes([2, ada.user]) + frame[1:]]
    assert len(bob.cursors[0]) == 6
    await ada.settle()
    assert not ada.all(CursorBroadcast), "a lone mover need not hear of itself"


async def test_the_explicit_dialect_is_7_bytes_up_and_8_down(clients: Clients) -> None:
    ada = await clients.join("Ada")
    old = await clients.connect(dialect=Dialect.EXPLICIT)
    await old.join("Old")
    assert [type(m) for m in old.messages] == [UserJoined, UserJoined, PresenceUpdate]
    assert [m.name for m in old.all(UserJoined)] == ["Ada", "Old"]
    await ada.send(cursor(1, 2))
    await old.until(lambda: old.all(CursorBroadcast), "Ada's cursor")
    assert len(old.cursors[-1]) == 8
    update = encode(CursorUpdate(3, 4, ada.last(Welcome).board), Dialect.EXPLICIT)
    assert len(update) == 7
    await old.send(update)
    await ada.until(lambda: ada.all(CursorBroadcast), "the other's cursor")
    assert ada.cursors[-1] == bytes([2, old.last(UserJoined).user]) + update[3:]


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


async def test_boards_do_not_hear_each_other(clients: Clients, environment: dict[str, str]) -> None:
    ada = await clients.join("Ada")
    elsewhere = await clients.join("Eve", board=MEMBERS_BOARD, cookies=staff_cookie(clients.server))
    await elsewhere.send(cursor(9, 9))
    await elsewhere.settle()
    await ada.settle()
    assert ada.count == elsewhere.count == 1
    assert not ada.all(CursorBroadcast)


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
