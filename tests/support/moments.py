"""When something showed in a page: noted by the page itself, as it is written."""

import time

from playwright.sync_api import Locator, expect

NOTE = """
(place) => {
  place.shown = [];
  new MutationObserver(() => place.shown.push([place.textContent.trim(), Date.now()]))
    .observe(place, { characterData: true, childList: true, subtree: true });
}
"""

SHOWN = "(place, text) => place.shown.find((each) => each[0] === text)?.[1]"


class Moments:
    """Notes what a place of a page shows, and when."""

    def __init__(self, place: Locator) -> None:
        self._place = place
        place.evaluate(NOTE)

    def after(self, begin: float, text: str) -> float:
        """Return how many seconds after a moment (see `now`) a text showed. Waits for it."""
        expect(self._place).to_have_text(text)
        shown: float | None = self._place.evaluate(SHOWN, text)
        assert shown is not None, "it was there before"
        return shown / 1000 - begin


def now() -> float:
    """Return the time by the clock that pages have, too."""
    return time.time()
