"""Keeps what this process believes of its boards true to the store, and tells the other processes
to do the same.

Nothing of a membership travels between processes: whoever changes it says "look", and the others
read the store. So a message that is lost, or comes twice, can make nothing wrong for longer than
until the next renewal, which compares versions.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Mapping
from typing import Any
from uuid import UUID

from presence.cluster.broker import Relay
from presence.cluster.layer import Layer
from presence.cluster.lease import Lease
from presence.cluster.messages import Post
from presence.protocol.errors import TryLater
from presence.rooms.seats import Activity
from presence.server.board import LiveRoom, Look
from presence.store.base import Admission, BoardSummary, Departure, Member, Snapshot, Store

logger = logging.getLogger(__name__)

AT_ONCE = 16
"""Boards that are read from the store at the same time."""

Queue = Callable[[LiveRoom, Coroutine[Any, Any, None]], None]
"""Carries an operation on a board out in its turn."""


class Sync:
    """One process among others; `layer` is None where there are none. `rooms` are the hub's, and
    `lease` is the process's; `departed` is called with who is off a board now. In `patience`
    seconds every living process has put its people back into a store that was out of reach or lost
    them.
    """

    def __init__(
        self,
        store: Store,
        process: str,
        layer: Layer | None,
        rooms: Mapping[UUID, LiveRoom],
        queue: Queue,
        lease: Lease,
        departed: Callable[[UUID, Departure], None],
        *,
        patience: float,
    ) -> None:
        self._store = store
        self._process = process
        self._rooms = rooms
        self._queue = queue
        self._lease = lease
        self._on_departed = departed
        self._patience = patience
        self._doubt: asyncio.TimerHandle | None = None
        self._due: deque[LiveRoom] = deque()
        self._looks = 0
        self._relay = (
            Relay(layer, process, self._heard, self._on_gap, report=self._report) if layer else None
        )

    @property
    def doubtful(self) -> bool:
        """True while people whom the store does not know may only be late."""
        return self._doubt is not None

    def doubt(self) -> None:
        """Take nobody for gone until `patience` is over."""
        if self._doubt is not None:
            self._doubt.cancel()
        self._doubt = asyncio.get_running_loop().call_later(self._patience, self._trust)

    def post(self, board: UUID, post: Post) -> None:
        """Say something of a board to the other processes that hold people of it."""
        if self._relay is not None:
            self._relay.post(board, post)

    def changed(self, live: LiveRoom, version: int) -> None:
        """Take in that this process changed a board's membership, which came to `version`."""
        if live.version not in (0, version - 1):
            self.look_soon(live)
        live.version = max(live.version, version)
        if live.others:
            self.post(live.board, Post(look=True))

    async def enter(self, live: LiveRoom, admission: Admission) -> None:
        """Take in that this process puts somebody on a board, who is yet to be admitted.

        To be called in the board's turn. Everybody else on the board is seen before this returns.
        """
        first = not live.version
        self.changed(live, admission.version)
        if first and self._relay is not None and admission.processes == {self._process}:
            # People may be there whose process died: nobody else tells of them.
            await self._see_if_possible(live)
        await self.meet(live, admission.processes)

    async def meet(self, live: LiveRoom, processes: Collection[str]) -> None:
        """Take in which processes hold people of a board: join its group while others do.

        To be called in the board's turn. What the store says is seen before this returns.
        """
        others = frozenset(processes) - {self._process}
        if self._relay is None or others == live.others:
            return
        live.others = others
        live.greeted &= others
        self._relay.keep(live.board, others)
        if not others:
            await self._relay.close(live.board)
        elif live.board not in self._relay.open_boards:
            await self._open(live, self._relay)

    def compare(self, summaries: Mapping[UUID, BoardSummary]) -> None:
        """Look at every board that stands otherwise than this process believes."""
        if self._relay is not None:
            # Who holds a lease can be asked what it serves (`inquiry`).
            self._relay.start()
        for board, live in self._rooms.items():
            standing = summaries.get(board)
            if standing is None:
                # Not ours in the store's eyes: as long as we serve nobody there, rightly so.
                differs = live.room.serving
            else:
                others = standing.processes - {self._process}
                differs = (standing.version, others) != (live.version, live.others)
            if differs or live.unsure:
                self.look_soon(live)
            self._say_hello(live)

    def look_soon(self, live: LiveRoom) -> None:
        """Read a board from the store, in its turn."""
        if live.look is Look.NONE:
            live.look = Look.DUE
            self._due.append(live)
            self._begin_looks()
        elif live.look is Look.UNDER_WAY:
            live.look = Look.AGAIN

    async def close(self) -> None:
        """Wait until what was said is sent, and end."""
        if self._doubt is not None:
            self._doubt.cancel()
        if self._relay is not None:
            await self._relay.stop()

    def _begin_looks(self) -> None:
        """A store that lost everything is asked of a few boards at a time: it has other things to
        do, and so have the boards."""
        while self._due and self._looks < AT_ONCE:
            self._looks += 1
            live = self._due.popleft()
            self._queue(live, self._look(live))

    async def _look(self, live: LiveRoom) -> None:
        live.look = Look.UNDER_WAY
        try:
            await self._read(live)
        except TryLater:
            live.unsure = True
            raise
        finally:
            again, live.look = live.look is Look.AGAIN, Look.NONE
            if again:
                self.look_soon(live)
            live.hear_deferred()
            self._looks -= 1
            self._begin_looks()

    async def _read(self, live: LiveRoom) -> None:
        # One that was asleep past its lease must not put its people back only to lose them again.
        await self._lease.renew()
        snapshot = await self._see(live)
        await self._take_off_strangers(live, snapshot)
        if not live.doubted:
            await self.meet(live, snapshot.processes)

    async def _take_off_strangers(self, live: LiveRoom, snapshot: Snapshot) -> None:
        """Take off the board whom the store has for people of this process, and nobody here serves:
        a store that fell back to what it knew a while ago does not know that they left."""
        for member in snapshot.members:
            if member.process == self._process and member.session not in live.room:
                logger.warning("the store had a session of board %s that has left", live.board)
                departure = await self._store.leave(live.board, member.session)
                self._on_departed(live.board, departure)
                live.room.people = departure.people
                self.changed(live, departure.version)
                live.stir()

    async def _see(self, live: LiveRoom) -> Snapshot:
        snapshot = await self._store.snapshot(live.board)
        live.expel(snapshot.removed)
        lost = live.lost(snapshot)
        if lost:
            logger.warning("the store had lost %d sessions of board %s", len(lost), live.board)
            snapshot = await self._put_back(live, lost)
            live.expel(snapshot.removed)
            # The other processes put theirs back too. Until they have, nobody is taken for gone.
            self.doubt()
            self.post(live.board, Post(look=True))
        if lost or live.unsure:
            live.room.tell_everything()
        live.unsure, live.doubted = False, self.doubtful
        live.see(snapshot, self._process, all_back=not self.doubtful)
        return snapshot

    async def _put_back(self, live: LiveRoom, lost: list[Member]) -> Snapshot:
        snapshot = await self._store.restore(live.board, lost)
        if live.lost(snapshot):
            # Our lease was lost as well, without which nobody of ours counts.
            await self._lease.renew(anyway=True)
            snapshot = await self._store.restore(live.board, lost)
        return snapshot

    async def _see_if_possible(self, live: LiveRoom) -> None:
        try:
            await self._see(live)
        except TryLater as error:
            # Nobody has to wait for it: the next renewal looks again.
            logger.warning("board %s is not known yet: %s", live.board, error)
            live.unsure = True

    async def _open(self, live: LiveRoom, relay: Relay) -> None:
        try:
            await relay.open(live.board)
        except TryLater as error:
            # The store answers, so people may come; the next renewal tries again.
            logger.warning("board %s is not shared yet: %s", live.board, error)
            live.others = frozenset()
        live.greeted.clear()
        # Whatever happened before the group was joined, the store knows.
        await self._see_if_possible(live)
        self._say_hello(live)

    def activity(self, board: UUID) -> Activity:
        """Return what the people of a board do whom this process serves."""
        live = self._rooms.get(board)
        return live.room.activity() if live else Activity()

    def hear(self, board: UUID, post: Post) -> None:
        """Take in what somebody says of a board who holds nobody there."""
        self._heard(board, self._process, post)

    def _report(self, question: Mapping[str, Any]) -> dict[str, Any]:
        if "board" in question:
            return self.activity(UUID(question["board"])).packed()
        rooms = {board.hex: live for board, live in self._rooms.items()}
        return {
            "sessions": {b: list(live.room.members(elsewhere=False)) for b, live in rooms.items()},
            "told": {board: live.room.told_people for board, live in rooms.items()},
            "versions": {board: live.version for board, live in rooms.items()},
        }

    def _heard(self, board: UUID, process: str, post: Post) -> None:
        live = self._rooms.get(board)
        if live is None:
            return
        if post.hello:
            self._queue(live, self._greet(live, process))
        if post.look or post.hello:
            self.look_soon(live)
        if post.restart:
            live.restart()
        if post.whole:
            live.greeted.add(process)
        if post.cursors or post.states:
            live.hear(process, post)

    async def _greet(self, live: LiveRoom, process: str) -> None:
        if not live.room.serving:
            return
        await self.meet(live, live.others | {process})
        cursors, states = live.room.doings()
        self._tell(process, live.board, Post(cursors=cursors, states=states, whole=True))

    def _trust(self) -> None:
        self._doubt = None
        for live in self._rooms.values():
            if live.doubted or live.unsure:
                self.look_soon(live)

    def _on_gap(self, board: UUID | None) -> None:
        rooms = self._rooms.values() if board is None else filter(None, [self._rooms.get(board)])
        for live in rooms:
            if live.others:
                live.unsure = True
                self.look_soon(live)
                live.greeted.clear()
                self._say_hello(live)

    def _say_hello(self, live: LiveRoom) -> None:
        """Ask those who have yet to say it what their people do. Again with each renewal: what is
        said may be lost."""
        for process in live.others - live.greeted:
            self._tell(process, live.board, Post(hello=True))

    def _tell(self, process: str, board: UUID, post: Post) -> None:
        if self._relay is not None:
            self._relay.tell(process, board, post)
