"""The pictures of the admin in docs/images: the list of boards, with people on some of them, and
the page of one, with who is there."""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Literal
from uuid import UUID

from playwright.sync_api import Browser, Page, ViewportSize, expect

from benchmarks.pictures.past import past
from presence.store.history import MINUTES
from tests.support.accounts import sign_in
from tests.support.clients import inviting
from tests.support.history import write_history
from tests.support.redis import RedisServer
from tests.support.server import Server

BOARDS = {
    "Roadmap": 5,
    "Retrospective": 2,
    "Onboarding": 0,
    "Release 2.0": 1,
    "Ideas for spring": 0,
}
"""Their titles, and how many people are there."""

MAKE = """
from django.contrib.auth.models import User
from presence_site.models import Board
owner = User.objects.get(username="admin")
for title in {titles!r}:
    print(Board.objects.create(title=title, open_to_guests=True, owner=owner).pk)
"""

PEOPLE = {
    "Ada Lovelace": (0.12, 0.2),
    "Brave Otter": (0.55, 0.62),
    "Grace Hopper": (0.7, 0.15),
    "Linus": (0.3, 0.7),
    "محمد علي": (0.42, 0.32),
}
"""Who comes to each board, and where they point."""

LIST: ViewportSize = {"width": 1280, "height": 640}
BOARD: ViewportSize = {"width": 1280, "height": 1040}

SCHEMES: dict[str, Literal["light", "dark"]] = {"": "light", "-dark": "dark"}


def take_admin(browser: Browser, server: Server, redis: RedisServer, folder: Path) -> list[Path]:
    """Take the pictures of the list, the busiest boards first, and of the busiest board; return
    their files."""
    code = MAKE.format(titles=[*BOARDS])
    session = sign_in(server, admin=None)["admin"]
    made = server.manage("shell", "--no-imports", "-c", code).split()
    seen = past(MINUTES, time.time(), BOARDS["Roadmap"], 5)
    with redis.client() as client:
        for whose in (None, UUID(made[0])):
            write_history(client, whose, MINUTES, seen)
    files = []
    with ExitStack() as stack:
        for board, people in zip(made, BOARDS.values(), strict=True):
            invite = stack.enter_context(inviting(server, board))
            for name, place in [*PEOPLE.items()][:people]:
                # One of them has an account.
                account = f"sessionid={session}" if name == "Grace Hopper" else ""
                invite(name, account).point(*place)
        for end, scheme in SCHEMES.items():
            page = _open(browser, server, session, scheme)
            page.goto(f"{server.origin}/admin/presence_site/board/?o=-5")
            for board, people in zip(made, BOARDS.values(), strict=True):
                expect(page.locator(f'[data-board="{board}"]')).to_have_text(str(people))
            files.append(_shoot(page, folder / f"admin-list{end}.png"))
            page.set_viewport_size(BOARD)
            page.goto(server.panel(made[0]))
            label = f"Cursors on the board: {BOARDS['Roadmap']}"
            expect(page.get_by_role("img", name=label)).to_be_visible()
            expect(page.locator(".presence-plot canvas")).to_be_visible()
            files.append(_shoot(page, folder / f"admin-board{end}.png"))
            page.context.close()
    return files


def _open(browser: Browser, server: Server, session: str, scheme: Literal["light", "dark"]) -> Page:
    context = browser.new_context(viewport=LIST, device_scale_factor=1.5, color_scheme=scheme)
    context.add_cookies([{"name": "sessionid", "value": session, "url": server.origin}])
    return context.new_page()


def _shoot(page: Page, file: Path) -> Path:
    page.screenshot(path=file)
    return file
