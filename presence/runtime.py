"""This process's hub, and the event loop on which its store is used.

A process that serves boards has a hub, on its server's event loop. Any other process, such as a
worker or a command, uses the shared store on an event loop in a background thread.
"""

import asyncio
import gc
import logging
import os
import socket
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import lru_cache, wraps
from threading import Event, Lock, Thread
from typing import Any, ParamSpec, TypeVar
from uuid import uuid4

from asgiref.sync import async_to_sync, sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured, SynchronousOnlyOperation

from presence.asgi.daphne import ordinary_reason
from presence.asgi.handshakes import requests
from presence.asgi.shutdown import at_begin, at_end
from presence.auth.rights import SiteRules
from presence.cluster.layer import Layer
from presence.conf import Settings, get_settings
from presence.protocol.errors import TryLater
from presence.server.caps import Cap
from presence.server.hub import Hub
from presence.server.neighbours import Neighbours
from presence.server.operations import Operations
from presence.server.stats import StatsPublisher
from presence.signals import announcer
from presence.store.base import Store, Timing
from presence.store.history import History
from presence.store.history_memory import MemoryHistory
from presence.store.memory import MemoryStore
from presence.store.redis.history import RedisHistory
from presence.store.redis.store import OLDER_PROCESSES, RedisStore

logger = logging.getLogger(__name__)

SYNC_TIMEOUT = 10.0
"""Seconds that sync code waits for an answer."""

GC_THRESHOLDS = (10_000, 5, 3)
"""Objects more than were freed, and collections of the next younger generation, after which the
three generations are collected. With Python's 700, 10 and 10, thousands of connections cost the
cursors of all of them up to twelve times their usual age. Closed sockets need not wait for it:
nothing of them refers to itself (`presence.asgi.daphne`)."""

T = TypeVar("T")
P = ParamSpec("P")
Loop = asyncio.AbstractEventLoop

serving = Event()
"""Set in a process that imports presence's routes: browsers may connect to it."""

_hubs: dict[Loop, Hub] = {}
_publishers: dict[Hub, StatsPublisher] = {}
_tested: list[Hub] = []
"""The hub of the test that runs, if a site tests with `presence.testing`."""

_background: list[tuple[Loop, Thread]] = []
_background_lock = Lock()


def current_hub() -> Hub:
    """Return the hub of the running event loop; create it at the first call. A server has one loop;
    tests may have one after the other."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        for closed in [other for other in _hubs if other.is_closed()]:
            _publishers.pop(_hubs.pop(closed), None)
        hub = _hubs[loop] = _make_hub(loop)
        _publishers[hub] = StatsPublisher(hub, _history_beside(hub.store))
        _publishers[hub].start()
    return _hubs[loop]


async def _begin_to_end(listening: bool) -> float:
    """See `presence.asgi.shutdown.at_begin`."""
    hub = _hubs.get(asyncio.get_running_loop())
    if hub is None:
        return 0.0
    await hub.drain(listening=listening)
    return hub.turns


async def _say_good_bye() -> None:
    """Tell the store that this process ends, if it has a hub."""
    hub = _hubs.get(asyncio.get_running_loop())
    if hub is not None:
        await hub.say_good_bye()


at_begin.append(_begin_to_end)
at_end.append(_say_good_bye)


def running_hub() -> tuple[Loop, Hub] | None:
    """Return this process's hub and its loop, in any thread; None where there is no hub yet."""
    return next(((loop, hub) for loop, hub in [*_hubs.items()] if loop.is_running()), None)


@contextmanager
def hub_of_test() -> Iterator[Hub]:
    """Have a new hub, with a store in memory, on the background loop in the block: this process
    then asks no other. Signals are sent by whoever called what led to them, in their thread."""
    loop, others = background_loop(), dict(_hubs)

    async def begin() -> Hub:
        settings = get_settings()
        hub = _new_hub(settings, MemoryStore(loop.time, _timing(settings)), None)
        _publishers[hub] = StatsPublisher(hub, _history_beside(hub.store))
        return hub

    hub = asyncio.run_coroutine_threadsafe(begin(), loop).result()
    _hubs.clear()
    _hubs.update({loop: hub} | {other: each for other, each in others.items() if other != loop})
    _tested.append(hub)
    try:
        with announcer.holding():
            yield hub
    finally:
        asyncio.run_coroutine_threadsafe(hub.close(), loop).result()
        _tested.remove(hub)
        del _publishers[_hubs.pop(loop)]


def recording() -> bool:
    """Return whether this process writes the history."""
    return _publishers[current_hub()].recording


async def on_hub_loop(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Call an async function on the event loop that the store belongs to; return its result."""
    if serving.is_set() and running_hub() is None and not get_settings().REDIS_URL:
        current_hub()  # Nobody has connected yet.
    loop = hub_loop()
    if loop is asyncio.get_running_loop():
        return await work()
    result = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(), loop))
    if _tested:
        await sync_to_async(announcer.send_held)()
    return result


def call_from_sync(
    work: Callable[P, Coroutine[Any, Any, T]],
    timeout: float | None,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Call an async function on that event loop from sync code; return its result. Raises
    `TryLater` after `timeout` seconds, by default `SYNC_TIMEOUT`, and `SynchronousOnlyOperation` on
    an event loop: waiting could block the loop that has to answer."""
    seconds = SYNC_TIMEOUT if timeout is None else timeout
    if is_on_event_loop():
        raise SynchronousOnlyOperation(f"in async code use {work.__module__}.{work.__name__}")
    loop = hub_loop()
    running = asyncio.run_coroutine_threadsafe(work(*args, **kwargs), loop)
    try:
        result = running.result(seconds)
    except TimeoutError:
        running.cancel()
        raise TryLater(f"presence did not answer within {seconds:.3g} s") from None
    if _tested:
        announcer.send_held()
    return result


def for_sync_code(work: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Return the form of an async function for sync code. Its name lacks the leading "a"."""

    @wraps(work)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        return call_from_sync(work, None, *args, **kwargs)

    call.__name__ = call.__qualname__ = call.__name__.removeprefix("a")
    return call


def is_on_event_loop() -> bool:
    """Return whether this thread runs an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def hub_loop() -> Loop:
    """Return the event loop that the store belongs to."""
    hub = running_hub()
    if hub is not None:
        return hub[0]
    if get_settings().REDIS_URL:
        return background_loop()
    # A sync view runs in a thread of a server, whose loop asgiref knows.
    loop = async_to_sync(_running_loop)() if serving.is_set() else None
    if loop is None or not loop.is_running():
        raise ImproperlyConfigured(
            "Without PRESENCE['REDIS_URL'] only the process that serves the boards knows them, and "
            "this is another one. Set it to ask from any process."
        )
    return loop


async def _running_loop() -> Loop:
    return asyncio.get_running_loop()


def background_loop() -> Loop:
    """Return the event loop in a background thread, for a process without a hub."""
    with _background_lock:
        # After a fork only the thread that forked is alive.
        if not _background or not _background[-1][1].is_alive():
            loop = asyncio.new_event_loop()
            thread = Thread(target=loop.run_forever, name="presence-api", daemon=True)
            thread.start()
            _background.append((loop, thread))
        return _background[-1][0]


@lru_cache(maxsize=1)
def background_store(settings: Settings) -> RedisStore:
    """Return the store to use on the background loop. There is one until the settings change."""
    return shared_store()


def shared_store() -> RedisStore:
    """Return a new store in the site's Redis, at `PRESENCE["REDIS_URL"]`."""
    settings = get_settings()
    return RedisStore(settings.REDIS_URL, _timing(settings), prefix=settings.REDIS_PREFIX)


def shared_layer() -> Layer | None:
    """Return the channel layer that connects the site's processes, None where there is none."""
    layer: Layer | None = get_channel_layer(get_settings().CHANNEL_LAYER)
    return layer


async def with_history(work: Callable[[History], Coroutine[Any, Any, T]]) -> T:
    """Call an async function with the site's history; return its result."""

    async def call() -> T:
        running = running_hub()
        if running is not None:
            return await work(_publishers[running[1]].history)
        return await work(_history_beside(background_store(get_settings())))

    return await on_hub_loop(call)


def _history_beside(store: Store) -> History:
    if isinstance(store, RedisStore):
        return RedisHistory(store)
    return MemoryHistory(time.time)


def _timing(settings: Settings) -> Timing:
    return Timing(settings.GRACE, settings.RELOAD_GRACE, lease=settings.LEASE)


def _new_hub(settings: Settings, store: Store, layer: Layer | None) -> Hub:
    return Hub(
        store,
        process_name(),
        least=settings.INTERVAL,
        timing=_timing(settings),
        layer=layer,
        log_names=settings.LOG_NAMES,
        tell=announcer.tell,
        limits={
            Cap.SOCKETS: settings.MAX_SOCKETS,
            Cap.BOARD: settings.MAX_BOARD_SOCKETS,
            Cap.PERSON: settings.MAX_PERSON_SOCKETS,
            Cap.ADDRESS: settings.MAX_ADDRESS_SOCKETS,
            Cap.JOINS: settings.MAX_ADDRESS_JOINS,
            Cap.HANDSHAKES: settings.MAX_HANDSHAKES,
        },
        recheck_every=settings.RECHECK_EVERY,
        rules=SiteRules(),
    )


def operations() -> Operations:
    """Return what staff and a site's code can do, on the event loop that the store belongs to."""
    running = running_hub()
    if running is None:
        store = background_store(get_settings())
        return Operations(store, shared_layer(), None, announcer.tell)
    hub = running[1]
    return Operations(hub.store, hub.layer, hub, announcer.tell)


def _make_hub(loop: Loop) -> Hub:
    settings = get_settings()
    if _tested:
        # The sockets that a test opens on its own loop.
        return _new_hub(settings, _tested[-1].store, None)
    store: Store = (
        shared_store() if settings.REDIS_URL else MemoryStore(loop.time, _timing(settings))
    )
    hub = _new_hub(settings, store, shared_layer() if settings.REDIS_URL else None)
    hub.metrics.requests_cut = requests.cut
    tune_gc()
    _note_neighbours()
    hub.journal.started("redis" if settings.REDIS_URL else "memory", ordinary_reason())
    return hub


def several_processes() -> str:
    """Return what is wrong if several processes of this machine serve the site and share no Redis,
    or if they share one with processes of an earlier release; "" otherwise. A process counts from
    its first socket, or its first `/healthz` or `/metrics`."""
    if get_settings().REDIS_URL:
        running = running_hub()
        store = running[1].store if running else None
        return OLDER_PROCESSES if isinstance(store, RedisStore) and store.older_processes else ""
    count = _neighbours().count()
    if count < 2:
        return ""
    return (
        f"{count} processes serve this site on this machine, and none knows the people of another: "
        "PRESENCE['REDIS_URL'] is not set"
    )


def _note_neighbours() -> None:
    if serving.is_set() and not get_settings().REDIS_URL:
        _neighbours().join()
        problem = several_processes()
        if problem:
            logger.warning("processes: %s", problem)


@lru_cache(maxsize=1)
def _neighbours() -> Neighbours:
    """Return the processes of this site. Another site, or another copy of it, has other settings or
    other databases."""
    names = ("SETTINGS_MODULE", "BASE_DIR", "ROOT_URLCONF")
    site = [getattr(django_settings, name, "") for name in names]
    for database in django_settings.DATABASES.values():
        site += [database.get(key, "") for key in ("NAME", "HOST", "PORT")]
    return Neighbours("\n".join(map(str, site)))


@lru_cache(maxsize=1)
def tune_gc() -> None:
    """Keep full garbage collections rare, once for this process.

    A full collection looks at every object of every connection, and meanwhile no cursor moves. What
    was loaded by now is looked at no more.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def process_name() -> str:
    """Return a unique name for this process that tells its host and process id."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
