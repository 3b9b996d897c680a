"""A connection's life in a real browser: what comes between it and the server."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from presence.protocol.codec import decode_server
from presence.protocol.messages import Dialect, Roster
from tests.support.browser import FLAGS
from tests.support.server import Server, serve
from tests.support.tap import Tap, join

CURSOR_UPDATE, HEARTBEAT, WELCOME, ROSTER, RATE = 1, 8, 9, 10, 12
OPEN = "presence-overlay [data-status=open]"


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One visitor's browser."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context
    context.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[[str], Tap]]:
    """Open a board's page in a browser of its own, and wait until it takes part."""
    contexts = []

    def open_page(url: str) -> Tap:
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 800}))
        tap = Tap(contexts[-1].new_page())
        tap.page.goto(url)
        tap.page.locator(OPEN).wait_for(state="attached")
        return tap

    yield open_page
    for context in contexts:
        context.close()


def count(tap: Tap) -> str | None:
    return tap.page.locator("presence-overlay [part=count]").get_attribute("data-count")


def others(tap: Tap) -> list[str]:
    """Return whom the page knows to be here beside its own person."""
    script = "document.querySelector('presence-overlay').client.members.map(({name}) => name)"
    found: list[str] = tap.page.evaluate(script)
    return found


def own_name(tap: Tap) -> str:
    name = tap.page.locator("presence-overlay").get_attribute("name")
    assert name
    return name


def test_the_server_goes_and_comes_back(
    visit: Callable[[str], Tap], environment: dict[str, str], folder: Path, board: str
) -> None:
    """All are back by themselves, over one socket each, and nobody is there twice."""
    with serve(folder, environment) as first:
        taps = [visit(first.page(board)) for _ in range(3)]
        for tap in taps:
            tap.until(lambda tap=tap: count(tap) == "3", "three people")
        first.process.kill()
        first.process.wait()
        for tap in taps:
            tap.page.locator("presence-overlay [data-status=waiting]").wait_for(state="attached")
            tap.until(lambda tap=tap: not tap.open, "its socket closed")
    # Meanwhile they try, in vain: the page goes on, and the console is not filled.
    for tap in taps:
        tried = len(tap.sockets)
        tap.until(lambda tap=tap, tried=tried: len(tap.sockets) > tried, "another try")
        tap.page.locator("#add-note").hover()
        assert len(tap.console) <= len(tap.sockets) + 5
    with serve(folder, environment, port=first.port):
        for tap in taps:
            tap.page.locator(OPEN).wait_for(state="attached", timeout=40_000)
        names = {own_name(tap) for tap in taps}
        assert len(names) == 3
        for tap in taps:
            tap.until(lambda tap=tap: count(tap) == "3", "three people again")
            assert sorted(others(tap)) == sorted(names - {own_name(tap)})
            assert len(tap.open) == 1
            assert tap.thrown == []


def test_30_seconds_of_one_who_moves(
    visit: Callable[[str], Tap], server: Server, board: str
) -> None:
    ada = visit(server.page(board))
    for step in range(50):
        ada.page.mouse.move(100 + step * 10, 300)
    ada.until(lambda: count(ada) == "1", "alone")
    assert ada.of_type(ada.sent, CURSOR_UPDATE) == [], "alone, none is sent"

    bob = visit(server.page(board))
    ada.until(lambda: count(ada) == "2", "two people")
    ada.until(lambda: ada.of_type(ada.received, RATE), "the pace")
    moved = ada.page.evaluate("performance.now()")
    ada.sent.clear()
    step = 0
    while (now := ada.page.evaluate("performance.now()")) - moved < 30_000:
        step += 1
        ada.page.mouse.move(100 + step * 7 % 900, 200 + step * 3 % 300)
    updates = ada.of_type(ada.sent, CURSOR_UPDATE)
    paces = {int.from_bytes(frame[1:]) for frame in ada.of_type(ada.received, RATE)} - {0}
    assert {len(frame) for frame in updates} == {5}
    assert len(updates) <= (now - moved) / min(paces) + 2
    assert len(updates) > (now - moved) / 100, "and yet they are many"

    bob.page.close()
    ada.until(lambda: count(ada) == "1", "alone again")
    ada.sent.clear()
    for step in range(50):
        ada.page.mouse.move(100 + step * 10, 300)
    ada.page.evaluate("() => new Promise(requestAnimationFrame)")
    assert ada.of_type(ada.sent, CURSOR_UPDATE) == []


def test_the_network_goes_and_comes(context: BrowserContext, server: Server, board: str) -> None:
    tap = Tap(context.new_page())
    tap.page.goto(server.page(board))
    tap.page.locator(OPEN).wait_for(state="attached")
    beats = tap.sent.count(bytes([HEARTBEAT]))
    context.set_offline(True)
    tap.until(lambda: tap.sent.count(bytes([HEARTBEAT])) > beats, "the server is asked at once")
    context.set_offline(False)
    tap.page.locator(OPEN).wait_for(state="attached")
    tap.until(lambda: count(tap) == "1", "one person")
    tap.until(lambda: len(tap.open) == 1, "one socket")


def test_a_short_sleep_and_a_long_one(context: BrowserContext, server: Server, board: str) -> None:
    page = context.new_page()
    page.clock.install()
    tap = Tap(page)
    page.goto(server.page(board))
    page.locator(OPEN).wait_for(state="attached")
    beats = tap.sent.count(bytes([HEARTBEAT]))
    page.clock.fast_forward(60_000)
    tap.until(lambda: tap.sent.count(bytes([HEARTBEAT])) > beats, "the socket is asked")
    tap.until(lambda: tap.received[-1] == bytes([HEARTBEAT]), "and answers")
    page.clock.run_for(6_000)
    assert len(tap.sockets) == 1, "so it is kept"

    page.clock.fast_forward(600_000)
    tap.until(lambda: len(tap.sockets) == 2, "a new socket")
    page.locator(OPEN).wait_for(state="attached")
    tap.until(lambda: len(tap.open) == 1, "and no other")
    tap.until(lambda: count(tap) == "1", "one person")


class TestTheBackForwardCache:
    @pytest.fixture
    def browser(self, browser: Browser) -> Iterator[Browser]:
        """A browser that keeps pages; Playwright's does not, unless it is let."""
        kind = browser.browser_type
        path, flag = shutil.which("chromium"), "--disable-back-forward-cache"
        running = kind.launch(executable_path=path, args=FLAGS, ignore_default_args=[flag])
        yield running
        running.close()

    def test_there_and_back(
        self, context: BrowserContext, browser: Browser, server: Server, board: str
    ) -> None:
        other = browser.new_context().new_page()
        join(other, server.origin, board=board, name="Bob")
        tap = Tap(context.new_page())
        tap.page.add_init_script(
            "addEventListener('pageshow', (event) => window.persisted = event.persisted)"
        )
        tap.page.goto(server.page(board))
        tap.until(lambda: count(tap) == "2", "two people")
        tap.page.evaluate("window.kept = true")
        tap.page.goto(f"{server.origin}/healthz")
        other.wait_for_function("() => window.count === 1")
        tap.page.go_back(wait_until="commit")
        # The page shows what it did when it was left, so the other is asked whether it is back.
        other.wait_for_function("() => window.count === 2 && client.members.length === 1")
        tap.until(lambda: others(tap) == ["Bob"] and count(tap) == "2", "two people again")
        assert tap.page.evaluate("[kept, persisted]") == [True, True], "the same page as before"
        assert tap.thrown == []


def test_a_roster_never_names_anybody_twice(
    visit: Callable[[str], Tap], server: Server, board: str
) -> None:
    """Whoever reloads is on the board once."""
    ada, bob = visit(server.page(board)), visit(server.page(board))
    for _ in range(3):
        bob.page.reload()
        bob.page.locator(OPEN).wait_for(state="attached")
    ada.until(lambda: others(ada) == [own_name(bob)], "Bob, once")
    bob.until(lambda: others(bob) == [own_name(ada)], "Ada, once")
    for frame in bob.of_type(bob.received, ROSTER):
        roster = decode_server(frame, Dialect.COMPACT)
        assert isinstance(roster, Roster)
        assert len({entry.name for entry in roster.users}) == len(roster.users)
