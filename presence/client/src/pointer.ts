/** This person's pointer on the surface, told to the client. */
import { fractionAt } from "./geometry.js";
import { OFF_BOARD, type ClientState, type Position } from "./protocol.js";
import type { Surface } from "./surface.js";

export interface PointerSink {
  moveTo(fx: number, fy: number): void;
  setState(state: ClientState): void;
}

export class Pointer {
  #point: Position | undefined;
  readonly #listening = new AbortController();

  /** `safely` runs every listener: nothing it throws may reach the page. */
  constructor(
    private readonly surface: Surface,
    private readonly sink: PointerSink,
    private readonly safely: (run: () => void) => void,
  ) {}

  listen(): void {
    const { signal } = this.#listening;
    const moved = (event: MouseEvent) => this.safely(() => this.#place({ x: event.clientX, y: event.clientY }));
    const left = (event: PointerEvent) => this.safely(() => this.#leave(event));
    // While the page's own drag and drop lasts there are no pointer events, only dragover.
    for (const name of ["pointermove", "pointerdown", "dragover"] as const) {
      window.addEventListener(name, moved, { signal, capture: true, passive: true });
    }
    document.documentElement.addEventListener("pointerleave", left, { signal });
  }

  unlisten(): void {
    this.#listening.abort();
  }

  /** Look again what lies under the pointer: the surface has moved. */
  refresh(): void {
    if (this.#point) this.#place(this.#point);
  }

  #place(point: Position): void {
    this.#point = point;
    const box = this.surface.box(performance.now());
    const fraction = box && fractionAt(box, point);
    if (fraction) this.sink.moveTo(fraction.x, fraction.y);
    else this.sink.setState(OFF_BOARD);
  }

  #leave({ pointerType }: PointerEvent): void {
    this.#point = undefined;
    // A finger that is lifted has not gone anywhere: its last place stays until the session is idle.
    if (pointerType !== "touch") this.sink.setState(OFF_BOARD);
  }
}
