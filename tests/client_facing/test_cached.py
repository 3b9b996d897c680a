"""Pages that a cache keeps: whoever gets one is a person of their own."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.client_facing.conftest import NewContext
from tests.support.accounts import sign_in
from tests.support.nginx import run_proxy
from tests.support.server import MEMBERS_BOARD, Server, free_port, serve_site
from tests.support.visitor import Visitor

pytestmark = pytest.mark.windowless

CACHE = """
proxy_cache_path {folder}/cache keys_zone=pages:1m;
server {{
    listen 127.0.0.1:{port};
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    location / {{ proxy_pass http://127.0.0.1:{behind}; }}
    location /ws/ {{
        proxy_pass http://127.0.0.1:{behind};
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
    }}
    location /page/ {{
        proxy_pass http://127.0.0.1:{behind};
        proxy_cache pages;
    }}
}}
"""

KINDS = ["page", "kept", "whole"]
"""The URLs of pages that nginx, `cache_page`, and Django's middleware keep."""


@pytest.fixture(scope="module")
def daphne(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve_site(tmp_path_factory.mktemp("cached"), "cached") as running:
        yield running


@pytest.fixture(scope="module")
def server(daphne: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The cache before the site."""
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    text = CACHE.format(folder=folder, port=port, behind=daphne.port)
    with run_proxy(folder, text, port) as running:
        yield running


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_kept_is_the_same_for_everybody(daphne: Server, server: Server, kind: str) -> None:
    staff = Visitor(server.origin, {"sessionid": sign_in(daphne, admin=[])["admin"]})
    others = [
        Visitor(server.origin),
        Visitor(server.origin, {"_ga": "GA1.1"}),
        Visitor(server.origin),
    ]
    path = f"/{kind}/first/"
    pages = [each.get(path) for each in (staff, *others)]
    assert [page.status for page in pages] == [200] * 4
    for page in pages:
        assert page.headers["Set-Cookie"] is None
        assert "presence-overlay" in page.text
        if kind != "page":
            assert page.text == pages[0].text
            assert page.headers["Vary"] is None
            assert not re.search(r' (name|count|nonce)="', page.text)
    # nginx obeys `Vary: Cookie`, which the number for a visitor needs.
    assert pages[-1].text == pages[1].text, "it came from the cache"


def name_of(page: Page) -> str:
    """Return the name that the page's guest has, once the bar shows it."""
    own = page.wait_for_function(
        "() => document.querySelector('presence-overlay')?.client?.self?.name"
    )
    return str(own.json_value())


@pytest.mark.parametrize("kind", KINDS)
def test_two_guests_with_one_page_are_two_people(
    server: Server, new_context: NewContext, kind: str
) -> None:
    url = f"{server.origin}/{kind}/lobby/"
    one, other = new_context(), new_context()
    names = []
    for context, people in ((one, 1), (other, 2)):
        page = context.new_page()
        page.goto(url)
        names.append(name_of(page))
        expect(page.locator("presence-overlay [part=count]")).to_have_attribute(
            "data-count", str(people)
        )
        expect(page.locator("presence-count").first).to_have_text(str(people))
        assert page.locator(f'presence-count[board="{MEMBERS_BOARD}"]').text_content() == ""
    assert names[0] != names[1], "they have names of their own"
    tab = other.new_page()
    tab.goto(url)
    assert name_of(tab) == names[1], "who opens another tab is the same person"
    expect(tab.locator("presence-overlay [part=count]")).to_have_attribute("data-count", "2")
    (cookie,) = (each for each in other.cookies() if each["name"] == "presence_guest")
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
