/**
 * What the overlay does for a visitor who uses the page: it reports their pointer, hides cursors at their shortcut, shows
 * the tips of its buttons, goes to people, and stays above everything that they open. Entry point of `visitor.js`, which
 * `overlay.js` loads with the first event of theirs.
 */
import { Pointer, type PointerSink } from "./pointer.js";
import { isShortcut, shortcutLetter, type Choice } from "./preferences.js";
import type { Surface } from "./surface.js";
import { stayOnTop } from "./top-layer.js";

export { reveal } from "./reveal.js";

/** The text of visitor.css. */
declare const VISITOR_CSS: string;

/** The overlay that they visit. */
interface Visited {
  readonly client: PointerSink;
  readonly surface: Surface;
  readonly host: { getAttribute(name: string): string | null; safely(run: () => void): void };
  readonly layer: HTMLElement;
  readonly sheet: CSSStyleSheet;
  readonly root: ShadowRoot;
  refresh(): void;
  turn(choice: Choice): void;
}

export class Visitor {
  readonly pointer: Pointer;

  /** Until `signal` aborts. */
  constructor(
    private readonly overlay: Visited,
    signal: AbortSignal,
  ) {
    const { layer, sheet, surface, client, host } = overlay;
    this.pointer = new Pointer(surface, client, host);
    // Its layer is displayed, but not when the page is printed.
    sheet.insertRule(`@media screen{${VISITOR_CSS}}`, sheet.cssRules.length);
    showTips(layer.querySelector(".bar") as HTMLElement);
    stayOnTop(layer, () => overlay.root, signal, () => overlay.refresh());
    signal.addEventListener("abort", () => this.pointer.stop());
  }

  /** Handle an event of the page, or of a frame which has the surface, by its type and its innermost target. */
  handle(event: Event, target: EventTarget | undefined): void {
    if (event.type === "keydown") this.#onKey(event as KeyboardEvent, target as HTMLElement);
    else if (event.type !== "focusin") this.pointer.handle(event as PointerEvent, target);
  }

  #onKey(event: KeyboardEvent, target: HTMLElement): void {
    if (event.repeat || !isShortcut(shortcutLetter(this.overlay.host), event) || isTyping(target)) return;
    event.preventDefault();
    this.overlay.turn("hide");
  }
}

/** The style sheet shows a tip on hover and focus. Escape hides it until the next. */
function showTips(bar: HTMLElement): void {
  const mute = (muted: boolean) => bar.classList.toggle("mute", muted);
  for (const type of ["pointerover", "focusin"]) bar.addEventListener(type, () => mute(false));
  bar.addEventListener("keydown", ({ key }) => key === "Escape" && mute(true));
}

/** Whether what is pressed at a target is meant for a field of the page. */
function isTyping(target: HTMLElement): boolean {
  return target.isContentEditable || "selectionStart" in target;
}
