"""Staff at a real server: their accounts, and what their pages say and hear on the socket."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.support.server import Server
from tests.support.waiting import DEADLINE

MAKE = """
import json
from django.contrib.auth.models import Permission, User
from django.test import Client
made = {{}}
for name, staff, permissions in json.loads('{people}'):
    as_new = dict(is_staff=staff, is_active=True)
    user, _ = User.objects.update_or_create(username=name, defaults=as_new)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    made[name] = client.cookies['sessionid'].value
print(json.dumps(made))
"""

VIEW = ["view_board"]


def make_people(server: Server, **people: list[str] | None) -> dict[str, str]:
    """Make staff with permissions, by their codenames, or (None) others, and return the keys of
    their sessions."""
    told = json.dumps([(name, may is not None, may or []) for name, may in people.items()])
    said = server.manage("shell", "--no-imports", "-c", MAKE.format(people=told))
    made: dict[str, str] = json.loads(said.splitlines()[-1])
    return made


def change(server: Server, statement: str, *values: str, rows: int = 1) -> None:
    """Change so many rows in the server's database."""
    path = server.environment["DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, timeout=10)) as database, database:
        assert database.execute(statement, values).rowcount == rows, statement


class StaffPage:
    """One socket of a page of the admin. `frames` is everything that came, with when; `rows` and
    `overview` are what the page shows by it."""

    def __init__(self, socket: ClientConnection) -> None:
        self.frames: list[tuple[float, dict[str, Any]]] = []
        self.rows: dict[str, int | None] = {}
        self.board: dict[str, Any] = {}
        self.overview: dict[str, Any] = {}
        self._socket = socket
        self._news = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    @property
    def close_code(self) -> int | None:
        """The close code, None while the socket is open."""
        return self._socket.close_code

    async def watch(self, **said: Any) -> None:
        """Say what is watched."""
        await self.send(json.dumps({"site": "admin", "model": "presence_site.board", **said}))

    async def send(self, data: str | bytes) -> None:
        """Send something as it is."""
        await self._socket.send(data)

    async def until(self, true: Callable[[], object], what: str, within: float = DEADLINE) -> None:
        """Wait until something is true of what came."""
        async with self._news:
            try:
                await asyncio.wait_for(self._news.wait_for(lambda: bool(true())), within)
            except TimeoutError:
                raise AssertionError(f"not within {within} s: {what}; {self.frames}") from None

    async def closed(self, within: float = DEADLINE) -> int:
        """Wait for the end, and return the close code."""
        await asyncio.wait_for(asyncio.shield(self._reading), within)
        assert self._socket.close_code is not None
        return self._socket.close_code

    async def close(self) -> None:
        """Close as a browser does."""
        await self._socket.close(1000)
        await self._reading

    async def _read(self) -> None:
        with suppress(ConnectionClosed):
            async for data in self._socket:
                frame = json.loads(data)
                async with self._news:
                    self.frames.append((asyncio.get_running_loop().time(), frame))
                    self.rows |= frame.get("rows") or {}
                    if "board" in frame:
                        self.board = merged(self.board, frame["board"])
                    self.overview = frame.get("overview", self.overview)
                    self._news.notify_all()


class StaffPages:
    """Opens such sockets, and closes them all in the end."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._open: list[StaffPage] = []

    async def connect(self, session: str = "", **how: Any) -> StaffPage:
        """Open a socket, for whoever a session is of."""
        url = f"ws://127.0.0.1:{self.server.port}/ws/presence/staff/"
        headers = {"Cookie": f"sessionid={session}"} if session else {}
        how = {"origin": self.server.origin, "additional_headers": headers, **how}
        page = StaffPage(await connect(url, compression=None, ping_interval=None, **how))
        self._open.append(page)
        return page

    async def close(self) -> None:
        """Close what is still open."""
        await asyncio.gather(*(page.close() for page in self._open))


def merged(before: dict[str, Any], told: dict[str, Any] | None) -> dict[str, Any]:
    """Return what a page knows of a board that is told a change: of people and cursors by key, None
    for who is gone; nothing where nobody knows."""
    if told is None:
        return {}
    now = before | told
    for part in told.keys() & {"people", "cursors"}:
        whole = before.get(part, {}) | told[part]
        now[part] = {key: value for key, value in whole.items() if value is not None}
    return now
