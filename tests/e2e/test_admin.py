"""The people of a board in the admin, in a real browser. The list is in test_admin_list."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from presence.errors import Close
from presence.messages import UserState
from tests.support.cookies import staff_cookie
from tests.support.guests import Invite
from tests.support.server import Server

SOON = 5_000
"""Milliseconds within which a join is to be seen, on a machine that does other things as well."""


@pytest.fixture
def staff(browser: Browser, server: Server) -> Iterator[Page]:
    """A page of the admin, of one who may do everything."""
    name, value = staff_cookie(server).split("=")
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": name, "value": value, "url": server.origin}])
    yield context.new_page()
    context.close()


@pytest.fixture
def wrong(staff: Page) -> list[str]:
    """What goes wrong on the page: errors of scripts, and answers of presence's that are none."""
    noted: list[str] = []

    def note(answer: Response) -> None:
        if "presence/" in answer.url and answer.status >= 400:
            noted.append(f"{answer.url}: {answer.status}")

    staff.on("pageerror", lambda error: noted.append(str(error)))
    staff.on("response", note)
    return noted


def people_page(server: Server, board: str) -> str:
    return f"{server.origin}/admin/presence_site/board/{board}/presence/"


def test_the_people_of_a_board_are_seen_and_removed(
    staff: Page, server: Server, board: str, invite: Invite, wrong: list[str]
) -> None:
    staff.goto(people_page(server, board))
    names = staff.locator("tbody [data-field=name]")
    expect(names).to_have_count(0)
    ada, bob = invite("Ada"), invite("Bob")
    expect(names).to_have_text(["Ada", "Bob"], timeout=SOON)
    expect(staff.locator("tbody [data-field=state]").first).to_have_text("active")
    bob.state(UserState.AWAY)
    expect(staff.locator("tbody [data-field=state]").last).to_have_text("away", timeout=SOON)
    staff.locator("tr", has_text="Ada").get_by_role("button", name="Remove").click()
    expect(staff.locator(".messagelist")).to_contain_text("Removed Ada")
    expect(names).to_have_text(["Bob"], timeout=SOON)
    assert ada.closed() == Close.REMOVED
    staff.get_by_role("button", name="Close to newcomers").click()
    expect(staff.get_by_role("button", name="Let newcomers in again")).to_be_visible()
    assert wrong == []
