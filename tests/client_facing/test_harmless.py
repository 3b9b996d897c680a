"""What presence does to a page: nothing is left of it, and what goes wrong is not the page's."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, WebSocketRoute

from tests.support.leftovers import COUNT
from tests.support.server import Server
from tests.support.tap import CLIENT, Tap, join

OPEN = "presence-overlay [data-status=open]"


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One visitor's browser."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context
    context.close()


def count(tap: Tap) -> str | None:
    return tap.page.locator("presence-overlay [part=count]").get_attribute("data-count")


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
