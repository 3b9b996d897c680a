/**
 * `<presence-overlay board="<uuid>" [endpoint] [token-url] [token] [name]
 * [surface="#css-selector"] …>`: who is on a board, drawn over the page. Every attribute is in
 * docs/overlay.md.
 */
import { PresenceClient, socketUrl } from "../client/client.js";
import { Overlay, type OverlayHost } from "./overlay.js";
import { Words, type Strings } from "./strings.js";
import { Surface } from "./surface.js";

/** So many different errors are told; a page that produces more has been told enough. */
const ERRORS = 50;

/** The custom element. Its events are `presence-status`, `presence-count` and `presence-error`. */
export class PresenceOverlayElement extends HTMLElement implements OverlayHost {
  static readonly observedAttributes = ["board", "endpoint", "name", "surface", "strings", "token", "token-url"];

  readonly #root = this.attachShadow({ mode: "open" });
  readonly #surface = new Surface((error) => this.report(error));
  readonly #reported = new Set<string>();
  #words = new Words();
  #overlay: Overlay | undefined;
  /** Between connectedCallback and disconnectedCallback; isConnected is true too early in an upgrade. */
  #live = false;
  #stale = false;

  /** The session behind the picture; undefined while there is none. */
  get client(): PresenceClient | undefined {
    return this.#overlay?.client;
  }

  /** What the overlay says; see `strings`. */
  get words(): Words {
    return this.#words;
  }

  /** Say it in another language: what is not given is English. As the attribute of the same name, in JSON. */
  set strings(strings: Partial<Strings>) {
    this.safely(() => {
      this.#words = new Words(strings);
      this.#overlay?.restate();
    });
  }

  connectedCallback(): void {
    this.#live = true;
    this.safely(() => {
      this.#select();
      this.#start();
    });
  }

  disconnectedCallback(): void {
    this.#live = false;
    this.safely(() => this.#stop());
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after) return;
    if (name === "strings") this.safely(() => (this.strings = JSON.parse(after || "{}") as Partial<Strings>));
    else if (!this.#live) return;
    else if (name === "surface") this.safely(() => this.#select());
    else this.#restartSoon();
  }

  /** Run something whose failure is this element's, not the page's. */
  safely(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.report(error as Error);
    }
  }

  /** Tell of an error; each different one once. */
  report({ message }: Error): void {
    if (this.#reported.has(message) || this.#reported.size >= ERRORS) return;
    this.#reported.add(message);
    this.announce("presence-error", { message });
  }

  announce(name: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  }

  #start(): void {
    const board = this.getAttribute("board");
    const endpoint = this.getAttribute("endpoint") || (board && `/ws/presence/${encodeURIComponent(board)}/`);
    if (!endpoint || this.#overlay) return;
    const attribute = (name: string) => this.getAttribute(name) || undefined;
    const [name, token, tokenUrl] = ["name", "token", "token-url"].map(attribute);
    const client = new PresenceClient({ url: socketUrl(endpoint, location.href), name, token, tokenUrl });
    client.on("status", (change) => this.announce("presence-status", change));
    client.on("count", (count) => this.announce("presence-count", { count }));
    client.on("error", (error) => this.report(error));
    this.#overlay = new Overlay(this, this.#root, client, this.#surface);
    client.connect();
  }

  #stop(): void {
    this.#overlay?.destroy();
    this.#overlay = undefined;
  }

  /** Several attributes set in one go make one new session. */
  #restartSoon(): void {
    if (this.#stale) return;
    this.#stale = true;
    queueMicrotask(() => this.safely(() => this.#restart()));
  }

  #restart(): void {
    this.#stale = false;
    this.#stop();
    if (this.#live) this.#start();
  }

  #select(): void {
    this.#surface.select(this.getAttribute("surface") || undefined);
    this.#overlay?.refresh();
  }
}
