"""Random traffic on boards: people come, move, leave and come back while processes are killed."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from random import Random
from typing import Any, NamedTuple, TypeVar

from websockets.exceptions import WebSocketException

from presence.protocol.errors import Close
from presence.protocol.messages import NAME_BYTES, Dialect, UserState
from tests.support.clients import HEARTBEAT, LEAVE, Client, ClosedEarlyError, cursor, state
from tests.support.redis import RedisServer
from tests.support.server import Server
from tests.system.crowd import Crowd
from tests.system.surfaces import Truth

PACE = 0.02
"""Seconds between the starts of two operations."""

MOST_AT_ONCE = 24
"""Operations that run at the same time, at most."""

TIDE = (2, 60)
"""Range of the number of sockets above which nobody comes; drawn anew after `TURNS` operations."""

TURNS = 150

HEARTBEAT_EVERY = 15.0
"""Seconds between two heartbeats of a client (PROTOCOL.md)."""

COME_BACK = 0.6
"""Share of an ended process's people who come back."""

ARRIVING = 6
"""People who are just coming to a process when it is killed."""

ARRIVE_WITHIN = 0.15
"""Seconds before its death, at most, at which they begin to come."""

NAMES = 500
"""Names of strangers. A process remembers what thousands look like, which would pass for growth."""

EXPLICIT = 0.2
"""Share of those who come with the explicit dialect."""

OUTAGE = (0.2, 4.0)
"""Seconds for which Redis is away."""

AFTER_OUTAGE = 8.0
"""Seconds after an outage, at most, in which processes still refuse newcomers, or send away whoever
resumed twice meanwhile: a renewal, the longest wait of a JOIN, and some to spare."""

SENT_AWAY = (Close.RESTARTING, Close.TRY_LATER)
"""Close codes with which a server has a client come back."""

WEIGHTS = {
    "come": 30,
    "open_tab": 8,
    "move": 30,
    "set_state": 8,
    "close": 10,
    "leave": 5,
    "hang_up": 4,
    "vanish": 7,
    "come_back": 12,
}
"""How often each operation happens, beside the others.

`leave` keeps the socket, `hang_up` closes such a one; `vanish` breaks a connection for good,
`come_back` breaks it and joins again, within the grace or after it.
"""

T = TypeVar("T")

Operation = Coroutine[Any, Any, object]


class Visitor(NamedTuple):
    """Somebody who may come. Without cookies each of their sockets is a person."""

    name: str
    cookies: str = ""


class Traffic:
    """Chooses operations at random and runs them; `did` counts them.

    `known` are those who come again and again, beside strangers. Processes whose numbers are in
    `spared` are not ended.
    """

    def __init__(
        self,
        crowd: Crowd,
        boards: Sequence[str],
        known: Sequence[Visitor],
        random: Random,
        *,
        grace: float,
        spared: Collection[int],
        redis: RedisServer,
    ) -> None:
        self.did: Counter[str] = Counter()
        self._crowd = crowd
        self._cluster = crowd.cluster
        self._boards = boards
        self._known = known
        self._random = random
        # The fate of processes depends on the seed alone, not on how fast everything else goes.
        self._fate = Random(random.random())
        self._grace = grace
        self._spared = spared
        self._redis = redis
        self._ending: list[Server] = []
        self._excused_until = float("-inf")
        self._left: list[Client] = []
        self._over = asyncio.Event()
        self._running: set[asyncio.Task[object]] = set()
        self._failed: list[BaseException] = []
        self._restarts: list[asyncio.Future[None]] = []
        self._tide = TIDE[1]
        self._turn = 0

    async def run(self, seconds: float, fates: Sequence[tuple[float, str]]) -> None:
        """Run operations for so many seconds, and return when all have ended.

        `fates` are seconds from the start and what happens then: "kill" or "terminate" a process,
        in whose place another comes, or an "outage" of Redis.
        """
        fates = sorted(fates)
        self._over.clear()
        loop = asyncio.get_running_loop()
        began = loop.time()
        while (now := loop.time() - began) < seconds:
            if fates and now >= fates[0][0]:
                _, what = fates.pop(0)
                self.did[what] += 1
                await getattr(self, f"_{what}")()
            await self._fewer_than(MOST_AT_ONCE)
            self._begin(self._draw())
            # Traffic has a pace of its own.
            await asyncio.sleep(PACE)
        self._over.set()
        await self._fewer_than(1)
        await asyncio.gather(*self._restarts)
        self._drop_those_sent_away()

    def spare(self, *numbers: int) -> None:
        """End none of these processes from now on, but any other."""
        self._spared = numbers

    async def leave(self) -> None:
        """Have everybody leave and close."""
        people = [*self._crowd, *self._left]
        self._crowd.gone(*self._crowd)
        self._left.clear()
        await asyncio.gather(*(person.leave() for person in people))

    async def beat(self) -> None:
        """Send heartbeats, as clients do, until cancelled."""
        while True:
            await asyncio.sleep(HEARTBEAT_EVERY)
            for client in [*self._crowd, *self._left]:
                self._begin(self._through(client.server, client.send(HEARTBEAT)))

    def truth(self) -> Truth:
        """Return who is where now."""
        boards: dict[str, list[Client]] = {board: [] for board in self._boards}
        for client in self._crowd:
            boards[client.board].append(client)
        return Truth(boards, self._cluster.servers, [*self._crowd, *self._left])

    # What happens

    def _draw(self) -> Operation:
        """Return the next operation."""
        self._turn += 1
        self._drop_those_sent_away()
        if self._turn % TURNS == 0:
            self._tide = self._random.randint(*TIDE)
        can = dict(WEIGHTS)
        if len(self._crowd) >= self._tide:
            del can["come"], can["open_tab"]
        if not self._left:
            del can["hang_up"]
        if not self._crowd:
            can = {"come": 1}
        (what,) = self._random.choices(list(can), list(can.values()))
        self.did[what] += 1
        if what in ("come", "hang_up"):
            return getattr(self, f"_{what}")()
        return getattr(self, f"_{what}")(self._random.choice(self._crowd))

    def _come(self, number: int | None = None) -> Operation:
        # Some boards are busier than others.
        weights = [1 / (place + 1) for place in range(len(self._boards))]
        (board,) = self._random.choices(self._boards, weights)
        stranger = Visitor(f"N{self._turn % NAMES}")
        who = self._random.choice([stranger, self._random.choice(self._known)])
        return self._join(self._any() if number is None else number, board, who)

    def _open_tab(self, client: Client) -> Operation:
        return self._join(self._any(), client.board, Visitor(client.name, client.cookies))

    def _move(self, client: Client) -> Operation:
        frame = cursor(self._random.randrange(65_536), self._random.randrange(65_536))
        return self._through(client.server, client.send(frame))

    def _set_state(self, client: Client) -> Operation:
        states = (UserState.ACTIVE, UserState.OFF_BOARD, UserState.AWAY)
        return self._through(client.server, client.send(state(self._random.choice(states))))

    def _close(self, client: Client) -> Operation:
        self._crowd.gone(client)
        end = self._random.choice([client.close, client.leave])
        return self._through(client.server, end())

    def _leave(self, client: Client) -> Operation:
        self._crowd.gone(client)
        self._left.append(client)
        return self._through(client.server, client.send(LEAVE))

    def _hang_up(self) -> Operation:
        client = self._left.pop(self._random.randrange(len(self._left)))
        return self._through(client.server, client.close())

    def _vanish(self, client: Client) -> Operation:
        self._crowd.gone(client)
        return client.snap()

    def _come_back(self, client: Client) -> Operation:
        self._crowd.gone(client)
        after = self._random.choice([0.0, self._random.uniform(0, 2 * self._grace)])
        return self._back(client, after, self._random.choice([client.snap, client.close]))

    async def _kill(self) -> None:
        """Kill a process while some people come to it, and start another in its place.

        Some of its people come back, some never do.
        """
        number = self._doomed()
        for _ in range(ARRIVING):
            self._begin(self._come(number))
        # Chance decides how far they get.
        await asyncio.sleep(self._fate.uniform(0, ARRIVE_WITHIN))
        server = self._cluster.servers[number]
        self._cluster.kill(number)
        self._replace(number, server, Client.snap)

    async def _terminate(self) -> None:
        """Ask a process to end, and start another in its place. It sends its people away."""
        number = self._doomed()
        server = self._cluster.servers[number]
        self._ending.append(server)
        self._cluster.terminate(number)
        self._replace(number, server, Client.closed)

    async def _outage(self) -> None:
        """Have Redis be away for a while. It comes back empty."""
        self._excused_until = float("inf")
        self._redis.kill()
        self._begin(self._end_outage(self._fate.uniform(*OUTAGE)))

    async def _end_outage(self, after: float) -> None:
        await asyncio.sleep(after)
        await asyncio.to_thread(self._redis.start)
        self._excused_until = asyncio.get_running_loop().time() + AFTER_OUTAGE

    def _doomed(self) -> int:
        return self._fate.choice([n for n in self._alive() if n not in self._spared])

    def _replace(self, number: int, server: Server, end: Callable[[Client], Any]) -> None:
        """Start another process in the place of one that ends; some of its people come back."""
        lost = [client for client in self._crowd if client.server is server]
        self._crowd.gone(*lost)
        self._left = [client for client in self._left if client.server is not server]
        for client in lost:
            if self._random.random() < COME_BACK:
                after = self._random.uniform(0, self._grace / 2)
                self._begin(self._back(client, after, partial(end, client)))
        loop = asyncio.get_running_loop()
        self._restarts.append(loop.run_in_executor(None, self._cluster.restart, number))

    def _drop_those_sent_away(self) -> None:
        away = [client for client in self._crowd if client.close_code in SENT_AWAY]
        self.did["sent away"] += len(away)
        self._crowd.gone(*away)

    # How it happens

    def _alive(self) -> list[int]:
        servers = enumerate(self._cluster.servers)
        return [number for number, server in servers if not self._ends(server)]

    def _ends(self, server: Server) -> bool:
        """Return whether a process has ended, or is about to."""
        return server.process.poll() is not None or any(server is one for one in self._ending)

    def _any(self) -> int:
        return self._random.choice(self._alive())

    async def _fewer_than(self, most: int) -> None:
        while len(self._running) >= most:
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        if self._failed:
            raise self._failed[0]

    def _begin(self, operation: Operation) -> None:
        task = asyncio.ensure_future(operation)
        self._running.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: "asyncio.Task[object]") -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._failed.append(error)

    async def _back(self, client: Client, after: float, end: Callable[[], Awaitable[Any]]) -> None:
        """End a connection, and have its person join again after so many seconds, unless the
        traffic is over by then."""
        await end()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), after)
            self.did["stayed away"] += 1
            return
        # Through another process, if there is one.
        servers = self._cluster.servers
        number = min(self._alive(), key=lambda number: servers[number] is client.server)
        again = await self._join(number, client.board, Visitor(client.name, client.cookies))
        if again is not None and client.cookies:
            self.did["went on" if again.user == client.user else "came anew"] += 1

    async def _join(self, number: int, board: str, who: Visitor) -> Client | None:
        """Put somebody on a board; None if the process dies before they know."""
        server = self._cluster.servers[number]
        # One who is told a short form of their own name does not know what the others are told.
        short = len(who.name.encode()) <= NAME_BYTES[Dialect.EXPLICIT]
        explicit = self._random.random() < EXPLICIT and short
        dialect = Dialect.EXPLICIT if explicit else Dialect.COMPACT
        joining = self._crowd.join(number, board, *who, dialect=dialect)
        client = await self._through(server, joining)
        if client is not None and self._ends(server):
            # It died after the last word of the join and before this task went on.
            self._crowd.gone(client)
            return None
        return client

    async def _through(self, server: Server, work: Coroutine[Any, Any, T]) -> T | None:
        """Await something that needs a process and Redis. None if one of them was away, or if the
        server sent the client away: their name was that of somebody in another process."""
        try:
            return await work
        except (OSError, WebSocketException, AssertionError) as error:
            away = isinstance(error, ClosedEarlyError) and error.args[0] == Close.RESTARTING
            excused = asyncio.get_running_loop().time() <= self._excused_until
            if not (away or excused or self._ends(server)):
                raise
            self.did["cut short"] += 1
            return None
