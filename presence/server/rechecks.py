"""Whether visitors may stay: the open sockets of one process are asked about again and again.

What the site tells (`RightsChange`) is asked about at once. What nobody tells, such as a session
that runs out, is found because every socket is asked about within an interval. Only a clear "no"
ends a socket: where nobody can be asked, everybody stays.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from random import randint
from typing import Any, Protocol

from prometheus_client import Counter

from presence.cluster.messages import RightsChange
from presence.protocol.errors import PresenceError, Refused, Restarting, SignInRequired
from presence.server.logs import OutageLog

logger = logging.getLogger(__name__)

TICK = 1.0
"""Seconds between two looks for sockets that are to be asked about by the interval."""

SETTLE = 0.5
"""Seconds from a change to the question. The site may be in the middle of it: Django tells of a new
password before it renews the session, and of a logout before it ends the session."""

BATCH = 100
"""Sockets that one question is about."""

SLOW = 0.4
AT_ONCE = 2
"""Questions at the same time, and the seconds after which one is slow, so that another begins:
before that, two threads would only fight with the event loop for Python's lock. Newcomers use the
same threads."""

ENDS = 10
ENDS_EVERY = 0.01
"""Sockets that are ended in one turn of the event loop, and the seconds until the next ones. Each
costs 0.3 ms: a thousand in one turn would stop all cursors meanwhile."""

RETURN_AFTER = (2000, 4000)
"""Milliseconds, at least and at most, after which a client whose session has ended comes back."""

RECENT = 1000
"""Changes that are kept for those who are being let in. Who missed more is asked about again."""

PATIENCE = 20.0
"""Seconds after which a question without an answer is logged. It is waited for all the same: what
hangs in a thread cannot be stopped, and must not take another thread."""


Ending = Refused | Restarting
"""What ends a socket: its visitor may not stay, or has to join again to stay."""


class Socket(Protocol):
    """An open socket."""

    def refuse(self, error: PresenceError) -> None:
        """Tell the client why it may not stay, and close."""


class Right(Protocol):
    """What lets one socket stay."""

    @property
    def subjects(self) -> Collection[str]:
        """What it depends on, as in `RightsChange`."""


class Rules(Protocol):
    """What says whether visitors may stay."""

    def changed(self, change: RightsChange) -> None:
        """Forget earlier answers that a change is about."""

    async def ask(self, rights: Sequence[Any]) -> Mapping[Any, Exception | None]:
        """Return for each right None, an `Ending`, or why it is not known. It may leave some out,
        to be asked about them next, but not all."""


class NoRules:
    """Lets everybody stay."""

    def changed(self, change: RightsChange) -> None:
        """There is nothing to forget."""

    async def ask(self, rights: Sequence[Any]) -> Mapping[Any, Exception | None]:
        """Return None for all."""
        return dict.fromkeys(rights)


class Rechecks:
    """The sockets of one process, with their rights. Create it on the event loop.

    Every socket is asked about within `every` seconds. `counter` has the label `result`.
    """

    def __init__(self, every: float, rules: Rules, counter: Counter) -> None:
        self.changes = 0
        """How many changes were heard so far."""
        self._every = every
        self._rules = rules
        self._counter = counter
        self._loop = asyncio.get_running_loop()
        # In the order in which they were asked about, with the time.
        self._asked: dict[Socket, float] = {}
        self._rights: dict[Socket, Right] = {}
        self._sockets: dict[str, dict[Socket, None]] = {}
        self._unsettled: dict[Socket, None] = {}
        self._told: dict[Socket, None] = {}
        self._all_told = False
        self._due: dict[Socket, None] = {}
        self._ending: dict[Socket, Ending] = {}
        self._recent: deque[tuple[int, RightsChange]] = deque(maxlen=RECENT)
        self._credit = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._settling: asyncio.TimerHandle | None = None
        self._asking: set[asyncio.Task[None]] = set()
        self._slow = 0
        self._closing: asyncio.Task[None] | None = None
        self._outage = OutageLog(
            logger,
            "rights: not known whether visitors may stay, all do, and are asked about again",
            "rights: known again",
            calm=2 * every,
            clock=self._loop.time,
        )

    def watch(self, socket: Socket, right: Right, changes: int) -> None:
        """Ask about a socket from now on. `changes` is what `self.changes` was before the site was
        asked to let it in: what it said may be older than a change that came since."""
        self._rights[socket] = right
        self._asked[socket] = self._loop.time()
        for subject in right.subjects:
            self._sockets.setdefault(subject, {})[socket] = None
        if self.changes - changes > len(self._recent):
            self._ask_soon([socket])
        for number, change in reversed(self._recent):
            if number <= changes:
                break
            if change.subjects <= {*right.subjects}:
                self._take_in(change, [socket])
        self._keep_ticking()

    def forget(self, socket: Socket) -> None:
        """Ask about a socket no more; an unknown one changes nothing."""
        right = self._rights.pop(socket, None)
        for subject in right.subjects if right else ():
            del self._sockets[subject][socket]
            if not self._sockets[subject]:
                del self._sockets[subject]
        for known in (self._asked, self._unsettled, self._told, self._due, self._ending):
            known.pop(socket, None)

    def heard(self, changes: Iterable[RightsChange]) -> None:
        """Take in what the site told."""
        for change in changes:
            self.changes += 1
            self._recent.append((self.changes, change))
            self._rules.changed(change)
            if change.subjects:
                self._take_in(change, self._concerned(change))
            else:
                self._all_told = True
                self._settle()

    def close(self) -> None:
        """Ask no more."""
        for timer in (self._timer, self._settling):
            if timer is not None:
                timer.cancel()
        for task in (*self._asking, self._closing):
            if task is not None:
                task.cancel()

    def _take_in(self, change: RightsChange, sockets: Collection[Socket]) -> None:
        """Take in a change that is about some sockets."""
        if not change.ended:
            self._ask_soon(sockets)
            return
        for socket in sockets:
            self._end(socket, session_ended())

    def _concerned(self, change: RightsChange) -> list[Socket]:
        found = [self._sockets.get(subject, {}) for subject in change.subjects]
        fewest = min(found, key=len)
        return [socket for socket in fewest if all(socket in each for each in found)]

    def _ask_soon(self, sockets: Collection[Socket]) -> None:
        self._unsettled |= dict.fromkeys(sockets)
        if self._unsettled:
            self._settle()

    def _settle(self) -> None:
        if self._settling is None:
            self._settling = self._loop.call_later(SETTLE, self._settled)

    def _settled(self) -> None:
        self._settling = None
        self._told |= self._unsettled
        self._unsettled.clear()
        if self._all_told:
            # Behind those of whom more is known: it may take long.
            self._all_told = False
            self._due |= dict.fromkeys(self._rights)
        self._begin()

    def _keep_ticking(self) -> None:
        if self._timer is None and self._rights:
            self._timer = self._loop.call_later(TICK, self._tick)

    def _tick(self) -> None:
        """Find the sockets whose turn it is: each second as many as make a round of all of them in
        an interval, and those for whom that is too late."""
        self._timer, now = None, self._loop.time()
        late = max(TICK, self._every - TICK)
        self._credit += len(self._asked) * TICK / late
        for socket, asked in self._asked.items():
            if self._credit < 1 and now - asked < late:
                break
            self._credit = max(0.0, self._credit - 1)
            self._due[socket] = None
        self._begin()
        self._keep_ticking()

    def _begin(self) -> None:
        while (self._told or self._due) and len(self._asking) < min(AT_ONCE, 1 + self._slow):
            task = self._loop.create_task(self._work())
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _work(self) -> None:
        while waiting := self._told or self._due:
            batch = [*islice(waiting, BATCH)]
            now = self._loop.time()
            for socket in batch:
                del waiting[socket]
                self._due.pop(socket, None)
                del self._asked[socket]
                self._asked[socket] = now
            rights = {socket: self._rights[socket] for socket in batch}
            verdicts = await self._verdicts([*rights.values()])
            for socket, right in rights.items():
                if self._rights.get(socket) is right:
                    if right in verdicts:
                        self._take(socket, verdicts[right])
                    else:
                        waiting[socket] = None
            if len(self._asking) > 1 + self._slow:
                return  # the other goes on

    async def _verdicts(self, rights: list[Right]) -> Mapping[Any, Exception | None]:
        asking = asyncio.ensure_future(self._rules.ask(rights))
        try:
            await asyncio.wait([asking], timeout=SLOW)
            if not asking.done():
                self._slow += 1
                self._begin()
                await asyncio.wait([asking], timeout=PATIENCE)
                if not asking.done():
                    self._outage.failed(TimeoutError(f"no answer within {PATIENCE:g} s"))
                await asyncio.wait([asking])
                self._slow -= 1
            verdicts = asking.result()
        except Exception as error:  # noqa: BLE001 (the site's own code and database)
            verdicts = dict.fromkeys(rights, error)
        finally:
            asking.cancel()
        failures = (v for v in verdicts.values() if v and not isinstance(v, Ending))
        if failure := next(failures, None):
            self._outage.failed(failure)
        elif verdicts:
            self._outage.works()
        return verdicts or dict.fromkeys(rights, TimeoutError("nothing was answered"))

    def _take(self, socket: Socket, verdict: Exception | None) -> None:
        if isinstance(verdict, Ending):
            self._end(socket, verdict)
        self._counter.labels(_result(verdict)).inc()

    def _end(self, socket: Socket, error: Ending) -> None:
        self._ending[socket] = error
        if self._closing is None or self._closing.done():
            self._closing = self._loop.create_task(self._end_all())

    async def _end_all(self) -> None:
        while self._ending:
            for socket in [*islice(self._ending, ENDS)]:
                error = self._ending[socket]
                self.forget(socket)
                socket.refuse(error)
            await asyncio.sleep(ENDS_EVERY)


def session_ended(reason: str = "the session has ended") -> Refused:
    """Return the refusal of somebody whose browser may have another session by now, or may be let
    in as a guest: its client comes back once, when the new cookies have reached the browser."""
    return SignInRequired(reason, retry=randint(*RETURN_AFTER))  # noqa: S311 (spreads clients)


def _result(verdict: Exception | None) -> str:
    if verdict is None:
        return "kept"
    return "ended" if isinstance(verdict, Ending) else "failed"
