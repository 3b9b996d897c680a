/**
 * What the overlay does for a visitor who uses the page: it reports their pointer, hides cursors at their shortcut, shows
 * the tips of its buttons, goes to people, and stays above everything that they open. Entry point of `visitor.js`, which
 * `overlay.js` loads with the first event of theirs.
 */
import type { Position } from "../protocol/messages.js";
import type { Bar } from "./bar.js";
import { Pointer, type PointerSink } from "./pointer.js";
import { isShortcut, shortcutLetter, type Choice } from "./preferences.js";
import { reveal } from "./reveal.js";
import type { Surface } from "./surface.js";
import { stayOnTop } from "./top-layer.js";

/** The text of visitor.css. */
declare const VISITOR_CSS: string;

/** The overlay that they visit. */
interface Visited {
  readonly client: PointerSink;
  readonly surface: Surface;
  readonly host: { getAttribute(name: string): string | null; safely(run: () => void): void };
  readonly layer: HTMLElement;
  readonly bar: Pick<Bar, "element" | "close" | "dismiss">;
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
    const { layer, bar, sheet, surface, client, host } = overlay;
    this.pointer = new Pointer(surface, client, host);
    // Its layer is displayed, but not when the page is printed.
    sheet.insertRule(`@media screen{${VISITOR_CSS}}`, sheet.cssRules.length);
    showTips(bar.element, signal);
    // Before the page hears of it.
    bar.element.addEventListener("keydown", (event) => this.#onEscape(event), { signal });
    stayOnTop(layer, () => overlay.root, signal, () => overlay.refresh());
    signal.addEventListener("abort", () => this.pointer.stop());
  }

  /** Handle an event of the page, or of a frame which has the surface, by its type and its innermost target. */
  handle(event: Event, target: EventTarget | undefined): void {
    const { type } = event;
    if (type === "keydown") this.#onKey(event as KeyboardEvent, target as HTMLElement);
    // The page is not told of a focus that stays in the bar.
    else if (type === "focusout") this.#isInBar(target) && this.overlay.bar.close();
    else if (type !== "focusin") this.pointer.handle(event as PointerEvent, target);
  }

  /** Scroll a position on the surface into view. */
  reveal(fraction: Position, smooth: boolean): void {
    reveal(this.overlay.surface, fraction, smooth);
  }

  #onKey(event: KeyboardEvent, target: HTMLElement): void {
    // What was pressed before this script was there.
    if (this.#isInBar(target)) this.#onEscape(event);
    if (event.repeat || !isShortcut(shortcutLetter(this.overlay.host), event) || isTyping(target)) return;
    event.preventDefault();
    this.overlay.turn("hide");
  }

  /** In the bar Escape closes the list, or else the notice. */
  #onEscape(event: KeyboardEvent): void {
    if (event.key !== "Escape") return;
    const { bar } = this.overlay;
    if (!bar.element.matches(".open")) return bar.dismiss();
    event.stopPropagation();
    // Nor does it close a dialog around the bar.
    event.preventDefault();
    // The focused element may become hidden.
    bar.element.querySelector<HTMLElement>(".count")?.focus();
    bar.close();
  }

  #isInBar(target: EventTarget | undefined): boolean {
    return this.overlay.bar.element.contains(target as Node);
  }
}

/** The style sheet shows a tip on hover and focus. Escape hides it until the next. */
function showTips(bar: HTMLElement, signal: AbortSignal): void {
  const mute = (muted: boolean) => bar.classList.toggle("mute", muted);
  for (const type of ["pointerover", "focusin"]) bar.addEventListener(type, () => mute(false), { signal });
  bar.addEventListener("keydown", ({ key }) => key === "Escape" && mute(true), { signal });
}

/** Whether what is pressed at a target is meant for a field of the page. */
function isTyping(target: HTMLElement): boolean {
  return target.isContentEditable || "selectionStart" in target;
}
