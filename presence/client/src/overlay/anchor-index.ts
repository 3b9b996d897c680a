/** Which elements of a page have which anchors (PROTOCOL.md, Anchors). Pure: the time, in milliseconds, is an argument. */
import { anchorHash } from "../protocol/anchors.js";

/** A page that changed is read again for an anchor that was not found, and after the longer time in any case. */
export const READ_AGAIN = 250;
export const READ_ANYHOW = 2_000;

export interface Page<Thing> {
  /** Everything that may be an anchor, in the order of the page. */
  all(): Iterable<Thing>;
  /** The id of a thing by which all pages know it; undefined if it is, or has, none. */
  id(thing: Thing): string | undefined;
  /** More than one thing has an id. */
  repeats(id: string): void;
}

interface Found<Thing> {
  readonly id: string;
  /** Undefined if several have the hash, so that nobody knows which is meant. */
  readonly thing: Thing | undefined;
}

export class AnchorIndex<Thing> {
  #found = new Map<number, Found<Thing>>();
  #readAt = -Infinity;
  #changed = true;

  constructor(private readonly page: Page<Thing>) {}

  /** Something on the page changed. */
  change(): void {
    this.#changed = true;
  }

  /** The thing with a hash; undefined if the page has none, or several. */
  find(hash: number, now: number): Thing | undefined {
    const known = this.#known(hash);
    if (!this.#changed || now - this.#readAt < (known ? READ_ANYHOW : READ_AGAIN)) return known;
    this.#read(now);
    return this.#known(hash);
  }

  /** The id of a thing that others can find by it. */
  id(thing: Thing, now: number): string | undefined {
    const id = this.page.id(thing);
    return id !== undefined && this.find(anchorHash(id), now) === thing ? id : undefined;
  }

  /** Milliseconds until it is worth while to look again for what was not found; undefined if nothing changed. */
  wait(now: number): number | undefined {
    return this.#changed ? Math.max(0, this.#readAt + READ_AGAIN - now) : undefined;
  }

  /** A thing may have lost its id, or its place on the page, since it was read. */
  #known(hash: number): Thing | undefined {
    const { id, thing } = this.#found.get(hash) ?? {};
    return thing !== undefined && this.page.id(thing) === id ? thing : undefined;
  }

  #read(now: number): void {
    this.#readAt = now;
    this.#changed = false;
    this.#found = new Map();
    for (const thing of this.page.all()) {
      const id = this.page.id(thing);
      if (id === undefined) continue;
      const hash = anchorHash(id);
      const other = this.#found.get(hash);
      if (other) this.page.repeats(id);
      this.#found.set(hash, { id, thing: other ? undefined : thing });
    }
  }
}
