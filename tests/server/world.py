"""Several processes on one loop, over one store and one channel layer that can be slow, fail, and
lose what is said."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

from channels.layers import InMemoryChannelLayer

from presence.cluster.messages import Post, unpack
from presence.protocol.board_ids import group_name
from presence.protocol.messages import (
    PresenceUpdate,
    Roster,
    States,
    UserJoined,
    UserLeft,
    UserState,
    Welcome,
)
from presence.server.events import Event
from presence.server.hub import Hub
from presence.server.operations import Heard, Operations
from presence.store.base import Timing
from presence.store.memory import MemoryStore
from tests.server.harness import BOARD, Process, Seam, Socket, pass_time

TIMING = Timing(lease=6.0)

RENEWAL = TIMING.lease / 3 + 1
"""Seconds within which every process renews: a third of a lease, and until the next sweep."""

MENDED = 10.0
"""Seconds within which the counts are true again."""


Message = dict[str, Any]


def never(message: Message) -> bool:
    """Lose no message."""
    return False


class LayerSeam:
    """A layer of Channels' that hangs while `open` is clear, fails while it is `away`, and loses,
    silently, the messages that `loses` says. `sent` are the groups and messages that were not.

    It fails to receive while it is `deaf`. `late` is in how many seconds a group is joined, of
    which, as of Redis's, the layer does not wait for the end.
    """

    def __init__(self) -> None:
        self.inner: Any = InMemoryChannelLayer()
        self.open = asyncio.Event()
        self.open.set()
        self.away = False
        self.loses: Callable[[Message], bool] = never
        self.deaf = False
        self.late = 0.0
        self.sent: list[tuple[str, Message]] = []
        self._joining: dict[tuple[str, str], asyncio.Task[None]] = {}

    def members(self, group: str) -> int:
        """Return how many channels a group has."""
        return len(self.inner.groups.get(group, {}))

    def sharing(self, board: UUID = BOARD) -> int:
        """Return how many processes are in a board's group."""
        return self.members(group_name(board))

    def posts(self, group: str) -> list[Post]:
        """Return what was said to a group, but for what processes say to themselves and what says
        nothing."""
        said = [unpack(said) for to, said in self.sent if to == group and "echo" not in said]
        return [post for post in said if post]

    async def new_channel(self) -> str:
        await self._pass()
        channel: str = await self.inner.new_channel()
        return channel

    async def receive(self, channel: str) -> Message:
        if self.deaf:
            raise ConnectionError("the layer is deaf")
        message: Message = await self.inner.receive(channel)
        return message

    async def send(self, channel: str, message: Message) -> None:
        await self._pass()
        await self.inner.send(channel, message)

    async def group_add(self, group: str, channel: str) -> None:
        await self._pass()
        if not self.late:
            await self.inner.group_add(group, channel)
        elif (group, channel) not in self._joining:
            self._joining[group, channel] = asyncio.create_task(self._join_late(group, channel))

    async def group_discard(self, group: str, channel: str) -> None:
        await self._pass()
        await self.inner.group_discard(group, channel)

    async def group_send(self, group: str, message: Message) -> None:
        await self._pass()
        if not self.loses(message):
            self.sent.append((group, message))
            await self.inner.group_send(group, message)

    async def _join_late(self, group: str, channel: str) -> None:
        await pass_time(self.late)
        await self.inner.group_add(group, channel)

    async def _pass(self) -> None:
        await self.open.wait()
        if self.away:
            raise ConnectionError("the layer is away")


class World:
    """What the processes share, and the processes. `events` are those that any of them told."""

    def __init__(self) -> None:
        self.store = self._new_store()
        self.layer = LayerSeam()
        self.processes: dict[str, Process] = {}
        self.events: list[Event] = []

    def process(self, name: str) -> Process:
        """Return a process, which is started when it is first asked for."""
        if name not in self.processes:
            seam = Seam(self.store)
            tell = self.events.append
            hub = Hub(seam, name, least=33, timing=TIMING, layer=self.layer, tell=tell)
            self.processes[name] = Process(hub, seam)
        return self.processes[name]

    async def joined(self, name: str, person: str, **how: Any) -> Socket:
        """Have a person join, on a process; everybody has heard of it, and a quiet tick passed."""
        socket = await self.process(name).socket(person, **how).join(person.title())
        await pass_time(0.2)
        return socket

    def operations(self, name: str = "") -> Operations:
        """Return staff on a process, or, unnamed, on none."""
        hub = self.processes[name].hub if name else None
        return Operations(self.store, self.layer, hub, self.events.append, Heard())

    def told(self) -> list[Event]:
        """Return the events since the last call."""
        told, self.events[:] = [*self.events], []
        return told

    async def die(self, name: str) -> None:
        """End a process without a word: its sockets, its lease and its relay stay as they are."""
        await self.processes[name].hub.close()

    def lose_everything(self) -> None:
        """Empty the store, as a FLUSHALL does."""
        self.store = self._new_store()
        for process in self.processes.values():
            process.seam.inner = self.store

    async def close(self) -> None:
        """End every process."""
        self.layer.open.set()
        for process in self.processes.values():
            process.seam.open.set()
            await process.hub.close()

    def _new_store(self) -> MemoryStore:
        return MemoryStore(asyncio.get_running_loop().time, TIMING)


async def quiet(*sockets: Socket) -> None:
    """Let everything be told, and forget it."""
    await pass_time(1)
    for socket in sockets:
        socket.heard()


def comings(socket: Socket) -> list[object]:
    """What a socket has heard since it was last asked, of who comes and goes."""
    kinds = (UserJoined, UserLeft, PresenceUpdate, Roster, Welcome)
    return [message for message in socket.heard() if isinstance(message, kinds)]


def roster(socket: Socket) -> dict[int, str]:
    """Who else is on the board, as a socket knows it from all it has heard."""
    known: dict[int, str] = {}
    for message in socket.messages:
        if isinstance(message, Roster):
            known = {entry.user: entry.name for entry in message.users}
        elif isinstance(message, UserJoined):
            known[message.user] = message.name
        elif isinstance(message, UserLeft):
            del known[message.user]
    known.pop(socket.welcome.user, None)
    return known


def states(socket: Socket) -> dict[int, UserState]:
    """What people do, as a socket knows it from all it has heard."""
    known: dict[int, UserState] = {}
    for message in socket.messages:
        if isinstance(message, Roster):
            known = {entry.user: entry.state for entry in message.users}
        elif isinstance(message, UserJoined):
            known[message.user] = UserState.ACTIVE
        elif isinstance(message, States):
            known |= dict(message.states)
    return known


def agree(**people: Socket) -> bool:
    """Return whether everybody knows everybody else, and how many they are."""
    names = {socket.welcome.user: name.title() for name, socket in people.items()}
    for socket in people.values():
        others = {user: name for user, name in names.items() if user != socket.welcome.user}
        if (roster(socket), socket.count) != (others, len(people)):
            return False
    return len(names) == len(people)


async def three(world: World) -> dict[str, Socket]:
    """Return people on three processes, with nothing left to hear."""
    people = {
        "ada": await world.joined("one", "ada"),
        "bob": await world.joined("two", "bob"),
        "cy": await world.joined("three", "cy"),
    }
    await quiet(*people.values())
    return people
