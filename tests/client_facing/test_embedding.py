"""Pages that Django does not render, on another origin than the site's, in a real browser."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.support.pages import serve_pages
from tests.support.server import Server, serve
from tests.support.tap import Tap, join
from tests.support.tokens import issue

PAGE = """<!doctype html><html lang="en"><title>Elsewhere</title>
<button onclick="this.textContent = 'pressed'">press</button>
<script>
  window.errors = []; window.statuses = [];
  addEventListener("presence-error", (e) => errors.push(e.detail.message));
  addEventListener("presence-status", (e) => statuses.push([e.detail.status, e.detail.reason]));
</script>
<script type="module" src="{site}/static/presence/overlay.js"></script>
<presence-overlay board="{board}" endpoint="{socket}" {attributes}></presence-overlay>
"""


@pytest.fixture(scope="module")
def pages() -> Iterator[tuple[str, dict[str, str]]]:
    """Another origin, which the site lets in, and what it serves."""
    texts: dict[str, str] = {}
    with serve_pages(texts) as origin:
        yield origin, texts


@pytest.fixture(scope="module")
def stranger() -> Iterator[tuple[str, dict[str, str]]]:
    """An origin of which the site has never heard."""
    texts: dict[str, str] = {}
    with serve_pages(texts) as origin:
        yield origin, texts


@pytest.fixture(scope="module")
def site(environment: dict[str, str], pages: tuple[str, dict[str, str]]) -> dict[str, str]:
    """The environment of a site that lets `pages` in."""
    settings = {
        "DJANGO_SETTINGS_MODULE": "tests.client_facing.sites.embedding",
        "EMBED_ORIGINS": pages[0],
    }
    return {**environment, **settings}


@pytest.fixture(scope="module")
def server(site: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The site."""
    with serve(tmp_path_factory.mktemp("daphne"), site) as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One visitor's browser."""
    context = browser.new_context()
    yield context
    context.close()


Embed = Callable[..., Tap]


@pytest.fixture
def embed(
    context: BrowserContext, server: Server, board: str, pages: tuple[str, dict[str, str]]
) -> Embed:
    """Open a page elsewhere that embeds the board, with attributes of the element."""

    def open_page(attributes: str = "", where: tuple[str, dict[str, str]] = pages) -> Tap:
        origin, texts = where
        socket = f"{server.origin.replace('http', 'ws')}/ws/presence/{board}/"
        texts["/index.html"] = PAGE.format(
            site=server.origin, board=board, socket=socket, attributes=attributes
        )
        tap = Tap(context.new_page())
        tap.page.goto(f"{origin}/index.html")
        return tap

    return open_page


def view(server: Server, board: str) -> str:
    return f'token-url="{server.origin}/presence/token/{board}/"'


def statuses(tap: Tap) -> list[list[str]]:
    found: list[list[str]] = tap.page.evaluate("statuses")
    return found


def ends(tap: Tap, reason: str) -> None:
    """Check that the overlay gives up for a reason, and that the page is none the worse for it."""
    tap.until(lambda: statuses(tap)[-1:] == [["closed", reason]], f"closed: {reason}")
    tap.page.click("button")
    assert tap.page.text_content("button") == "pressed"
    assert tap.thrown == []


def count(tap: Tap) -> str | None:
    return tap.page.locator("presence-overlay [part=count]").get_attribute("data-count")


def test_with_tokens_from_the_sites_view(
    embed: Embed, server: Server, board: str, browser: Browser
) -> None:
    tap = embed(view(server, board) + ' name="Elsewhere"')
    tap.until(lambda: count(tap) == "1", "alone")
    ada = browser.new_context().new_page()
    join(ada, server.origin, board=board, name="Ada")
    tap.until(lambda: count(tap) == "2", "two people")
    assert ada.evaluate("client.members.map(({name}) => name)") == ["Elsewhere"]
    ada.evaluate("client.moveTo(0.5, 0.5)")
    tap.page.locator("presence-overlay [part=cursor]:visible").wait_for()
    tap.page.mouse.move(10, 10)
    ada.wait_for_function("() => client.members[0].position")
    assert tap.page.evaluate("errors") == []
    assert tap.thrown + tap.console == []
    ada.context.close()


def test_with_a_token_of_the_sites_backend(
    embed: Embed, server: Server, board: str, pages: tuple[str, dict[str, str]]
) -> None:
    tap = embed(f'token="{issue(server, board, pages[0], name="Bob")}"')
    tap.until(lambda: count(tap) == "1", "in")
    assert "token" not in tap.sockets[0].url


def test_tabs_of_one_guest_count_once(embed: Embed, server: Server, board: str) -> None:
    first = embed(view(server, board))
    first.until(lambda: count(first) == "1", "the first tab")
    second = embed(view(server, board))
    second.until(lambda: count(second) == "1", "the second tab")
    assert count(first) == "1"


def test_without_a_token(embed: Embed) -> None:
    ends(embed(), "sign-in")


def test_with_a_token_that_is_too_old(
    embed: Embed, server: Server, board: str, pages: tuple[str, dict[str, str]]
) -> None:
    ends(embed(f'token="{issue(server, board, pages[0], age=62)}"'), "sign-in")


def test_with_a_token_of_another_origins(embed: Embed, server: Server, board: str) -> None:
    ends(embed(f'token="{issue(server, board, "https://other.example")}"'), "forbidden")


def test_with_what_is_no_token(embed: Embed) -> None:
    tap = embed('token="ä b"')
    ends(tap, "refused")
    assert len(tap.page.evaluate("errors")) == 1


def test_on_a_board_that_wants_one_to_sign_in(embed: Embed, server: Server) -> None:
    tap = embed(view(server, "00000000-0000-4000-8000-000000000002"))
    ends(tap, "sign-in")
    assert tap.page.evaluate("errors") == ["the token view answered 401"]


def test_an_origin_that_the_site_does_not_name(
    embed: Embed, server: Server, board: str, stranger: tuple[str, dict[str, str]]
) -> None:
    """The browser does not say why, so it is tried again, ever more rarely; the page goes on."""
    tap = embed(view(server, board), where=stranger)
    tap.until(lambda: ["waiting", "lost"] in statuses(tap), "refused")
    assert tap.sockets == [], "there is no token, and so no socket"
    token = issue(server, board, stranger[0])
    tap = embed(f'token="{token}"', where=stranger)
    tap.until(lambda: ["waiting", "lost"] in statuses(tap), "refused")
    assert tap.received == []
    assert tap.thrown == []


def test_the_server_goes_and_comes_back_and_nobody_is_there_twice(
    context: BrowserContext,
    site: dict[str, str],
    board: str,
    folder: Path,
    pages: tuple[str, dict[str, str]],
) -> None:
    """Each connection has its own token, and a guest stays the same person."""
    with serve(folder, site) as first:
        texts = {"board": board, "socket": first.socket_url(board), "site": first.origin}
        pages[1]["/again.html"] = PAGE.format(**texts, attributes=view(first, board))
        tap = Tap(context.new_page())
        tap.page.goto(f"{pages[0]}/again.html")
        tap.until(lambda: count(tap) == "1", "in")
        guest = tap.page.evaluate("Object.entries(localStorage)")
        assert len(guest) == 1
        first.process.kill()
        first.process.wait()
        tap.until(lambda: statuses(tap)[-1][0] == "waiting", "it waits")
    with serve(folder, site, port=first.port):
        tap.until(lambda: statuses(tap)[-1][0] == "open", "back")
        tap.until(lambda: count(tap) == "1", "once")
    assert len(tap.open) <= 1
    assert tap.page.evaluate("Object.entries(localStorage)") == guest
    assert json.dumps(tap.page.evaluate("errors")).count("token") == 0, "none is ever told"
    assert tap.thrown == []
