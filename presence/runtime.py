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

from channels.layers import get_channel_layer
from django.core.exceptions import ImproperlyConfigured

from presence.conf import Settings, get_settings
from presence.hub import Hub
from presence.layer import Layer
from presence.signals import announcer
from presence.store.base import Store, Timing
from presence.store.history import History
from presence.store.history_memory import MemoryHistory
from presence.store.history_redis import RedisHistory
from presence.store.memory import MemoryStore
from presence.store.redis import RedisStore
from presence.upkeep import Upkeep

_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}
_upkeeps: dict[Hub, Upkeep] = {}

_own: list[tuple[asyncio.AbstractEventLoop, Thread]] = []
_beginning = Lock()

ELSEWHERE = (
    "Without PRESENCE['REDIS_URL'] the boards are in the memory of the process that serves "
    "them, and this is another one. Set it, to ask from everywhere."
)

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


async def with_history(work: Callable[[History], Coroutine[Any, Any, T]]) -> T:
    """Return what is asked of the site's history, on the event loop that it belongs to: that of
    this process's hub, or one for the shared state. `ImproperlyConfigured` where it has neither."""
    found, settings = running_hub(), get_settings()
    if found is not None:
        loop, history = found[0], _upkeeps[found[1]].history
    elif settings.REDIS_URL:
        loop, history = own_loop(), _history(own_store(settings))
    elif serving.is_set():
        loop, history = asyncio.get_running_loop(), _upkeeps[current_hub()].history
    else:
        raise ImproperlyConfigured(ELSEWHERE)
    if loop is asyncio.get_running_loop():
        return await work(history)
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(history), loop))


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
