"""Connections of a page that are lost and come back, and what the overlay leaves behind.

When a client connects, asks and comes back is tested in presence/client/test.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from presence.protocol.codec import decode_server
from presence.protocol.messages import Dialect, MessageType, Roster
from tests.client_facing.conftest import NewContext
from tests.support.accounts import sign_in
from tests.support.browser import NOTE_ERRORS, Tap, join, launch
from tests.support.clients import Invite
from tests.support.server import MEMBERS_BOARD, Server, serve

OPEN = "presence-overlay [data-status=open]"

COUNT_LEFTOVERS = """(() => {
    const left = { listeners: 0, timers: new Set(), frames: new Set(), sockets: new Set() };
    const { addEventListener: add, removeEventListener: remove } = EventTarget.prototype;
    const known = new WeakMap();
    const keyOf = (type, options) => `${type} ${Boolean(options?.capture ?? options)}`;
    const forget = (target, key, listener) => {
        if (known.get(target)?.get(key)?.delete(listener)) left.listeners -= 1;
    };
    EventTarget.prototype.addEventListener = function (type, listener, options) {
        add.call(this, type, listener, options);
        // Without a target of its own it is the window's; what hangs on a signal ends with it.
        const target = this ?? window;
        if (!listener || options?.signal?.aborted || target instanceof AbortSignal) return;
        const key = keyOf(type, options);
        const keys = known.get(target) ?? known.set(target, new Map()).get(target);
        const listeners = keys.get(key) ?? keys.set(key, new Set()).get(key);
        if (listeners.has(listener)) return;
        listeners.add(listener);
        left.listeners += 1;
        const signal = options?.signal;
        if (signal) add.call(signal, "abort", () => forget(target, key, listener), { once: true });
        if (options?.once) add.call(this, type, () => forget(target, key, listener), options);
    };
    EventTarget.prototype.removeEventListener = function (type, listener, options) {
        remove.call(this, type, listener, options);
        forget(this ?? window, keyOf(type, options), listener);
    };
    const until = (set, start, stop) => {
        const [begin, end] = [window[start], window[stop]];
        window[start] = (run, ...rest) => {
            const id = begin.call(window, (...given) => (set.delete(id), run(...given)), ...rest);
            set.add(id);
            return id;
        };
        window[stop] = (id) => (set.delete(id), end.call(window, id));
    };
    until(left.timers, "setTimeout", "clearTimeout");
    until(left.frames, "requestAnimationFrame", "cancelAnimationFrame");
    const Socket = WebSocket;
    window.WebSocket = class extends Socket {
        constructor(...given) {
            super(...given);
            left.sockets.add(this);
            add.call(this, "close", () => left.sockets.delete(this));
        }
    };
    window.leftovers = () => {
        const { listeners, timers, frames, sockets } = left;
        return { listeners, timers: timers.size, frames: frames.size, sockets: sockets.size };
    };
})()"""
"""A script for a page before all others: `leftovers()` then counts what scripts leave behind."""

Visit = Callable[[str], Tap]


@pytest.fixture
def visit(new_context: NewContext) -> Visit:
    """Opens a board's page in a browser of its own, and waits until it takes part."""

    def open_page(url: str) -> Tap:
        tap = Tap(new_context().new_page())
        tap.page.goto(url)
        tap.page.locator(OPEN).wait_for(state="attached")
        return tap

    return open_page


def others(tap: Tap) -> list[str]:
    """Return whom the page knows to be here beside its own person."""
    script = "document.querySelector('presence-overlay').client.members.map(({name}) => name)"
    found: list[str] = tap.page.evaluate(script)
    return found


def own_name(tap: Tap) -> str | None:
    """Return the name that the page's own person has, None before the server told it."""
    script = "document.querySelector('presence-overlay').client.self?.name"
    found: str | None = tap.page.evaluate(script)
    return found


def works(tap: Tap) -> None:
    """Check that the page's own script goes on, and nothing was thrown at it."""
    tap.page.locator("#add-note").click()
    tap.page.locator("article textarea, .note textarea").first.wait_for()
    assert tap.thrown == []


def test_the_server_goes_and_comes_back(
    visit: Visit, environment: dict[str, str], tmp_path: Path, board: str
) -> None:
    """Both pages come back by themselves, over one socket each, and nobody is there twice."""
    with serve(tmp_path, environment) as first:
        taps = [visit(first.page(board)) for _ in range(2)]
        for tap in taps:
            tap.until(lambda tap=tap: tap.count == "2", "two people")
        first.process.kill()
        first.process.wait()
        for tap in taps:
            tap.page.locator("presence-overlay [data-status=waiting]").wait_for(state="attached")
            tap.until(lambda tap=tap: not tap.open, "its socket closed")
    # They try again meanwhile; the page works on, and the console does not fill up.
    for tap in taps:
        tried = len(tap.sockets)
        tap.until(lambda tap=tap, tried=tried: len(tap.sockets) > tried, "another try")
        works(tap)
        assert len(tap.console) <= len(tap.sockets) + 5
    with serve(tmp_path, environment, port=first.port):
        ada, bob = taps
        for tap, other in ((ada, bob), (bob, ada)):
            tap.page.locator(OPEN).wait_for(state="attached", timeout=40_000)
            tap.until(lambda t=tap, o=other: others(t) == [own_name(o)], "the other, once")
            tap.until(lambda tap=tap: tap.count == "2", "two people again")
            assert len(tap.open) == 1
            assert tap.thrown == []
            expect(tap.page.locator("presence-overlay [part=notice]")).to_be_hidden()


def test_the_network_goes_and_comes(visit: Visit, server: Server, board: str) -> None:
    tap = visit(server.page(board))
    beat = bytes([MessageType.HEARTBEAT])
    beats = tap.sent.count(beat)
    tap.page.context.set_offline(True)
    tap.until(lambda: tap.sent.count(beat) > beats, "the server is asked at once")
    tap.page.context.set_offline(False)
    tap.page.locator(OPEN).wait_for(state="attached")
    tap.until(lambda: tap.count == "1", "one person")
    tap.until(lambda: len(tap.open) == 1, "one socket")


def test_a_page_that_is_loaded_again_is_there_once(
    visit: Visit, server: Server, board: str
) -> None:
    ada, bob = visit(server.page(board)), visit(server.page(board))
    for _ in range(3):
        bob.page.reload()
        bob.page.locator(OPEN).wait_for(state="attached")
    ada.until(lambda: others(ada) == [own_name(bob)], "Bob, once")
    bob.until(lambda: others(bob) == [own_name(ada)], "Ada, once")
    for frame in bob.of_type(bob.received, MessageType.ROSTER):
        roster = decode_server(frame, Dialect.COMPACT)
        assert isinstance(roster, Roster)
        assert len({entry.name for entry in roster.users}) == len(roster.users)


def test_the_back_forward_cache(browser: Browser, server: Server, board: str) -> None:
    """In a browser with the cache, which Playwright switches off by default."""
    keeping = launch(browser.browser_type, ignore_default_args=["--disable-back-forward-cache"])
    with keeping:
        other = keeping.new_context().new_page()
        join(other, server.origin, board=board, name="Bob")
        tap = Tap(keeping.new_context().new_page())
        tap.page.add_init_script(
            "addEventListener('pageshow', (event) => window.persisted = event.persisted)"
        )
        tap.page.goto(server.page(board))
        tap.until(lambda: tap.count == "2", "two people")
        tap.page.evaluate("window.kept = true")
        tap.page.goto(f"{server.origin}/healthz")
        other.wait_for_function("() => window.count === 1")
        tap.page.go_back(wait_until="commit")
        # The page shows what it did when it was left, so the other page tells when it is back.
        other.wait_for_function("() => window.count === 2 && client.members.length === 1")
        tap.until(lambda: others(tap) == ["Bob"] and tap.count == "2", "two people again")
        assert tap.page.evaluate("[kept, persisted]") == [True, True], "the same page as before"
        assert tap.thrown == []


# What is left of it


@pytest.fixture
def bare(new_context: NewContext, server: Server) -> Page:
    """A page of the site without a script, which counts what scripts leave behind."""
    page = new_context().new_page()
    page.add_init_script(COUNT_LEFTOVERS)
    page.goto(f"{server.origin}/healthz")
    # Playwright adds what it needs itself with the first wait.
    page.wait_for_function("() => window.before = leftovers()")
    return page


def assert_nothing_is_left(page: Page) -> None:
    page.wait_for_function("() => leftovers().sockets === 0")
    # Timers that were due get their turn.
    page.evaluate("() => new Promise((done) => setTimeout(() => setTimeout(done)))")
    assert page.evaluate("leftovers()") == page.evaluate("before")


def test_nothing_is_left_of_an_element(bare: Page, board: str) -> None:
    bare.evaluate(
        """async (board) => {
            await import("/static/presence/overlay.js");
            const overlay = document.createElement("presence-overlay");
            overlay.setAttribute("board", board);
            document.body.append(overlay);
        }""",
        board,
    )
    bare.locator(OPEN).wait_for(state="attached")
    assert bare.evaluate("leftovers().listeners - before.listeners") > 3
    bare.evaluate("document.querySelector('presence-overlay').remove()")
    assert_nothing_is_left(bare)


@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize("name", ["visitor", "anchors", "coordinates"])
def test_nothing_is_left_of_an_element_whose_part_comes_later(
    bare: Page, board: str, name: str, *, arrives: bool
) -> None:
    held: list[Route] = []
    bare.route(f"**/{name}.js", lambda route: held.append(route))
    with bare.expect_request(f"**/{name}.js"):
        bare.evaluate(
            """async ([board, name]) => {
                await import("/static/presence/overlay.js");
                window.told = [];
                const overlay = window.overlay = document.createElement("presence-overlay");
                overlay.addEventListener("presence-error", (event) => told.push(event));
                window.before = leftovers();
                overlay.setAttribute("board", board);
                if (name === "anchors") overlay.setAttribute("anchor", "p");
                if (name === "coordinates") overlay.coordinates = {
                    bounds: { x: 0, y: 0, width: 1, height: 1 },
                    toScreen: (point) => point,
                    toWorld: (point) => point,
                };
                document.body.append(overlay);
            }""",
            [board, name],
        )
        bare.locator(OPEN).wait_for(state="attached")
        bare.mouse.move(300, 300)
    bare.evaluate("overlay.remove()")
    bare.wait_for_function("() => !overlay.client")
    assert_nothing_is_left(bare)
    (route,) = held
    if arrives:
        route.continue_()
        # It comes after the one before it.
        bare.evaluate("name => import(`/static/presence/${name}.js`)", name)
    else:
        route.abort()
        bare.wait_for_function("() => told.length === 1")
    assert_nothing_is_left(bare)
    assert bare.evaluate("told.length") == (not arrives)


# Whatever goes wrong


def test_a_script_that_does_not_come(tap: Tap, server: Server, board: str) -> None:
    tap.page.route("**/overlay*.js", lambda route: route.abort())
    tap.page.goto(server.page(board))
    assert len(tap.console) == 1
    works(tap)


def test_a_browser_without_what_is_needed(tap: Tap, server: Server, board: str) -> None:
    tap.page.add_init_script("delete window.WebSocket; delete window.ResizeObserver")
    tap.page.add_init_script(NOTE_ERRORS)
    tap.page.goto(server.page(board))
    tap.until(lambda: tap.page.evaluate("window.told"), "an error that is told")
    works(tap)
    assert tap.console == ["presence: ResizeObserver is not defined"], "DEBUG is on"


def test_the_other_pages_of_a_browser_that_signs_out(
    new_context: NewContext, server: Server, board: str, invite: Invite
) -> None:
    """Each asks once more: where guests may be, it goes on as one."""
    context = new_context(sign_in(server, admin=None)["admin"])
    bob = invite("Bob").client
    open_to_guests, for_members = Tap(context.new_page()), Tap(context.new_page())
    for tap, where in ((open_to_guests, board), (for_members, MEMBERS_BOARD)):
        tap.page.goto(server.page(where))
        tap.page.locator(OPEN).wait_for()
    open_to_guests.until(lambda: {*bob.others.values()} == {"Ada Admin"}, "the account's name")
    with context.new_page() as page:
        page.goto(server.origin)
        page.get_by_role("button", name="Sign out").click()
    for_members.page.locator("presence-overlay [data-status=closed]").wait_for()
    open_to_guests.until(lambda: len(open_to_guests.sockets) == 2, "another socket")
    open_to_guests.page.locator(OPEN).wait_for()
    for_members.until(lambda: "for a guest" in "".join(for_members.console), "what DEBUG says")
    assert len(for_members.sockets) == 3, "the first, one more, and one that asks why"
    assert len(bob.others) == 1
    assert "Ada Admin" not in bob.others.values()
