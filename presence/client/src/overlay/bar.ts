/** The people bar, which consists of buttons, and the live region that announces the count. */
import { make, paint, picture } from "../lib/dom.js";
import { isSignedIn } from "../protocol/roster.js";
import { initials, type Person } from "./people.js";
import { shortcutLetter, shortcutText, type Choice } from "./preferences.js";
import type { Texts } from "./strings.js";

const EYE_ICON = "M2 10Q10-.4 18 10 10 20.4 2 10ZM10 7.6a2.4 2.4 0 1 0 .1 0Z";
const ARROW_ICON = "M4.5 3.5 8.7 16.5 10.9 11 16.4 8.8Z";

/** How many people the bar shows before "+N", unless the attribute `avatars` says otherwise. */
const DEFAULT_AVATARS = 5;

export interface BarHost {
  readonly texts: Texts;
  /** Reads the attributes `avatars` and `shortcut`. */
  getAttribute(name: string): string | null;
}

function button(name: string, onclick: () => void, ...children: Node[]): HTMLButtonElement {
  const element = make("button", name, ...children);
  element.type = "button";
  element.onclick = onclick;
  return element;
}

/** Name an element for assistive technology, and for the tip that is shown on hover and focus (visitor.ts). */
function label(element: HTMLElement, name: string, tip = name): void {
  element.ariaLabel = name;
  element.dataset["tip"] = tip;
}

class Avatar {
  readonly #letters = make("b", "avatar");
  readonly #sign = make("i", "sign");
  readonly #button: HTMLButtonElement;
  readonly element: HTMLElement;
  #pointing: number | undefined;

  constructor(goTo: (user: number) => void) {
    this.#button = button("person", () => this.#pointing !== undefined && goTo(this.#pointing), this.#letters, this.#sign);
    this.element = make("li", "", this.#button);
  }

  show({ name, color, avatar, own, away, pointing }: Person, texts: Texts): void {
    const tip = own || away ? texts.text(own ? "you" : "away", name) : name;
    const disabled = pointing === undefined;
    const signedIn = isSignedIn(color);
    this.#pointing = pointing;
    // The style sheet draws the letters, so that they are no part of the button's name.
    this.#letters.dataset["letters"] = initials(name);
    this.#letters.dataset["picture"] = avatar ?? "";
    paint(this.element, color);
    label(this.#button, disabled ? tip : texts.text("goTo", name), tip);
    // Of guests, too: a name may end with "signed in".
    this.#button.ariaDescription = texts.text(signedIn ? "signedIn" : "guest");
    this.#sign.hidden = !signedIn;
    this.#button.ariaDisabled = String(disabled);
    this.#button.classList.toggle("away", away);
  }
}

export class Bar {
  readonly #more = button("more", () => this.#toggle(true));
  readonly #list = make("ul", "people", make("li", "", this.#more));
  readonly #count = button("count", () => this.#toggle(!this.#open));
  readonly #switches = {
    hide: button("switch", () => this.turn("hide"), picture(EYE_ICON)),
    unseen: button("switch", () => this.turn("unseen"), picture(ARROW_ICON)),
  };
  /** A press closes it, as the style sheet's cross says. */
  readonly #notice = button("notice", () => this.dismiss());
  readonly element = make(
    "section",
    "bar",
    this.#notice,
    this.#list,
    this.#count,
    this.#switches.hide,
    this.#switches.unseen,
  );
  readonly #avatars = new Map<string, Avatar>();
  #open = false;

  /** `goTo` shows where someone points, `turn` turns a switch on or off. */
  constructor(
    private readonly host: BarHost,
    private readonly goTo: (user: number) => void,
    private readonly turn: (choice: Choice) => void,
  ) {
    const { element } = this;
    element.hidden = this.#notice.hidden = true;
    // A press between the buttons keeps the focus in the bar, and so the list open.
    element.tabIndex = -1;
    this.#list.role = "list";
  }

  /** Show a text until the visitor closes it, or until the next one. An empty one is none. */
  tell(notice: string): void {
    this.#notice.textContent = notice;
    this.#notice.hidden = !notice;
  }

  /** Hides all but the notice if the count is unknown, and all but that and the count if the board tells of nobody. */
  show(people: ReadonlyMap<string, Person>, count: number | undefined): void {
    const { texts } = this.host;
    const keys = shortcutText(shortcutLetter(this.host));
    const { hide, unseen } = this.#switches;
    label(hide, texts.text("hide"), texts.text("hide") + (keys && ` (${keys})`));
    label(unseen, texts.text("unseen"));
    hide.ariaKeyShortcuts = keys;
    this.element.ariaLabel = texts.text("bar");
    this.element.hidden = (this.#count.hidden = count === undefined) && this.#notice.hidden;
    // What is known fades while the connection is waiting, but not why it does.
    this.element.classList.toggle("told", this.#count.hidden);
    this.#count.dataset["count"] = String(count ?? "");
    this.#count.textContent = texts.people(count ?? 0);
    this.#count.disabled = this.#list.hidden = hide.hidden = unseen.hidden = count === undefined || people.size === 0;
    for (const [key, { element }] of this.#avatars) {
      if (people.has(key)) continue;
      element.remove();
      this.#avatars.delete(key);
    }
    [...people].forEach(([key, person], index) => this.#showPerson(key, person, index));
    this.#layOut(this.#open);
  }

  press(choice: Choice, on: boolean): void {
    this.#switches[choice].ariaPressed = String(on);
  }

  /** Moves an element only if its place is wrong, because moving takes the focus away. */
  #showPerson(key: string, person: Person, index: number): void {
    const avatar = this.#avatars.get(key) ?? new Avatar(this.goTo);
    this.#avatars.set(key, avatar);
    const there = this.#list.children[index];
    if (there !== avatar.element) this.#list.insertBefore(avatar.element, there ?? null);
    avatar.show(person, this.host.texts);
  }

  /** Show everyone if open, else as many as the site wants and "+N". */
  #layOut(open: boolean): void {
    const { texts } = this.host;
    const limit = Number(this.host.getAttribute("avatars")) || DEFAULT_AVATARS;
    const hidden = this.#avatars.size - limit;
    const items = [...this.#list.children] as HTMLElement[];
    items.forEach((item, index) => (item.hidden = !open && index >= limit));
    (this.#more.parentElement as HTMLElement).hidden = open || hidden <= 0;
    const more = (this.#more.textContent = `+${texts.number(hidden)}`);
    label(this.#more, `${more} ${texts.text("everyone")}`, texts.text("everyone"));
    for (const opener of [this.#more, this.#count]) opener.ariaExpanded = String(open);
    this.element.classList.toggle("open", open);
    this.#open = open;
  }

  /** Focuses the count first, because the focused element may become hidden. */
  #toggle(open: boolean): void {
    this.#count.focus();
    this.#layOut(open);
  }

  /** Close the list of everyone. */
  close(): void {
    this.#layOut(false);
  }

  /** Close the notice. */
  dismiss(): void {
    this.#notice.hidden = true;
    this.element.hidden = this.#count.hidden;
  }
}

/** A changing value is announced once it has not changed for this long, so that a reader is not interrupted. */
export const SETTLE_TIME = 1000;
/** It is announced after this long even if it keeps changing. */
export const LONGEST_DELAY = 5000;

/** When to announce a value that changed at `now`, and first at `since`. */
export function announceAt(now: number, since: number): number {
  return Math.min(now + SETTLE_TIME, since + LONGEST_DELAY);
}

/** A polite live region that announces a text once it has settled. */
export class Announcer {
  readonly element = make("p", "announcer");
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Time of the first change that is not announced yet. */
  #since: number | undefined;

  constructor() {
    this.element.role = "status";
    this.element.ariaLive = "polite";
  }

  push(text: string): void {
    const now = performance.now();
    this.#since ??= now;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#announce(text), announceAt(now, this.#since) - now);
  }

  destroy(): void {
    clearTimeout(this.#timer);
  }

  #announce(text: string): void {
    this.#since = undefined;
    if (this.element.textContent !== text) this.element.textContent = text;
  }
}
