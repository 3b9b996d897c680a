"""A connection's life in a real browser: what comes between it and the server, and what is left."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, WebSocketRoute

from presence.messages import Dialect, Roster
from presence.protocol import decode_server
from tests.support.browser import FLAGS
from tests.support.leftovers import COUNT
from tests.support.server import Server, serve
from tests.support.tap import CLIENT, Tap, join

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
        tap.until(lambda: count(tap) == "2", "two people again")
        assert tap.page.evaluate("[kept, persisted]") == [True, True], "the same page as before"
        assert others(tap) == ["Bob"]
        assert other.evaluate("client.members.length") == 1
        assert tap.thrown == []


class TestNothingIsLeft:
    @pytest.fixture
    def page(self, context: BrowserContext, server: Server) -> Page:
        """A page of the site with no script of its own, that counts what scripts leave behind."""
        page = context.new_page()
        page.add_init_script(COUNT)
        page.goto(f"{server.origin}/healthz")
        # What Playwright itself needs in a page comes with the first wait.
        page.wait_for_function("() => window.before = leftovers()")
        return page

    def check(self, page: Page) -> None:
        """Check that all is as it was before."""
        page.wait_for_function("() => leftovers().sockets === 0")
        # What was under way when it ended has its turn.
        page.evaluate("() => new Promise((done) => setTimeout(() => setTimeout(done)))")
        assert page.evaluate("leftovers()") == page.evaluate("before")

    def test_of_a_client(self, page: Page, server: Server, board: str, browser: Browser) -> None:
        other = browser.new_context().new_page()
        join(other, server.origin, board=board, name="Bob")
        page.evaluate(CLIENT, [server.origin, {"board": board, "name": "Ada"}])
        page.wait_for_function("() => window.count === 2")
        page.evaluate("client.moveTo(0, 0); client.moveTo(1, 1); client.on('cursor', () => {}), 0")
        busy = page.evaluate("leftovers()")
        assert busy["listeners"] > page.evaluate("before.listeners") + 3
        assert busy["timers"] >= 2
        assert busy["sockets"] == 1
        page.evaluate("client.destroy()")
        self.check(page)
        other.context.close()

    def test_of_an_element(self, page: Page, board: str) -> None:
        page.evaluate(
            """async (board) => {
                await import("/static/presence/overlay.js");
                const overlay = document.createElement("presence-overlay");
                overlay.setAttribute("board", board);
                document.body.append(overlay);
            }""",
            board,
        )
        page.locator(OPEN).wait_for(state="attached")
        assert page.evaluate("leftovers().listeners - before.listeners") > 3
        page.evaluate("document.querySelector('presence-overlay').remove()")
        self.check(page)


class TestWhateverGoesWrong:
    ERRORS = "addEventListener('presence-error', e => (window.told ??= []).push(e.detail.message))"

    @pytest.fixture
    def tap(self, context: BrowserContext) -> Tap:
        """A page that notes what the overlay tells of errors."""
        tap = Tap(context.new_page())
        tap.page.add_init_script(self.ERRORS)
        return tap

    def works(self, tap: Tap) -> None:
        """Check that the page's own script goes on, and nothing was thrown at it."""
        tap.page.locator("#add-note").click()
        tap.page.locator("article textarea, .note textarea").first.wait_for()
        assert tap.thrown == []

    def test_the_server_talks_nonsense(self, tap: Tap, server: Server, board: str) -> None:
        def garble(socket: WebSocketRoute) -> None:
            def answer(message: Any) -> None:
                for _ in range(20):
                    for nonsense in (b"", b"\xff\xff", b"\x02\x01", "text", b"\x0a\x00\x01\x09"):
                        socket.send(nonsense)
                socket.send(message)

            socket.connect_to_server().on_message(answer)

        tap.page.route_web_socket("**/ws/**", garble)
        tap.page.goto(server.page(board))
        tap.page.locator(OPEN).wait_for(state="attached")
        tap.until(lambda: count(tap) == "1", "what is sense is still heard")
        told = tap.page.evaluate("told")
        assert len(told) == len(set(told)) == 5, "each different error once"
        assert tap.console == []
        self.works(tap)

    def test_the_script_does_not_come(self, tap: Tap, server: Server, board: str) -> None:
        tap.page.route("**/overlay*.js", lambda route: route.abort())
        tap.page.goto(server.page(board))
        assert len(tap.console) == 1
        self.works(tap)

    def test_the_browser_lacks_what_it_needs(self, tap: Tap, server: Server, board: str) -> None:
        tap.page.add_init_script("delete window.WebSocket; delete window.ResizeObserver")
        tap.page.goto(server.page(board))
        tap.until(lambda: tap.page.evaluate("window.told"), "an error that is told")
        self.works(tap)
        assert len(tap.console) == 0

    def test_a_listener_of_the_page_throws(self, tap: Tap, server: Server, board: str) -> None:
        tap.page.goto(server.page(board))
        tap.page.locator(OPEN).wait_for(state="attached")
        tap.page.evaluate(
            """() => {
                const { client } = document.querySelector("presence-overlay");
                for (const event of ["count", "joined", "roster", "cursor", "status", "error"]) {
                    client.on(event, () => { throw new Error("the page's own"); });
                }
            }"""
        )
        join(tap.page.context.new_page(), server.origin, board=board, name="Bob")
        tap.until(lambda: tap.page.evaluate("window.told"), "it is told")
        assert tap.page.evaluate("told") == ["the page's own"]
        self.works(tap)


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
