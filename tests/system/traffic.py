"""Random traffic on boards: people come, move, go and come back, and processes die meanwhile."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar

from websockets.exceptions import WebSocketException

from presence.protocol.codec import encode
from presence.protocol.messages import Dialect, SetState, UserState
from tests.support.wire import HEARTBEAT, cursor
from tests.system.people import Crowd, Person
from tests.system.truth import Truth

PACE = 0.025
"""Seconds between two things that happen."""

AT_ONCE = 24
"""Things that are under way at once, at most."""

TIDE = (2, 60)
"""Of how many sockets on boards no more come: another number from these after each `TURNS`."""

TURNS = 150

BEAT_EVERY = 15.0
"""Seconds between two heartbeats of a client, as PROTOCOL.md has it."""

LEAVE = b"\x04\x00\x00"

COME_BACK = 0.6
"""Of the people of a process that died, the share who come back."""

ON_THEIR_WAY = 6
ARRIVE_WITHIN = 0.15
"""So many come to a process within so many seconds before it dies."""

REPLACED = 0.5
"""How likely it is that another process takes the place of the last one that died."""

STATES = (UserState.ACTIVE, UserState.OFF_BOARD, UserState.AWAY)

WEIGHTS = {
    "come": 30,
    "tab": 8,
    "move": 30,
    "state": 8,
    "close": 10,
    "leave": 5,
    "hang_up": 4,
    "vanish": 7,
    "return": 12,
}
"""How often each thing happens, beside the others: somebody comes; opens one more tab; moves; says
what they do; closes; leaves and keeps the socket; closes such a one; has the connection cut and is
gone, or is back through another process, within the grace or after it."""

T = TypeVar("T")

Operation = Coroutine[Any, Any, object]


@dataclass(frozen=True)
class Visitor:
    """Somebody who may come. `identity` is what makes them one person in all tabs; without one each
    socket of theirs is somebody else."""

    name: str
    cookies: str = ""
    identity: str = ""


class Traffic:
    """Draws what happens next, and has it happen; `did` counts it.

    `known` are those who come again and again, beside strangers. `deaths` are the times, in seconds
    from the start, at which a process is killed, never that numbered `spared`; another takes its
    place, or, for the last of them, perhaps. `bereft(number)` is called when one was killed.
    """

    def __init__(
        self,
        crowd: Crowd,
        boards: Sequence[str],
        known: Sequence[Visitor],
        random: Random,
        *,
        grace: float,
        deaths: Sequence[float],
        spared: int | None,
        bereft: Callable[[int], Operation],
    ) -> None:
        self.did: Counter[str] = Counter()
        self._crowd = crowd
        self._cluster = crowd.cluster
        self._boards = boards
        self._known = known
        self._random = random
        # What befalls processes is up to the seed alone, not to how fast everything else goes.
        self._fates = Random(random.random())
        self._grace = grace
        self._deaths = list(deaths)
        self._spared = spared
        self._bereft = bereft
        self._aside: list[Person] = []
        self._over = asyncio.Event()
        self._under_way: set[asyncio.Task[object]] = set()
        self._trouble: list[BaseException] = []
        self._restarting: list[asyncio.Future[None]] = []
        self._tide = TIDE[1]
        self._turn = 0

    @property
    def running(self) -> list[int]:
        """The processes that run, by number."""
        servers = enumerate(self._cluster.servers)
        return [number for number, server in servers if server.process.poll() is None]

    async def run(self, seconds: float) -> None:
        """Have things happen for so long, and return when all that began is done."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while (now := loop.time() - began) < seconds:
            if self._deaths and now >= self._deaths[0]:
                self._deaths.pop(0)
                await self._kill()
            await self._fewer_than(AT_ONCE)
            self._begin(self._draw())
            # Traffic has a pace of its own.
            await asyncio.sleep(PACE)
        self._over.set()
        await self._fewer_than(1)
        await asyncio.gather(*self._restarting)

    async def beat(self) -> None:
        """Send the heartbeats of all who are there, for ever."""
        while True:
            await asyncio.sleep(BEAT_EVERY)
            for person in [*self._crowd, *self._aside]:
                self._begin(self._say(person, HEARTBEAT))

    def truth(self) -> Truth:
        """Return who is where now."""
        boards: dict[str, list[Person]] = {board: [] for board in self._boards}
        for person in self._crowd:
            boards[person.board].append(person)
        open_to = Counter(person.process for person in [*self._crowd, *self._aside])
        pids = {number: self._cluster.servers[number].process.pid for number in self.running}
        return Truth(boards, pids, {number: open_to[number] for number in pids})

    async def _fewer_than(self, most: int) -> None:
        while len(self._under_way) >= most:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
        if self._trouble:
            raise self._trouble[0]

    def _begin(self, operation: Operation) -> None:
        task = asyncio.ensure_future(operation)
        self._under_way.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: "asyncio.Task[object]") -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._trouble.append(error)

    def _draw(self) -> Operation:
        """Return what is to happen next."""
        self._turn += 1
        if self._turn % TURNS == 0:
            self._tide = self._random.randint(*TIDE)
        can = dict(WEIGHTS)
        if len(self._crowd) >= self._tide:
            del can["come"], can["tab"]
        if not self._aside:
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
        stranger = Visitor(f"N{self._turn}")
        who = self._random.choice([stranger, self._random.choice(self._known)])
        through = self._random.choice(self.running) if number is None else number
        return self._join(through, board, who)

    def _tab(self, person: Person) -> Operation:
        return self._join(self._random.choice(self.running), person.board, visitor(person))

    def _move(self, person: Person) -> Operation:
        frame = cursor(self._random.randrange(65_536), self._random.randrange(65_536))
        return self._say(person, frame)

    def _state(self, person: Person) -> Operation:
        state = SetState(self._random.choice(STATES))
        return self._say(person, encode(state, Dialect.COMPACT))

    def _close(self, person: Person) -> Operation:
        self._crowd.gone(person)
        return self._through(person.process, person.client.close())

    def _leave(self, person: Person) -> Operation:
        self._crowd.gone(person)
        self._aside.append(person)
        return self._say(person, LEAVE)

    def _hang_up(self) -> Operation:
        person = self._aside.pop(self._random.randrange(len(self._aside)))
        return self._through(person.process, person.client.close())

    def _vanish(self, person: Person) -> Operation:
        self._crowd.gone(person)
        return person.client.snap()

    def _return(self, person: Person) -> Operation:
        self._crowd.gone(person)
        after = self._random.choice([0.0, self._random.uniform(0, 2 * self._grace)])
        return self._back(person, after)

    async def _kill(self) -> None:
        """End a process as a crash does, while some are coming. Some of its people come back to the
        other, and some never."""
        number = self._fates.choice([n for n in self.running if n != self._spared])
        for _ in range(ON_THEIR_WAY):
            self._begin(self._come(number))
        # They are to have come as far as chance has it.
        await asyncio.sleep(self._fates.uniform(0, ARRIVE_WITHIN))
        self.did["kill"] += 1
        self._cluster.kill(number)
        lost = [person for person in self._crowd if person.process == number]
        self._crowd.gone(*lost)
        self._aside = [person for person in self._aside if person.process != number]
        for person in lost:
            if self._random.random() < COME_BACK:
                self.did["back"] += 1
                self._begin(self._back(person, self._random.uniform(0, self._grace / 2)))
        if self._deaths or self._fates.random() < REPLACED:
            self.did["replace"] += 1
            loop = asyncio.get_running_loop()
            self._restarting.append(loop.run_in_executor(None, self._cluster.restart, number))
        self._begin(self._bereft(number))

    async def _back(self, person: Person, after: float) -> None:
        """Cut a connection, where there is one, and have its person come back in so many seconds,
        unless the traffic is over by then."""
        await person.client.snap()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), after)
            self.did["stayed away"] += 1
            return
        # Through another process, if there is one.
        numbers = sorted(self.running, key=lambda number: number == person.process)
        again = await self._join(numbers[0], person.board, visitor(person))
        if again is not None and person.cookies:
            self.did["went on" if again.user == person.user else "came anew"] += 1

    async def _join(self, number: int, board: str, who: Visitor) -> Person | None:
        """Put somebody on a board; None where the process dies before they know of it."""
        server = self._cluster.servers[number]
        person: Person | None = await self._through(
            number, self._crowd.join(number, board, who.name, who.cookies, who.identity)
        )
        if person is not None and server.process.poll() is not None:
            # It died when all was said and this task was yet to hear it.
            self._crowd.gone(person)
            return None
        self.did["join"] += person is not None
        return person

    async def _say(self, person: Person, frame: bytes) -> None:
        await self._through(person.process, person.client.send(frame))

    async def _through(self, number: int, work: Coroutine[Any, Any, T]) -> T | None:
        """Do something through a process, as far as that comes while the process lives."""
        server = self._cluster.servers[number]
        try:
            return await work
        except (OSError, WebSocketException, AssertionError):
            if server.process.poll() is None:
                raise
            self.did["cut short"] += 1
            return None


def visitor(person: Person) -> Visitor:
    """Return who somebody is when they come again: without a cookie, nobody that anyone knows."""
    identity = person.identity if person.cookies else ""
    return Visitor(person.name, person.cookies, identity)
