/**
 * What the test asks of a page: where a thing is on the screen, where the other's cursor is drawn, and when the two meet.
 * All in CSS pixels of the window.
 */
window.table = (() => {
  const FRAMES = 3;

  /** The first element that matches, also in open shadow roots and in frames of this origin. */
  function find(selector, root = document) {
    const here = root.querySelector(selector);
    if (here) return here;
    for (const { shadowRoot, contentDocument } of root.querySelectorAll("*")) {
      const inside = shadowRoot ?? contentDocument;
      const found = inside && find(selector, inside);
      if (found) return found;
    }
    return null;
  }

  function middle(element) {
    const { left, top, width, height } = element.getBoundingClientRect();
    let [x, y] = [left + width / 2, top + height / 2];
    for (let { frameElement } = element.ownerDocument.defaultView; frameElement; ) {
      const box = frameElement.getBoundingClientRect();
      const scale = box.width / frameElement.offsetWidth;
      x = box.left + (frameElement.clientLeft + x) * scale;
      y = box.top + (frameElement.clientTop + y) * scale;
      ({ frameElement } = frameElement.ownerDocument.defaultView);
    }
    return [x, y];
  }

  const isShown = (element) => element?.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true });

  /** Where a thing is; null while it is not shown. A page whose things cannot be found so sets `table.find`. */
  function thing(name) {
    const element = table.find(`#${name}`);
    return isShown(element) ? middle(element) : null;
  }

  /** Where the other's cursor points; null while none is shown. Its ring is around the tip, however it is turned. */
  function tip() {
    const cursor = find("[part=cursor]");
    return isShown(cursor) ? middle(cursor.querySelector("[part=ring]")) : null;
  }

  /** Whether no cursor may be on a thing: it, or the whole page, has `data-shows="none"`. */
  const isOff = (name) => table.find(`#${name}`)?.dataset.shows === "none" || document.documentElement.dataset.shows === "none";

  /** How far the cursor is from where it should be: 0 if neither is shown, Infinity if only one is. */
  function off(name) {
    const expected = isOff(name) ? null : thing(name);
    const drawn = tip();
    if (!expected || !drawn) return expected === drawn ? 0 : Infinity;
    return Math.max(Math.abs(expected[0] - drawn[0]), Math.abs(expected[1] - drawn[1]));
  }

  /** Wait until the cursor has been within `most` px of a thing for some frames; returns how far it is from it. */
  async function meet(name, most, within) {
    const end = performance.now() + within;
    for (let good = 0; good < FRAMES && performance.now() < end; ) {
      await new Promise(requestAnimationFrame);
      good = off(name) <= most ? good + 1 : 0;
    }
    return { off: String(off(name)), thing: thing(name), tip: tip() };
  }

  /** Carry out a step of the page's changes; returns where to click if it is a click. */
  async function change(step) {
    if (typeof changes[step] === "string") return middle(find(changes[step]));
    await changes[step]();
    return null;
  }

  return { find, change, thing, tip, meet, count: () => find("[part=count]")?.dataset.count };
})();
