"""Tabs of one browser that share a socket, and what they do where they cannot."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, WebSocket

from presence.protocol.messages import UserLeft
from tests.client_facing.conftest import NewContext
from tests.support.browser import NOTE_ERRORS
from tests.support.clients import Guest, Invite
from tests.support.metrics import scrape
from tests.support.server import ROOT, Server
from tests.support.waiting import eventually

ELEMENT = "document.querySelector('presence-overlay')"
OPEN = "presence-overlay [data-status=open]"
USER = f"{ELEMENT}.client.self.user"


POLICY = """
new MutationObserver((_, observer) => {
  if (!document.head) return;
  observer.disconnect();
  const policy = { httpEquiv: "Content-Security-Policy", content: "%s" };
  document.head.append(Object.assign(document.createElement("meta"), policy));
}).observe(document, { childList: true, subtree: true });
"""


def under(policy: str) -> str:
    """Return a script for a page before all others, which then has that policy."""
    return POLICY % policy


class Tabs:
    """Tabs of one browser on the test's own board, and Ada beside them."""

    def __init__(self, context: BrowserContext, server: Server, board: str, ada: Guest) -> None:
        self.context = context
        self.ada = ada
        # Those of a worker are not the page's.
        self.own: list[WebSocket] = []
        context.on("page", lambda page: page.on("websocket", lambda one: self.own.append(one)))
        self.url = server.page(board)
        self._server = server
        eventually(lambda: self._open == 1, "none but Ada's socket")

    def open(self, script: str = "") -> Page:
        """Open a tab, which is on the board when this returns."""
        page = self.context.new_page()
        if script:
            page.add_init_script(script)
        page.goto(self.url)
        page.locator(OPEN).wait_for(state="attached")
        return page

    @property
    def sockets(self) -> int:
        """How many sockets the server has for these tabs."""
        return self._open - 1

    @property
    def _open(self) -> int:
        return int(scrape(self._server)["presence_sockets"])


@pytest.fixture
def tabs(new_context: NewContext, server: Server, board: str, invite: Invite) -> Tabs:
    ada = invite("Ada")
    return Tabs(new_context(), server, board, ada)


def user_of(page: Page) -> int:
    """The user id of a tab."""
    user: int = page.evaluate(USER)
    return user


def end_worker(browser: Browser, origin: str) -> None:
    """End the worker of an origin, as a browser does that runs out of memory."""
    session = browser.new_browser_cdp_session()
    workers = [
        target["targetId"]
        for target in session.send("Target.getTargets")["targetInfos"]
        if target["type"] == "shared_worker" and target["url"].startswith(origin)
    ]
    for worker in workers:
        attached = session.send("Target.attachToTarget", {"targetId": worker, "flatten": False})
        close = {"id": 1, "method": "Runtime.evaluate", "params": {"expression": "close()"}}
        session.send(
            "Target.sendMessageToTarget",
            {"sessionId": attached["sessionId"], "message": json.dumps(close)},
        )
    assert workers
    session.detach()


def test_three_tabs_have_one_socket_and_are_one_person(tabs: Tabs) -> None:
    pages = [tabs.open() for _ in range(3)]
    users = [user_of(page) for page in pages]
    tabs.ada.until(lambda: {*tabs.ada.client.others} == {*users}, "a user for each tab")
    assert (len({*users}), tabs.ada.client.count, tabs.sockets) == (3, 2, 1)
    for page, user in zip(pages, users, strict=True):
        page.mouse.move(300 + user, 300)
        tabs.ada.until(lambda user=user: user in tabs.ada.client.view.cursors, "its cursor")
    shown = f"{ELEMENT}.client.members.filter((member) => member.position).map(({{user}}) => user)"
    for page, user in zip(pages, users, strict=True):
        others = {*users} - {user}
        page.wait_for_function(f"(n) => {shown}.length === n", arg=len(others))
        assert {*page.evaluate(shown)} == others

    # One after the other goes, and one comes back.
    pages[2].reload()
    pages[2].locator(OPEN).wait_for(state="attached")
    assert user_of(pages[2]) == users[2]
    pages[1].evaluate(f"{ELEMENT}.remove()")
    tabs.ada.until(lambda: users[1] not in tabs.ada.client.others, "the tab that left")
    pages[2].close(run_before_unload=False)
    tabs.ada.until(lambda: users[2] not in tabs.ada.client.others, "the tab that is closed")
    assert ({*tabs.ada.client.others}, tabs.ada.client.count) == ({users[0]}, 2)
    assert tabs.sockets == 1
    pages[0].close()
    tabs.ada.until(lambda: tabs.ada.client.count == 1, "nobody")
    # They leave before their socket is closed.
    eventually(lambda: tabs.sockets == 0, "no socket")


def test_a_tab_among_others_goes_on_as_the_same_user(tabs: Tabs) -> None:
    tabs.open()
    page = tabs.open()
    user, seen = user_of(page), len(tabs.ada.client.messages)
    page.evaluate(f"window.before = {ELEMENT}.client")
    page.evaluate(f"{ELEMENT}.setAttribute('name', 'Robert')")
    page.wait_for_function(f"() => {ELEMENT}.client !== before && {ELEMENT}.client?.self")
    assert user_of(page) == user
    told = tabs.ada.client.messages[seen:]
    assert not any(isinstance(message, UserLeft) for message in told)
    assert (tabs.sockets, tabs.ada.client.count) == (1, 2)


def test_tabs_whose_worker_ends_are_back_as_the_same_users(tabs: Tabs, browser: Browser) -> None:
    # The directive lets a page make its policy once.
    pages = [tabs.open(under("trusted-types presence")) for _ in range(2)]
    users = {user_of(page) for page in pages}
    for page in pages:
        page.evaluate(f"window.before = {ELEMENT}.client.self")
    end_worker(browser, tabs.url[: tabs.url.index("/boards")])
    for page in pages:
        page.wait_for_function(f"() => {ELEMENT}.client.self !== before")
    tabs.ada.until(lambda: {*tabs.ada.client.others} == users, "the same users")
    eventually(lambda: tabs.sockets == 1, "the worker's socket alone")
    assert tabs.own == []


FAILS = "export const shared = () => { throw Error('no sharing'); };"

SCRIPT = (ROOT / "presence/static/presence/worker.js").read_text()


def starting(url: str) -> str:
    """Return the script of tabs, which start another one as their worker."""
    assert "import.meta.url" in SCRIPT
    return SCRIPT.replace("import.meta.url", json.dumps(url))


def answer(body: str | None) -> Callable[[Route], None]:
    """What answers with a script, or not at all."""
    return lambda route: (
        route.abort() if body is None else route.fulfill(content_type="text/javascript", body=body)
    )


def hold(route: Route) -> None:
    """Never answer."""


@pytest.mark.parametrize(
    ("script", "worker", "told"),
    [
        ("delete window.SharedWorker", None, ""),
        (under("worker-src 'none'"), None, "tabs do not share a socket: "),
        ("", lambda route: route.fulfill(status=404), "worker.js"),
        ("", answer(None), "worker.js"),
        ("", hold, "worker.js does not come"),
        ("", answer(FAILS), "no sharing"),
        ("", answer(starting("/static/presence/none.js")), "the worker does not start"),
        ("", answer(starting("/static/presence/debug.js")), "the worker does not start"),
        ("", answer(starting("/static/presence/count.js")), "the worker does not answer"),
    ],
    ids=["unknown", "refused", "missing", "lost", "held", "broken", "none", "throws", "mute"],
)
def test_where_there_is_no_worker_a_tab_has_a_socket_and_is_told_why(
    tabs: Tabs, script: str, worker: Callable[[Route], None] | None, told: str
) -> None:
    if worker:
        tabs.context.route("**/worker.js", worker)
    page = tabs.open(f"{NOTE_ERRORS};{script}")
    tabs.ada.until(lambda: len(tabs.ada.client.others) == 1, "the tab")
    assert (tabs.sockets, len(tabs.own)) == (1, 1), "a socket of its own"
    assert page.evaluate(f"{ELEMENT}.client.pace > 0")
    page.wait_for_function("told => (window.told ?? []).join().includes(told)", arg=told)
    assert len(page.evaluate("window.told ?? []")) == bool(told), "once"


def test_a_tab_that_leaves_while_it_waits_for_the_worker_has_no_socket(tabs: Tabs) -> None:
    held: list[Route] = []
    tabs.context.route("**/worker.js", lambda route: held.append(route), times=1)
    page = tabs.context.new_page()
    page.add_init_script(NOTE_ERRORS)
    with page.expect_request("**/worker.js"):
        page.goto(tabs.url)
    page.evaluate(f"window.kept = {ELEMENT}; kept.remove()")
    page.wait_for_function("() => !kept.client")
    held.pop().continue_()
    page.evaluate("import(kept.getAttribute('worker'))")
    # The worker would have let it in before the next.
    next_user = user_of(tabs.open())
    tabs.ada.until(lambda: next_user in tabs.ada.client.others, "the next tab")
    assert {*tabs.ada.client.others} == {next_user}
    assert (tabs.sockets, tabs.own, page.evaluate("window.told")) == (1, [], None)


def test_who_signs_in_has_a_socket_of_their_own(tabs: Tabs) -> None:
    """A login gives the CSRF cookie another value."""
    tabs.open()
    (cookie,) = [each for each in tabs.context.cookies() if each["name"] == "csrftoken"]
    tabs.context.add_cookies([{**cookie, "value": "x" * 32}])
    tabs.open()
    assert tabs.sockets == 2
