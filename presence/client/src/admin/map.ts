/**
 * A small live map of a board with everybody's cursor and name. A board has no size, only fractions, so the map has a
 * shape of its own.
 */
import { ARROW } from "../lib/dom.js";
import type { Position } from "../protocol/messages.js";
import type { Board, Person } from "./board.js";
import { labelPosition, MapCursors, tipOf, type PlacedCursor, type Size } from "./map-cursors.js";
import { onThemeChange, themeColors } from "./page.js";

/** CSS pixels: an arrow with its outline, the height of a name, and the space beside its letters. */
const ARROW_SIZE = 16;
const LABEL_HEIGHT = 16;
const LABEL_PADDING = 5;
/** The disc before the name of an account. */
const SIGN_SIZE = 10;
/** The arrow's path is drawn for 20 pixels. */
const ARROW_SCALE = ARROW_SIZE / 20;
/** With more cursors the names would cover each other, so that only the highlighted person is named. */
const MOST_NAMES = 60;
const LONGEST_NAME = 24;
/** White is readable on every person's colour. */
const ON_COLOR = "#fff";
/** Opacity of the others while one person is highlighted. */
const FAINT = 0.25;
const COLUMNS = 16;
const ROWS = 9;

export class CursorMap {
  #people: Board["people"] = null;
  #highlighted: string | undefined;
  #frame = 0;
  #lines: string | undefined;
  readonly #cursors = new MapCursors();
  readonly #reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
  readonly #arrow = new Path2D(ARROW);
  readonly #label: string;

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.#label = canvas.dataset["label"] ?? "";
    new ResizeObserver(() => this.#drawSoon()).observe(canvas);
    onThemeChange(canvas, () => {
      this.#lines = undefined;
      this.#drawSoon();
    });
    this.show({ people: null, cursors: null });
  }

  show({ people, cursors }: Pick<Board, "people" | "cursors">): void {
    this.#people = people;
    this.#cursors.show(cursors ?? new Map(), performance.now(), this.#reducedMotion.matches);
    const label = this.#label.replace("{count}", String(this.#cursors.count));
    if (this.canvas.ariaLabel !== label) this.canvas.ariaLabel = label;
    this.#drawSoon();
  }

  /** Make one person's cursors stand out; undefined = nobody's. */
  highlight(key: string | undefined): void {
    if (this.#highlighted === key) return;
    this.#highlighted = key;
    this.#drawSoon();
  }

  #drawSoon(): void {
    this.#frame ||= requestAnimationFrame((now) => this.#draw(now));
  }

  #draw(now: number): void {
    this.#frame = 0;
    const size = { width: this.canvas.clientWidth, height: this.canvas.clientHeight };
    const pen = this.canvas.getContext("2d");
    if (!pen || size.width === 0) return;
    this.#fit(pen, size);
    this.#lines ??= themeColors(this.canvas.parentElement ?? document.body, "line").line;
    drawGrid(pen, size, this.#lines);
    this.#drawCursors(pen, size, this.#cursors.at(now));
    if (this.#cursors.moving(now)) this.#drawSoon();
  }

  /** Clear the canvas, and give it as many pixels as the screen has there. */
  #fit(pen: CanvasRenderingContext2D, { width, height }: Size): void {
    const ratio = devicePixelRatio;
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== wide) this.canvas.width = wide;
    if (this.canvas.height !== high) this.canvas.height = high;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
  }

  /** The highlighted person comes last, above all others. */
  #drawCursors(pen: CanvasRenderingContext2D, size: Size, cursors: readonly PlacedCursor[]): void {
    const highlighted = cursors.filter(({ key }) => key === this.#highlighted);
    const others = cursors.filter(({ key }) => key !== this.#highlighted);
    const named = cursors.length <= MOST_NAMES;
    pen.font = `500 11px ${getComputedStyle(this.canvas).fontFamily}`;
    pen.globalAlpha = highlighted.length > 0 ? FAINT : 1;
    for (const cursor of others) this.#drawCursor(pen, size, cursor, named);
    pen.globalAlpha = 1;
    for (const cursor of highlighted) this.#drawCursor(pen, size, cursor, true);
  }

  #drawCursor(pen: CanvasRenderingContext2D, size: Size, cursor: PlacedCursor, named: boolean): void {
    const person = this.#people?.get(cursor.key);
    if (!person) return;
    const tip = tipOf(size, cursor, ARROW_SIZE);
    pen.fillStyle = person.color;
    pen.save();
    pen.translate(tip.x, tip.y);
    pen.scale(ARROW_SCALE, ARROW_SCALE);
    pen.lineJoin = "round";
    pen.lineWidth = 3;
    pen.strokeStyle = ON_COLOR;
    pen.stroke(this.#arrow);
    pen.fill(this.#arrow);
    pen.restore();
    if (named) drawName(pen, size, tip, person);
  }
}

function drawName(pen: CanvasRenderingContext2D, size: Size, tip: Position, { name, color, account }: Person): void {
  const letters = [...name];
  const text = letters.length > LONGEST_NAME ? `${letters.slice(0, LONGEST_NAME - 1).join("")}…` : name;
  const sign = account ? SIGN_SIZE + LABEL_PADDING / 2 : 0;
  const label = { width: pen.measureText(text).width + 2 * LABEL_PADDING + sign, height: LABEL_HEIGHT };
  const { x, y } = labelPosition(size, tip, label, ARROW_SIZE);
  pen.beginPath();
  pen.roundRect(x, y, label.width, label.height, LABEL_HEIGHT / 2);
  pen.fill();
  pen.fillStyle = ON_COLOR;
  pen.textBaseline = "middle";
  pen.textAlign = "left";
  pen.fillText(text, x + LABEL_PADDING + sign, y + LABEL_HEIGHT / 2 + 0.5);
  if (account) drawSign(pen, { x: x + LABEL_PADDING + SIGN_SIZE / 2, y: y + LABEL_HEIGHT / 2 }, color);
}

/** A disc with a tick: the name is that of an account. */
function drawSign(pen: CanvasRenderingContext2D, { x, y }: Position, color: string): void {
  const unit = SIGN_SIZE / 8;
  pen.beginPath();
  pen.arc(x, y, 4 * unit, 0, 2 * Math.PI);
  pen.fill();
  pen.beginPath();
  pen.moveTo(x - 2 * unit, y);
  pen.lineTo(x - 0.5 * unit, y + 1.5 * unit);
  pen.lineTo(x + 2 * unit, y - 1.5 * unit);
  pen.strokeStyle = color;
  pen.lineWidth = 1.5;
  pen.stroke();
}

/** Faint squares, so that an empty board looks like one. A line is sharp in the middle of a pixel. */
function drawGrid(pen: CanvasRenderingContext2D, { width, height }: Size, color: string): void {
  pen.beginPath();
  for (let column = 1; column < COLUMNS; column++) {
    const x = Math.round((width * column) / COLUMNS) + 0.5;
    pen.moveTo(x, 0);
    pen.lineTo(x, height);
  }
  for (let row = 1; row < ROWS; row++) {
    const y = Math.round((height * row) / ROWS) + 0.5;
    pen.moveTo(0, y);
    pen.lineTo(width, y);
  }
  pen.strokeStyle = color;
  pen.lineWidth = 1;
  pen.stroke();
}
