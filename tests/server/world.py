"""Several processes on one loop, over one store and one channel layer that can be slow, fail, and
lose messages."""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from typing import Any

from presence.protocol.messages import PresenceUpdate, Roster, UserJoined, UserLeft, Welcome
from presence.server.events import Event
from presence.server.hub import SWEEP_EVERY, Hub
from presence.server.operations import Operations, RecentActivity
from presence.store.base import Timing
from presence.store.memory import MemoryStore
from tests.server.harness import Process, Seam, Socket, pass_time
from tests.support.layer import LayerSeam

TIMING = Timing(lease=6.0)

RENEWAL = TIMING.lease / 3 + SWEEP_EVERY + 0.1
"""Seconds within which every process has renewed: a third of a lease, and until the next sweep."""

MENDED = 10.0
"""Seconds within which the counts are true again."""


class World:
    """What the processes share, and the processes. `events` are those that any of them told."""

    def __init__(self, *, direct: bool = False, timing: Timing = TIMING) -> None:
        self.timing = timing
        self.store = self._new_store()
        self._direct = direct
        self.layer = LayerSeam()
        self.processes: dict[str, Process] = {}
        self.events: list[Event] = []

    def process(self, name: str) -> Process:
        """Return a process; the first call starts it."""
        if name not in self.processes:
            seam: Any = Seam(self.store)
            tell = self.events.append
            hub = Hub(seam, name, least=33, timing=self.timing, layer=self.layer, tell=tell)
            self.processes[name] = Process(hub, seam, direct=self._direct)
        return self.processes[name]

    async def joined(self, name: str, person: str, **how: Any) -> Socket:
        """Have a person join on a process, let everybody be told, and let a quiet tick pass."""
        socket = await self.process(name).socket(person, **how).join(person.title())
        await pass_time(0.2)
        return socket

    def operations(self, name: str = "") -> Operations:
        """Return staff on a process, or on none."""
        hub = self.processes[name].hub if name else None
        return Operations(self.store, self.layer, hub, self.events.append, RecentActivity())

    def told(self) -> list[Event]:
        """Return the events since the last call."""
        told, self.events[:] = [*self.events], []
        return told

    async def die(self, name: str) -> None:
        """End a process without a word: its sockets, its lease and its groups stay as they are."""
        await self.processes[name].hub.close()

    @contextmanager
    def cut_off(self, *names: str, late: Collection[str] = ()) -> Iterator[None]:
        """Hold the stores of some processes, or of all, until the block ends."""
        with ExitStack() as held:
            for name in names or self.processes:
                held.enter_context(self.processes[name].seam.hold(*late))
            yield

    def lose_everything(self) -> None:
        """Empty the store, as a FLUSHALL does."""
        self._replace_store(self._new_store())

    def _replace_store(self, store: MemoryStore) -> None:
        self.store = store
        for process in self.processes.values():
            process.seam.inner = store

    @contextmanager
    def forgotten(self) -> Iterator[None]:
        """Have the store fall back, when the block ends, to what it is now."""
        clock = self.store._clock
        before = deepcopy(self.store, {id(clock): clock})
        yield
        self._replace_store(before)

    async def close(self) -> None:
        """End every process."""
        self.layer.open.set()
        for process in self.processes.values():
            await process.close()

    def _new_store(self) -> MemoryStore:
        return MemoryStore(asyncio.get_running_loop().time, self.timing)


async def quiet(*sockets: Socket) -> None:
    """Let everything be told, and forget it."""
    await pass_time(1)
    for socket in sockets:
        socket.heard()


def comings(socket: Socket) -> list[object]:
    """Return what a socket has heard of joins and leaves since it was last asked."""
    kinds = (UserJoined, UserLeft, PresenceUpdate, Roster, Welcome)
    return [message for message in socket.heard() if isinstance(message, kinds)]


def roster(socket: Socket) -> dict[int, str]:
    """Return the names of the others on the board, as a socket knows them."""
    users = socket.view.users.items()
    return {user: name for user, (name, _) in users if user != socket.welcome.user}


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
