"""The npm package in a project with the dev server of Vite, which passes on what is Django's.

The project is tests/client_facing/vite; its components are the examples of docs/embedding.md.
"""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page

from tests.client_facing.conftest import NewContext
from tests.support.browser import Tap, join
from tests.support.examples import example
from tests.support.server import ROOT, Server, answers, free_port, run_program
from tests.support.waiting import DEADLINE

EMBEDDING = "docs/embedding.md"
EXAMPLES = {
    "vite.config.js": ("With a bundler", "js", "vite.config.js"),
    "elements.js": ("With a bundler", "js", "/overlay"),
    "Board.tsx": ("React", "tsx", ""),
    "Board.vue": ("Vue and Svelte", "vue", ""),
    "Board.svelte": ("Vue and Svelte", "svelte", ""),
}
"""Files of the project, by the section, language and a part of the example that they are."""

pytestmark = pytest.mark.long

Visit = Callable[[str], Tap]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Path:
    """The project as it is after `npm ci`, which installs what `npm pack` has packed."""
    folder = tmp_path_factory.mktemp("project") / "vite"
    shutil.copytree(
        ROOT / "tests/client_facing/vite", folder, ignore=shutil.ignore_patterns("node_modules")
    )
    (folder / "documented").mkdir()
    for name, place in EXAMPLES.items():
        text = example(EMBEDDING, *place).replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")
        (folder / "documented" / name).write_text(text)
    pack = ["npm", "pack", "--silent", "--pack-destination", folder]
    subprocess.run(pack, check=True, cwd=ROOT / "presence/client", stdout=subprocess.DEVNULL)
    [packed] = folder.glob("*.tgz")
    packed.rename(folder / "django-live-presence.tgz")
    install = ["npm", "ci", "--prefer-offline", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(install, check=True, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def vite(project: Path) -> Iterator[str]:
    """The origin of Vite's dev server."""
    port, log = free_port(), project / "vite.log"
    command = ["node", "node_modules/vite/bin/vite.js", "--host", "127.0.0.1", "--strictPort"]
    origin = f"http://127.0.0.1:{port}"
    is_up = partial(answers, f"{origin}/vue.html")
    with run_program([*command, "--port", str(port)], log, is_up, cwd=project):
        yield origin


@pytest.fixture
def ada(new_context: NewContext, server: Server, board: str) -> Page:
    """Somebody else on the board, as `window.client`; `window.seen` is the cursor she saw last."""
    page = new_context().new_page()
    join(page, server.origin, board=board, name="Ada")
    page.evaluate("void client.on('cursor', ({x, y}) => window.seen = [x, y])")
    return page


@pytest.fixture
def visit(tap: Tap, vite: str, board: str) -> Iterator[Visit]:
    """Opens a page of the project, which complains of nothing."""
    complaints: list[str] = []
    tap.page.on(
        "console",
        lambda said: said.type in ("error", "warning") and complaints.append(said.text),
    )

    def open_page(name: str) -> Tap:
        tap.page.goto(f"{vite}/{name}.html?board={board}")
        return tap

    yield open_page
    assert tap.thrown + complaints == []


@pytest.mark.parametrize(
    ("name", "surface", "cursor"),
    [
        ("react", "#root > div", "[data-presence-user]"),
        ("vue", ".board", ".cursor"),
        ("svelte", ".board", ".cursor"),
    ],
)
def test_two_people_see_each_other(
    visit: Visit, ada: Page, name: str, surface: str, cursor: str
) -> None:
    tap = visit(name)
    shown = tap.page.locator(surface)
    tap.until(lambda: "2 here" in (shown.text_content() or ""), "two people")
    ada.evaluate("client.moveTo(0.5, 0.25)")
    shown.locator(cursor).wait_for(state="attached")
    box = shown.bounding_box()
    assert box
    tap.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tap.until(lambda: ada.evaluate("window.seen"), "this person's cursor")
    assert [round(place, 1) for place in ada.evaluate("window.seen")] == [0.5, 0.5]
    ada.evaluate("client.setState(1)")
    shown.locator(cursor).wait_for(state="detached")


def test_the_elements_in_react(visit: Visit, ada: Page) -> None:
    """The overlay has its style in it: the dev server has moved the script away from its files."""
    tap = visit("elements")
    tap.until(lambda: tap.page.text_content("presence-count") == "2", "the count")
    tap.until(lambda: tap.page.title() == "2 here", "the listener called")
    assert tap.page.locator("presence-overlay [part=bar]").get_attribute("aria-label") == "Hier ist"
    ada.evaluate("client.moveTo(0.5, 0.5)")
    tap.page.locator("presence-overlay [part=cursor]:visible").wait_for()
    layer = tap.page.locator("presence-overlay [part=layer]")
    assert layer.evaluate("layer => getComputedStyle(layer).position") == "fixed"
    assert layer.evaluate("layer => getComputedStyle(layer).pointerEvents") == "none"


def test_a_page_that_a_server_has_rendered(vite: str, board: str) -> None:
    with urlopen(f"{vite}/react.html?board={board}", timeout=DEADLINE) as answer:
        html = answer.read().decode()
    assert '<div id="root"><div style="position:relative"><p>' in html
    assert '<div aria-hidden="true"' in html
