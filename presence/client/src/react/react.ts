"use client";
/** `usePresence` and `<CursorOverlay>` for React 18 and later. Entry point of `react.js`. */
import {
  createElement,
  memo,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useSyncExternalStore,
  type CSSProperties,
  type HTMLAttributes,
  type PointerEvent,
  type ReactElement,
  type ReactNode,
} from "react";
import type { Token } from "../client/tokens.js";
import { EMPTY, existingStore, storeAt } from "./board-store.js";
import type { Place, Snapshot, SnapshotKey, User, UserCursor } from "./board-store.js";

export type { PresenceCountProps, PresenceOverlayProps } from "./elements.js";
export type { Snapshot, Token, User, UserCursor };

export interface PresenceOptions {
  /** A guest's name. */
  readonly name?: string | undefined;
  /** The socket, if it is not `/ws/presence/<board>/` on the page's own host. */
  readonly url?: string | undefined;
  /** For pages of another origin: a signed token, or a function that returns one for each connection. */
  readonly token?: Token | undefined;
  /** For pages of another origin: the URL of the site's token view. */
  readonly tokenUrl?: string | undefined;
}

/** A component renders again when a value changes that it has read from this, and for nothing else. */
export interface Presence extends Snapshot {
  /** This person's pointer is at these fractions, 0..1 each, of the surface, or without them off the board. */
  sendCursor(x?: number, y?: number): void;
}

/** Join a board. All components of a page that name the same board share one connection while one is mounted. */
export function usePresence(board: string, options: PresenceOptions = {}): Presence {
  const { url } = options;
  const place = useMemo(() => ({ board, url }), [board, url]);
  const reads = useMemo(() => new TrackedReads(place), [place]);
  useSyncExternalStore(reads.subscribe, reads.snapshot, () => EMPTY);
  useConnection(place, options);
  const sendCursor = useCallback((x?: number, y?: number) => existingStore(place)?.sendCursor(x, y), [place]);
  return reads.presence(sendCursor);
}

/** Remembers which values one component has read, so that no other value makes it render again. */
class TrackedReads {
  readonly #read = new Set<SnapshotKey>();
  /** The snapshot that React compares. A value that is read for the first time is written into it. */
  #seen: Snapshot = { ...EMPTY };

  constructor(private readonly place: Place) {}

  readonly subscribe = (changed: () => void): (() => void) => storeAt(this.place).subscribe(changed);

  /** The same object as before unless a value changed that the component has read. */
  readonly snapshot = (): Snapshot => {
    const now = this.#current();
    if ([...this.#read].some((key) => now[key] !== this.#seen[key])) this.#seen = { ...now };
    return this.#seen;
  };

  presence(sendCursor: Presence["sendCursor"]): Presence {
    const read = <Key extends SnapshotKey>(key: Key): Snapshot[Key] => this.#take(key);
    return {
      sendCursor,
      get cursors() {
        return read("cursors");
      },
      get users() {
        return read("users");
      },
      get count() {
        return read("count");
      },
      get status() {
        return read("status");
      },
    };
  }

  #take<Key extends SnapshotKey>(key: Key): Snapshot[Key] {
    // A value that was not tracked until now may be outdated.
    if (!this.#read.has(key)) Object.assign(this.#seen, { [key]: this.#current()[key] });
    this.#read.add(key);
    return this.#seen[key];
  }

  #current(): Snapshot {
    return existingStore(this.place)?.snapshot ?? EMPTY;
  }
}

function useConnection(place: Place, { name, token, tokenUrl }: PresenceOptions): void {
  const latest = useRef(token);
  useEffect(() => void (latest.current = token));
  const text = typeof token === "string" ? token : undefined;
  const isFunction = typeof token === "function";
  useEffect(() => {
    const latestToken: Token = (signal) => (typeof latest.current === "function" ? latest.current(signal) : "");
    return storeAt(place).use({ ...place, name, tokenUrl, token: isFunction ? latestToken : text });
  }, [place, name, tokenUrl, text, isFunction]);
}

export interface CursorOverlayProps extends PresenceOptions, HTMLAttributes<HTMLDivElement> {
  readonly board: string;
  /** The shared surface. */
  readonly children?: ReactNode;
}

/** A `<div>` whose content is the surface. It shows everyone's cursors over it and sends this person's. */
export function CursorOverlay(props: CursorOverlayProps): ReactElement {
  const { board, name, url, token, tokenUrl, children, style, ...rest } = props;
  const { cursors, sendCursor } = usePresence(board, { name, url, token, tokenUrl });
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    rest.onPointerMove?.(event);
    const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
    sendCursor((event.clientX - left) / width, (event.clientY - top) / height);
  };
  const onPointerLeave = (event: PointerEvent<HTMLDivElement>) => {
    rest.onPointerLeave?.(event);
    if (event.pointerType !== "touch") sendCursor();
  };
  return createElement(
    "div",
    { ...rest, onPointerMove, onPointerLeave, style: { position: "relative", ...style } },
    children,
    createElement(
      "div",
      { "aria-hidden": true, style: LAYER },
      cursors.map((cursor) => createElement(Cursor, { key: cursor.user, ...cursor })),
    ),
  );
}

const LAYER: CSSProperties = { position: "absolute", inset: 0, overflow: "hidden", pointerEvents: "none" };
/** About the time between two updates. Linear, so that a cursor never overshoots. */
const GLIDE = "transform 100ms linear";

/** As large as the layer, so that a transform in percent is a fraction of the surface. */
const Cursor = memo(function Cursor({ user, name, color, x, y }: UserCursor): ReactElement {
  const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const style: CSSProperties = {
    position: "absolute",
    inset: 0,
    transform: `translate(${x * 100}%, ${y * 100}%)`,
    transition: reducedMotion ? "none" : GLIDE,
    color: `rgb(${color.join(" ")})`,
  };
  const path = { d: "M0 0 6 18 9.7 10.6 17.3 8.2Z", fill: "currentColor", stroke: "white" };
  const box = { width: 18, height: 22, viewBox: "0 0 18 22", style: { display: "block", overflow: "visible" } };
  const arrow = createElement("svg", box, createElement("path", path));
  const label = createElement("span", { style: LABEL }, createElement("bdi", { style: { color: "white" } }, name));
  return createElement("div", { style, "data-presence-user": user }, arrow, label);
});

const LABEL: CSSProperties = {
  display: "inline-block",
  marginInlineStart: 12,
  padding: "2px 8px",
  borderRadius: 8,
  background: "currentColor",
  font: "13px/1.4 system-ui, sans-serif",
  whiteSpace: "nowrap",
};
