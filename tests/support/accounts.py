"""Accounts, guests and tokens of a real site."""

import json
import sqlite3
import time
from contextlib import closing
from unittest.mock import patch

from presence import tokens
from presence.guests import new_guest, sign_guest
from tests.support.server import Server

SIGN_IN = """
import json
from django.contrib.auth.models import Permission, User
from django.test import Client
made = {{}}
for name, staff, permissions in json.loads('{people}'):
    user, _ = User.objects.get_or_create(username=name)
    if not user.is_superuser:
        User.objects.filter(pk=user.pk).update(is_staff=staff, is_active=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    made[name] = client.cookies['sessionid'].value
print(json.dumps(made))
"""

VIEW = ["view_board"]
EVERYTHING = [
    *VIEW, "change_board", "remove_person", "close_board", "reconnect_board", "view_user",
    "view_overview",
]  # fmt: skip
"""All that staff may do about the people on boards."""


def sign_in(server: Server, **people: list[str] | None) -> dict[str, str]:
    """Return session keys by user name; missing users are created.

    They are staff with permissions, by their codenames, or (None) others; the demo data's
    superuser `admin` stays what it is.
    """
    told = json.dumps([(name, may is not None, may or []) for name, may in people.items()])
    said = server.manage("shell", "--no-imports", "-c", SIGN_IN.format(people=told))
    sessions: dict[str, str] = json.loads(said.splitlines()[-1])
    return sessions


def change(server: Server, statement: str, *values: str, rows: int = 1) -> None:
    """Change so many rows in the server's SQLite database."""
    path = server.environment["DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, timeout=10)) as database, database:
        assert database.execute(statement, values).rowcount == rows, statement


def guest_cookie() -> str:
    """Return the cookie of a new guest."""
    return f"presence_guest={sign_guest(new_guest())}"


def issue(board: str, origin: str, person: str = "7", name: str = "", age: float = 0) -> str:
    """Return a token that the site issued `age` seconds ago."""
    now = time.time() - age
    with patch("time.time", lambda: now):
        return tokens.issue(board, origin=origin, person=person, name=name)
