/** What the admin's scripts share: writing text, the status line and the theme's colours. */
import type { FeedStatus } from "./feed.js";

/** Stands for a value that is not known. */
export const UNKNOWN = "–";

/** Anything with a text: an element, or a stand-in for one. */
export interface TextPlace {
  textContent: string | null;
}

/** Write a text if it is new, so that the browser has no work for the rest. */
export function write(place: TextPlace | null | undefined, text: string): void {
  if (place && place.textContent !== text) place.textContent = text;
}

/** The texts for statuses in the page's language. A status without one needs no words. */
export type StatusTexts = Readonly<Partial<Record<FeedStatus, string>>>;

/** Says whether the page is up to date, in the line that `place` has for it or gets for it. */
export class StatusLine {
  readonly #line: Element;

  constructor(
    private readonly place: Element,
    private readonly texts: StatusTexts,
  ) {
    this.#line = place.querySelector(".presence-status") ?? addLine(place);
  }

  /** `otherwise` is shown for a status without a text. Returns what is shown. */
  show(status: FeedStatus, otherwise = ""): string {
    const text = this.texts[status] ?? otherwise;
    this.place.classList.toggle("presence-stale", status === "stale" || status === "ended");
    write(this.#line, text);
    return text;
  }
}

function addLine(place: Element): Element {
  const line = document.createElement("p");
  line.className = "help presence-status";
  line.role = "status";
  place.append(line);
  return line;
}

/** Names of colours in theme.css. */
type ThemeColor = "quiet" | "line" | "accent" | "area" | "peak";

/** The present values of colours in a place, in a form that a canvas knows. */
export function themeColors<Name extends ThemeColor>(place: Element, ...names: Name[]): Record<Name, string> {
  const probe = place.appendChild(document.createElement("span"));
  const colors = names.map((name) => {
    probe.style.color = `var(--presence-${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(colors) as Record<Name, string>;
}

/** Where the admin, Bootstrap and Tailwind say which theme the page has. */
const THEME_ATTRIBUTES = ["data-theme", "data-bs-theme", "class"];

/**
 * Call `changed` when the theme of a place changes, by an attribute of the page or the browser's wish, and once more
 * when a theme that fades has come to its colours. Returns what stops it.
 */
export function onThemeChange(place: Element, changed: () => void): () => void {
  const faded = ({ propertyName, target }: TransitionEvent) => {
    if (propertyName === "color" && (target as Element).contains(place)) changed();
  };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const attribute = new MutationObserver(changed);
  attribute.observe(document.documentElement, { attributeFilter: THEME_ATTRIBUTES });
  dark.addEventListener("change", changed);
  document.addEventListener("transitionend", faded);
  return () => {
    attribute.disconnect();
    dark.removeEventListener("change", changed);
    document.removeEventListener("transitionend", faded);
  };
}
