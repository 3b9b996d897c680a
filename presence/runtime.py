"""The hub of the running event loop, made from the settings when it is first asked for."""

import asyncio
import os
import socket
from uuid import uuid4

from presence.conf import get_settings
from presence.hub import Hub
from presence.store.base import Timing
from presence.store.memory import MemoryStore

_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


def process_name() -> str:
    """Return a name for this process that no other has, and that says where it runs."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"


def current_hub() -> Hub:
    """Return the running loop's hub. A server has one loop; tests may have many, one after the
    other."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        for ended in [other for other in _hubs if other.is_closed()]:
            del _hubs[ended]
        _hubs[loop] = _make_hub(loop)
    return _hubs[loop]


def _make_hub(loop: asyncio.AbstractEventLoop) -> Hub:
    settings = get_settings()
    timing = Timing(grace=settings.GRACE)
    store = MemoryStore(loop.time, timing)
    return Hub(store, process_name(), least=settings.INTERVAL, timing=timing)
