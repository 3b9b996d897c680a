"""The board page in a real browser against a real Daphne: notes moved, written and deleted."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.windowless

BOARD = "/boards/00000000-0000-4000-8000-000000000001/"


@pytest.fixture
def visitor(new_context, server):
    """Opens the welcome board in a browser of its own; a complaint of a page fails the test."""
    complaints = []

    def open_board(**options):
        page = new_context(base_url=server.origin, **options).new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: "Content Security" in said.text and complaints.append(said))
        page.goto(BOARD)
        return page

    yield open_board
    assert complaints == []


@pytest.fixture
def page(visitor):
    return visitor()


def saved(page):
    """The notes as the server keeps them, by id."""
    return {kept["id"]: kept for kept in page.request.get(f"{BOARD}notes/").json()["notes"]}


@pytest.fixture
def note(page):
    """A note of this test's own, on the page."""
    token = next(c["value"] for c in page.context.cookies() if c["name"] == "csrftoken")
    made = page.request.post(
        f"{BOARD}notes/",
        data={"text": "Mine", "x": 0.5, "y": 0.2, "color": "yellow"},
        headers={"X-CSRFToken": token},
    ).json()
    poll(page)
    yield page.locator(f'.note[data-id="{made["id"]}"]')
    page.request.delete(f"{BOARD}notes/{made['id']}/", headers={"X-CSRFToken": token})


def id_of(note):
    return int(note.get_attribute("data-id"))


def place_of(note):
    return note.evaluate("note => [note.offsetLeft, note.offsetTop]")


def saving(page, method="PATCH"):
    return page.expect_response(lambda answer: answer.request.method == method)


def test_notes_stand_at_their_fractions_of_the_surface(page, note):
    assert place_of(note) == [800, 200]


def test_a_note_does_not_enlarge_the_surface(page, note):
    note.evaluate("note => { note.style.setProperty('--x', 1); note.style.setProperty('--y', 1) }")
    size = "e => [e.scrollWidth, e.scrollHeight, e.offsetWidth, e.offsetHeight]"
    assert page.locator("#surface").evaluate(size) == [1600, 1000, 1600, 1000]
    assert place_of(note) == [1400, 820]


def poll(page):
    """Make the page ask what others changed, as it does when the browser comes online."""
    with page.expect_response(lambda answer: answer.url.endswith("/notes/")):
        page.evaluate("dispatchEvent(new Event('online'))")


def drag(page, note, dx, dy, *, drop=True):
    box = note.bounding_box()
    x, y = box["x"] + 40, box["y"] + 60
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx / 2, y + dy / 2)
    page.mouse.move(x + dx, y + dy)
    if drop:
        page.mouse.up()


def test_a_note_is_dragged(page, note):
    with saving(page):
        drag(page, note, -160, 100)
    assert place_of(note) == [640, 300]
    kept = saved(page)[id_of(note)]
    assert (kept["x"], kept["y"]) == (pytest.approx(0.4), pytest.approx(0.3))


def test_a_note_cannot_be_dragged_off_the_surface(page, note):
    with saving(page):
        drag(page, note, -100, -300)
    assert place_of(note) == [700, 0]
    assert saved(page)[id_of(note)]["y"] == 0


def test_a_drag_keeps_its_grip_while_the_surface_scrolls(page, note):
    drag(page, note, 0, 0, drop=False)
    page.mouse.move(700, 400)
    before = note.bounding_box()
    page.locator("#frame").evaluate("frame => frame.scrollBy(120, 0)")
    page.mouse.move(701, 400)
    assert note.bounding_box()["x"] == pytest.approx(before["x"] + 1, abs=1)
    with saving(page):
        page.mouse.up()


def test_a_click_moves_nothing(page, note):
    note.click()
    expect(note).to_be_focused()
    assert place_of(note) == [800, 200]


def test_arrow_keys_move_a_note_and_save_once(page, note):
    sent = []
    page.on("request", lambda request: request.method == "PATCH" and sent.append(request))
    # The keys follow each other at once, however slow the machine is.
    page.clock.install(time=0)
    page.clock.pause_at(3600)
    note.focus()
    for key in ("ArrowLeft", "ArrowDown", "Shift+ArrowDown"):
        page.keyboard.press(key)
    with saving(page):
        page.clock.resume()
    assert place_of(note) == [784, 280]
    assert saved(page)[id_of(note)]["x"] == pytest.approx(784 / 1600)
    assert len(sent) == 1


def test_words_are_changed_in_place(page, note):
    note.dblclick(position={"x": 60, "y": 60})
    expect(page.get_by_label("Words of the note")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("<img src=x onerror=alert(1)>")
    with saving(page):
        page.locator("#surface").click(position={"x": 20, "y": 700})
    expect(note.locator(".note-text")).to_have_text("<img src=x onerror=alert(1)>")
    assert note.locator("img").count() == 0
    page.reload()
    expect(note.locator(".note-text")).to_have_text("<img src=x onerror=alert(1)>")
    assert note.locator("img").count() == 0


def test_enter_edits_and_escape_cancels(page, note):
    note.focus()
    page.keyboard.press("Enter")
    page.keyboard.type("Never mind")
    page.keyboard.press("Escape")
    expect(note).to_be_focused()
    expect(note.locator(".note-text")).to_have_text("Mine")
    assert saved(page)[id_of(note)]["text"] == "Mine"


def test_a_note_keeps_its_words_when_all_are_deleted(page, note):
    note.get_by_text("Edit").click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status").first).to_contain_text("A note needs words")
    expect(note.locator(".note-text")).to_have_text("Mine")


def test_the_colour_changes(page, note):
    with saving(page):
        note.get_by_role("button", name="Next colour").click()
    expect(note).to_have_class(re.compile("paper-pink"))
    assert saved(page)[id_of(note)]["color"] == "pink"


def test_a_double_click_on_the_board_writes_a_note_there(page):
    page.locator("#surface").dblclick(position={"x": 320, "y": 650})
    page.keyboard.type("From nothing")
    with saving(page, "POST") as made:
        page.keyboard.press("Control+Enter")
    kept = made.value.json()
    expect(page.locator(f'.note[data-id="{kept["id"]}"]')).to_be_focused()
    assert (kept["text"], kept["x"], kept["y"]) == ("From nothing", 0.2, 0.65)


def test_the_button_writes_a_note_and_nothing_written_leaves_nothing(page):
    before = page.locator(".note").count()
    page.get_by_role("link", name="Add a note").click()
    expect(page.get_by_label("Words of the note")).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".note")).to_have_count(before)


def test_delete_and_undo(page, note):
    note.focus()
    with saving(page, "DELETE"):
        page.keyboard.press("Delete")
    expect(note).to_have_count(0)
    with saving(page, "POST") as made:
        page.get_by_role("button", name="Undo").click()
    again = made.value.json()
    assert (again["text"], again["x"], again["y"]) == ("Mine", 0.5, 0.2)
    expect(page.locator(f'.note[data-id="{again["id"]}"]')).to_be_visible()


def test_a_change_that_cannot_be_saved_is_undone(page, note):
    page.route("**/notes/*/", lambda route: route.abort())
    drag(page, note, -160, 100)
    expect(page.locator("#toast")).to_contain_text("Not saved. The server cannot be reached.")
    assert place_of(note) == [800, 200]
    note.get_by_text("Delete").click()
    expect(page.locator("#toast")).to_contain_text("Not saved.")
    expect(note).to_be_visible()


def test_a_new_note_that_cannot_be_saved_is_not_lost(page):
    page.route("**/notes/", lambda route: route.abort())
    page.locator("#surface").dblclick(position={"x": 700, "y": 650})
    page.keyboard.type("Precious")
    page.keyboard.press("Control+Enter")
    again = page.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    page.unroute("**/notes/")
    with saving(page, "POST") as made:
        again.click()
    assert made.value.json()["text"] == "Precious"


def test_changes_of_others_appear_but_not_while_a_note_is_edited(visitor, page, note):
    other = visitor()
    theirs = other.locator(f'.note[data-id="{id_of(note)}"]')
    theirs.dblclick(position={"x": 60, "y": 60})
    with saving(page):
        drag(page, note, -160, 100)
    poll(other)
    assert place_of(theirs) == [800, 200]
    other.keyboard.press("Escape")
    poll(other)
    expect(theirs).to_have_attribute("data-y", "0.3")
    with saving(page, "DELETE"):
        note.get_by_text("Delete").click()
    poll(other)
    expect(theirs).to_have_count(0)


def test_a_note_that_another_deleted_goes_when_it_is_changed(page, note):
    page.route("**/notes/*/", lambda route: route.fulfill(status=404, body=""))
    note.get_by_role("button", name="Next colour").click()
    expect(note).to_have_count(0)
    expect(page.locator("#toast")).to_contain_text("no longer there")


def test_a_board_that_closes_says_so(page):
    page.route("**/notes/", lambda route: route.fulfill(status=401, json={"error": "Sign in"}))
    expect(page.locator("#toast")).to_contain_text("no longer open to you")


def test_without_script_the_notes_are_a_list_with_forms(visitor):
    page = visitor(java_script_enabled=False)
    first = page.locator(".note").first
    assert first.bounding_box()["width"] == 200
    expect(page.get_by_role("button", name="Next colour")).to_have_count(0)
    page.get_by_role("link", name="Add a note").click()
    page.get_by_label("Text").fill("By form")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("By form")).to_be_visible()


@pytest.mark.parametrize("width", [320, 390])
def test_no_page_is_wider_than_a_telephone(visitor, width):
    page = visitor(viewport={"width": width, "height": 700})
    for url in (BOARD, "/", "/accounts/login/", "/accounts/signup/", f"{BOARD}notes/add/"):
        page.goto(url)
        assert page.evaluate("document.documentElement.scrollWidth") == width
