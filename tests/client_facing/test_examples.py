"""The examples of docs/embedding.md, as they are written there, in a real browser."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.examples import example
from tests.support.pages import serve_pages
from tests.support.server import OPEN_BOARD, ROOT, Server, serve
from tests.support.tap import Tap

EMBEDDING = "docs/embedding.md"
SITE = "boards.example.com"


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[tuple[str, dict[str, str]]]:
    """Another origin, and its pages."""
    texts: dict[str, str] = {}
    with serve_pages(texts) as origin:
        yield origin, texts


@pytest.fixture(scope="module")
def server(
    environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    elsewhere: tuple[str, dict[str, str]],
) -> Iterator[Server]:
    """The example site, which lets `elsewhere` in."""
    site = {
        "DJANGO_SETTINGS_MODULE": "tests.client_facing.sites.embedding",
        "EMBED_ORIGINS": elsewhere[0],
    }
    with serve(tmp_path_factory.mktemp("daphne"), {**environment, **site}) as running:
        yield running


@pytest.fixture
def tap(browser: Browser) -> Iterator[Tap]:
    """A page of a browser of its own."""
    context = browser.new_context()
    yield Tap(context.new_page())
    context.close()


def counts(tap: Tap) -> None:
    """Check that the overlay is connected and counts."""
    count = tap.page.locator("presence-overlay [part=count]")
    tap.until(lambda: count.count() and count.get_attribute("data-count") == "1", "one person")
    assert tap.thrown == []


def with_pages(environment: dict[str, str], pages: Path) -> dict[str, str]:
    """Return the environment of a site that serves the pages in a folder."""
    own = {"DJANGO_SETTINGS_MODULE": "tests.client_facing.sites.pages", "PAGES": str(pages)}
    return {**environment, **own}


def test_the_element(tap: Tap, environment: dict[str, str], folder: Path) -> None:
    html = example(EMBEDDING, "Pages that Django does not render", "html")
    (folder / "page.html").write_text(f"<!doctype html>{html}")
    with serve(folder, with_pages(environment, folder)) as server:
        tap.page.goto(f"{server.origin}/static/page.html")
        counts(tap)


def test_the_element_on_another_origin(
    tap: Tap, server: Server, elsewhere: tuple[str, dict[str, str]]
) -> None:
    html = example(EMBEDDING, "Pages of another origin", "html")
    host = f"127.0.0.1:{server.port}"
    for scheme, local in (("https", "http"), ("wss", "ws")):
        html = html.replace(f"{scheme}://{SITE}", f"{local}://{host}")
    assert SITE not in html
    elsewhere[1]["/index.html"] = f"<!doctype html>{html}"
    tap.page.goto(f"{elsewhere[0]}/index.html")
    counts(tap)


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
    tap.until(lambda: tap.page.title() in ("1 here", "2 here"), "the count")
    tap.until(lambda: [said for said in tap.console if said.endswith(" came")], "who came")
    other.mouse.move(300, 300)
    other.mouse.move(310, 310)
    tap.until(lambda: [said for said in tap.console if " is at 0." in said], "a cursor")
    assert tap.thrown == []


def test_react(tap: Tap, environment: dict[str, str], folder: Path) -> None:
    client = ROOT / "presence" / "client"
    command = ["npm", "--prefix", str(client), "run", "--silent", "pages"]
    subprocess.run(command, check=True, cwd=ROOT)
    with serve(folder, with_pages(environment, client / "build" / "pages")) as server:
        tap.page.goto(f"{server.origin}/static/production/documented.html?board={OPEN_BOARD}")
        text = tap.page.locator("#root p")
        tap.until(lambda: text.all_text_contents() == ["1 here: "], "the count")
    assert tap.thrown == []
