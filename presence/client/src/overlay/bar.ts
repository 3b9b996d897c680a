/** The bar: who is here, how many, and the visitor's own switches. All of it is buttons. */
import { make, paint, picture } from "../lib/dom.js";
import { initials, type Person } from "./people.js";
import type { Choice } from "./preferences.js";
import { letterOf, shortcut } from "./shortcut.js";
import type { Words } from "./strings.js";

const EYE = "M2 10S5 4.8 10 4.8 18 10 18 10 15 15.2 10 15.2 2 10 2 10ZM10 7.6a2.4 2.4 0 1 0 0 4.8 2.4 2.4 0 0 0 0-4.8Z";
const ARROW = "M4.5 3.5 8.7 16.5 10.9 11 16.4 8.8Z";

/** As many people stand in the bar where the page does not say. */
const AVATARS = 5;

/** What the bar asks of whoever shows it. */
export interface BarHost {
  readonly words: Words;
  /** The element's: "avatars", how many stand in the bar itself, and "shortcut". */
  getAttribute(name: string): string | null;
}

function button(name: string, act: () => void, ...children: Node[]): HTMLButtonElement {
  const element = make("button", name, ...children);
  element.type = "button";
  element.onclick = act;
  return element;
}

/** What it is called by those who hear it, and by those who see it on hover and focus. */
function name(element: HTMLElement, label: string, tip = label): void {
  element.ariaLabel = label;
  element.dataset["tip"] = tip;
}

class Avatar {
  readonly #letters = make("b", "avatar");
  readonly #button: HTMLButtonElement;
  readonly element: HTMLElement;
  #pointing: number | undefined;

  constructor(go: (user: number) => void) {
    this.#button = button("person", () => this.#pointing !== undefined && go(this.#pointing), this.#letters);
    this.element = make("li", "", this.#button);
  }

  show({ name: who, color, own, away, pointing }: Person, words: Words): void {
    const tip = own || away ? words.say(own ? "you" : "away", who) : who;
    const still = pointing === undefined;
    this.#pointing = pointing;
    // Drawn by the style sheet: they are not what the button is called.
    this.#letters.dataset["letters"] = initials(who);
    paint(this.element, color);
    name(this.#button, still ? tip : words.say("goTo", who), tip);
    this.#button.ariaDisabled = String(still);
    this.#button.classList.toggle("away", away);
  }
}

export class Bar {
  readonly #more = button("more", () => this.#unfold(true));
  readonly #list = make("ul", "people", make("li", "", this.#more));
  readonly #count = button("count", () => this.#unfold(!this.#open));
  readonly #switches = { hide: this.#switch("hide", EYE), unseen: this.#switch("unseen", ARROW) };
  readonly element = make("section", "bar", this.#list, this.#count, this.#switches.hide, this.#switches.unseen);
  readonly #avatars = new Map<string, Avatar>();
  #open = false;

  /** `go` shows where someone points, `turn` turns a switch; it listens until `signal`. */
  constructor(
    private readonly host: BarHost,
    private readonly go: (user: number) => void,
    private readonly turn: (choice: Choice) => void,
    signal: AbortSignal,
  ) {
    const { element } = this;
    element.hidden = true;
    // What is pressed beside the buttons keeps the focus in the bar, and so the list open.
    element.tabIndex = -1;
    element.onkeydown = (event) => this.#key(event);
    element.onpointerover = () => this.#hush(false);
    const focused = ({ type, relatedTarget }: FocusEvent) => {
      if (type === "focusin") this.#hush(false);
      else if (!element.contains(relatedTarget as Node | null)) this.#fold(false);
    };
    for (const event of ["focusin", "focusout"] as const) element.addEventListener(event, focused, { signal });
    this.#list.role = "list";
  }

  /** Without a count there is no bar. */
  show(people: ReadonlyMap<string, Person>, count: number | undefined): void {
    const { host } = this;
    const { words } = host;
    const keys = shortcut(letterOf(host));
    const { hide, unseen } = this.#switches;
    name(hide, words.say("hide"), words.say("hide") + (keys && ` (${keys})`));
    name(unseen, words.say("unseen"));
    hide.ariaKeyShortcuts = keys;
    this.element.ariaLabel = words.say("bar");
    this.element.hidden = count === undefined;
    this.#count.dataset["count"] = String(count ?? "");
    this.#count.textContent = words.people(count ?? 0);
    for (const key of this.#avatars.keys()) if (!people.has(key)) this.#drop(key);
    [...people].forEach(([key, person], place) => this.#put(key, person, place));
    this.#fold(this.#open);
  }

  press(choice: Choice, on: boolean): void {
    this.#switches[choice].ariaPressed = String(on);
  }

  #switch(choice: Choice, icon: string): HTMLButtonElement {
    return button("switch", () => this.turn(choice), picture(icon));
  }

  #drop(key: string): void {
    this.#avatars.get(key)?.element.remove();
    this.#avatars.delete(key);
  }

  /** Whoever stays is not moved in the document, where they would lose the focus. */
  #put(key: string, person: Person, place: number): void {
    const avatar = this.#avatars.get(key) ?? new Avatar(this.go);
    this.#avatars.set(key, avatar);
    const there = this.#list.children[place];
    if (there !== avatar.element) this.#list.insertBefore(avatar.element, there ?? null);
    avatar.show(person, this.host.words);
  }

  /** Show as many as the site wants in the bar; unfolded, all. */
  #fold(open: boolean): void {
    const { host } = this;
    const avatars = Number(host.getAttribute("avatars")) || AVATARS;
    const beyond = this.#avatars.size - avatars;
    const items = [...this.#list.children] as HTMLElement[];
    items.forEach((item, place) => (item.hidden = !open && place >= avatars));
    (this.#more.parentElement as HTMLElement).hidden = open || beyond <= 0;
    const more = (this.#more.textContent = `+${host.words.number(beyond)}`);
    name(this.#more, `${more} ${host.words.say("everyone")}`, host.words.say("everyone"));
    for (const opener of [this.#more, this.#count]) opener.ariaExpanded = String(open);
    this.element.classList.toggle("open", open);
    this.#open = open;
  }

  /** What had the focus may be folded away. */
  #unfold(open: boolean): void {
    this.#count.focus();
    this.#fold(open);
  }

  /** Take away the names that are shown on hover and focus, until the next of them. */
  #hush(quiet: boolean): void {
    this.element.classList.toggle("hush", quiet);
  }

  #key(event: KeyboardEvent): void {
    if (event.key !== "Escape") return;
    if (this.#open) {
      event.stopPropagation();
      this.#unfold(false);
    }
    this.#hush(true);
  }
}
