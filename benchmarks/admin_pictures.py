"""The pictures of the admin in docs/images: the list of boards, with people on some of them."""

from contextlib import ExitStack
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, expect

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

FILES: dict[str, Literal["light", "dark"]] = {
    "admin-list.png": "light",
    "admin-list-dark.png": "dark",
}


def take_list(browser: Browser, server: Server, folder: Path) -> list[Path]:
    """Take the pictures of the list, the busiest boards first, and return their files."""
    code = MAKE.format(titles=[*BOARDS])
    made = server.manage("shell", "--no-imports", "-c", code).split()
    with ExitStack() as stack:
        for board, people in zip(made, BOARDS.values(), strict=True):
            invite = stack.enter_context(inviting(server, board))
            for number in range(people):
                invite(f"Guest {number + 1}")
        return [_take(browser, server, folder / name, FILES[name], made) for name in FILES]


def _take(
    browser: Browser, server: Server, file: Path, scheme: Literal["light", "dark"], made: list[str]
) -> Path:
    context = browser.new_context(
        viewport={"width": 1280, "height": 640}, device_scale_factor=1.5, color_scheme=scheme
    )
    name, value = staff_cookie(server).split("=")
    context.add_cookies([{"name": name, "value": value, "url": server.origin}])
    page = context.new_page()
    page.goto(f"{server.origin}/admin/presence_site/board/?o=-5")
    for board, people in zip(made, BOARDS.values(), strict=True):
        expect(page.locator(f'[data-board="{board}"]')).to_have_text(str(people))
    page.screenshot(path=file)
    context.close()
    return file
