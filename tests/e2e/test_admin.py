"""The admin's list of boards in a real browser, while people come and go."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from presence.errors import Close
from presence.messages import UserState
from tests.support.cookies import staff_cookie
from tests.support.guests import Invite
from tests.support.server import Server

LIST = "/admin/presence_site/board/?id="

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


def cell(page: Page, board: str) -> Any:
    return page.locator(f'.presence-online[data-board="{board}"]')


def test_who_comes_and_goes_is_seen_in_an_open_list(
    staff: Page, server: Server, board: str, invite: Invite, wrong: list[str]
) -> None:
    staff.goto(server.origin + LIST + board)
    expect(cell(staff, board)).to_have_text("0")
    ada = invite("Ada")
    expect(cell(staff, board)).to_have_text("1", timeout=SOON)
    invite("Bob")
    expect(cell(staff, board)).to_have_text("2", timeout=SOON)
    ada.leave()
    expect(cell(staff, board)).to_have_text("1", timeout=SOON)
    assert wrong == []


def test_who_is_signed_out_sees_no_number_and_asks_no_more(
    staff: Page, server: Server, board: str
) -> None:
    staff.goto(server.origin + LIST + board)
    expect(cell(staff, board)).to_have_text("0")
    staff.context.clear_cookies()
    expect(cell(staff, board)).to_have_text("–", timeout=SOON)
    asked: list[str] = []
    staff.on("request", lambda request: asked.append(request.url))
    staff.wait_for_timeout(2_000)  # nothing happens: there is no event to wait for
    assert asked == []


def test_a_server_that_was_away_is_asked_again(
    staff: Page, server: Server, board: str, invite: Invite
) -> None:
    staff.goto(server.origin + LIST + board)
    staff.route("**/presence/feed/", lambda route: route.abort())
    expect(cell(staff, board)).to_have_text("–", timeout=6 * SOON)
    staff.unroute("**/presence/feed/")
    invite("Ada")
    expect(cell(staff, board)).to_have_text("1", timeout=6 * SOON)


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
