"""The hub of the running event loop, made from the settings when it is first asked for."""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Coroutine
from functools import lru_cache
from threading import Event, Lock, Thread
from typing import Any, TypeVar
from uuid import uuid4

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.core.exceptions import ImproperlyConfigured

from presence.cluster.layer import Layer
from presence.conf import Settings, get_settings
from presence.server.hub import Hub
from presence.server.stats import Upkeep
from presence.signals import announcer
from presence.store.base import Store, Timing
from presence.store.history import History
from presence.store.history_memory import MemoryHistory
from presence.store.memory import MemoryStore
from presence.store.redis.history import RedisHistory
from presence.store.redis.store import RedisStore

_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}
_upkeeps: dict[Hub, Upkeep] = {}

_own: list[tuple[asyncio.AbstractEventLoop, Thread]] = []
_beginning = Lock()

T = TypeVar("T")

serving = Event()
"""Set where this process has presence's route, so that browsers may connect to it."""


def process_name() -> str:
    """Return a name for this process that no other has, and that says where it runs."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"


def current_hub() -> Hub:
    """Return the running loop's hub. A server has one loop; tests may have many, one after the
    other."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        for ended in [other for other in _hubs if other.is_closed()]:
            _upkeeps.pop(_hubs.pop(ended), None)
        hub = _hubs[loop] = _make_hub(loop)
        _upkeeps[hub] = Upkeep(hub, _history(hub.store))
        _upkeeps[hub].start()
    return _hubs[loop]


async def at_home(ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Ask on the event loop whose hub holds this process's boards, where it has one: stores and
    layers belong to a loop."""
    if serving.is_set() and running_hub() is None and not get_settings().REDIS_URL:
        current_hub()  # nobody has connected yet
    loop = home()
    if loop is asyncio.get_running_loop():
        return await ask()
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(ask(), loop))


def home() -> asyncio.AbstractEventLoop:
    """Return the event loop to ask on; `ImproperlyConfigured` where there is none."""
    found = running_hub()
    if found is not None:
        return found[0]
    if get_settings().REDIS_URL:
        return own_loop()
    server = _server_loop() if serving.is_set() else None
    if server is None:
        raise ImproperlyConfigured(
            "Without PRESENCE['REDIS_URL'] the boards are in the memory of the process that serves "
            "them, and this is another one. Set it, to ask from everywhere."
        )
    return server


def _server_loop() -> asyncio.AbstractEventLoop | None:
    """Return the loop of the server on behalf of which this thread runs, None where there is
    none."""
    loop = async_to_sync(_running_loop)()
    return loop if loop.is_running() else None


async def _running_loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


async def with_history(work: Callable[[History], Coroutine[Any, Any, T]]) -> T:
    """Return what is asked of the site's history: this process's, or, in one that has no hub, that
    of the shared state. `ImproperlyConfigured` where there is neither."""
    return await at_home(lambda: work(_site_history()))


def _site_history() -> History:
    found = running_hub()
    return _upkeeps[found[1]].history if found else _history(own_store(get_settings()))


def recording() -> bool:
    """Return whether this process writes the history."""
    return _upkeeps[current_hub()].recorder.recording


def running_hub() -> tuple[asyncio.AbstractEventLoop, Hub] | None:
    """Return the hub of this process and the loop it runs on, whichever thread asks; None where
    nobody has asked for one yet."""
    return next(((loop, hub) for loop, hub in [*_hubs.items()] if loop.is_running()), None)


def own_loop() -> asyncio.AbstractEventLoop:
    """Return an event loop that runs in a thread of its own, for a process that has no hub."""
    with _beginning:
        # A process that was forked has no threads but the one that forked.
        if not _own or not _own[-1][1].is_alive():
            loop = asyncio.new_event_loop()
            thread = Thread(target=loop.run_forever, name="presence-api", daemon=True)
            thread.start()
            _own.append((loop, thread))
        return _own[-1][0]


def shared_store() -> RedisStore:
    """Return the store of the site's processes, which `PRESENCE["REDIS_URL"]` leads to."""
    settings = get_settings()
    return RedisStore(settings.REDIS_URL, _timing(settings), prefix=settings.REDIS_PREFIX)


@lru_cache(maxsize=1)
def own_store(settings: Settings) -> RedisStore:
    """Return the one store of a process that has no hub, until the settings change. To be used on
    its `own_loop`."""
    return shared_store()


def shared_layer() -> Layer | None:
    """Return the Channels layer of the site's processes, None where there is none."""
    layer: Layer | None = get_channel_layer(get_settings().CHANNEL_LAYER)
    return layer


def _timing(settings: Settings) -> Timing:
    return Timing(grace=settings.GRACE, lease=settings.LEASE)


def _history(store: Store) -> History:
    if isinstance(store, RedisStore):
        return RedisHistory(store.link, prefix=get_settings().REDIS_PREFIX)
    return MemoryHistory(time.time)


def _make_hub(loop: asyncio.AbstractEventLoop) -> Hub:
    settings = get_settings()
    timing = _timing(settings)
    if settings.REDIS_URL:
        store: Store = shared_store()
        layer = shared_layer()
    else:
        store, layer = MemoryStore(loop.time, timing), None
    hub = Hub(
        store,
        process_name(),
        least=settings.INTERVAL,
        timing=timing,
        layer=layer,
        log_names=settings.LOG_NAMES,
        tell=announcer.tell,
    )
    hub.journal.started("redis" if settings.REDIS_URL else "memory")
    return hub
