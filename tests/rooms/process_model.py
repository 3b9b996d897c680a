"""A model of one process that serves boards: an event loop with costs, and clients that move.

Nothing here runs by the clock. Times are whole nanoseconds, so that a run is the same every time.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from itertools import count
from math import ceil, inf
from random import Random
from typing import NamedTuple

from presence.rooms.pacing import LAG_EVERY, Pacing

SECOND = 1_000_000_000
MILLISECOND = 1_000_000

RECEIVE_SOCKET, RECEIVE_FRAME = 6_000, 2_000
"""Cost of reading one socket, and of each frame that waits there."""

FLUSH, FLUSH_MOVE, FLUSH_SOCKET = 5_000, 200, 4_500
"""Cost of one flush, and of each move and each socket in it."""

WAY = 25 * MILLISECOND
"""From a client to the process, and back."""

SLICE = 7_300_000
"""Another program on the machine gets its share of the core at the beginning of each slice."""


@dataclass(eq=False)
class Board:
    """A board of which nobody leaves. `told` has each RATE with the time at which clients know."""

    sockets: int
    rate: int = 0
    told: list[tuple[int, int]] = field(default_factory=list)
    moved: "dict[Client, int]" = field(default_factory=dict)
    flushed: int = -SECOND
    waits: bool = False

    def rate_known(self, time: int) -> int:
        """The RATE that clients knew at a time; 0 before the first one."""
        for known, rate in reversed(self.told):
            if known <= time:
                return rate
        return 0


@dataclass(eq=False)
class Client:
    """Someone who moves from `begin` to `end`, every `pause`, or every RATE if that is longer."""

    board: Board
    pause: int
    obeys: bool
    end: float


class Told(NamedTuple):
    """A move that a flush told: when it arrived, and how long it waited."""

    board: Board
    arrived: int
    waited: int


class Process:
    """One core, of which another program takes the share `taken(seconds)`."""

    def __init__(self, taken: Callable[[float], float] = lambda seconds: 0.0) -> None:
        self.pacing = Pacing()
        self.boards: list[Board] = []
        self.told: list[Told] = []
        self.cpu = 0
        self._taken = taken
        self._now = 0
        self._random = Random(12)
        self._order = count()
        self._sends: list[tuple[int, int, Client]] = []
        self._timers: list[tuple[int, int, Callable[[], None]]] = []
        self._look_at_lag(0)

    @property
    def seconds(self) -> float:
        return self._now / SECOND

    def add(
        self,
        people: int,
        boards: int,
        moves: float,
        *,
        obey: bool = True,
        begin: float = 0.0,
        end: float = inf,
    ) -> list[Board]:
        """Add boards on which everybody moves so many times a second."""
        pause = round(SECOND / moves)
        added = [Board(people) for _ in range(boards)]
        for board in added:
            for _ in range(people):
                first = round(begin * SECOND) + self._random.randrange(pause)
                self._send_at(first, Client(board, pause, obey, end * SECOND))
        self.boards += added
        return added

    def run(self, until: float) -> None:
        """Run the event loop, turn by turn, until so many seconds."""
        end = round(until * SECOND)
        while self._now < end:
            arrival = self._sends[0][0] + WAY if self._sends else end
            self._now = max(self._now, min(arrival, self._timers[0][0], end))
            self._work(0)
            moved = self._receive()
            began = self._now
            while self._timers[0][0] <= began:
                due, _, run = heappop(self._timers)
                self.pacing.note_lag((began - due) / SECOND, began / SECOND)
                run()
            for board in moved:
                self._flush_soon(board)

    def _work(self, cost: int) -> None:
        """Use the core for so long, beside the other program."""
        self.cpu += cost
        while True:
            phase = self._now % SLICE
            begin = round(self._taken(self.seconds) * SLICE)
            if phase < begin:
                self._now += begin - phase
                phase = begin
            if cost <= SLICE - phase:
                self._now += cost
                return
            cost -= SLICE - phase
            self._now += SLICE - phase

    def _receive(self) -> list[Board]:
        """Read all that is there; return the boards on which somebody moved."""
        now, frames = self._now, 0
        moved: dict[Board, None] = {}
        clients: set[Client] = set()
        while self._sends and self._sends[0][0] + WAY <= now:
            sent, _, client = heappop(self._sends)
            frames += 1
            clients.add(client)
            moved[client.board] = None
            client.board.moved[client] = sent + WAY
            rate = client.board.rate_known(sent) * MILLISECOND if client.obeys else 0
            uneven = round(client.pause * self._random.uniform(0.9, 1.1))
            self._send_at(sent + max(uneven, rate), client)
        self._work(len(clients) * RECEIVE_SOCKET + frames * RECEIVE_FRAME)
        return list(moved)

    def _flush_soon(self, board: Board) -> None:
        if board.waits or not board.moved:
            return
        due = board.flushed + round(self.pacing.window(board.sockets, self.seconds) * SECOND)
        if due <= self._now:
            self._flush(board)
        else:
            board.waits = True
            self._call_at(due, partial(self._flush, board))

    def _flush(self, board: Board) -> None:
        board.waits, board.flushed, now = False, self._now, self.seconds
        moves = len(board.moved)
        self.pacing.moved(moves * board.sockets, board.rate, now)
        rate = self.pacing.interval(board.sockets, board.rate, now)
        self._work(FLUSH + moves * FLUSH_MOVE + board.sockets * FLUSH_SOCKET)
        if rate != board.rate:
            board.rate = rate
            board.told.append((self._now + WAY, rate))
        self.told += [Told(board, at, self._now - at) for at in board.moved.values()]
        board.moved.clear()

    def _look_at_lag(self, due: int) -> None:
        every = round(LAG_EVERY * SECOND)
        due += every * max(1, ceil((self._now - due) / every))
        self._call_at(due, partial(self._look_at_lag, due))

    def _send_at(self, time: int, client: Client) -> None:
        if time < client.end:
            heappush(self._sends, (time, next(self._order), client))

    def _call_at(self, time: int, run: Callable[[], None]) -> None:
        heappush(self._timers, (time, next(self._order), run))
