"""Pages that Django does not render, and the examples of docs/embedding.md as they are written.

Who is let in with which token is tested in tests/django and tests/system.
"""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.client_facing.conftest import NewContext
from tests.support.accounts import issue
from tests.support.browser import Tap, join
from tests.support.examples import example
from tests.support.pages import serve_pages
from tests.support.server import OPEN_BOARD, ROOT, Server, serve, with_settings

EMBEDDING = "docs/embedding.md"
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

Origin = tuple[str, dict[str, str]]
"""Another origin than the site's, and what it serves."""

Embed = Callable[..., None]


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Origin]:
    """An origin that the site lets in."""
    texts: dict[str, str] = {}
    with serve_pages(texts) as origin:
        yield origin, texts


@pytest.fixture(scope="module")
def stranger() -> Iterator[Origin]:
    """An origin of which the site has never heard."""
    texts: dict[str, str] = {}
    with serve_pages(texts) as origin:
        yield origin, texts


@pytest.fixture(scope="module")
def site(environment: dict[str, str], elsewhere: Origin) -> dict[str, str]:
    """The environment of a site on 127.0.0.1 that lets `elsewhere`, on localhost, in."""
    return with_settings(
        environment, ALLOWED_HOSTS=["127.0.0.1"], PRESENCE={"EMBED_ORIGINS": [elsewhere[0]]}
    )


@pytest.fixture
def embed(tap: Tap, server: Server, board: str, elsewhere: Origin) -> Embed:
    """Opens a page elsewhere that embeds the board, with attributes of the element."""

    def open_page(attributes: str = "", where: Origin = elsewhere) -> None:
        origin, texts = where
        socket = server.socket_url(board)
        texts["/index.html"] = PAGE.format(
            site=server.origin, board=board, socket=socket, attributes=attributes
        )
        tap.page.goto(f"{origin}/index.html")

    return open_page


def view(server: Server, board: str) -> str:
    return f'token-url="{server.origin}/presence/token/{board}/"'


def until_status(tap: Tap, status: str, reason: str) -> None:
    tap.until(lambda: [status, reason] in tap.page.evaluate("statuses"), f"{status}: {reason}")


def test_with_tokens_from_the_sites_view(
    embed: Embed, tap: Tap, server: Server, board: str, new_context: NewContext
) -> None:
    embed(view(server, board) + ' name="Elsewhere"')
    tap.until(lambda: tap.count == "1", "alone")
    ada = new_context().new_page()
    join(ada, server.origin, board=board, name="Ada")
    tap.until(lambda: tap.count == "2", "two people")
    assert ada.evaluate("client.members.map(({name}) => name)") == ["Elsewhere"]
    ada.evaluate("client.moveTo(0.5, 0.5)")
    tap.page.locator("presence-overlay [part=cursor]:visible").wait_for()
    tap.page.mouse.move(10, 10)
    ada.wait_for_function("() => client.members[0].position")
    assert tap.page.evaluate("errors") == []
    assert tap.thrown + tap.console == []
    # A second tab is the same guest, whom the browser remembers.
    tab = Tap(tap.page.context.new_page())
    tab.page.goto(tap.page.url)
    tab.until(lambda: tab.count == "2", "still two people")


def test_without_a_token_the_page_goes_on(embed: Embed, tap: Tap) -> None:
    embed()
    until_status(tap, "closed", "sign-in")
    tap.page.click("button")
    assert tap.page.text_content("button") == "pressed"
    assert tap.thrown == []


def test_an_origin_that_the_site_does_not_name(
    embed: Embed, tap: Tap, server: Server, board: str, stranger: Origin
) -> None:
    """The browser does not say why, so the client tries again; the page works on."""
    embed(view(server, board), stranger)
    until_status(tap, "waiting", "lost")
    assert tap.sockets == [], "there is no token, and so no socket"
    embed(f'token="{issue(board, stranger[0])}"', stranger)
    until_status(tap, "waiting", "lost")
    assert tap.received == []
    assert tap.thrown == []


# The examples


def with_pages(environment: dict[str, str], pages: Path) -> dict[str, str]:
    """Return the environment of a site that serves the pages in a folder under /static/."""
    return with_settings(environment, STATICFILES_DIRS=[str(pages)])


def until_counted(tap: Tap) -> None:
    """Wait until the overlay is connected and counts."""
    count = tap.page.locator("presence-overlay [part=count]")
    tap.until(lambda: count.count() and tap.count == "1", "one person")
    assert tap.thrown == []


def test_the_element(tap: Tap, environment: dict[str, str], tmp_path: Path) -> None:
    html = example(EMBEDDING, "Pages that Django does not render", "html")
    (tmp_path / "page.html").write_text(f"<!doctype html>{html}")
    with serve(tmp_path, with_pages(environment, tmp_path)) as server:
        tap.page.goto(f"{server.origin}/static/page.html")
        until_counted(tap)


def test_the_element_on_another_origin(tap: Tap, server: Server, elsewhere: Origin) -> None:
    html = example(EMBEDDING, "Pages of another origin", "html")
    for scheme, local in (("https", "http"), ("wss", "ws")):
        html = html.replace(f"{scheme}://boards.example.com", f"{local}://127.0.0.1:{server.port}")
    assert "boards.example.com" not in html
    elsewhere[1]["/index.html"] = f"<!doctype html>{html}"
    tap.page.goto(f"{elsewhere[0]}/index.html")
    until_counted(tap)


def test_the_script_api(tap: Tap, server: Server) -> None:
    script = example(EMBEDDING, "The JavaScript API", "js")
    tap.page.route(
        "**/example.js", lambda route: route.fulfill(body=script, content_type="text/javascript")
    )
    tap.page.goto(f"{server.origin}/healthz")
    tap.page.add_script_tag(url="/example.js", type="module")
    tap.until(lambda: tap.page.title() == "1 here", "the count")
    # The overlay of a second page moves, and the example says where.
    other = tap.page.context.new_page()
    other.goto(server.page(OPEN_BOARD))
    tap.until(lambda: [said for said in tap.console if said.endswith(" came")], "who came")
    other.mouse.move(300, 300)
    other.mouse.move(310, 310)
    tap.until(lambda: [said for said in tap.console if " is at 0." in said], "a cursor")
    assert tap.thrown == []


def test_react(tap: Tap, environment: dict[str, str], tmp_path: Path) -> None:
    client = ROOT / "presence" / "client"
    command = ["npm", "--prefix", str(client), "run", "--silent", "pages"]
    subprocess.run(command, check=True, cwd=ROOT)
    with serve(tmp_path, with_pages(environment, client / "build" / "pages")) as server:
        tap.page.goto(f"{server.origin}/static/production/documented.html?board={OPEN_BOARD}")
        text = tap.page.locator("#root p")
        tap.until(lambda: text.all_text_contents() == ["1 here: "], "the count")
    assert tap.thrown == []
