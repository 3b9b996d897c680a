"""A process is asked to end (SIGTERM) in the middle of its work: who was on its boards goes on."""

import asyncio
import base64
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Event, Thread
from urllib.request import urlopen
from uuid import uuid4

import pytest

from presence.protocol.errors import Notice
from presence.protocol.messages import NoticeMessage
from tests.support.cluster import Cluster
from tests.support.server import Server
from tests.system.people import Crowd, guest_cookie

PEOPLE = 40

Work = Callable[[Server], AbstractContextManager[None]]


@contextmanager
def nothing_else(server: Server) -> Iterator[None]:
    """Have the process do nothing but serve its people."""
    yield


@contextmanager
def a_mute_visitor(server: Server) -> Iterator[None]:
    """Have it wait for one whom it refused, and who does not answer the close."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET /ws/presence/{uuid4()}/ HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        f"Origin: {server.origin}",
        "Sec-WebSocket-Protocol: presence.v1",
    ]
    with socket.create_connection(("127.0.0.1", server.port)) as mute:
        mute.sendall("\r\n".join([*lines, "", ""]).encode())
        heard = b""
        while b"\x0e\x05" not in heard:
            heard += mute.recv(4096)
        yield


@contextmanager
def visitors_of_pages(server: Server) -> Iterator[None]:
    """Have it answer requests all the time."""
    answered, over = Event(), Event()

    def visit() -> None:
        while not over.is_set():
            try:
                with urlopen(server.page(), timeout=5) as answer:
                    answer.read()
                answered.set()
            except OSError:
                return

    threads = [Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        assert answered.wait(15)
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(15)


@pytest.mark.parametrize("work", [nothing_else, a_mute_visitor, visitors_of_pages])
async def test_everybody_keeps_their_place(
    crowd: Crowd, cluster: Cluster, board: str, work: Work
) -> None:
    watcher = await crowd.join(1, board, "Poller")
    cookies = [guest_cookie() for _ in range(PEOPLE)]
    people = [await crowd.join(0, board, f"P{n}", cookie) for n, cookie in enumerate(cookies)]
    await crowd.agree()
    before = watcher.comings_and_goings()
    with work(cluster.servers[0]):
        cluster.terminate(0)
        for person in people:
            assert await person.client.closed() == 1012
            assert person.client.last(NoticeMessage).code is Notice.RESTARTING
        crowd.gone(*people)
        for person in people:
            again = await crowd.join(1, board, person.name, person.cookies)
            assert again.user == person.user
    await crowd.agree()
    assert watcher.comings_and_goings() == before
    await asyncio.to_thread(cluster.servers[0].process.wait, 15)


async def test_who_comes_to_a_process_that_ends_has_to_go_elsewhere(
    crowd: Crowd, cluster: Cluster, board: str
) -> None:
    ada = await crowd.join(0, board, "Ada")
    with a_mute_visitor(cluster.servers[0]):
        cluster.terminate(0)
        assert await ada.client.closed() == 1012
        # It still waits for the mute one.
        with pytest.raises(OSError, match=r"refused|Connect call failed"):
            await cluster.clients(0, board).connect()
        assert cluster.servers[0].process.poll() is None
    crowd.gone(ada)
    await asyncio.to_thread(cluster.servers[0].process.wait, 15)
