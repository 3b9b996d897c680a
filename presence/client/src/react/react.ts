/** presence for React 18 and later: `usePresence` and `<CursorOverlay>`. */
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
import {
  NOTHING,
  boardAt,
  sendTo,
  snapshotOf,
  type Place,
  type Snapshot,
  type Topic,
  type User,
  type UserCursor,
} from "./shared.js";

export type { Snapshot, Token, User, UserCursor };

export interface PresenceOptions {
  /** A guest's name. */
  readonly name?: string | undefined;
  /** The socket, where it is not `/ws/presence/<board>/` on the page's own host. */
  readonly url?: string | undefined;
  /** For pages of another origin: a signed token, or what gives one for each connection. */
  readonly token?: Token | undefined;
  /** For pages of another origin: the site's view that gives tokens. */
  readonly tokenUrl?: string | undefined;
}

/** A component renders again when something changes that it has read from this, and for nothing else. */
export interface Presence extends Snapshot {
  /** This person's pointer is at a fraction, 0..1 each, of the surface; without one it is off the board. */
  sendCursor(x?: number, y?: number): void;
}

/**
 * Take part in a board. All components of a page that name the same board share one connection, which
 * lasts as long as one of them is mounted.
 */
export function usePresence(board: string, options: PresenceOptions = {}): Presence {
  const { url } = options;
  const place = useMemo(() => ({ board, url }), [board, url]);
  const view = useMemo(() => new View(place), [place]);
  useSyncExternalStore(view.subscribe, view.look, nothing);
  useHold(place, options);
  const sendCursor = useCallback((x?: number, y?: number) => sendTo(place, x, y), [place]);
  return view.result(sendCursor);
}

function nothing(): Snapshot {
  return NOTHING;
}

/** What one component has read, so that nothing else makes it render again. */
class View {
  readonly #read = new Set<Topic>();
  /** Its own: what React has compared, and written to where a part is read for the first time. */
  #seen: Snapshot = { ...NOTHING };

  constructor(private readonly place: Place) {}

  readonly subscribe = (changed: () => void): (() => void) => boardAt(this.place).subscribe(changed);

  /** The same as the last time unless something changed that is read. */
  readonly look = (): Snapshot => {
    const now = snapshotOf(this.place);
    if ([...this.#read].some((topic) => now[topic] !== this.#seen[topic])) this.#seen = { ...now };
    return this.#seen;
  };

  result(sendCursor: Presence["sendCursor"]): Presence {
    const take = <T extends Topic>(topic: T): Snapshot[T] => this.#take(topic);
    return {
      sendCursor,
      get cursors() {
        return take("cursors");
      },
      get users() {
        return take("users");
      },
      get count() {
        return take("count");
      },
      get status() {
        return take("status");
      },
    };
  }

  #take<T extends Topic>(topic: T): Snapshot[T] {
    // What was not followed until now may be old.
    if (!this.#read.has(topic)) Object.assign(this.#seen, { [topic]: snapshotOf(this.place)[topic] });
    this.#read.add(topic);
    return this.#seen[topic];
  }
}

function useHold(place: Place, { name, token, tokenUrl }: PresenceOptions): void {
  const latest = useRef(token);
  useEffect(() => void (latest.current = token));
  const text = typeof token === "string" ? token : undefined;
  const asked = typeof token === "function";
  useEffect(() => {
    const ask: Token = (signal) => (typeof latest.current === "function" ? latest.current(signal) : "");
    return boardAt(place).hold({ ...place, name, tokenUrl, token: asked ? ask : text });
  }, [place, name, tokenUrl, text, asked]);
}

export interface CursorOverlayProps extends PresenceOptions, HTMLAttributes<HTMLDivElement> {
  readonly board: string;
  /** What is pointed at: the surface. */
  readonly children?: ReactNode;
}

/** A `<div>` whose content is the surface: everyone's cursors are shown over it, and one's own is sent. */
export function CursorOverlay(props: CursorOverlayProps): ReactElement {
  const { board, name, url, token, tokenUrl, children, style, ...rest } = props;
  const { cursors, sendCursor } = usePresence(board, { name, url, token, tokenUrl });
  const moved = (event: PointerEvent<HTMLDivElement>) => {
    rest.onPointerMove?.(event);
    const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
    sendCursor((event.clientX - left) / width, (event.clientY - top) / height);
  };
  const left = (event: PointerEvent<HTMLDivElement>) => {
    rest.onPointerLeave?.(event);
    if (event.pointerType !== "touch") sendCursor();
  };
  const heard = { onPointerMove: moved, onPointerLeave: left };
  return createElement(
    "div",
    { ...rest, ...heard, style: { position: "relative", ...style } },
    children,
    createElement(
      "div",
      { "aria-hidden": true, style: LAYER },
      cursors.map((cursor) => createElement(Cursor, { key: cursor.user, ...cursor })),
    ),
  );
}

const LAYER: CSSProperties = { position: "absolute", inset: 0, overflow: "hidden", pointerEvents: "none" };
/** As long as two updates usually are apart: a line between them, and never beyond the last. */
const GLIDE = "transform 100ms linear";

/** As large as the layer, so that a transform in percent is a fraction of the surface. */
const Cursor = memo(function Cursor({ user, name, color, x, y }: UserCursor): ReactElement {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const style: CSSProperties = {
    position: "absolute",
    inset: 0,
    transform: `translate(${x * 100}%, ${y * 100}%)`,
    transition: calm ? "none" : GLIDE,
    color: `rgb(${color.join(" ")})`,
  };
  return createElement("div", { style, "data-presence-user": user }, arrow(), createElement(Label, { name }));
});

function arrow(): ReactElement {
  const path = { d: "M0 0 6 18 9.7 10.6 17.3 8.2Z", fill: "currentColor", stroke: "white" };
  const box = { width: 18, height: 22, viewBox: "0 0 18 22", style: { display: "block", overflow: "visible" } };
  return createElement("svg", box, createElement("path", path));
}

const LABEL: CSSProperties = {
  display: "inline-block",
  marginInlineStart: 12,
  padding: "2px 8px",
  borderRadius: 8,
  background: "currentColor",
  font: "13px/1.4 system-ui, sans-serif",
  whiteSpace: "nowrap",
};

function Label({ name }: { readonly name: string }): ReactElement {
  const text = createElement("bdi", { style: { color: "white" } }, name);
  return createElement("span", { style: LABEL }, text);
}
