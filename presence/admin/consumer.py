"""The WebSocket of an admin page: the page subscribes to topics and receives what changes.

Frames are JSON, at most one in 250 ms. Close codes: 4401 for a guest, 4403 for somebody who may not
see what the page subscribes to (checked again every 2 s), 4400 for a malformed message, 4429 for
too many, 4408 for a page that does not subscribe.
"""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import Any

from channels.exceptions import DenyConnection
from django.apps import apps
from django.contrib.admin.sites import all_sites

from presence.admin.poller import poller_of
from presence.admin.staff_request import http_request, is_same_origin, staff_request
from presence.admin.threads import run_in_worker
from presence.admin.topics import (
    MAX_SUBSCRIPTION_BYTES,
    PageState,
    Query,
    Subscription,
    authorize,
    outages,
    parse_subscription,
)
from presence.conf import get_settings
from presence.consumers import Endpoint
from presence.protocol.errors import Close, Full, PresenceError, TryLater
from presence.protocol.limits import TokenBucket
from presence.runtime import current_hub

FRAME_INTERVAL = 0.25
"""Seconds between two frames to one page, at least."""

AUTHORIZE_EVERY = 2.0
"""Seconds between two checks of the permissions of one page."""

AUTHORIZE_WITHIN = 2.0
"""Seconds that a check may take; then the page is closed and told to come back later. Together with
`AUTHORIZE_EVERY`, a page shows nothing 4 s after it became forbidden."""

HEARTBEAT_AFTER = 15.0
"""Seconds without a change after which an empty frame shows that the socket is alive."""

SUBSCRIBE_WITHIN = 10.0
"""Seconds within which a new page must subscribe."""

SUBSCRIBE_LIMIT = (1.0, 10.0)
"""Subscriptions that a page may send per second, and at once."""


class StaffConsumer(Endpoint):
    """The socket of one admin page."""

    longest_message = MAX_SUBSCRIPTION_BYTES
    _subscription: Subscription | None = None
    _authorizing: "asyncio.Task[None] | None" = None
    _timer: asyncio.TimerHandle | None = None
    _stopped = False

    async def connect(self) -> None:
        """Accept pages of this host. Who the user is, is checked when the page subscribes."""
        if not is_same_origin(self.scope) or self.scope["subprotocols"]:
            raise DenyConnection
        self._loop = asyncio.get_running_loop()
        self._limit = TokenBucket(*SUBSCRIBE_LIMIT)
        try:
            self.ticket = current_hub().caps.enter(self._counted_as)
        except Full as error:
            await self.accept()
            self._stop(error.close or Close.TRY_LATER)
            return
        await self.accept()
        self.ticket.let_in()
        self._state = PageState()
        self._sent_at = 0.0
        self._schedule(SUBSCRIBE_WITHIN, partial(self._stop, Close.SILENT))

    def received(self, message: dict[str, Any]) -> None:
        """Subscribe the page as its message says, in place of its earlier subscription."""
        if self._stopped:
            return
        try:
            subscription = parse_subscription(message.get("text"))
        except ValueError:
            self._stop(Close.MALFORMED)
            return
        if not self._limit.take(self._loop.time()):
            self._stop(Close.TOO_FAST)
            return
        self._unsubscribe()
        self._subscription, self._state = subscription, PageState()
        self._schedule(HEARTBEAT_AFTER, self._send_changes)
        self._authorizing = self._loop.create_task(self._keep_authorized(subscription))

    def count_frame(self) -> None:
        """See `presence.asgi.turns.Listener`. A browser answers the server's pings."""
        if not self._stopped and not self._limit.take(self._loop.time()):
            self._stop(Close.TOO_FAST)

    def gone(self, code: int | None) -> None:
        """Unsubscribe the page after its socket is closed."""
        self._unsubscribe()
        if self._timer is not None:
            self._timer.cancel()

    async def drain(self) -> bool:
        """Close the socket of a process that shuts down; the page reconnects to another one."""
        self._stop(Close.RESTARTING)
        return True

    async def _keep_authorized(self, subscription: Subscription) -> None:
        """Subscribe the page to what its user may see, and check that again and again."""
        try:
            while True:
                began = self._loop.time()
                async with asyncio.timeout(AUTHORIZE_WITHIN):
                    queries = await run_in_worker(_authorize, self.scope, subscription)
                outages.works(_task(subscription))
                for topic, query in queries.items():
                    poller_of(topic).subscribe(self, query, partial(self._update, topic))
                # An answer may be as old as the moment at which the check began.
                await asyncio.sleep(max(0.0, began + AUTHORIZE_EVERY - self._loop.time()))
        except PresenceError as error:
            self._stop(error.close or Close.TRY_LATER)
        except Exception as error:  # noqa: BLE001 (the site's own code and database)
            outages.failed(error, _task(subscription))
            self._stop(Close.TRY_LATER)

    def _update(self, topic: str, value: Any) -> None:
        if self._state.update(topic, value):
            self._schedule(self._sent_at + FRAME_INTERVAL - self._loop.time(), self._send_changes)

    def _send_changes(self) -> None:
        self._sent_at = self._loop.time()
        self._schedule(HEARTBEAT_AFTER, self._send_changes)
        changes = self._state.take_changes()
        text = json.dumps(changes, ensure_ascii=False, separators=(",", ":"))
        self.outbox.put({"type": "websocket.send", "text": text})

    def _schedule(self, delay: float, action: Callable[[], None]) -> None:
        """Run an action after some seconds, in place of the one that was scheduled before."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(max(0.0, delay), action)

    def _stop(self, code: int) -> None:
        self._stopped = True
        self.gone(code)
        self.close_with(code)

    def _unsubscribe(self) -> None:
        if self._authorizing is not None:
            self._authorizing.cancel()
        for topic in self._subscription.topics if self._subscription else ():
            poller_of(topic).unsubscribe(self)


def _task(subscription: Subscription) -> str:
    """Return what the log calls a check. Anybody can send unknown names: they are left out, since
    each name would be an outage of its own."""
    names = {site.name for site in all_sites} | {m._meta.label_lower for m in apps.get_models()}
    place = [name for name in (subscription.site, subscription.model) if name in names]
    return f"checking staff permissions ({' '.join(place)})"


def _authorize(scope: Any, subscription: Subscription) -> dict[str, Query]:
    if not get_settings().ENABLED:
        raise TryLater("presence is switched off")
    request = staff_request(http_request(scope), subscription.site, subscription.model)
    return authorize(request, subscription.topics)
