"""The same visits under each ASGI server: what their own handling of sockets could change."""

import re
from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus

from presence.protocol.errors import Notice
from presence.protocol.messages import MAX_MESSAGE_BYTES, NoticeMessage, UserLeft
from tests.support.clients import LEAVE, Clients, cursor
from tests.support.server import MEMBERS_BOARD, SERVERS, Server, serve
from tests.support.waiting import DEADLINE

pytestmark = pytest.mark.parametrize("name", SERVERS, scope="module")


@pytest.fixture(scope="module")
def server(
    name: str, site: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The site under each server, without Redis."""
    with serve(tmp_path_factory.mktemp(name), site, name=name) as running:
        yield running


async def test_people_join_move_and_leave(clients: Clients) -> None:
    ada, bob = await clients.join("Ada"), await clients.join("Bob")
    await ada.until(lambda: ada.count == 2, "the second person")
    await ada.send(cursor(500, 300))
    await bob.until(lambda: bob.positions(ada.user) == [(500, 300)], "Ada's cursor")
    await bob.send(LEAVE)
    await bob.close()
    await ada.until(lambda: ada.count == 1, "Bob gone")
    assert len(ada.all(UserLeft)) == 1


def test_only_daphne_is_said_to_have_the_fast_path(name: str, server: Server) -> None:
    """The site has Daphne in `INSTALLED_APPS`, whichever server runs it."""
    said = ["true"] if name == "daphne" else ["false"]
    assert re.findall(r"fast_path=(\w+)", server.logged()) == said
    assert ("the server is not Daphne" in server.logged()) == (name != "daphne")


async def test_a_refusal_is_told(clients: Clients) -> None:
    client = await clients.connect(board=MEMBERS_BOARD)
    assert await client.closed() == 4401
    assert client.messages == [NoticeMessage(Notice.SIGN_IN, 0)]


async def test_another_origin_fails_the_handshake(clients: Clients) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await clients.connect(origin="http://elsewhere.example")
    assert refused.value.response.status_code == 403


async def test_an_oversized_frame_closes(clients: Clients) -> None:
    client = await clients.join("Big")
    await client.send(bytes(MAX_MESSAGE_BYTES + 1))
    assert await client.closed() == 1009


async def test_a_shutdown_is_told_with_its_spread(server: Server, clients: Clients) -> None:
    people = [await clients.join(name) for name in ("Ada", "Bob", "Eve")]
    server.process.terminate()
    for person in people:
        assert await person.closed() == 1012
        notice = person.messages[-1]
        assert isinstance(notice, NoticeMessage)
        assert notice.code is Notice.RESTARTING
        assert notice.retry > 0
    server.process.wait(DEADLINE)
    assert "Traceback" not in server.logged()
