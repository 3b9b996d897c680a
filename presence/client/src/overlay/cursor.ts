/** The picture of one other person's cursor: an arrow and a name, or a mark at the rim of the view. */
import { Arrival } from "./arrival.js";
import { ARROW, make, paint, picture } from "../lib/dom.js";
import { edgeFor } from "./edges.js";
import { contains, pointOf, type Box } from "./geometry.js";
import { Motion } from "./motion.js";
import { initials } from "./people.js";
import type { Position } from "../protocol/protocol.js";
import type { Member } from "../protocol/roster.js";

const RIPPLE: Keyframe[] = [{ transform: "scale(.2)", opacity: 1 }, { opacity: 0 }];
const RIPPLE_TIME = 700;

/** Where to draw: the surface, and the layer that is drawn on, in CSS pixels of the screen. */
export interface Canvas {
  readonly box: Box;
  readonly left: number;
  readonly top: number;
  /** Pixels of the screen for one of the layer's: not 1 where the page is zoomed or transformed. */
  readonly scale: number;
}

type Mode = "hidden" | "cursor" | "edge";

export class CursorView {
  readonly #label = make("span", "label");
  readonly #initials = make("b", "initials");
  readonly #dot = make("i", "dot");
  readonly #ring = make("i", "ring");
  readonly element = make("div", "hidden", this.#ring, this.#dot, picture(ARROW), this.#label, this.#initials);
  readonly #motion = new Motion();
  readonly #arrival = new Arrival();
  #active = false;
  #target: Position | undefined;
  #mode: Mode = "hidden";
  #look = "";
  #transform = "";

  constructor() {
    this.#label.dir = "auto";
  }

  /** The fraction of the surface it is at or heads for, where it is to be seen. */
  get target(): Position | undefined {
    return this.#active ? this.#target : undefined;
  }

  /** Its name and colour, also when they change. */
  introduce({ name, color, position }: Member): void {
    this.#label.textContent = name;
    this.#initials.textContent = initials(name);
    paint(this.element, color);
    this.activate(position !== undefined);
  }

  /**
   * Head for a fraction of the surface. What was not to be seen appears there at once; `news` tells
   * whether it has just come there, or was there before we were.
   */
  move(fraction: Position, now: number, pace: number, calm: boolean, news: boolean): void {
    const shown = this.target !== undefined;
    this.#motion.push(fraction, now, pace, calm || !shown || this.#mode === "hidden");
    if (this.#arrival.move(fraction, shown, news) && !calm) this.ripple();
    this.#target = fraction;
    this.activate(true);
  }

  /** Whether its person is active. */
  activate(active: boolean): void {
    this.#active = active;
    this.#show(this.#mode);
  }

  /** Draw attention to it. */
  ripple(): void {
    this.#ring.animate(RIPPLE, RIPPLE_TIME);
  }

  /** Put it where it is at `now`. Writes only to the DOM. Returns whether it has yet to arrive. */
  draw(canvas: Canvas | undefined, now: number): boolean {
    if (canvas && this.#target) this.#point(pointOf(canvas.box, this.#motion.at(now)), canvas);
    else this.#show("hidden");
    return this.#active && this.#motion.moving(now);
  }

  #point(point: Position, canvas: Canvas): void {
    const { clip } = canvas.box;
    if (contains(clip, point)) return this.#place("cursor", point, canvas);
    const edge = this.#active ? edgeFor(clip, point) : undefined;
    if (!edge) return this.#show("hidden");
    this.#place("edge", edge, canvas);
    this.#dot.style.rotate = `${edge.turn}deg`;
  }

  /** Its place is written before it can be seen. */
  #place(mode: Mode, { x, y }: Position, { left, top, scale }: Canvas): void {
    const transform = `translate(${((x - left) / scale).toFixed(2)}px,${((y - top) / scale).toFixed(2)}px)`;
    if (transform !== this.#transform) this.element.style.transform = this.#transform = transform;
    this.#show(mode);
  }

  #show(mode: Mode): void {
    this.#mode = mode;
    const look = `${mode}${this.#active ? " on" : ""}${this.#arrival.touch ? " touch" : ""}`;
    if (look === this.#look) return;
    this.element.className = this.#look = look;
    this.element.part.value = mode;
  }
}
