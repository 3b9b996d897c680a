"""People on the boards of many processes: what each was told, and what is true."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from uuid import UUID

from presence.guests import new_guest, sign_guest
from presence.protocol.messages import (
    CursorBroadcast,
    PresenceUpdate,
    Roster,
    ServerMessage,
    States,
    UserJoined,
    UserLeft,
    UserState,
    Welcome,
)
from presence.store.redis.store import RedisStore
from tests.support.cluster import Cluster
from tests.support.waiting import DEADLINE, POLL
from tests.support.wire import Client, Clients


def guest_cookie() -> str:
    """Return the cookie of a guest nobody has seen before."""
    return f"presence_guest={sign_guest(new_guest())}"


async def agreed(look: Callable[[], Awaitable[str]], within: float = DEADLINE) -> None:
    """Wait until `look` has nothing to complain of, or fail with its complaint."""
    end = time.monotonic() + within
    while complaint := await look():
        assert time.monotonic() < end, f"not within {within} s: {complaint}"
        # There is no one event to wait for: the store is looked at too.
        await asyncio.sleep(POLL * 5)


class Person:
    """One socket on one board, and the board as it was told: as PROTOCOL.md has a client do it, a
    ROSTER replaces everything and the rest are changes to it.

    `identity` is what all sockets of one person share; the cookies, unless said otherwise.
    """

    def __init__(
        self,
        client: Client,
        process: int,
        board: str,
        name: str,
        cookies: str,
        identity: str = "",
    ) -> None:
        self.client = client
        self.process = process
        self.board = board
        self.name = name
        self.cookies = cookies
        self.identity = identity or cookies or str(id(self))
        self.user = -1
        self.count = 0
        self.rosters = 0
        self.users: dict[int, str] = {}
        self.states: dict[int, UserState] = {}
        self.positions: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self._heard = 0

    def listen(self) -> "Person":
        """Take in what has come since."""
        news = self.client.messages[self._heard :]
        self._heard += len(news)
        for message in news:
            self._take(message)
        return self

    def others(self) -> dict[int, str]:
        """Return who else is here, by user id: a later ROSTER may hold the reader too."""
        return {user: name for user, name in self.listen().users.items() if user != self.user}

    def told_of(self, users: set[int]) -> list[str]:
        """Return what this client was told of some users, cursors and states aside."""
        told = []
        for number, message in enumerate(self.client.messages):
            match message:
                case UserJoined(_, user) | UserLeft(_, user) if user in users:
                    told.append(f"{number} {message}")
                case Welcome() | PresenceUpdate():
                    told.append(f"{number} {message}")
                case Roster(_, entries):
                    here = [(entry.user, entry.name) for entry in entries if entry.user in users]
                    told.append(f"{number} ROSTER {here}")
        return told

    def comings_and_goings(self) -> int:
        """Return how often this client was told that somebody came or went."""
        return len(self.client.all(UserJoined)) + len(self.client.all(UserLeft))

    async def until(
        self, true: Callable[["Person"], object], what: str, within: float = 15
    ) -> None:
        """Wait until something is true of the board as this client has it."""
        await self.client.until(lambda: true(self.listen()), f"{self.name}: {what}", within)

    def _take(self, message: ServerMessage) -> None:
        match message:
            case Welcome(_, user):
                self.user = user
            case Roster(_, users):
                self.rosters += 1
                self.users = {entry.user: entry.name for entry in users}
                self.states = {entry.user: entry.state for entry in users}
            case UserJoined(_, user, name):
                # For an id that is here already: its person goes on under another name.
                self.users[user] = name
                self.states[user] = UserState.ACTIVE
            case UserLeft(_, user):
                assert user in self.users, f"{self.name}: {user} left and was not here"
                del self.users[user]
            case PresenceUpdate(_, count):
                self.count = count
            case States(states):
                self.states |= dict(states)
            case CursorBroadcast(cursors):
                for cursor in cursors:
                    self.positions[cursor.user].append((cursor.x, cursor.y))


class Crowd(list[Person]):
    """Those who are on a board now."""

    def __init__(self, cluster: Cluster, store: RedisStore) -> None:
        super().__init__()
        self.cluster = cluster
        self.store = store
        self._everybody: list[Client] = []

    async def join(
        self, process: int, board: str, name: str, cookies: str = "", identity: str = ""
    ) -> Person:
        """Put a person on a board through a process."""
        clients = Clients(self.cluster.servers[process], board)
        client = await clients.connect(cookies=cookies)
        self._everybody.append(client)
        await client.join(name)
        person = Person(client, process, board, name, cookies, identity).listen()
        self.append(person)
        return person

    async def pairs(self, board: str, processes: Iterable[int] = range(3)) -> list[list[Person]]:
        """Put two people on a board through each process, and wait until all know of all."""
        pairs = [[await self.join(n, board, f"{who}{n}") for who in "AB"] for n in processes]
        await self.agree()
        return pairs

    def gone(self, *people: Person) -> None:
        """Note that people are on their board no more."""
        for person in people:
            self.remove(person)

    async def agree(self, within: float = DEADLINE) -> None:
        """Wait until what everybody was told, and what the store has, is what is true."""
        await agreed(self.complaint, within)

    async def complaint(self) -> str:
        """Return the first thing that is not as it should be, empty where there is none."""
        boards = {person.board for person in self}
        for board in sorted(boards):
            if complaint := await self._of_board(board):
                return f"{complaint}; in the store: {await self.store.snapshot(UUID(board))}"
        return ""

    async def _of_board(self, board: str) -> str:
        here = [person.listen() for person in self if person.board == board]
        truth = {person.user: person.name for person in here}
        count = len({person.identity for person in here})
        if len(truth) < len(here):
            return f"a user id was given twice: {[(p.user, p.name) for p in here]}"
        for person in here:
            others = {user: name for user, name in truth.items() if user != person.user}
            seen = (person.others(), person.count)
            if person.client.close_code is not None:
                return f"the socket of {person.name} is closed: {person.client.close_code}"
            if seen != (others, count):
                wrong = {user for user, _ in others.items() ^ person.others().items()}
                told = {(p.name, p.process): p.told_of(wrong) for p in here}
                return (
                    f"{person.name} of {person.process} sees {seen}, not {(others, count)}: {told}"
                )
        return await self._in_store(board, truth, count)

    async def _in_store(self, board: str, truth: dict[int, str], count: int) -> str:
        snapshot = await self.store.snapshot(UUID(board))
        counts = await self.store.counts([UUID(board)])
        stored = {member.user: member.name for member in snapshot.members}
        if (stored, snapshot.people, counts[UUID(board)]) == (truth, count, count):
            return ""
        return f"the store has {stored}, {snapshot.people} and {counts}, not {truth} and {count}"

    async def close(self) -> None:
        """Close every socket."""
        await asyncio.gather(*(client.close() for client in self._everybody))
