"""A shutdown that waits, in a process that runs uvicorn, hypercorn or granian (for Daphne see
`presence.asgi.daphne`).

On SIGTERM these servers close all sockets, or just end, before they tell the application. Here they
first wait until the open sockets are drained. A server forks, spawns and handles signals in its own
way, so each is patched where it learns of its shutdown. That place is not public: where a version
lacks it, a warning says so, and people come back as after a crash.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol, TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")

DRAIN_TIMEOUT = 6.0
"""Seconds that all sockets together have to close after their turns. One takes up to 4 s."""

END_TIMEOUT = 1.0
"""Seconds that the store has after that to learn that the process ends."""


class OpenSocket(Protocol):
    """A socket that can be drained."""

    async def end(self) -> None:
        """Say good-bye to the client, and return when the socket is closed."""


open_sockets: dict[OpenSocket, None] = {}
"""The open sockets of this process, in the order in which they were opened."""


at_begin: list[Callable[[bool], Awaitable[float]]] = []
"""What to do when the shutdown begins. Each is told whether the server still accepts connections,
and returns over how many seconds the sockets are to end. It must not raise."""

at_end: list[Callable[[], Awaitable[None]]] = []
"""What to do when all sockets are drained. It must not raise."""


async def in_turns(
    sockets: Sequence[T], end: Callable[[T], object], *, listening: bool = False
) -> None:
    """Begin the shutdown, and end the sockets: one after the other, and the rest is served
    meanwhile. The oldest are first, since the newest may come from a process that was restarted a
    moment ago."""
    seconds = max([await begin(listening) for begin in at_begin], default=0.0)
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number, socket in enumerate(sockets):
        wait = began + seconds * number / len(sockets) - loop.time()
        if wait > 0:
            await asyncio.sleep(wait)
        end(socket)


async def end_sockets(*, listening: bool = False) -> None:
    """Drain all open sockets, each in its turn. Returns when they are closed, or `DRAIN_TIMEOUT`
    after the last turn."""
    ending: list[asyncio.Future[None]] = []

    def begin(socket: OpenSocket) -> None:
        ending.append(asyncio.ensure_future(socket.end()))

    await in_turns([*open_sockets], begin, listening=listening)
    if ending:
        await asyncio.wait(ending, timeout=DRAIN_TIMEOUT)
    await end()


async def end() -> None:
    """Do what is to be done when all sockets are drained."""
    with suppress(TimeoutError):
        async with asyncio.timeout(END_TIMEOUT):
            for step in at_end:
                await step()


def patch_servers() -> None:
    """Patch the servers that this process has loaded."""
    for module, attribute, patch in PATCHES:
        loaded = sys.modules.get(module)
        if loaded is not None:
            owner, _, name = attribute.rpartition(".")
            target = getattr(loaded, owner, None) if owner else loaded
            if hasattr(target, name):
                setattr(target, name, patch(getattr(target, name)))
            else:
                logger.warning(
                    "shutdown: nobody will be told of it (reason=this version has no %s.%s)",
                    module,
                    attribute,
                )


def _uvicorn(shutdown: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Patch `Server.shutdown`, also of a worker of gunicorn."""

    async def drain_and_shut_down(self: Any, *args: Any, **kwargs: Any) -> None:
        for listening in self.servers:
            listening.close()
        await end_sockets()
        await shutdown(self, *args, **kwargs)

    return drain_and_shut_down


def _hypercorn(raise_shutdown: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Patch `raise_shutdown(trigger)`, which raises when the trigger returns."""

    async def drain_and_raise(trigger: Callable[[], Awaitable[None]]) -> None:
        async def drained() -> None:
            await trigger()
            await end_sockets(listening=True)

        await raise_shutdown(drained)

    return drain_and_raise


def _granian(set_loop_signals: Callable[..., Any]) -> Callable[..., Any]:
    """Patch `set_loop_signals(loop)`, which returns the event that ends a worker."""

    def set_signals(loop: asyncio.AbstractEventLoop) -> Any:
        event, ending = set_loop_signals(loop), set[asyncio.Task[None]]()

        async def end() -> None:
            await end_sockets(listening=True)
            event.set()

        with suppress(NotImplementedError):  # On Windows.
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, lambda: ending.add(loop.create_task(end())))
        return event

    return set_signals


PATCHES: tuple[tuple[str, str, Callable[[Callable[..., Any]], Callable[..., Any]]], ...] = (
    ("uvicorn.server", "Server.shutdown", _uvicorn),
    ("hypercorn.asyncio.run", "raise_shutdown", _hypercorn),
    ("granian._signals", "set_loop_signals", _granian),
)
"""Modules, what is patched in them, and how."""
