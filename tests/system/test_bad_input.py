"""Bad input, hostile names and refusals against a real Daphne (PROTOCOL.md, Bad input)."""

import json
from pathlib import Path
from uuid import uuid4

import pytest
from websockets.exceptions import InvalidStatus

from presence.protocol.errors import Notice
from presence.protocol.messages import (
    Dialect,
    Heartbeat,
    NoticeMessage,
    Probe,
    UserJoined,
    Welcome,
)
from tests.support.server import MEMBERS_BOARD
from tests.support.wire import Clients, cursor

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "frames.json").read_text())


async def test_every_malformed_vector_changes_nothing(clients: Clients) -> None:
    watcher = await clients.join("Poller")
    for vector in VECTORS["malformed"]:
        dialect = Dialect[vector["dialect"].upper()]
        client = await clients.join("Sender", dialect=dialect)
        await watcher.until(lambda: watcher.count == 2, "the sender")
        await watcher.settle()
        before = len(watcher.messages)
        frame = bytes.fromhex(vector["hex"])
        await client.send(frame)
        await client.settle()
        await watcher.settle()
        expected = [NoticeMessage(Notice.MALFORMED, 0)] if dialect is Dialect.COMPACT else []
        assert client.all(NoticeMessage) == expected, vector["name"]
        heard = [m for m in watcher.messages[before:] if not isinstance(m, Heartbeat | Probe)]
        assert heard == [], vector["name"]
        await client.send(*[frame] * 8)
        await client.settle()
        assert client.close_code is None
        await client.send(frame)
        assert await client.closed() == 4400, vector["name"]
        await watcher.until(lambda: watcher.count == 1, "the sender gone")


@pytest.mark.parametrize("frame", [b"\xff", b"", "text"])
async def test_the_tenth_malformed_frame_closes(clients: Clients, frame: bytes | str) -> None:
    client = await clients.join("Clumsy")
    for _ in range(9):
        await client.socket.send(frame)
    await client.settle()
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
