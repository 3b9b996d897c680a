/** One run of the element on the page, from its connection to its end: what is seen, and what the visitor does. */
import { Announcer } from "./announcer.js";
import { Bar, type BarHost } from "./bar.js";
import type { PresenceClient } from "../client/client.js";
import type { Canvas } from "./cursor.js";
import { Cursors } from "./cursors.js";
import { make } from "../lib/dom.js";
import { groupPeople } from "./people.js";
import { Pointer } from "./pointer.js";
import { recall, remember, type Choice } from "./preferences.js";
import { isShortcut, letterOf } from "./shortcut.js";
import { styleSheet } from "./style.js";
import type { Surface } from "./surface.js";

/** What the overlay asks of the element that shows it. */
export interface OverlayHost extends BarHost {
  /** Runs what must not throw at the page. */
  safely(run: () => void): void;
  report(error: Error): void;
}

const storage = () => localStorage;

export class Overlay {
  readonly #cursors: Cursors;
  readonly #bar: Bar;
  readonly #announcer = new Announcer();
  readonly #pointer: Pointer;
  readonly #style: HTMLElement;
  readonly #layer: HTMLElement;
  readonly #listening = new AbortController();
  readonly #chosen = { hide: recall("hide", storage), unseen: recall("unseen", storage) };
  #count: number | undefined;
  #frame = 0;
  /** Whether the people are to be shown anew with the next frame. */
  #stale = false;

  constructor(
    private readonly host: OverlayHost,
    root: ShadowRoot,
    readonly client: PresenceClient,
    private readonly surface: Surface,
  ) {
    this.#cursors = new Cursors(client, () => this.restate());
    const { signal } = this.#listening;
    this.#bar = new Bar(host, (user) => host.safely(() => this.#go(user)), (choice) => host.safely(() => this.#turn(choice)), signal);
    this.#pointer = new Pointer(surface, client, host, signal);
    this.#layer = make("div", "layer", this.#cursors.element, this.#bar.element, this.#announcer.element);
    this.#layer.hidden = true;
    const ready = () => (this.#layer.hidden = false);
    this.#style = styleSheet(host.getAttribute("stylesheet"), ready, (error) => host.report(error));
    root.append(this.#style, this.#layer);
    this.#listen();
  }

  destroy(): void {
    this.client.destroy();
    // After the client's last word, which asks for a frame.
    cancelAnimationFrame(this.#frame);
    this.#listening.abort();
    this.#pointer.rest();
    this.surface.unwatch();
    this.#announcer.destroy();
    this.#style.remove();
    this.#layer.remove();
  }

  /** Someone has moved, or the surface has: on the screen, or is another. */
  refresh(): void {
    this.#frame ||= requestAnimationFrame(() => this.host.safely(() => this.#draw()));
  }

  /** The words, or who is here and does what, have changed: the bar shows it with the next frame. */
  restate(): void {
    this.#stale = true;
    this.refresh();
  }

  #listen(): void {
    const { client, host } = this;
    for (const event of ["self", "roster", "joined", "left", "state"] as const) client.on(event, () => this.restate());
    client.on("cursor", () => this.refresh());
    client.on("count", (count) => this.#tell(count));
    client.on("status", ({ status }) => {
      this.#layer.dataset["status"] = status;
      if (status === "closed") this.#close();
    });
    this.#choose("hide");
    this.#choose("unseen");
    this.surface.watch(() => host.safely(() => this.refresh()));
    this.#pointer.listen();
    window.addEventListener("keydown", (event) => host.safely(() => this.#key(event)), this.#listening);
  }

  #tell(count: number): void {
    this.#count = count;
    this.#announcer.push(this.host.words.people(count));
    this.restate();
  }

  /** What a closed connection knew is not shown any longer; a waiting one's fades (see the style). */
  #close(): void {
    this.#cursors.replace([]);
    this.#count = undefined;
    this.restate();
  }

  #turn(choice: Choice): void {
    this.#chosen[choice] = !this.#chosen[choice];
    remember(choice, this.#chosen[choice], storage);
    this.#choose(choice);
  }

  /** Do as the visitor chose; hiding the cursors leaves the bar. */
  #choose(choice: Choice): void {
    const on = this.#chosen[choice];
    this.#bar.press(choice, on);
    if (choice === "hide") this.#cursors.element.hidden = on;
    else this.#pointer.hide(on);
    this.refresh();
  }

  #key(event: KeyboardEvent): void {
    if (event.repeat || !isShortcut(letterOf(this.host), event) || isTyping(event)) return;
    event.preventDefault();
    this.#turn("hide");
  }

  /** First everything is read, then everything written: the browser lays the page out once. */
  #draw(): void {
    this.#frame = 0;
    const cursors = this.#cursors;
    const now = performance.now();
    this.surface.forget();
    this.#pointer.refresh();
    if (!cursors.element.hidden && cursors.draw(this.#canvas(now), now)) this.refresh();
    if (this.#stale) this.#showPeople();
  }

  #showPeople(): void {
    this.#stale = false;
    const { members, self } = this.client;
    // Where the server set the name it does not tell it here.
    const own = self && { color: self.color, name: self.name ?? this.host.getAttribute("name")?.trim() ?? "" };
    this.#bar.show(groupPeople(members, own), this.#count);
  }

  #canvas(now: number): Canvas | undefined {
    const box = this.surface.box(now);
    const { left, top, width } = this.#layer.getBoundingClientRect();
    return box && { box, left, top, scale: width / this.#layer.offsetWidth || 1 };
  }

  #go(user: number): void {
    const place = this.#cursors.find(user);
    if (place) this.surface.reveal(place, !this.#cursors.calm);
  }
}

/** Whether a key press is meant for a field of the page. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0] as HTMLElement;
  return target.isContentEditable || "selectionStart" in target;
}
