"""Where cursors are drawn: on the same thing for everybody, and only while something moves."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.clients import Invite
from tests.support.server import ROOT
from tests.support.waiting import eventually

Look = Callable[..., Page]

MAKE_NOTES = """async places => {
  const token = document.querySelector('[name=csrfmiddlewaretoken]').value;
  const url = document.getElementById('surface').dataset.notesUrl;
  for (const [x, y] of places) await fetch(url, {
    method: 'POST', headers: {'Content-Type': 'application/json', 'X-CSRFToken': token},
    body: JSON.stringify({text: `At ${x}`, x, y, color: 'blue'}),
  });
}"""
PLACES = [[0.05, 0.1], [0.8, 0.75]]

# What a visitor's zoom and window do to the page: 150 % in the browser's menu is a narrower window
# with more pixels; sites zoom with CSS as well.
ZOOMED = {"viewport": {"width": 853, "height": 533}, "device_scale_factor": 1.5}
SMALL = {"viewport": {"width": 500, "height": 400}}
CSS_ZOOM = ("html", "body")

COUNT_FRAMES = """
const ask = window.requestAnimationFrame.bind(window);
window.asked = 0;
window.requestAnimationFrame = (run) => { asked += 1; return ask(run); };
window.frames30 = () => new Promise(done => {
  let left = 30;
  const next = () => (left-- > 0 ? ask(next) : done(asked));
  next();
});
"""


# What moves the surface with no scroll and no resize. Only an observer of shifts tells of the last.
MOVES = """[
  () => document.body.prepend(Object.assign(document.createElement('p'), {textContent: 'News'})),
  () => (document.getElementById('frame').style.transform = 'translate(30px, -20px) rotate(4deg)'),
  () => document.getElementById('surface').classList.add('shifted'),
  () => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('#frame { margin-inline-start: 40px }');
    document.adoptedStyleSheets.push(sheet);
  },
]"""

# A surface at rest is looked at again now and then, by a timer: here sooner, and not at all if the
# page is `blind`, where only an observer can tell of a shift.
COUNT_LOOKS = """
const later = window.setTimeout.bind(window);
window.looks = 0;
window.setTimeout = (run, wait, ...rest) => {
  // The page's own poll waits as long.
  if (wait !== 4000 || run.name === 'ask') return later(run, wait, ...rest);
  looks += 1;
  return window.blind ? 0 : later(run, 50, ...rest);
};
"""

# How far the cursor is from a mark at the fraction (0.25, 0.25) of the surface.
OFF = """() => {
  const root = document.querySelector('presence-overlay').shadowRoot;
  const {left, top} = root.querySelector('[part=cursor]').getBoundingClientRect();
  const at = document.getElementById('mark').getBoundingClientRect();
  return Math.hypot(left - at.left, top - at.top);
}"""
PUT_MARK = """() => {
  const mark = document.createElement('i');
  mark.id = 'mark';
  const sheet = new CSSStyleSheet();
  const shift = '.shifted { translate: 9px 9px }';
  sheet.replaceSync(`#mark { position: absolute; left: 25%; top: 25% } ${shift}`);
  document.adoptedStyleSheets.push(sheet);
  document.getElementById('surface').append(mark);
}"""


def middle(thing: Locator) -> tuple[float, float]:
    box = thing.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def tip(page: Page) -> tuple[float, float] | None:
    """Return where the other cursor points on this page, None if it is not visible."""
    return page.evaluate("""() => {
      const root = document.querySelector('presence-overlay').shadowRoot;
      const cursor = root.querySelector('[part=cursor]');
      if (!cursor?.checkVisibility({visibilityProperty: true})) return null;
      const {left, top} = cursor.getBoundingClientRect();
      return [left, top];
    }""")


def apart(one: tuple[float, float], other: tuple[float, float]) -> float:
    return max(abs(one[0] - other[0]), abs(one[1] - other[1]))


def assert_points_at(page: Page, note: Locator) -> None:
    """Check that the cursor comes to rest within 2 px of the note's middle."""

    def near() -> bool:
        page.wait_for_timeout(10)
        at = tip(page)
        return at is not None and apart(at, middle(note)) <= 2

    eventually(near, lambda: f"{tip(page)} is not within 2 px of {middle(note)}")


DOCUMENTED = re.search(
    r"^## Own coordinates\n.*?^```js\n(.*?)^```$",
    (ROOT / "docs/overlay.md").read_text(),
    re.DOTALL | re.MULTILINE,
)
OWN_COORDINATES = """() => {
  const paint = () => window.painted = true;
  %s
  Object.assign(window, {overlay, camera, look, errors: [], cursors: []});
  overlay.addEventListener('presence-error', ({detail}) => errors.push(detail.message));
  overlay.client.on('cursor', ({x, y}) => cursors.push([Math.round(x), Math.round(y)]));
}"""
BREAK = """() => {
  const broken = {toScreen: () => ({x: NaN}), toWorld: () => { throw Error('lost'); }};
  overlay.coordinates = {...overlay.coordinates, ...broken};
}"""


def on_surface(page: Page, point: tuple[float, float] | None) -> tuple[float, float] | None:
    """Return a point of the window as one of the surface's, from its top left corner."""
    box = page.locator("#surface").bounding_box()
    assert box is not None
    return point and (point[0] - box["x"], point[1] - box["y"])


def test_the_same_point_of_a_world_is_under_both_pointers(look: Look, invite: Invite) -> None:
    assert DOCUMENTED
    page = look()
    page.evaluate(OWN_COORDINATES % DOCUMENTED[1])
    ada = invite("Ada")
    # The bounds are from -10,000 to 10,000.
    ada.point(0.51, 0.505)

    def drawn(x: float, y: float) -> None:
        eventually(
            lambda: (at := on_surface(page, tip(page))) is not None and apart(at, (x, y)) < 0.4,
            lambda: f"{on_surface(page, tip(page))} is not {x}, {y}",
        )

    drawn(200, 100)
    assert page.evaluate("cursors.at(-1)") == [200, 100]
    # The site pans and zooms, and the cursor is there in the same frame.
    shown = page.evaluate("""() => {
        look(50, 0, 2);
        const cursor = overlay.shadowRoot.querySelector('[part=cursor]');
        const {left, top} = cursor.getBoundingClientRect();
        return [left, top];
    }""")
    at = on_surface(page, shown)
    assert at is not None
    assert apart(at, (300, 200)) < 0.8
    # This person's own pointer is told as what lies under it, and again when that changes.
    box = page.locator("#surface").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 100, box["y"] + 60)
    for camera_x in (50, -300):
        page.evaluate(f"look({camera_x}, 0, 2)")
        told = (0.5 + (camera_x + 50) / 20_000, 0.5 + 30 / 20_000)
        eventually(lambda: ada.cursors() and apart(ada.cursors()[-1], told) < 0.0001, ada.cursors)  # noqa: B023
    # Going to somebody out of sight is up to the site, which here looks at them.
    page.evaluate("look(2000, 0, 2)")
    page.get_by_role("button", name="Go to Ada").click()
    surface = page.evaluate("[surface.clientWidth / 2, surface.clientHeight / 2]")
    drawn(*surface)
    # Functions that fail are told of once, and the cursors are hidden.
    page.evaluate(BREAK)
    eventually(lambda: tip(page) is None, "no cursor is shown")
    page.evaluate("look(0, 0, 1)")
    assert len(page.evaluate("errors")) == 1
    # Without coordinates positions are fractions again.
    page.evaluate("overlay.coordinates = undefined")
    ada.point(0.25, 0.5)
    drawn(*page.evaluate("[surface.scrollWidth / 4, surface.scrollHeight / 2]"))


@pytest.mark.long
def test_the_same_note_is_under_both_pointers(look: Look) -> None:
    ada = look()
    ada.evaluate(MAKE_NOTES, PLACES)
    ada.reload()
    ada.evaluate("document.getElementById('frame').scrollTo(130, 90)")
    others = [look(**ZOOMED), look(**SMALL)]
    for element in CSS_ZOOM:
        others.append(look())
        others[-1].evaluate(f"document.querySelector('{element}').style.zoom = 1.5")
    for bob in others:
        for number in range(len(PLACES)):
            for mover, observer in ((ada, bob), (bob, ada)):
                for page in (mover, observer):
                    page.locator("article").nth(number).scroll_into_view_if_needed()
                mover.mouse.move(*middle(mover.locator("article").nth(number)), steps=3)
                assert_points_at(observer, observer.locator("article").nth(number))
        bob.close()
        expect(ada.locator("presence-overlay [part=cursor]")).to_have_count(0)


def test_a_cursor_stays_on_its_place_when_the_surface_scrolls(look: Look, invite: Invite) -> None:
    page = look(viewport={"width": 700, "height": 500})
    invite("Ada").point(0.2, 0.2)
    page.locator("presence-overlay [part=cursor]").wait_for()
    before = eventually(lambda: tip(page), "a cursor")
    page.evaluate("document.getElementById('frame').scrollTo(90, 60)")
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    after = tip(page)
    assert after is not None
    assert apart(after, (before[0] - 90, before[1] - 60)) <= 1


def test_frames_are_asked_for_only_while_something_moves(look: Look, invite: Invite) -> None:
    page = look(COUNT_FRAMES)
    ada = invite("Ada")
    ada.point(0.2, 0.2)
    ada.point(0.3, 0.3)
    page.locator("presence-overlay [part=cursor]").wait_for()
    page.evaluate("frames30()")
    still = page.evaluate("asked")
    assert page.evaluate("frames30()") == still, "half a second at 60 Hz"
    ada.point(0.4, 0.4)
    page.wait_for_function("still => asked > still", arg=still)


def rest_on_a_mark(page: Page, invite: Invite) -> None:
    """Have a cursor rest on a mark of the surface, and return when nothing is going on any more."""
    page.evaluate(PUT_MARK)
    invite("Ada").point(0.25, 0.25)
    page.locator("presence-overlay [part=cursor]").wait_for()
    page.wait_for_function(f"() => ({OFF})() <= 2")
    page.evaluate("frames30()")


def test_a_resting_cursor_follows_the_surface(look: Look, invite: Invite) -> None:
    page = look(COUNT_FRAMES + COUNT_LOOKS + "window.blind = true;", reduced_motion="reduce")
    rest_on_a_mark(page, invite)
    for number in range(3):
        moved = f"{MOVES}[{number}](); return new Promise(done => requestAnimationFrame(done))"
        page.evaluate(f"() => {{ {moved} }}")
        assert page.evaluate(OFF) <= 2, f"move {number}: in the same frame"
    page.evaluate(f"{MOVES}[3]()")
    page.wait_for_function(f"() => ({OFF})() <= 2")


def test_a_shift_that_no_observer_tells_of(look: Look, invite: Invite) -> None:
    page = look(COUNT_FRAMES + COUNT_LOOKS + "IntersectionObserver.prototype.observe = () => {};")
    rest_on_a_mark(page, invite)
    page.evaluate(f"{MOVES}[3]()")
    page.wait_for_function(f"() => ({OFF})() <= 2")


def test_nothing_is_scheduled_while_no_cursor_is_shown(look: Look, invite: Invite) -> None:
    page = look(COUNT_FRAMES + COUNT_LOOKS)
    rest_on_a_mark(page, invite)
    page.wait_for_function("looks > 2")
    page.keyboard.press("Alt+Shift+H")
    page.locator("presence-overlay .cursors[hidden]").wait_for(state="attached")
    page.evaluate("frames30()")
    still = page.evaluate("[asked, looks]")
    page.evaluate(f"{MOVES}[0]()")
    page.evaluate("frames30()")
    assert page.evaluate("[asked, looks]") == still, "even when the page changes"


def test_nothing_is_scheduled_for_a_pointer_that_nobody_sees(look: Look, invite: Invite) -> None:
    page = look(COUNT_FRAMES)
    with page.expect_response("**/visitor.js"):
        page.mouse.move(300, 300)
    assert_no_frames(page)
    invite("Ada")
    eventually(lambda: frames_for_news(page) > 0, "Ada sees the pointer")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Appear without a cursor").press("Enter")
    assert_no_frames(page)


def frames_for_news(page: Page) -> int:
    """Return how many frames the overlay asks for when the page changes."""
    page.evaluate("frames30()")
    still: int = page.evaluate("asked")
    page.evaluate("document.body.append('news')")
    return int(page.evaluate("frames30()")) - still


def assert_no_frames(page: Page) -> None:
    assert frames_for_news(page) == 0


def test_a_label_that_has_no_room_is_on_the_other_side(look: Look, invite: Invite) -> None:
    page = look(viewport={"width": 700, "height": 500}, reduced_motion="reduce")
    ada = invite("Augusta Ada King-Noel, Countess of Lovelace")
    label = page.locator("presence-overlay [part=label]")
    width = page.evaluate("document.getElementById('surface').scrollWidth")

    def lies(right: bool) -> bool:
        """Return whether the label is on a side of the pointer, and in the window."""
        box, at = label.bounding_box(), tip(page)
        if box is None or at is None:
            return False
        begins, ends = box["x"], box["x"] + box["width"]
        return at[0] < begins < ends < 700 if right else 0 < begins < ends < at[0]

    for x, right in [(100, True), (600, False), (100, True)]:
        ada.point(x / width, 0.2)
        eventually(lambda: lies(right), f"the label of a pointer at {x}")  # noqa: B023


def test_a_cursor_outside_the_view_is_a_mark_at_the_edge_that_leads_to_it(
    look: Look, invite: Invite
) -> None:
    page = look(viewport={"width": 700, "height": 500}, reduced_motion="reduce")
    invite("Ada Lovelace").point(0.9, 0.9)
    edge = page.locator("presence-overlay [part=edge]")
    edge.wait_for()
    expect(edge).to_have_text("AL", use_inner_text=True)
    x, y = middle(edge.locator("[part=dot]"))
    assert x > 350
    assert y > 250
    page.get_by_role("button", name="Go to Ada Lovelace").click()
    expect(page.locator("presence-overlay [part=cursor]")).to_be_visible()
    at = eventually(lambda: tip(page), "the cursor in view")
    assert 0 < at[0] < 700
    assert 56 < at[1] < 500


def test_a_surface_in_a_page_that_scrolls_is_scrolled_to(
    look: Look, invite: Invite, board: str
) -> None:
    page = look(reduced_motion="reduce")
    page.evaluate(
        """board => {
          document.body.replaceChildren();
          document.body.className = '';
          const sheet = new CSSStyleSheet();
          sheet.replaceSync('#tall { height: 4000px; margin-top: 300px }');
          document.adoptedStyleSheets = [sheet];
          const tall = document.createElement('div');
          tall.id = 'tall';
          const overlay = document.createElement('presence-overlay');
          overlay.setAttribute('board', board);
          overlay.setAttribute('surface', '#tall');
          document.body.append(tall, overlay);
        }""",
        board,
    )
    invite("Ada").point(0.5, 0.9)
    page.get_by_role("button", name="Go to Ada").click()
    page.wait_for_function("() => scrollY > 3000")
    expect(page.locator("presence-overlay [part=cursor]")).to_be_visible()
