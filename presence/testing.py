"""For the tests of a site: presence without Redis, a server or an event loop of the test's own.

During a test everything that the site asks `presence.api`, in any thread, is answered by a store in
memory that starts empty. A test puts people on boards without sockets. Django's tests get that by
`PresenceTestMixin`, pytest by the fixture `presence` (`presence.pytest_plugin`).
"""

import asyncio
import unittest
from collections.abc import Collection, Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from asgiref.sync import async_to_sync

from presence import page_counts
from presence.auth import forget_answers, permit, visitor_name
from presence.boards import board_of
from presence.guests import guest_person, new_guest, person_key
from presence.protocol.codec import encode, pack_position
from presence.protocol.errors import Forbidden as Forbidden
from presence.protocol.errors import PresenceError, Refused
from presence.protocol.errors import Removed as Removed
from presence.protocol.identity import Visitor
from presence.protocol.messages import Dialect, Join, Leave
from presence.runtime import background_loop, call_from_sync, hub_of_test, on_hub_loop
from presence.server.connection import Connection
from presence.server.hub import Hub
from presence.server.pump import Line
from presence.sessions import ReadOnlySession, session_user

T = TypeVar("T")
if TYPE_CHECKING:
    Base = unittest.TestCase
else:
    Base = object  # A runner would take the mixin for a test case.


class Tab:
    """A tab of a person on a board, without a socket.

    `board` is its UUID, `key` the person's key in `presence.api` and in signals, `name` what others
    see. `close_code` is set when the tab is closed: 4409 after `presence.api.remove`, for example.
    """

    line: Line | None = None
    clogged = False

    def __init__(self, hub: Hub, board: UUID, key: str, name: str) -> None:
        self.board, self.key = board, key
        self._hub = hub
        self._name = name
        self._close_code: int | None = None
        self._connection: _Connection | None = None

    def __repr__(self) -> str:
        return f"<{self.name} ({self.key}) on {self.board}>"

    @property
    def name(self) -> str:
        """The name that others see."""
        return self._name

    @property
    def close_code(self) -> int | None:
        """Why the tab was closed (PROTOCOL.md, "Close codes"), None while it is open."""
        _wait(self._settled())
        return self._close_code

    @property
    def on_board(self) -> bool:
        """Whether the tab is on its board: neither closed nor left."""
        _wait(self._settled())
        return self._connection is not None and bool(self._connection.session_id)

    async def aleave(self) -> None:
        """Leave the board, at once. Does nothing where the tab is on it no more."""

        async def leave() -> None:
            if self._connection is not None:
                self._connection.receive(encode(Leave(0), Dialect.COMPACT))
            await self._settled()

        await on_hub_loop(leave)

    async def amove(self, x: int, y: int) -> None:
        """Move the cursor, to coordinates of 0 to 65535, of the board's width and height."""
        position = pack_position(x, y)

        async def move() -> None:
            if self._connection is not None and self._connection.session_id:
                self._hub.board(self.board).move(self._connection.session_id, position)

        await on_hub_loop(move)

    def leave(self) -> None:
        """See `aleave`."""
        call_from_sync(self.aleave, None)

    def move(self, x: int, y: int) -> None:
        """See `amove`."""
        call_from_sync(self.amove, None, x, y)

    def write(self, frames: Collection[bytes]) -> None:
        """Drop what a browser would be sent."""

    def close_with(self, code: int) -> None:
        """Note that a socket would be closed."""
        self._close_code = code

    async def _join(self) -> None:
        self._connection = _Connection(
            self._hub, self.board, Visitor(self.key, self._name or None), Dialect.COMPACT, self
        )
        self._connection.receive(encode(Join(0, self._name), Dialect.COMPACT))
        await self._settled()
        if self._connection.error is not None:
            raise self._connection.error
        seat = self._hub.board(self.board).room.seats.by_session[self._connection.session_id]
        self._name = seat.member.name

    async def _settled(self) -> None:
        while self._hub.busy:
            await self._hub.settle()


class _Connection(Connection):
    """Stays open without a client that answers, and keeps why it was closed."""

    error: PresenceError | None = None

    def refuse(self, error: PresenceError) -> None:
        self.error = error
        super().refuse(error)

    def sweep(self, now: float) -> None:
        """Check no timeouts."""


class Presence:
    """Puts people on boards, and asks the site's access rule. `presence.api` does all the rest.

    Boards are given as to `presence.api`. Use the sync methods in sync tests, and await the async
    ones in async tests.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def ajoin(self, board: Any, user: Any = None, *, name: str = "") -> Tab:
        """Put somebody on a board, and return their tab. The access rule is not asked.

        `user` is an account, or a tab or a key of `presence.api` for another tab of the same
        person. Without one, a new guest comes. `name` is by default the account's or an anonymous
        one. Raises `Removed` for a person who was removed from the board, and `Forbidden` if it is
        closed.
        """
        key, own_name = _person(user)
        tab = Tab(self._hub, board_of(board), key, name or own_name)
        await on_hub_loop(tab._join)
        return tab

    def join(self, board: Any, user: Any = None, *, name: str = "") -> Tab:
        """See `ajoin`."""
        key, own_name = _person(user)  # here, as a lazy user needs sync code
        return call_from_sync(self.ajoin, None, board, key, name=name or own_name)

    async def amay_join(self, user: Any, board: Any) -> bool:
        """Return whether the site's own rule lets a user onto a board, None being a guest. An error
        of the rule is raised as `TryLater`."""
        try:
            await permit(_guest() if user is None else user, board_of(board))
        except Refused:
            return False
        return True

    def may_join(self, user: Any, board: Any) -> bool:
        """See `amay_join`."""
        return async_to_sync(self.amay_join)(user, board)


@contextmanager
def presence_in_memory() -> Iterator[Presence]:
    """Have presence work in memory in the block, with nobody on any board at first."""
    forget_answers()
    page_counts.breaker.works()
    with hub_of_test() as hub:
        yield Presence(hub)


class PresenceTestMixin(Base):
    """For any test case of Django's or of unittest: `self.presence` is a `Presence`, in `setUp` and
    in tests. Each test starts with empty boards."""

    presence: Presence

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        """Run the test with presence in memory."""
        with presence_in_memory() as self.presence:
            return super().run(result)


def _person(user: Any) -> tuple[str, str]:
    """Return the key and the name of somebody, "" for one that presence makes up."""
    if user is None:
        return guest_person(new_guest()), ""
    if isinstance(user, Tab):
        return user.key, user.name
    name = visitor_name(user) if hasattr(user, "is_authenticated") else None
    return person_key(user), name or ""


def _guest() -> Any:
    return session_user(ReadOnlySession(None))


def _wait(work: Coroutine[Any, Any, T]) -> T:
    """Wait for what needs little time, also in async tests: the loop is another thread's."""
    return asyncio.run_coroutine_threadsafe(work, background_loop()).result()
