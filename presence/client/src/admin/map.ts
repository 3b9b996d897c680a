/**
 * A small live map of a board: everybody's cursor, with the name. A board has no size of its own (what
 * is told are fractions of it), so the map is as wide as it is.
 */
import { ARROW } from "../lib/dom.js";
import { Glides, labelAt, pointOn, type Place, type Size } from "./glides.js";
import { ink, onTheme } from "./theme.js";
import type { Board } from "./told.js";

/** CSS pixels: an arrow with the outline around it; the height of a name; beside its letters. */
const ARROW_SIZE = 16;
const LABEL_HEIGHT = 16;
const LABEL_SPACE = 5;
/** The arrow's path is drawn for 20 pixels. */
const ARROW_SCALE = ARROW_SIZE / 20;
/** Names of more would hide each other; who is pointed at in the table is named anyway. */
const MOST_NAMES = 60;
const LONGEST_NAME = 24;
/** People's colours are such that white is seen on each, and around it on a dark ground. */
const ON_COLOR = "#fff";
/** How much is seen of the others while one person is pointed at. */
const FAINT = 0.25;
const COLUMNS = 16;
const ROWS = 9;

const NOBODY: Board["people"] = new Map();

export class CursorMap {
  #people = NOBODY;
  #lit: string | undefined;
  #frame = 0;
  readonly #glides = new Glides();
  readonly #calm = matchMedia("(prefers-reduced-motion: reduce)");
  readonly #arrow = new Path2D(ARROW);
  readonly #label: string;

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.#label = canvas.dataset["label"] ?? "";
    new ResizeObserver(() => this.#request()).observe(canvas);
    onTheme(() => this.#request());
    this.show({ people: null, cursors: null });
  }

  show({ people, cursors }: Pick<Board, "people" | "cursors">): void {
    this.#people = people;
    this.#glides.show(cursors ?? new Map(), performance.now(), this.#calm.matches);
    const label = this.#label.replace("{count}", String(this.#glides.count));
    if (this.canvas.ariaLabel !== label) this.canvas.ariaLabel = label;
    this.#request();
  }

  /** Have one person's cursors stand out, or nobody's. */
  light(key: string | undefined): void {
    if (this.#lit === key) return;
    this.#lit = key;
    this.#request();
  }

  /** Drawn at the screen's next frame, and at each while something moves. */
  #request(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame((now) => this.#draw(now));
  }

  #draw(now: number): void {
    this.#frame = 0;
    const size = { width: this.canvas.clientWidth, height: this.canvas.clientHeight };
    const pen = this.canvas.getContext("2d");
    if (!pen || size.width === 0) return;
    this.#fit(pen, size);
    grid(pen, size);
    this.#drawAll(pen, size, this.#glides.at(now));
    if (this.#glides.moving(now)) this.#request();
  }

  /** As many pixels as the screen has there. */
  #fit(pen: CanvasRenderingContext2D, { width, height }: Size): void {
    const ratio = devicePixelRatio;
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== wide) this.canvas.width = wide;
    if (this.canvas.height !== high) this.canvas.height = high;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
  }

  /** Whoever is pointed at last, above all others. */
  #drawAll(pen: CanvasRenderingContext2D, size: Size, places: readonly Place[]): void {
    const isLit = ({ key }: Place) => key === this.#lit;
    const others = places.filter((place) => !isLit(place));
    const lit = places.filter(isLit);
    const named = places.length <= MOST_NAMES;
    pen.font = `500 11px ${getComputedStyle(this.canvas).fontFamily}`;
    pen.globalAlpha = lit.length > 0 ? FAINT : 1;
    for (const place of others) this.#drawOne(pen, size, place, named);
    pen.globalAlpha = 1;
    for (const place of lit) this.#drawOne(pen, size, place, true);
  }

  #drawOne(pen: CanvasRenderingContext2D, size: Size, place: Place, named: boolean): void {
    const person = this.#people?.get(place.key);
    if (!person) return;
    const tip = pointOn(size, place, ARROW_SIZE);
    pen.fillStyle = person.color;
    this.#drawArrow(pen, tip);
    if (named) drawName(pen, size, tip, short(person.name));
  }

  #drawArrow(pen: CanvasRenderingContext2D, { x, y }: { x: number; y: number }): void {
    pen.save();
    pen.translate(x, y);
    pen.scale(ARROW_SCALE, ARROW_SCALE);
    pen.lineJoin = "round";
    pen.lineWidth = 3;
    pen.strokeStyle = ON_COLOR;
    pen.stroke(this.#arrow);
    pen.fill(this.#arrow);
    pen.restore();
  }
}

function drawName(pen: CanvasRenderingContext2D, size: Size, tip: { x: number; y: number }, name: string): void {
  const label = { width: pen.measureText(name).width + 2 * LABEL_SPACE, height: LABEL_HEIGHT };
  const { x, y } = labelAt(size, tip, label, ARROW_SIZE);
  pen.beginPath();
  pen.roundRect(x, y, label.width, label.height, LABEL_HEIGHT / 2);
  pen.fill();
  pen.fillStyle = ON_COLOR;
  pen.textBaseline = "middle";
  pen.textAlign = "left";
  pen.fillText(name, x + LABEL_SPACE, y + LABEL_HEIGHT / 2 + 0.5);
}

/** Faint squares, so that an empty board looks like one. */
function grid(pen: CanvasRenderingContext2D, { width, height }: Size): void {
  pen.beginPath();
  for (let column = 1; column < COLUMNS; column++) line(pen, (width * column) / COLUMNS, 0, 0, height);
  for (let row = 1; row < ROWS; row++) line(pen, 0, (height * row) / ROWS, width, 0);
  pen.strokeStyle = ink("--hairline-color", "#e8e8e8");
  pen.lineWidth = 1;
  pen.stroke();
}

/** In the middle of a pixel, where it is sharp. */
function line(pen: CanvasRenderingContext2D, x: number, y: number, right: number, down: number): void {
  const [left, top] = [Math.round(x) + (right ? 0 : 0.5), Math.round(y) + (down ? 0 : 0.5)];
  pen.moveTo(left, top);
  pen.lineTo(left + right, top + down);
}

function short(name: string): string {
  const letters = [...name];
  return letters.length > LONGEST_NAME ? `${letters.slice(0, LONGEST_NAME - 1).join("")}…` : name;
}
