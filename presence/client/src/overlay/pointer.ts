/** Reports this person's mouse, pen or finger on the surface to the client. */
import { OFF_BOARD, type Anchor, type ClientState, type Position } from "../protocol/messages.js";
import { pointIn, type Bounds } from "../client/bounds.js";
import type { Surface } from "./surface.js";

export interface PointerSink {
  /** Milliseconds between two updates; 0 = unknown. */
  readonly pace: number;
  readonly bounds: Bounds;
  moveTo(x: number, y: number, anchor?: Anchor): void;
  setState(state: ClientState): void;
}

/** A finger that moves less than this, in CSS pixels, only trembles. */
const TREMBLE = 8;
/**
 * A lifted finger keeps its place for this many milliseconds and one pace. A touch is shorter than the time between
 * two updates, and someone off the board has no place.
 */
const TOUCH_HOLD = 300;

export class Pointer {
  #point: Position | undefined;
  #lifting: ReturnType<typeof setTimeout> | undefined;
  #unseen = false;
  readonly #heard = new WeakSet<Document>();

  /** `host` runs each listener, so that no error reaches the page. Listens until `signal` aborts. */
  constructor(
    private readonly surface: Surface,
    private readonly sink: PointerSink,
    private readonly host: { safely(run: () => void): void },
    private readonly signal: AbortSignal,
  ) {}

  /** Listen to a document: the page's, or that of a frame which has the surface. */
  listen(page: Document): void {
    if (this.#heard.has(page)) return;
    this.#heard.add(page);
    const on = <Name extends keyof DocumentEventMap>(
      name: Name,
      handle: (event: DocumentEventMap[Name]) => void,
      target: EventTarget = page.defaultView!,
    ): void => {
      const listener = (event: Event) => this.host.safely(() => handle(event as DocumentEventMap[Name]));
      target.addEventListener(name, listener, { signal: this.signal, capture: target !== page.documentElement, passive: true });
    };
    // The page's own drag and drop sends dragover in place of pointer events.
    on("dragover", (event) => this.#place(event));
    for (const name of ["pointermove", "pointerover"] as const) on(name, (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"] as const) on(name, (event) => this.#lift(event));
    on("pointerleave", (event) => this.#lift(event), page.documentElement);
  }

  /** Cancel the timer of a lifted finger. */
  stop(): void {
    clearTimeout(this.#lifting);
  }

  /** Whether it is on the page. */
  get known(): boolean {
    return !!this.#point;
  }

  /** The surface moved: report again what lies under the pointer. */
  refresh(): void {
    if (!this.#point || this.#unseen) return;
    const fraction = this.surface.view()?.toFraction(this.#point);
    if (!fraction) return this.sink.setState(OFF_BOARD);
    const { x, y } = pointIn(this.sink.bounds, fraction);
    this.sink.moveTo(x, y, this.surface.anchors?.at(this.#point));
  }

  /** While unseen, report no position. */
  setUnseen(unseen: boolean): void {
    this.#unseen = unseen;
    if (unseen) this.sink.setState(OFF_BOARD);
    else this.refresh();
  }

  #move(event: PointerEvent): void {
    // Where it goes on is told to the document of the frame.
    if ((event.composedPath()[0] as HTMLIFrameElement).contentWindow) return this.#lift(event);
    const [point, now] = [this.#point, this.surface.pointOf(event)];
    const trembles = point && Math.hypot(now.x - point.x, now.y - point.y) < TREMBLE;
    if (!isFinger(event) || (event.isPrimary && !trembles)) this.#place(event);
  }

  #place(event: MouseEvent): void {
    this.stop();
    this.#point = this.surface.pointOf(event);
    this.refresh();
  }

  /** A mouse or pen left the page or went over a frame, or a finger left the screen. */
  #lift(event: PointerEvent): void {
    // It moved over a frame, or left; else it is up or cancelled.
    const leaves = /leave|ove/.test(event.type);
    if (!event.isPrimary || leaves === isFinger(event)) return;
    const off = () => this.sink.setState(OFF_BOARD);
    this.#point = undefined;
    this.stop();
    if (leaves) off();
    else this.#lifting = setTimeout(() => this.host.safely(off), TOUCH_HOLD + this.sink.pace);
  }
}

function isFinger({ pointerType }: PointerEvent): boolean {
  return pointerType === "touch";
}
