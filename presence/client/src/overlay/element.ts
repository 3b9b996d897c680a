/**
 * Defines `<presence-overlay board="<reference>" …>`, which shows over the page who is on a board. docs/overlay.md lists
 * its attributes. Entry point of `overlay.js`. A page may load it twice.
 */
import { PresenceClient, type ClientOptions } from "../client/client.js";
import { UNIT } from "../client/bounds.js";
import { boardPath, socketUrl, type StatusChange } from "../client/connection.js";
import { sharing } from "../client/sharing.js";
import { define, ElementBase } from "../lib/dom.js";
import type { Coordinates } from "./coordinates.js";
import { Overlay, type OverlayHost } from "./overlay.js";
import { loadPart } from "./parts.js";
import { Texts, type Strings } from "./strings.js";
import { Surface } from "./surface.js";

export { PresenceClient } from "../client/client.js";
export type * from "../client/client.js";
export type { Coordinates } from "./coordinates.js";

/** Report at most this many different errors. */
const MOST_ERRORS = 50;
/** The elements of this page that have a session. */
const running = new Set<PresenceOverlayElement>();

/** The custom element. Its events are `presence-status`, `presence-count` and `presence-error`. */
export class PresenceOverlayElement extends ElementBase implements OverlayHost {
  static readonly observedAttributes = ["board", "endpoint", "name", "surface", "anchor", "strings", "token", "token-url"];

  readonly #root = this.attachShadow({ mode: "open" });
  readonly #surface = new Surface((error) => this.report(error));
  readonly #reported = new Set<string>();
  #texts = new Texts();
  #overlay: Overlay | undefined;
  /** What the session was started with, as JSON. */
  #started: string | undefined;
  #path = "";
  /** From connectedCallback to disconnectedCallback. During an upgrade isConnected is true before that. */
  #connected = false;
  #settling = false;

  /** What the page has set before this script was there is set again, by way of the setters. */
  constructor() {
    super();
    const early = { ...this };
    for (const name in early) delete this[name];
    Object.assign(this, early);
  }

  /** The session; undefined while there is none. */
  get client(): PresenceClient | undefined {
    return this.#overlay?.client;
  }

  get texts(): Texts {
    return this.#texts;
  }

  /** The texts in another language; as JSON too, like the attribute of the same name. A missing string is English. */
  set strings(strings: Partial<Strings> | string) {
    this.safely(() => {
      const parsed = typeof strings === "string" ? (JSON.parse(strings || "{}") as Partial<Strings>) : strings;
      this.#texts = new Texts(parsed);
      this.#overlay?.refreshBar();
    });
  }

  get coordinates(): Coordinates | undefined {
    return this.#surface.coordinates;
  }

  /** The site's own coordinates, on a surface that it pans and zooms itself. The client's `bounds` follow. */
  set coordinates(coordinates: Coordinates | undefined) {
    this.#surface.coordinates = coordinates;
    if (this.client) this.client.bounds = coordinates?.bounds ?? UNIT;
    this.viewChanged();
    if (!coordinates || this.#surface.worldView) return;
    void loadPart(this, "coordinates", ({ worldView }) => {
      this.#surface.worldView = worldView;
      this.viewChanged();
    });
  }

  /** The site has panned or zoomed what the surface shows. To be called in the frame that shows it. */
  viewChanged(): void {
    this.safely(() => this.#overlay?.draw());
  }

  connectedCallback(): void {
    this.#connected = true;
    this.safely(() => {
      this.#select();
      if (!this.#overlay) this.#start();
    });
  }

  /** An element that is moved is connected again in the same task, and keeps its session. */
  disconnectedCallback(): void {
    this.#connected = false;
    this.#settleSoon();
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after) return;
    if (name === "strings") this.strings = after ?? "";
    else if (!this.#connected) return;
    else if (name === "surface") this.safely(() => this.#select());
    else if (name === "anchor") this.#overlay?.anchor();
    else this.#settleSoon();
  }

  safely(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.report(error as Error);
    }
  }

  /** Report each different error once. */
  report({ message }: Error): void {
    if (this.#reported.has(message) || this.#reported.size >= MOST_ERRORS) return;
    this.#reported.add(message);
    this.#dispatch("presence-error", { message });
  }

  #dispatch(name: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  }

  /** What the attributes ask for; undefined while the element is to have no session. */
  #wanted(): (ClientOptions & { readonly path: string }) | undefined {
    if (!this.#connected) return undefined;
    const [board, endpoint, name, token, tokenUrl] = ["board", "endpoint", "name", "token", "token-url"].map(
      (attribute) => this.getAttribute(attribute) || undefined,
    );
    const path = endpoint ?? (board && boardPath(board));
    return path ? { path, name, token, tokenUrl } : undefined;
  }

  #start(): void {
    const wanted = this.#wanted();
    this.#started = JSON.stringify(wanted);
    if (!wanted) return;
    const { path, ...options } = wanted;
    const worker = this.getAttribute("worker");
    const environment = worker ? sharing(worker, this.getAttribute("login-cookie") || "csrftoken") : undefined;
    const bounds = this.coordinates?.bounds;
    const client = new PresenceClient({ url: socketUrl(path, location.href), bounds, environment, ...options });
    client.on("status", (change) => this.#dispatch("presence-status", change));
    client.on("count", (count) => this.#dispatch("presence-count", { count }));
    client.on("error", (error) => this.report(error));
    this.#path = path;
    this.#overlay = new Overlay(this, this.#root, client, this.#surface);
    running.add(this);
    // Few pages have several, whose bars share the window.
    if (running.size > 1) void loadPart(this, "stack", ({ share }) => share(running));
    client.connect();
  }

  #stop(returns: boolean): void {
    running.delete(this);
    this.#overlay?.destroy(returns);
    this.#overlay = undefined;
  }

  /** Whatever happens to the element in one task makes at most one new session. */
  #settleSoon(): void {
    if (this.#settling) return;
    this.#settling = true;
    queueMicrotask(() => this.safely(() => this.#settle()));
  }

  #settle(): void {
    this.#settling = false;
    const wanted = this.#wanted();
    if (JSON.stringify(wanted) === this.#started) return;
    this.#stop(wanted?.path === this.#path || this.#isReplaced);
    this.#start();
  }

  /** Whether another element for the same board has just come, as with a visit by Turbo or a swap by HTMX. */
  get #isReplaced(): boolean {
    return [...running].some((other) => other !== this && other.#path === this.#path && !other.client?.self);
  }

  #select(): void {
    this.#surface.select(this.getAttribute("surface") || undefined);
    this.#overlay?.refresh();
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "presence-overlay": PresenceOverlayElement;
  }
  interface GlobalEventHandlersEventMap {
    "presence-status": CustomEvent<StatusChange>;
    "presence-count": CustomEvent<{ readonly count: number }>;
    "presence-error": CustomEvent<{ readonly message: string }>;
  }
}

define("presence-overlay", PresenceOverlayElement);
