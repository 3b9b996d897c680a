"""A site whose policy allows scripts and styles by nonce only, with `'strict-dynamic'`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.client_facing.conftest import NewContext
from tests.support.accounts import sign_in
from tests.support.browser import NOTE_VIOLATIONS
from tests.support.clients import Invite
from tests.support.server import Server, serve
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
def server(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The site under one Daphne."""
    folder: Path = tmp_path_factory.mktemp("nonces")
    settings = {"DJANGO_SETTINGS_MODULE": "tests.sites.nonces.settings"}
    with serve(folder, {**environment, **settings}) as running:
        yield running


def open_page(new_context: NewContext, url: str, session: str = "") -> Page:
    page = new_context(session).new_page()
    page.add_init_script(NOTE_VIOLATIONS)
    answer = page.goto(url)
    assert answer
    policy = answer.headers["content-security-policy"]
    assert "'nonce-" in policy
    assert "script-src 'self'" not in policy
    return page


def violations(page: Page) -> list[str]:
    """Return the violations without those of Django's own scripts and styles."""
    djangos = ("/static/admin/", "/admin/jsi18n/")
    found: list[str] = page.evaluate("violations")
    return [each for each in found if not any(path in each for path in djangos)]


def test_people_see_each_other(
    new_context: NewContext, server: Server, board: str, invite: Invite
) -> None:
    page = open_page(new_context, f"{server.origin}/page/{board}/")
    ada = invite("Ada")
    ada.point(0.5, 0.5)
    expect(page.locator("presence-overlay [part=label]")).to_have_text("Ada")
    expect(page.locator("presence-overlay [part=cursor]")).to_have_css("position", "absolute")
    expect(page.locator("presence-count")).to_have_text("2")
    page.mouse.move(300, 300)
    eventually(lambda: ada.cursors(), "the page's pointer")
    assert violations(page) == []


def test_staff_see_people(
    new_context: NewContext, server: Server, board: str, invite: Invite
) -> None:
    session = sign_in(server, admin=[])["admin"]
    invite("Ada")
    page = open_page(new_context, server.panel(board), session)
    expect(page.locator("#presence-panel [data-field=name]").first).to_have_text("Ada")
    expect(page.locator("#presence-panel .presence-canvas canvas").first).to_be_visible()
    assert violations(page) == []
    page = open_page(new_context, f"{server.origin}/admin/presence/overview/", session)
    expect(page.locator("[data-total=people]")).not_to_have_text("–")
    assert violations(page) == []
    page = open_page(
        new_context, f"{server.origin}/admin/presence_site/board/?people_now=some", session
    )
    expect(page.locator(f'[data-board="{board}"]')).to_have_text("1")
    assert violations(page) == []
