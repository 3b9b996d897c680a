"""Pages of the last release in an upgrade: they and pages of this release see each other."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from presence.protocol.messages import MessageType
from tests.client_facing.conftest import NewContext
from tests.client_facing.test_anchors import ADD_SECTIONS, SET_ANCHOR
from tests.client_facing.test_position import apart, middle
from tests.support.accounts import sign_in
from tests.support.browser import NOTE_ERRORS, Tap
from tests.support.release import NAME_BYTES, last_release
from tests.support.server import Server, free_port, serve, with_settings

NAME = "ल" * (NAME_BYTES // 3) + "a" * (NAME_BYTES % 3)
"""As long as the last release can read it."""

SCRIPT = "presence/static/presence/overlay.js"
KNOWN = "document.querySelector('presence-overlay').client.members.map(({name}) => name)"
OWN_NAME = "document.querySelector('presence-overlay').client.self.name"

UNKNOWN = re.compile(r"(presence: )?malformed server frame: type (16|17), \d+ bytes")

Enter = Callable[..., Tap]


@pytest.fixture
def enter(new_context: NewContext, board: str) -> Enter:
    """Opens the test's own board in a browser of its own, with an account's session, and with
    another overlay.js, as a browser's cache has one."""

    def open_page(server: Server, session: str = "", script: Path | None = None) -> Tap:
        tap = Tap(new_context(session).new_page())
        tap.page.add_init_script(NOTE_ERRORS)
        if script:
            tap.page.route("**/overlay.js", lambda route: route.fulfill(path=script))
        tap.page.goto(server.page(board))
        count_of(tap).wait_for()
        return tap

    return open_page


def count_of(tap: Tap) -> Locator:
    return tap.page.locator("presence-overlay [part=count]")


def knows(tap: Tap, names: set[str]) -> bool:
    """Return whether these are the others on the board, for a page."""
    return set(tap.page.evaluate(KNOWN)) == names


def name_of(tap: Tap) -> str:
    """Return the name of the page's own person."""
    return str(tap.page.wait_for_function(OWN_NAME).json_value())


def on_surface(page: Page, point: tuple[float, float]) -> tuple[float, float]:
    """Return a point of the view as pixels from the corner of the surface."""
    box = page.locator("#surface").bounding_box()
    assert box is not None
    return point[0] - box["x"], point[1] - box["y"]


def points_at(page: Page, name: str, place: tuple[float, float]) -> bool:
    """Return whether a page shows somebody's cursor within 2 px of a place on the surface."""
    cursor = page.locator("presence-overlay [part=cursor]", has_text=name)
    if cursor.count() != 1:
        return False
    x, y = cursor.evaluate("one => Object.values(one.getBoundingClientRect().toJSON())")[:2]
    return apart(on_surface(page, (x, y)), place) <= 2


def move(mover: Tap, watchers: list[Tap], to: tuple[float, float]) -> None:
    """Move the pointer to a point of the view, and wait until others show it there."""
    name, place = name_of(mover), on_surface(mover.page, to)
    mover.page.mouse.move(*to)
    for each in watchers:
        each.until(partial(points_at, each.page, name, place), f"{name} at {place}")


def test_a_page_that_was_open_goes_on(
    environment: dict[str, str], board: str, enter: Enter, tmp_path: Path
) -> None:
    """One page was opened on a process of the last release, which one of this release replaces.
    Another has the script of the last release from the browser's cache."""
    port, release = free_port(), last_release(tmp_path / "release")
    with serve(tmp_path, environment, port=port, release=release) as old:
        opened = enter(old)
    more = {"AVATAR": "tests.support.release.picture", "RELOAD_GRACE": 0}
    with serve(tmp_path, with_settings(environment, PRESENCE=more), port=port) as new:
        session = sign_in(new, **{NAME: None})[NAME]
        ann = enter(new, session)
        expect(count_of(opened)).to_have_attribute("data-count", "2")
        opened.console.clear()  # the browser tells of each attempt that found no server
        ann.page.evaluate(ADD_SECTIONS, ["near"])
        ann.page.evaluate(SET_ANCHOR, "section")
        near = middle(ann.page.locator("[data-presence-anchor=near]"))
        move(ann, [opened], near)
        cached = enter(new, script=release.root / SCRIPT)

        taps = [opened, cached, ann]
        for tap in taps:
            expect(count_of(tap)).to_have_attribute("data-count", "3")
            others = {name_of(other) for other in taps if other is not tap}
            tap.until(partial(knows, tap, others), str(others))
        move(opened, [cached, ann], (400, 400))
        move(cached, [opened, ann], (500, 500))
        move(ann, [opened, cached], (600, 600))
        move(ann, [opened, cached], near)

        # It was all of what the last release does not know.
        assert name_of(ann) == NAME
        assert ann.of_type(ann.sent, MessageType.ANCHORED_UPDATE)
        for tap in (opened, cached):
            for kind in (MessageType.ANCHORS, MessageType.AVATARS):
                assert tap.of_type(tap.received, kind), (kind, tap)
        ann.page.close()
        for tap in (opened, cached):
            expect(count_of(tap)).to_have_attribute("data-count", "2")
            # It reports messages that it does not know, with DEBUG in the console, too.
            said = tap.complaints + tap.page.evaluate("told")
            assert [text for text in said if not UNKNOWN.fullmatch(text)] == []
        assert ann.complaints == []
