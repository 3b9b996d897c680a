/** The picture of one other person's cursor: an arrow and a name. */
import { pointAt, type Box } from "./geometry.js";
import { Motion } from "./motion.js";
import type { Position } from "./protocol.js";
import type { Member } from "./roster.js";

const SVG = "http://www.w3.org/2000/svg";
/** The tip is the origin, so that the element's corner is exactly where the pointer is. */
const ARROW = "M0 0 6 18 9.7 10.6 17.3 8.2Z";

function arrow(): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 18 22");
  path.setAttribute("d", ARROW);
  svg.append(path);
  return svg;
}

function label(): HTMLElement {
  const element = document.createElement("span");
  element.className = "label";
  element.part.add("label");
  element.dir = "auto";
  return element;
}

export class CursorView {
  readonly element = document.createElement("div");
  readonly #label = label();
  readonly #motion = new Motion();
  #active: boolean;
  #placed = false;
  #transform = "";

  constructor(member: Member) {
    this.element.className = "cursor";
    this.element.part.add("cursor");
    this.element.dataset["user"] = String(member.user);
    this.element.hidden = true;
    this.element.append(arrow(), this.#label);
    this.#active = member.position !== undefined;
    this.introduce(member);
  }

  /** Its name and colour, also when they change. */
  introduce({ name, color }: Member): void {
    this.#label.textContent = name;
    this.element.style.setProperty("--color", `rgb(${color.join(" ")})`);
  }

  /** Head for a fraction of the surface. What was not to be seen appears there at once. */
  move(fraction: Position, now: number, pace: number, snap: boolean): void {
    this.#motion.push(fraction, now, pace, snap || this.element.hidden !== false);
    this.#placed = true;
  }

  /** Whether its person is active. */
  activate(active: boolean): void {
    this.#active = active;
  }

  /**
   * Put it where it is at `now`; `origin` is the layer's corner on the screen. Writes only to the DOM.
   * Returns whether it has yet to arrive.
   */
  draw(box: Box | undefined, origin: Position, now: number): boolean {
    const shown = this.#active && this.#placed && box;
    const point = shown ? pointAt(box, this.#motion.at(now)) : undefined;
    this.element.hidden = !point;
    if (point) this.#place(point.x - origin.x, point.y - origin.y);
    return Boolean(shown) && this.#motion.moving(now);
  }

  #place(x: number, y: number): void {
    const transform = `translate(${x.toFixed(2)}px,${y.toFixed(2)}px)`;
    if (transform === this.#transform) return;
    this.#transform = transform;
    this.element.style.transform = transform;
  }
}
