// Moving a note by pointer and by arrow keys. Both end in one call of `moved(note, from)`, where
// `from` is the place to go back to when the move cannot be saved.

const THRESHOLD = 4; // pixels: less is a click
const STEP = 16; // pixels an arrow key moves a note; four times as many with Shift
const SETTLED = 400; // milliseconds without an arrow key: the move is over
const ARROWS = new Map([
  ["ArrowLeft", [-1, 0]],
  ["ArrowRight", [1, 0]],
  ["ArrowUp", [0, -1]],
  ["ArrowDown", [0, 1]],
]);

const place = ({ fields: { x, y } }) => ({ x, y });

/** Let the pointer drag the note. */
export function followPointer(note, moved) {
  note.element.addEventListener("pointerdown", (down) => {
    if (down.button !== 0 || !down.isPrimary || down.target.closest("a, button, textarea")) return;
    if (!note.element.matches(".is-editing, .is-dragging")) drag(note, down, moved);
  });
}

function drag(note, down, moved) {
  const { element } = note;
  const from = place(note);
  const corner = element.getBoundingClientRect();
  const grip = { x: down.clientX - corner.left, y: down.clientY - corner.top };
  const listening = new AbortController();
  const on = (name, act) => element.addEventListener(name, act, { signal: listening.signal });

  on("pointermove", ({ clientX, clientY }) => {
    const far = Math.hypot(clientX - down.clientX, clientY - down.clientY) >= THRESHOLD;
    if (far) element.classList.add("is-dragging");
    if (!element.classList.contains("is-dragging")) return;
    // Measured anew each time: the surface may have been scrolled meanwhile.
    const surface = element.offsetParent.getBoundingClientRect();
    note.show(note.placeAt(clientX - grip.x - surface.left, clientY - grip.y - surface.top));
  });
  const end = (kept) => {
    listening.abort();
    if (!element.classList.contains("is-dragging")) return;
    element.classList.remove("is-dragging");
    if (kept) moved(note, from);
    else note.show(from);
  };
  on("pointerup", () => end(true));
  on("pointercancel", () => end(false));
  element.setPointerCapture(down.pointerId);
}

/** Let the arrow keys move the note while it has the focus. */
export function followKeys(note, moved) {
  const { element } = note;
  let from = null;
  let timer = 0;
  const settle = () => {
    clearTimeout(timer);
    if (!from) return;
    const start = from;
    from = null;
    note.pending -= 1;
    moved(note, start);
  };
  element.addEventListener("blur", settle);
  element.addEventListener("keydown", (event) => {
    const arrow = ARROWS.get(event.key);
    if (!arrow || event.target !== element) return;
    event.preventDefault();
    if (!from) {
      from = place(note);
      note.pending += 1;
    }
    step(note, arrow, event.shiftKey ? STEP * 4 : STEP);
    clearTimeout(timer);
    timer = setTimeout(settle, SETTLED);
  });
}

function step(note, [right, down], pixels) {
  const { clientWidth, clientHeight } = note.element.offsetParent;
  const { x, y } = note.placeAt(note.element.offsetLeft, note.element.offsetTop);
  note.show(note.placeAt(x * clientWidth + right * pixels, y * clientHeight + down * pixels));
  note.element.scrollIntoView({ block: "nearest", inline: "nearest" });
}
