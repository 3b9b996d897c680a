"""The pictures of the admin in docs/images: the list of boards, with people on some of them, and
the people of one."""

from contextlib import ExitStack
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, expect

from tests.support.cookies import staff_cookie
from tests.support.guests import inviting
from tests.support.server import Server

BOARDS = {
    "Roadmap": 4,
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

NAMES = ("Ada Lovelace", "Brave Otter", "Grace Hopper", "Linus")

SCHEMES: dict[str, Literal["light", "dark"]] = {"": "light", "-dark": "dark"}


def take_admin(browser: Browser, server: Server, folder: Path) -> list[Path]:
    """Take the pictures of the list, the busiest boards first, and of the busiest board's people;
    return their files."""
    code = MAKE.format(titles=[*BOARDS])
    made = server.manage("shell", "--no-imports", "-c", code).split()
    files = []
    with ExitStack() as stack:
        for board, people in zip(made, BOARDS.values(), strict=True):
            invite = stack.enter_context(inviting(server, board))
            for name in NAMES[:people]:
                invite(name)
        for end, scheme in SCHEMES.items():
            page = _open(browser, server, scheme)
            page.goto(f"{server.origin}/admin/presence_site/board/?o=-5")
            for board, people in zip(made, BOARDS.values(), strict=True):
                expect(page.locator(f'[data-board="{board}"]')).to_have_text(str(people))
            files.append(_shoot(page, folder / f"admin-list{end}.png"))
            page.goto(f"{server.origin}/admin/presence_site/board/{made[0]}/presence/")
            expect(page.locator(".presence-people tbody tr")).to_have_count(BOARDS["Roadmap"])
            files.append(_shoot(page, folder / f"admin-people{end}.png"))
            page.context.close()
    return files


def _open(browser: Browser, server: Server, scheme: Literal["light", "dark"]) -> Page:
    context = browser.new_context(
        viewport={"width": 1280, "height": 640}, device_scale_factor=1.5, color_scheme=scheme
    )
    name, value = staff_cookie(server).split("=")
    context.add_cookies([{"name": name, "value": value, "url": server.origin}])
    return context.new_page()


def _shoot(page: Page, file: Path) -> Path:
    page.screenshot(path=file)
    return file
