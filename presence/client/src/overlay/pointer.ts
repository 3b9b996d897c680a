/** This person's pointer on the surface, told to the client: a mouse, a pen or a finger. */
import { fractionAt } from "./geometry.js";
import { OFF_BOARD, type ClientState, type Position } from "../protocol/protocol.js";
import type { Surface } from "./surface.js";

export interface PointerSink {
  /** Milliseconds between two updates, 0 where unknown. */
  readonly pace: number;
  moveTo(fx: number, fy: number): void;
  setState(state: ClientState): void;
}

/** A finger that moves by less, in CSS pixels, only trembles. */
const TREMBLE = 8;
/**
 * So many milliseconds, and a pace, a finger's place holds after it is lifted: who is off the board
 * has no place, and a touch is shorter than the time it takes to tell one.
 */
const LINGER = 300;

export class Pointer {
  #point: Position | undefined;
  #lifting: ReturnType<typeof setTimeout> | undefined;
  #unseen = false;

  /** `host` runs every listener, until `signal`: nothing it throws may reach the page. */
  constructor(
    private readonly surface: Surface,
    private readonly sink: PointerSink,
    private readonly host: { safely(run: () => void): void },
    private readonly signal: AbortSignal,
  ) {}

  listen(): void {
    // While the page's own drag and drop lasts there are no pointer events, only dragover.
    this.#on("dragover", (event) => this.#place(event));
    for (const name of ["pointermove", "pointerdown"] as const) this.#on(name, (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"] as const) this.#on(name, (event) => this.#lift(event));
    this.#on("pointerleave", (event) => this.#lift(event), document.documentElement);
  }

  /** Say nothing by itself any more. */
  rest(): void {
    clearTimeout(this.#lifting);
  }

  /** Look again what lies under the pointer: the surface has moved. */
  refresh(): void {
    if (!this.#point || this.#unseen) return;
    const box = this.surface.box(performance.now());
    const fraction = box && fractionAt(box, this.#point);
    if (fraction) this.sink.moveTo(fraction.x, fraction.y);
    else this.#off();
  }

  /** Tell nobody where the pointer is, or again where it moves. */
  hide(unseen: boolean): void {
    this.#unseen = unseen;
    if (unseen) this.#off();
    else this.refresh();
  }

  #on<Name extends keyof WindowEventMap>(
    name: Name,
    act: (event: WindowEventMap[Name]) => void,
    target: EventTarget = window,
  ): void {
    const listener = (event: Event) => this.host.safely(() => act(event as WindowEventMap[Name]));
    target.addEventListener(name, listener, { signal: this.signal, capture: target === window, passive: true });
  }

  #move(event: PointerEvent): void {
    const { x, y } = this.#point ?? { x: NaN, y: NaN };
    const trembles = Math.hypot(event.clientX - x, event.clientY - y) < TREMBLE;
    if (!isFinger(event) || (event.isPrimary && !trembles)) this.#place(event);
  }

  #place({ clientX, clientY }: MouseEvent): void {
    this.rest();
    this.#point = { x: clientX, y: clientY };
    this.refresh();
  }

  /** A mouse or a pen leaves the page; a finger the screen. */
  #lift(event: PointerEvent): void {
    const leaves = event.type === "pointerleave";
    if (!event.isPrimary || leaves === isFinger(event)) return;
    this.#point = undefined;
    this.rest();
    if (leaves) this.#off();
    else this.#lifting = setTimeout(() => this.host.safely(() => this.#off()), LINGER + this.sink.pace);
  }

  #off(): void {
    this.sink.setState(OFF_BOARD);
  }
}

function isFinger({ pointerType }: PointerEvent): boolean {
  return pointerType === "touch";
}
