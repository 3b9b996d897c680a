"""The WebSocket of a page of the admin. The page says what it watches (`presence.watch`) and is
told, in JSON, whatever changes of it: one frame in 250 ms at most.

Who watches must be signed in (else the close code is 4401) as staff of that admin who may view it
(4403), and is asked again every 2 s. What nobody can watch is 4400, too many wishes are 4429, who
says nothing is 4408.
"""

import asyncio
import json
import logging
from functools import partial
from typing import Any

from channels.exceptions import DenyConnection

from presence.admin.poller import Poller
from presence.admin.staff_request import is_own_page, permits, request_of, visit_of
from presence.admin.subscription import Telling, Watch, read_watch
from presence.admin.threads import Once, aside
from presence.admin.topic import Grant
from presence.admin.topics import DIFFERS, READERS, TOPICS
from presence.conf import get_settings
from presence.consumers import Endpoint
from presence.protocol.errors import Close, PresenceError, TryLater
from presence.protocol.limits import TokenBucket

logger = logging.getLogger(__name__)

FRAME_EVERY = 0.25
"""Seconds between two frames to one page, at least."""

ASK_EVERY = 2.0
"""Seconds until it is asked again whether somebody may still see what they watch."""

ASK_WITHIN = 2.0
"""Seconds that the answer may take: who can't be asked about is told to come again later. So
nobody sees anything 4 s after they may not, one question and the next."""

QUIET = 15.0
"""Seconds without a change after which an empty frame says that the socket still lives."""

SAY_WITHIN = 10.0
"""Seconds in which a page says what it watches."""

WISHES = (1.0, 10.0)
"""How often a page may say so: a second, and at once."""


_failures = Once(logger, "could not find out what somebody may watch of %s")
_watchers: dict[asyncio.AbstractEventLoop, dict[str, Poller]] = {}


def watcher(topic: str) -> Poller:
    """Return the running loop's watcher of a topic."""
    loop = asyncio.get_running_loop()
    if loop not in _watchers:
        for ended in [other for other in _watchers if other.is_closed()]:
            del _watchers[ended]
        _watchers[loop] = {t.name: Poller(t.look, t.unknown, t.every) for t in TOPICS.values()}
    return _watchers[loop][topic]


class StaffConsumer(Endpoint):
    """One page of the admin."""

    _wanted: Watch | None = None
    _asking: "asyncio.Task[None] | None" = None
    _timer: asyncio.TimerHandle | None = None
    _finished = False

    async def connect(self) -> None:
        """Let a page of this very site in. Who is there is asked when it says what it watches."""
        if not is_own_page(self.scope) or self.scope["subprotocols"]:
            raise DenyConnection
        await self.accept()
        self._loop = asyncio.get_running_loop()
        self._wishes = TokenBucket(*WISHES)
        self._telling = Telling(DIFFERS)
        self._told_at = 0.0
        self._wait(SAY_WITHIN, partial(self._finish, Close.SILENT))

    def received(self, message: dict[str, Any]) -> None:
        """Take in what the page watches, in place of what it watched before."""
        if self._finished:
            return
        try:
            wanted = read_watch(message.get("text"), READERS)
        except ValueError:
            self._finish(Close.MALFORMED)
            return
        if not self._wishes.take(self._loop.time()):
            self._finish(Close.TOO_FAST)
            return
        self._forget()
        self._wanted, self._telling = wanted, Telling(DIFFERS)
        self._wait(QUIET, self._tell)
        self._asking = self._loop.create_task(self._keep_asking(wanted))

    def gone(self, code: int | None) -> None:
        """Watch nothing more."""
        self._forget()
        if self._timer is not None:
            self._timer.cancel()

    async def drain(self) -> bool:
        """Have the page come back, to another process or to this one's successor."""
        self._finish(Close.RESTARTING)
        return True

    async def _keep_asking(self, wanted: Watch) -> None:
        try:
            while True:
                began = self._loop.time()
                async with asyncio.timeout(ASK_WITHIN):
                    grants = await self._ask(wanted)
                for topic, grant in grants.items():
                    watcher(topic).watch(self, grant, partial(self._note, topic))
                # What the answer says is as old as the question.
                await asyncio.sleep(max(0.0, began + ASK_EVERY - self._loop.time()))
        except PresenceError as error:
            self._finish(error.close or Close.TRY_LATER)
        except Exception as error:  # noqa: BLE001 (the site's own code and database speak here)
            _failures.note(_place(wanted), error)
            self._finish(Close.TRY_LATER)

    async def _ask(self, wanted: Watch) -> dict[str, Grant]:
        if not get_settings().ENABLED:
            raise TryLater("presence is switched off")
        return await aside(_grants, self.scope, wanted)

    def _note(self, topic: str, value: Any) -> None:
        if self._telling.note(topic, value):
            since = self._loop.time() - self._told_at
            self._wait(max(0.0, FRAME_EVERY - since), self._tell)

    def _tell(self) -> None:
        self._told_at = self._loop.time()
        self._wait(QUIET, self._tell)
        text = json.dumps(self._telling.frame(), ensure_ascii=False, separators=(",", ":"))
        self.outbox.put({"type": "websocket.send", "text": text})

    def _wait(self, seconds: float, then: Any) -> None:
        """Do something later, in place of what was to be done."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, then)

    def _finish(self, code: int) -> None:
        self._finished = True
        self.gone(code)
        self.close_with(code)

    def _forget(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
        for topic in self._wanted.topics if self._wanted else ():
            watcher(topic).forget(self)


def _place(wanted: Watch) -> str:
    return f"{wanted.site} {wanted.model}".rstrip()


def _grants(scope: Any, wanted: Watch) -> dict[str, Grant]:
    visit = visit_of(request_of(scope), wanted)
    return permits(visit, wanted.topics, TOPICS)
