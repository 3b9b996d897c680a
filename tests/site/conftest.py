import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import sync_playwright

from presence_site.models import Board, Note

ROOT = Path(__file__).resolve().parents[2]
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


DAPHNE = ["-m", "daphne", "-b", "127.0.0.1", "-p", "0", "presence_site.asgi:application"]


@pytest.fixture
def owner(db):
    return User.objects.create_user("olga", password="pw-olga-1", first_name="Olga", last_name="Ow")


@pytest.fixture
def people(owner):
    """Everyone who may ask, by what they are to a board of Olga's; None is a guest."""
    return {
        "guest": None,
        "user": User.objects.create_user("uma"),
        "owner": owner,
        "staff": User.objects.create_user("stan", is_staff=True),
    }


@pytest.fixture
def open_board(owner):
    return Board.objects.create(title="Open board", owner=owner, open_to_guests=True)


@pytest.fixture
def closed_board(owner):
    return Board.objects.create(title="Closed board", owner=owner)


@pytest.fixture
def note(open_board):
    return Note.objects.create(board=open_board, text="Hello", x=0.25, y=0.5, color="blue")


@pytest.fixture
def signed_in():
    """A browser of a person's; of a guest's for None."""

    def browser(user):
        client = Client()
        if user is not None:
            client.force_login(user)
        return client

    return browser


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The address of a site of its own, with the demo boards."""
    database = tmp_path_factory.mktemp("site") / "db.sqlite3"
    environ = {**os.environ, "DEBUG": "1", "DATABASE_URL": f"sqlite:///{database}"}
    environ |= {"DJANGO_SETTINGS_MODULE": "presence_site.settings", "REDIS_URL": ""}
    for command in (["migrate", "-v0"], ["demo_data"]):
        subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=environ, check=True)
    with subprocess.Popen(
        [sys.executable, *DAPHNE], cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True
    ) as server:
        port = port_of(server)
        # Read on: a server whose log is not read stops when the pipe is full.
        reader = Thread(target=server.stderr.read)
        reader.start()
        yield f"http://127.0.0.1:{port}"
        server.terminate()
        reader.join()


def port_of(server):
    """The port that Daphne chose, out of its log."""
    log = []
    for line in iter(server.stderr.readline, ""):
        log.append(line)
        if found := re.search(r"127\.0\.0\.1:(\d+)", line):
            return found[1]
    pytest.fail("Daphne did not start:\n" + "".join(log))


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
