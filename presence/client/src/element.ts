/**
 * `<presence-overlay board="<uuid>" [endpoint] [token-url] [token] [name]
 * [surface="#css-selector"]>`: who is on a board, drawn over the page.
 */
import { PresenceClient, socketUrl } from "./client.js";
import { Overlay } from "./overlay.js";
import { Pointer } from "./pointer.js";
import { Surface } from "./surface.js";

/** So many different errors are told; a page that produces more has been told enough. */
const ERRORS = 50;

/** One run of the element, from its connection to the page to its end. */
class Run {
  readonly client: PresenceClient;
  readonly #overlay: Overlay;
  readonly #pointer: Pointer;

  constructor(
    private readonly host: PresenceOverlayElement,
    root: ShadowRoot,
    url: string,
    private readonly surface: Surface,
  ) {
    const safely = (run: () => void) => host.safely(run);
    const attribute = (name: string) => host.getAttribute(name) || undefined;
    const [name, token, tokenUrl] = ["name", "token", "token-url"].map(attribute);
    this.client = new PresenceClient({ url, name, token, tokenUrl });
    this.#overlay = new Overlay(root, surface, safely);
    this.#pointer = new Pointer(surface, this.client, safely);
  }

  start(): void {
    this.#draw();
    this.#announce();
    this.surface.watch(() => this.host.safely(() => this.refresh()));
    this.#pointer.listen();
    this.client.connect();
  }

  stop(): void {
    this.client.destroy();
    this.#pointer.unlisten();
    this.surface.unwatch();
    this.#overlay.destroy();
  }

  /** The surface has moved on the screen, or is another. */
  refresh(): void {
    this.#overlay.refresh();
    this.#pointer.refresh();
  }

  #draw(): void {
    const { client } = this;
    const overlay = this.#overlay;
    client.on("status", ({ status }) => overlay.show(status));
    client.on("count", (count) => overlay.tell(count));
    // Where the server set the name it does not tell it here; the page that embeds the element knows it.
    const given = this.host.getAttribute("name")?.trim() ?? "";
    client.on("self", ({ name }) => overlay.introduce(name ?? given));
    client.on("roster", (members) => overlay.replace(members));
    client.on("joined", (member) => overlay.add(member));
    client.on("left", ({ user }) => overlay.remove(user));
    client.on("state", ({ user, state }) => overlay.restate(user, state));
    client.on("cursor", (move) => overlay.move(move, client.pace));
  }

  #announce(): void {
    const { client, host } = this;
    client.on("status", (change) => host.announce("presence-status", change));
    client.on("count", (count) => host.announce("presence-count", { count }));
    client.on("error", (error) => host.report(error));
  }
}

/** The custom element. Its events are `presence-status`, `presence-count` and `presence-error`. */
export class PresenceOverlayElement extends HTMLElement {
  static readonly observedAttributes = ["board", "endpoint", "name", "surface", "token", "token-url"];

  readonly #root = this.attachShadow({ mode: "open" });
  readonly #surface = new Surface((error) => this.report(error));
  readonly #reported = new Set<string>();
  #run: Run | undefined;
  /** Between connectedCallback and disconnectedCallback; isConnected is true too early in an upgrade. */
  #live = false;
  #stale = false;

  /** The session behind the picture; undefined while there is none. */
  get client(): PresenceClient | undefined {
    return this.#run?.client;
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
    if (before === after || !this.#live) return;
    if (name === "surface") this.safely(() => this.#select());
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
    if (!endpoint || this.#run) return;
    this.#run = new Run(this, this.#root, socketUrl(endpoint, location.href), this.#surface);
    this.#run.start();
  }

  #stop(): void {
    this.#run?.stop();
    this.#run = undefined;
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
    this.#run?.refresh();
  }
}
