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

  /** `host` runs what waits, so that no error reaches the page. */
  constructor(
    private readonly surface: Surface,
    private readonly sink: PointerSink,
    private readonly host: { safely(run: () => void): void },
  ) {}

  /** Handle an event of the page, or of a frame which has the surface, by its type and its innermost target. */
  handle(event: PointerEvent, target: EventTarget | undefined): void {
    // The page's own drag and drop sends dragover in place of pointer events.
    if (event.type === "dragover") this.#place(event);
    // Where it goes on is told to the document of the frame.
    else if (/over|move/.test(event.type) && !(target as HTMLIFrameElement).contentWindow) this.#move(event);
    else this.#lift(event);
  }

  /** Cancel the timer of a lifted finger. */
  stop(): void {
    clearTimeout(this.#lifting);
  }

  /** Whether it is on the page, and others may see it. */
  get known(): boolean {
    return !!this.#point && !this.#unseen;
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
