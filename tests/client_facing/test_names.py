"""Whom visitors see: nobody passes for somebody else, and a board tells no more than its level."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from presence.protocol.identity import look_of
from presence.protocol.messages import Dialect, MessageType
from tests.client_facing.conftest import NewContext
from tests.support.accounts import sign_in
from tests.support.browser import Tap, barriers
from tests.support.clients import Client, Guest, Invite, inviting, joining
from tests.support.server import Server, serve_site
from tests.support.waiting import eventually

Visit = Callable[..., Tap]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A site whose rooms have the level of privacy that they are named after."""
    with serve_site(tmp_path_factory.mktemp("privacy"), "privacy") as running:
        yield running


@pytest.fixture
def visit(new_context: NewContext, server: Server) -> Visit:
    """Opens a room's page, as a guest of a name or with a session."""

    def open_page(room: str, name: str = "", session: str = "") -> Tap:
        tap = Tap(new_context(session).new_page())
        tap.page.goto(f"{server.origin}/page/{room}/?name={name}")
        return tap

    return open_page


def part(page: Page, name: str) -> Locator:
    return page.locator(f"presence-overlay [part={name}]")


def persons(page: Page) -> dict[str, tuple[str, bool]]:
    """Return what the bar says of each person: the description, and whether it shows the sign."""
    script = """all => all.map((one) => [one.dataset.tip, one.ariaDescription,
        one.querySelector("[part=sign]").checkVisibility()])"""
    return {tip: (told, sign) for tip, told, sign in part(page, "person").evaluate_all(script)}


def test_a_guest_cannot_pass_for_an_account(server: Server, visit: Visit) -> None:
    ada = visit("lobby", session=sign_in(server, Ada=None)["Ada"])
    expect(part(ada.page, "count")).to_have_text("1 person here")
    eve = visit("lobby", name="Аdа")
    bob = visit("lobby", name="Bob ✓")
    expect(part(ada.page, "count")).to_have_text("3 people here")
    expect(part(bob.page, "person")).to_have_count(3)
    seen = persons(bob.page)
    assert seen.pop("Ada") == ("signed in", True)
    assert seen.pop("Bob (you)") == ("guest", False)
    ((named, told),) = seen.items()
    assert told == ("guest", False)
    assert look_of(named) != look_of("Ada")
    expect(part(eve.page, "person").first).to_have_attribute("data-tip", f"{named} (you)")
    # The sign is at the cursor, too, and is no part of the name.
    for tap in (ada, eve):
        tap.page.mouse.move(400, 300 if tap is ada else 420)
    labels = bob.page.locator("presence-overlay [part=cursor] [part=label]")
    expect(labels).to_have_count(2)
    expect(labels.filter(has_text="Ada").locator("[part=sign]")).to_be_visible()
    expect(labels.filter(has_text=named).locator("[part=sign]")).to_be_hidden()
    assert sorted(labels.all_inner_texts()) == sorted(["Ada", named])
    assert barriers(bob.page, "presence-overlay") == []


def test_a_guest_who_was_there_first_has_to_give_way(server: Server, visit: Visit) -> None:
    eve = visit("late", name="grace")
    expect(part(eve.page, "person").first).to_have_attribute("data-tip", "grace (you)")
    grace = visit("late", session=sign_in(server, Grace=None)["Grace"])
    expect(part(grace.page, "person")).to_have_count(2)
    eventually_named(grace.page, lambda name: look_of(name) != look_of("grace"))
    expect(part(grace.page, "person").first).to_have_attribute("data-tip", "Grace (you)")


def eventually_named(page: Page, fits: Callable[[str], bool]) -> None:
    """Wait until the name of the other person on a page is one that fits."""

    def named() -> bool:
        page.wait_for_timeout(20)
        others = [tip for tip in persons(page) if not tip.endswith("(you)")]
        return len(others) == 1 and fits(others[0])

    eventually(named, "another name")


def test_guests_without_names(visit: Visit) -> None:
    first, second = (visit("no-guest-names", name="Evelyn") for _ in range(2))
    for tap in (first, second):
        expect(part(tap.page, "person")).to_have_count(2)
        assert all(tip.startswith("Guest ") for tip in persons(tap.page))
    assert all(b"Evelyn" not in frame for frame in first.received + second.received)


def test_a_bar_of_a_board_that_shows_counts_only(server: Server, visit: Visit) -> None:
    tap = visit("counts-only", session=sign_in(server, Ada=None)["Ada"])
    with inviting(server, "counts-only") as invite:
        others = [hand_made(invite, dialect) for dialect in Dialect]
        expect(part(tap.page, "count")).to_have_text("3 people here")
        for name in ("people", "person", "switch"):
            expect(part(tap.page, name).first).to_be_hidden()
        tap.page.mouse.move(400, 300)
        for other in others:
            other.point(0.5, 0.5)
        assert barriers(tap.page, "presence-overlay") == []
        # What was sent before somebody left comes before the count without them.
        others.pop().leave()
        expect(part(tap.page, "count")).to_have_text("2 people here")
        others[0].until(lambda: others[0].client.count == 2, "the count")
        told = {frame[0] for frame in others[0].client.frames}
    shown = {MessageType.WELCOME, MessageType.ROSTER, MessageType.PRESENCE_UPDATE}
    assert told == {kind.value for kind in shown}
    assert {frame[0] for frame in tap.received} <= {*told, MessageType.HEARTBEAT}
    assert tap.complaints == []


def hand_made(invite: Invite, dialect: Dialect) -> Guest:
    """Return a client of somebody's own on the invite's board."""

    async def come() -> Client:
        client = await invite.clients.connect(dialect=dialect)
        await client.send(joining("Evelyn"))
        await client.until(lambda: client.count, "the count")
        return client

    return Guest(invite.loop.run(come()), invite.loop)


def test_a_page_of_a_board_that_is_off(visit: Visit) -> None:
    tap = visit("off")
    assert "presence_overlay: the level of privacy of 'off' is 'off'." in tap.page.content()
    expect(tap.page.locator("presence-overlay")).to_have_count(0)
    assert (tap.sockets, tap.page.context.cookies(), tap.complaints) == ([], [], [])


LONG = {
    "Latin": "Augusta Ada King-Noel, Countess of Lovelace, daughter of Annabella and Lord Byron",
    "Hindi": "श्रीनिवास रामानुजन आयंगर कुम्भकोणम",
    "Thai": "สมเด็จพระเจ้าตากสินมหาราชแห่งกรุ",
    "Arabic": "محمد بن موسى الخوارزمي البغدادي عالم الرياضيات",
    "one word": "W" * 96,
}
"""Names of nearly as many bytes as the wire carries."""

CUT = """all => all.filter(each => {
    const {left, right} = each.getBoundingClientRect();
    return each.scrollWidth > each.clientWidth || left < 0 || right > innerWidth;
}).map(each => each.innerText)"""
"""Returns the texts of elements that do not show all they have within the screen's width."""


@pytest.mark.parametrize("width", [1280, 360])
def test_long_names_are_shown_whole(server: Server, visit: Visit, width: int) -> None:
    tap = visit("long")
    tap.page.set_viewport_size({"width": width, "height": 800})
    with inviting(server, "long") as invite:
        others = [invite(name) for name in LONG.values()]
        for at, other in enumerate(others):
            other.point(0.02, 0.1 + 0.15 * at)
        labels = tap.page.locator("presence-overlay [part=cursor] [part=label]")
        expect(labels).to_have_count(len(LONG))
        assert {*labels.all_inner_texts()} == {*LONG.values()}
        assert labels.evaluate_all(CUT) == []
        part(tap.page, "person").nth(4).hover()
        part(tap.page, "count").click()
        people = part(tap.page, "person")
        assert {*LONG.values()} < persons(tap.page).keys()
        assert people.evaluate_all(CUT) == []


LOADED = """all => Object.fromEntries(all.map(each => [
    each.querySelector("[part=avatar]").dataset.letters,
    !!each.querySelector("img") && getComputedStyle(each.querySelector("img")).opacity === "1",
]))"""
"""Returns, by initials, whether a picture covers them."""


def test_pictures_of_accounts(server: Server, visit: Visit) -> None:
    sessions = sign_in(server, Frida=None, Nobody=None, Ada=None)
    tap = visit("pictures", session=sessions["Frida"])
    with inviting(server, "pictures") as invite:
        others = [invite("", f"sessionid={sessions[name]}") for name in ("Frida", "Nobody", "Ada")]
        others += [invite("Guest")]
        for at, other in enumerate(others):
            other.point(0.5, 0.1 + 0.2 * at)
        people = part(tap.page, "person")
        expect(people).to_have_count(4)
        expect(part(tap.page, "person").locator("img.on")).to_have_count(1)
        assert people.evaluate_all(LOADED) == {"F": True, "N": False, "A": False, "G": False}
        assert people.locator("img").evaluate_all("all => all.map(each => each.alt)") == ["", ""]
        labels = tap.page.locator("presence-overlay [part=cursor] [part=label]")
        expect(labels).to_have_count(4)
        expect(labels.locator("img").first).to_be_hidden()
        tap.page.locator("presence-overlay").evaluate(
            "each => each.toggleAttribute('cursor-avatars')"
        )
        expect(labels.filter(has_text="Frida").locator("img")).to_be_visible()
        expect(labels.filter(has_text="Nobody").locator("img")).to_be_hidden()
        assert barriers(tap.page, "presence-overlay") == []
