"""A shutdown of a server other than Daphne: open sockets are drained, new ones are sent away."""

import asyncio
import sys
from types import ModuleType

import pytest

from presence.asgi import daphne, shutdown
from presence.asgi.shutdown import end_sockets, open_sockets, patch_servers
from presence.consumers import PresenceConsumer
from presence.runtime import current_hub
from tests.support.communicator import Communicator

RESTARTING = b"\x0e\x07"


def visit(board):
    socket = Communicator(PresenceConsumer.as_asgi(), "/")
    socket.scope |= {
        "subprotocols": ["presence.v1"],
        "url_route": {"kwargs": {"board": str(board)}},
    }
    return socket


@pytest.mark.django_db(transaction=True)
async def test_open_and_new_sockets_are_told(board):
    await end_sockets()
    open_before, late = visit(board), visit(board)
    assert await open_before.connect() == (True, "presence.v1")
    await open_before.send_to(bytes_data=b"\x08")
    assert await open_before.receive_from() == b"\x08"
    ending = asyncio.create_task(end_sockets())
    for socket in (open_before, late):
        if socket is late:
            assert await socket.connect() == (True, "presence.v1")
        notice = await socket.receive_from()
        assert (notice[:2], int.from_bytes(notice[2:]) > 0) == (RESTARTING, True)
        assert await socket.receive_output() == {"type": "websocket.close", "code": 1012}
        assert not ending.done()
    for socket in (open_before, late):
        await socket.send_input({"type": "websocket.disconnect", "code": 1012})
    await ending
    await late.wait()
    assert not open_sockets
    await current_hub().close()


async def test_a_socket_that_does_not_close_holds_up_a_shutdown_for_a_while_only(monkeypatch):
    class Stuck:
        async def end(self):
            await asyncio.Event().wait()

    monkeypatch.setattr(shutdown, "DRAIN_TIMEOUT", 0.01)
    stuck = Stuck()
    open_sockets[stuck] = None
    await end_sockets()
    del open_sockets[stuck]


def over(seconds, listening=False):
    """Return what has sockets end over some seconds, where the server listens or not."""

    async def begin(still):
        return seconds if still is listening else 0.0

    return begin


async def test_daphne_ends_sockets_in_turns_and_waits_for_what_came_meanwhile(monkeypatch):
    ended, running = [], []

    class Page:
        pass

    class Socket:
        pass

    async def serve(name):
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    def begin(kind, name):
        running.append((kind, asyncio.create_task(serve(name))))

    def applications(kind):
        return [task for of, task in running if issubclass(of, kind)]

    monkeypatch.setattr(daphne, "SHUTDOWN_TIMEOUT", 0.01)
    monkeypatch.setattr(shutdown, "at_begin", [over(0.2)])
    for name in ("oldest", "newest"):
        begin(Socket, name)
    await asyncio.sleep(0)
    ending = asyncio.create_task(daphne._end(applications, Socket))
    await asyncio.wait(applications(Socket), return_when=asyncio.FIRST_COMPLETED)
    assert ended == ["oldest"]
    begin(Page, "page")
    await ending
    assert ended == ["oldest", "newest", "page"]


async def test_sockets_end_in_turns(monkeypatch):
    now, ended = asyncio.get_running_loop().time, {}
    began, turn_came = now(), asyncio.Event()

    class Socket:
        async def end(self):
            ended[self] = now() - began
            turn_came.set()

    monkeypatch.setattr(shutdown, "at_begin", [over(0.3, listening=True), over(0.0)])
    sockets = [Socket() for _ in range(3)]
    open_sockets.update(dict.fromkeys(sockets))
    ending = asyncio.create_task(end_sockets(listening=True))
    await turn_came.wait()
    assert len(ended) == 1, "the others are served still"
    await ending
    open_sockets.clear()
    assert [*ended] == sockets, "the oldest first"
    assert all(late >= due for late, due in zip(ended.values(), (0, 0.1, 0.2), strict=True))


def test_a_version_that_lacks_what_is_patched(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "granian._signals", ModuleType("granian._signals"))
    monkeypatch.setitem(sys.modules, "uvicorn.server", ModuleType("uvicorn.server"))
    patch_servers()
    assert "this version has no granian._signals.set_loop_signals" in caplog.text
    assert "this version has no uvicorn.server.Server.shutdown" in caplog.text
