"""A process is asked to end (SIGTERM) in the middle of its work: its people go on elsewhere."""

import asyncio
import base64
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from urllib.request import urlopen
from uuid import uuid4

import pytest

from presence.protocol.errors import Notice
from presence.protocol.messages import NoticeMessage, States, UserLeft, UserState, Welcome
from presence.store.base import Timing
from tests.support.accounts import guest_cookie
from tests.support.audit import audit
from tests.support.cluster import Cluster
from tests.support.server import Server
from tests.support.waiting import DEADLINE
from tests.system.crowd import Crowd
from tests.system.paths import FAST_PATH

pytestmark = FAST_PATH

PEOPLE = 40

HANDSHAKE = """GET /ws/presence/{board}/ HTTP/1.1
Host: 127.0.0.1:{server.port}
Upgrade: websocket
Connection: Upgrade
Sec-WebSocket-Key: {key}
Sec-WebSocket-Version: 13
Origin: {server.origin}
Sec-WebSocket-Protocol: presence.v1

"""


@pytest.fixture(scope="module")
def timing() -> Timing:
    """People have a whole grace to arrive elsewhere: long enough for forty on a slow machine."""
    return Timing(lease=6.0, grace=10.0, reload_grace=10.0)


@contextmanager
def a_mute_visitor(server: Server) -> Iterator[None]:
    """Have a process wait for a client that it refused and that does not answer the close."""
    key = base64.b64encode(os.urandom(16)).decode()
    request = HANDSHAKE.format(board=uuid4(), server=server, key=key).replace("\n", "\r\n")
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as mute:
        mute.sendall(request.encode())
        heard = b""
        while b"\x0e\x05" not in heard:
            heard += mute.recv(4096)
        yield


@contextmanager
def visitors_of_pages(server: Server) -> Iterator[None]:
    """Have a process answer requests all the time."""
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
        assert answered.wait(DEADLINE)
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(DEADLINE)


@pytest.mark.alone
async def test_everybody_keeps_their_place(
    crowd: Crowd, cluster: Cluster, board: str, timing: Timing
) -> None:
    observer = await crowd.join(1, board, "Watcher")
    people = [await crowd.join(0, board, f"P{n}", guest_cookie()) for n in range(PEOPLE)]
    leaver = await crowd.join(0, board, "Leaver")
    reloading = await crowd.join(0, board, "Reloading", guest_cookie())
    await crowd.agree()
    before = observer.comings_and_goings
    with visitors_of_pages(cluster.servers[0]):
        await reloading.close()
        away = [(reloading.user, UserState.AWAY)]
        await observer.until(lambda: away in [[*m.states] for m in observer.all(States)], "away")
        cluster.terminate(0)
        for person in (*people, leaver):
            assert await person.closed() == 1012
            notice = person.messages[-1]
            assert isinstance(notice, NoticeMessage)
            assert notice.code is Notice.RESTARTING
            assert 0 < notice.retry <= 300 * timing.grace, "three tenths of a grace"
        crowd.gone(*people, leaver, reloading)
        # The process answers nobody any more, and nobody is sent to it.
        status, lines = await asyncio.to_thread(audit, cluster.servers[1].environment)
        assert status == 0, lines
        for number, person in enumerate([reloading, *people]):
            again = await crowd.join(1 + number % 2, board, person.name, person.cookies)
            assert again.user == person.user
            assert again.last(Welcome).color == person.last(Welcome).color
    await crowd.agree(timing.grace + DEADLINE)
    assert observer.comings_and_goings == before + 1, "nothing but that one left for good"
    assert observer.last(UserLeft).user == leaver.user
    await asyncio.to_thread(cluster.servers[0].process.wait, DEADLINE)
    assert len(await crowd.store.processes()) == len(cluster.servers) - 1


async def test_a_process_that_ends_accepts_no_new_socket(
    crowd: Crowd, cluster: Cluster, board: str
) -> None:
    ada = await crowd.join(0, board, "Ada", guest_cookie())
    with a_mute_visitor(cluster.servers[0]):
        cluster.terminate(0)
        assert await ada.closed() == 1012
        crowd.gone(ada)
        with pytest.raises(OSError, match=r"refused|Connect call failed"):
            await cluster.clients(0, board).connect()
        assert cluster.servers[0].process.poll() is None, "it still waits for the mute client"
        again = await crowd.join(1, board, "Ada", ada.cookies)
        assert again.user == ada.user
    await asyncio.to_thread(cluster.servers[0].process.wait, DEADLINE)
