/** What the element shows, and its listeners, from one connection's start to its end. */
import type { PresenceClient } from "../client/client.js";
import { make } from "../lib/dom.js";
import { browser } from "../lib/environment.js";
import { Announcer, Bar, type BarHost } from "./bar.js";
import { Cursors, type Canvas } from "./cursors.js";
import { groupPeople } from "./people.js";
import { importPart, loadPart } from "./parts.js";
import type { StatusChange } from "../client/connection.js";
import { choose, isChosen, type Choice } from "./preferences.js";
import { pixelsOf, type Surface } from "./surface.js";
import type { Visitor } from "./visitor.js";

/** A connection may be waiting for so many milliseconds before the visitor is told: most are back by then. */
const PATIENCE = 8_000;

/** A visitor's events. The last one does not bubble, and is taken at the root element. */
const ACTS = "pointerover pointermove pointerup pointercancel dragover focusin focusout keydown pointerleave".split(" ");

/** The text of overlay.css. */
declare const OVERLAY_CSS: string;

/** Milliseconds between two looks at a resting surface, for what no observer tells of. Each wake-up costs CPU and battery. */
const CHECK_INTERVAL = 4_000;

export interface OverlayHost extends BarHost {
  /** Run something and report its error in place of throwing it at the page. */
  safely(run: () => void): void;
  report(error: Error): void;
}

export class Overlay {
  readonly #cursors: Cursors;
  readonly bar: Bar;
  readonly #announcer = new Announcer();
  /** Undefined until its script is there. */
  #visitor: Visitor | undefined;
  /** Resolves when that script is there, or cannot be loaded. Undefined while it is not asked for. */
  #arriving: Promise<void> | undefined;
  /** The documents whose events are listened to. */
  readonly #entered = new WeakSet<Document>();
  readonly layer: HTMLElement;
  /** Any Content-Security-Policy allows a sheet that a script makes, but not an element with styles. */
  readonly sheet = new CSSStyleSheet();
  readonly #listening = new AbortController();
  readonly #chosen = { hide: isChosen("hide", browser), unseen: isChosen("unseen", browser) };
  #count: number | undefined;
  /** Why the connection is closed or waiting. */
  #change: StatusChange = { status: "waiting", reason: undefined };
  /** Whether it is time to tell the visitor. */
  #alone = false;
  #patience: ReturnType<typeof setTimeout> | undefined;
  #notice = "";
  #frame = 0;
  #check: ReturnType<typeof setTimeout> | undefined;
  #canvas: Canvas | undefined;
  /** Whether the next frame updates the bar. */
  #barChanged = false;

  constructor(
    readonly host: OverlayHost,
    public root: ShadowRoot,
    readonly client: PresenceClient,
    readonly surface: Surface,
  ) {
    const goTo = (user: number) => host.safely(() => this.#goTo(user));
    const turn = (choice: Choice) => host.safely(() => this.turn(choice));
    this.#cursors = new Cursors(client, surface, () => this.refreshBar());
    this.bar = new Bar(host, goTo, turn);
    this.layer = make("div", "layer", this.#cursors.element, this.bar.element, this.#announcer.element);
    this.sheet.replaceSync(OVERLAY_CSS);
    this.show(root);
    // Nobody may be counted who sees nothing.
    if (getComputedStyle(this.layer).pointerEvents === "auto") {
      this.layer.remove();
      throw new Error("the overlay has no style sheet");
    }
    this.#listen();
    this.anchor();
  }

  /** Show it in the root of an element, in place of where it was. */
  show(root: ShadowRoot): void {
    this.root = root;
    root.adoptedStyleSheets = [this.sheet];
    root.append(this.layer);
  }

  /** `returns`: another overlay of this page goes on with the session. */
  destroy(returns: boolean): void {
    this.client.destroy({ returns });
    // The client's last event requests a frame.
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#check);
    this.#listening.abort();
    this.#visitor = undefined;
    this.surface.unwatch();
    this.#announcer.destroy();
    clearTimeout(this.#patience);
    this.layer.remove();
  }

  /** Tell positions relative to what the attribute `anchor` selects. Only pages that have it load the script. */
  anchor(): void {
    if (!this.host.getAttribute("anchor")) return;
    void loadPart(this.host, "anchors", ({ attach }) => attach(this, this.#listening.signal));
  }

  /** Draw with the next frame: a cursor or the surface moved. */
  refresh(): void {
    this.#frame ||= requestAnimationFrame(() => this.host.safely(() => this.draw()));
  }

  /** Update the bar as well with the next frame: the texts, the people or their states changed. */
  refreshBar(): void {
    this.#barChanged = true;
    this.refresh();
  }

  #listen(): void {
    const { client, host } = this;
    for (const event of ["self", "roster", "joined", "left", "state"] as const) {
      client.on(event, () => this.refreshBar());
    }
    client.on("cursor", () => this.refresh());
    client.on("count", (count) => {
      this.#count = count;
      // A spectator heard why in place of it.
      if (!this.#notice) this.#announcer.push(host.texts.people(count));
      this.refreshBar();
    });
    client.on("status", (change) => this.#onStatus(change));
    this.#apply("hide");
    this.#apply("unseen");
    this.surface.watch(
      () => host.safely(() => this.#followed && this.refresh()),
      (page) => this.#enter(page),
    );
  }

  /** Listen to a visitor in a document: the page's, or that of a frame which has the surface. */
  #enter(page: Document): void {
    if (this.#entered.has(page)) return;
    this.#entered.add(page);
    const act = (event: Event) => {
      const [target] = event.composedPath();
      this.#visit((visitor) => visitor.handle(event, target));
    };
    for (const type of ACTS) {
      const inside = type === "pointerleave" && page.documentElement;
      // A page may keep a key for itself.
      const capture = !inside && type !== "keydown";
      (inside || page.defaultView!).addEventListener(type, act, { signal: this.#listening.signal, capture });
    }
  }

  /** Run something with the visitor, in the order of calls. The first loads their script; if that fails, a later one. */
  #visit(run: (visitor: Visitor) => void): void {
    const { host } = this;
    const { signal } = this.#listening;
    this.#arriving ??= importPart(host, "visitor").then(
      ({ Visitor }) =>
        host.safely(() => {
          if (signal.aborted) return;
          this.#visitor = new Visitor(this, signal);
          this.#apply("unseen");
        }),
      (error) => {
        this.#arriving = undefined;
        host.report(error as Error);
      },
    );
    void this.#arriving.then(() => host.safely(() => this.#visitor && run(this.#visitor)));
  }

  #onStatus(change: StatusChange): void {
    const { status, reason } = change;
    this.layer.dataset["status"] = status;
    if (reason) {
      this.#change = change;
      this.refreshBar();
    }
    // Waiting or connecting.
    const waits = status.endsWith("ing") && reason !== "hidden";
    this.#alone &&= waits;
    if (waits) this.#patience ??= setTimeout(() => this.#tellWhy(), PATIENCE);
    else this.#patience = clearTimeout(this.#patience) as undefined;
    if (status === "closed") this.#tellWhy();
  }

  /** The style sheet has faded what is known while the connection was waiting. */
  #tellWhy(): void {
    this.#alone = true;
    this.#cursors.replace([]);
    this.#count = undefined;
    this.refreshBar();
  }

  /** Turn one of the visitor's choices on or off. */
  turn(choice: Choice): void {
    this.#chosen[choice] = !this.#chosen[choice];
    choose(choice, this.#chosen[choice], browser);
    this.#apply(choice);
  }

  #apply(choice: Choice): void {
    const on = this.#chosen[choice];
    this.bar.press(choice, on);
    if (choice === "hide") this.#cursors.element.hidden = on;
    else this.#visitor?.pointer.setUnseen(on);
    this.refresh();
  }

  /** Draw now. Reads everything before it writes, so that the browser lays out the page once. */
  draw(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const cursors = this.#cursors;
    const now = performance.now();
    this.#visitor?.pointer.refresh();
    const gliding = !cursors.element.hidden && cursors.draw(this.#measure(), now);
    if (gliding || (this.#followed && this.surface.moving())) this.refresh();
    else this.#rest();
    if (this.#barChanged) this.#drawBar();
  }

  /** Whether a cursor here, or this person's on the pages of others, must stay on its thing when the surface moves. */
  get #followed(): boolean {
    return this.#cursors.shown || (!!this.#visitor?.pointer.known && this.client.members.length > 0);
  }

  /** Nothing moves: ask for no frame until something does. While a cursor is visible, make sure now and then. */
  #rest(): void {
    clearTimeout(this.#check);
    if (this.#followed) this.surface.settle();
    if (!this.#cursors.shown) return;
    const check = () => (this.surface.moving() ? this.refresh() : this.#rest());
    this.#check = setTimeout(() => this.host.safely(check), CHECK_INTERVAL);
  }

  #drawBar(): void {
    this.#barChanged = false;
    const { members, self, countsOnly } = this.client;
    // A name that the server chose may not have arrived yet.
    const own = countsOnly ? undefined : self && { ...self, name: self.name ?? this.host.getAttribute("name")?.trim() ?? "" };
    const { texts } = this.host;
    const notice = this.#alone ? texts.why(this.#change) : self?.spectator && !countsOnly ? texts.text("watching") : "";
    if (notice !== this.#notice) {
      this.#notice = notice;
      this.bar.tell(notice);
      if (notice) this.#announcer.push(notice);
    }
    this.bar.show(groupPeople(members, own), this.#count);
    this.#complete();
  }

  /** Load what the page needs and does not have: not yet, or still not because it could not be loaded. */
  #complete(): void {
    const { host, surface } = this;
    // A picture's URL has a colon. One that is shown may have to go.
    if (this.layer.querySelector(`[data-picture*=":"],img`)) void loadPart(host, "pictures", ({ show }) => show(this));
    if (!surface.anchors) this.anchor();
    if (!surface.coordinates || surface.worldOn) return;
    void loadPart(host, "coordinates", ({ worldOn }) => {
      surface.worldOn = worldOn;
      surface.moved();
    });
  }

  #measure(): Canvas | undefined {
    const view = this.surface.view();
    if (view !== this.#canvas?.view) this.#canvas = view && { view, layer: pixelsOf(this.layer), width: this.layer.offsetWidth };
    return this.#canvas;
  }

  #goTo(user: number): void {
    const fraction = this.#cursors.find(user);
    if (fraction) this.#visit((visitor) => visitor.reveal(fraction, !this.#cursors.reducedMotion));
  }
}
