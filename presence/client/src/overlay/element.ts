/**
 * Defines `<presence-overlay board="<reference>" …>`, which shows over the page who is on a board. docs/overlay.md lists
 * its attributes. Entry point of `overlay.js`. A page may load it twice.
 */
import { PresenceClient, type ClientOptions } from "../client/client.js";
import { UNIT } from "../client/bounds.js";
import { boardPath, type StatusChange } from "../client/connection.js";
import type * as Worker from "../client/worker.js";
import { define, ElementBase } from "../lib/dom.js";
import { browser } from "../lib/environment.js";
import type { Coordinates } from "./coordinates.js";
import { Overlay, type OverlayHost } from "./overlay.js";
import { importPart, loadPart } from "./parts.js";
import { Texts, type Strings } from "./strings.js";
import { Surface } from "./surface.js";

export { PresenceClient } from "../client/client.js";
export type * from "../client/client.js";
export type { Coordinates } from "./coordinates.js";

/** Report at most this many different errors. */
const MOST_ERRORS = 50;
/** An element that is taken off the page leaves the board after so many milliseconds: it, or another, may come back. */
const LEAVE_AFTER = 100;
/** Milliseconds after which an element joins without the script of the worker, if that does not come. */
const WORKER_PATIENCE = 3_000;
/** The elements of this page that have a session. */
const running = new Set<PresenceOverlayElement>();

type Wanted = ClientOptions & { readonly path: string };

/** What one element hands on to the one that takes its place. As a host it speaks for the element that has it now. */
class Seat implements OverlayHost {
  readonly surface = new Surface(this);
  overlay: Overlay | undefined;
  /** What the session was started with, as JSON. */
  started: string | undefined;
  path: string | undefined;
  status: string | undefined;
  /** The last detail of each event. */
  readonly told = new Map<string, object>();

  constructor(public element: PresenceOverlayElement) {}

  get texts(): Texts {
    return this.element.texts;
  }

  getAttribute(name: string): string | null {
    return this.element.getAttribute(name);
  }

  safely(run: () => void): void {
    this.element.safely(run);
  }

  report(error: Error): void {
    this.element.report(error);
  }
}

/** The custom element. Its events are `presence-status`, `presence-count` and `presence-error`. */
export class PresenceOverlayElement extends ElementBase {
  static readonly observedAttributes = ["board", "endpoint", "name", "surface", "anchor", "strings", "token", "token-url"];

  readonly #root = this.attachShadow({ mode: "open" });
  #seat = new Seat(this);
  readonly #reported = new Set<string>();
  #texts = new Texts();
  #surfaceElement: Element | undefined;
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
    return this.#seat.overlay?.client;
  }

  get texts(): Texts {
    return this.#texts;
  }

  /** The texts in another language; as JSON too, like the attribute of the same name. A missing string is English. */
  set strings(strings: Partial<Strings> | string) {
    this.safely(() => {
      const parsed = typeof strings === "string" ? (JSON.parse(strings || "{}") as Partial<Strings>) : strings;
      this.#texts = new Texts(parsed);
      this.#seat.overlay?.refreshBar();
    });
  }

  get surface(): Element | string | undefined {
    return this.#surfaceElement ?? (this.getAttribute("surface") || undefined);
  }

  /** The surface itself, which may be in a closed shadow root. A text becomes the attribute of the same name. */
  set surface(surface: Element | string | null | undefined) {
    const isText = typeof surface === "string";
    this.#surfaceElement = isText ? undefined : (surface ?? undefined);
    if (isText) this.setAttribute("surface", surface);
    this.safely(() => this.#select());
  }

  get coordinates(): Coordinates | undefined {
    return this.#seat.surface.coordinates;
  }

  /** The site's own coordinates, on a surface that it pans and zooms itself. The client's `bounds` follow. */
  set coordinates(coordinates: Coordinates | undefined) {
    this.#seat.surface.coordinates = coordinates;
    if (this.client) this.client.bounds = coordinates?.bounds ?? UNIT;
    // It loads what the surface needs for them.
    this.#seat.overlay?.refreshBar();
    this.viewChanged();
  }

  /** The site has panned or zoomed what the surface shows. To be called in the frame that shows it. */
  viewChanged(): void {
    this.safely(() => this.#seat.overlay?.draw());
  }

  connectedCallback(): void {
    this.#connected = true;
    this.safely(() => {
      this.#select();
      // A library may put the new element beside the old one, and take that away afterwards.
      if (this.#twin(true)) this.#settleSoon();
      else this.#settle();
    });
  }

  disconnectedCallback(): void {
    this.#connected = false;
    setTimeout(() => this.safely(() => this.#settle()), LEAVE_AFTER);
  }

  /** So that `moveBefore` calls neither of the two. */
  connectedMoveCallback(): void {}

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after) return;
    if (name === "strings") this.strings = after ?? "";
    else if (!this.#connected) return;
    else if (name === "surface") this.safely(() => this.#select());
    else if (name === "anchor") this.#seat.overlay?.anchor();
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
  #wanted(): Wanted | undefined {
    if (!this.#connected) return undefined;
    const [board, endpoint, name, token, tokenUrl] = ["board", "endpoint", "name", "token", "token-url"].map(
      (attribute) => this.getAttribute(attribute) || undefined,
    );
    const path = endpoint ?? (board && boardPath(board));
    return path ? { path, name, token, tokenUrl } : undefined;
  }

  #start(wanted: Wanted | undefined): void {
    const seat = this.#seat;
    seat.started = JSON.stringify(wanted);
    seat.path = wanted?.path;
    if (!wanted) return;
    const { path, ...options } = wanted;
    const worker = this.getAttribute("worker");
    const environment = { ...browser };
    const bounds = this.coordinates?.bounds;
    const loadTokens = () => importPart(seat, "tokens");
    const client = new PresenceClient({ url: path, bounds, environment, loadTokens, ...options });
    const tell = (name: string, detail: object) => {
      seat.told.set(name, detail);
      seat.element.#dispatch(name, detail);
      // Few pages have several, whose bars share the window.
      if (running.size > 1) void loadPart(seat, "stack", ({ share }) => share(running));
    };
    client.on("status", (change) => {
      seat.status = change.status;
      tell("presence-status", change);
    });
    client.on("count", (count) => tell("presence-count", { count }));
    const report = (error: Error) => seat.report(error);
    client.on("error", report);
    seat.overlay = new Overlay(seat, this.#root, client, seat.surface);
    running.add(this);
    const connect = () => seat.overlay?.client === client && client.connect();
    if (!worker) return void connect();
    const share = ({ shared }: typeof Worker) => {
      environment.open = shared(browser.open, this.getAttribute("login-cookie") || "csrftoken", report);
    };
    const late = new Promise((_, reject) => setTimeout(reject, WORKER_PATIENCE, new Error("worker.js does not come")));
    const ready = import(/* webpackIgnore: true */ /* @vite-ignore */ worker).then(share);
    // Without that script it has a socket of its own.
    void Promise.race([ready, late]).catch(report).then(connect);
  }

  #stop(returns: boolean): void {
    running.delete(this);
    this.#seat.overlay?.destroy(returns);
    this.#seat.overlay = undefined;
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
    const started = JSON.stringify(wanted);
    if (started === this.#seat.started) return;
    // As with a visit by Turbo or a swap by HTMX, another element was there before.
    const other = this.#twin(false);
    // One that was refused asks again: meanwhile its visitor may have signed in.
    if (other && other.#seat.started === started && other.#seat.status !== "closed") return this.#takeOver(other);
    if (other) other.#stop(true);
    this.#stop(wanted?.path === this.#seat.path);
    this.#start(wanted);
  }

  /** Another element with a session on the same board, which is on the page or was. */
  #twin(connected: boolean): PresenceOverlayElement | undefined {
    const path = this.#wanted()?.path;
    return [...running].find((other) => other !== this && other.#seat.path === path && other.#connected === connected);
  }

  /** Go on with the session and the bar of another element. */
  #takeOver(other: PresenceOverlayElement): void {
    this.#stop(false);
    const { coordinates } = this;
    [this.#seat, other.#seat] = [other.#seat, this.#seat];
    [this.#seat.element, other.#seat.element] = [this, other];
    running.delete(other);
    running.add(this);
    this.#seat.overlay?.show(this.#root);
    this.coordinates = coordinates;
    this.#select();
    this.#seat.overlay?.anchor();
    for (const [name, detail] of this.#seat.told) this.#dispatch(name, detail);
  }

  #select(): void {
    this.#seat.surface.select(this.surface);
    this.#seat.overlay?.refreshBar();
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
