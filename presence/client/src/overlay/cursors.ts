/** Draws the cursors of everyone else: an arrow and a name each, or a mark at the edge of the view. */
import { fractionIn } from "../client/bounds.js";
import type { PresenceClient } from "../client/client.js";
import { ARROW, make, paint, picture } from "../lib/dom.js";
import { ACTIVE, type Position } from "../protocol/messages.js";
import type { Member } from "../protocol/roster.js";
import { edgeMark, type Plane, type View } from "./geometry.js";
import { Motion, TouchDetector } from "./motion.js";
import { initials } from "./people.js";
import type { Spot, Surface } from "./surface.js";

const RIPPLE: Keyframe[] = [{ transform: "scale(.2)", opacity: 1 }, { opacity: 0 }];
const RIPPLE_TIME = 700;
/** CSS pixels from the pointer to its label, as in overlay.css. */
const LABEL_OFFSET = 14;

/** The surface, and the layer that is drawn on, which may be transformed too. */
export interface Canvas {
  readonly view: View;
  /** Undefined while it is not shown. */
  readonly layer: Plane | undefined;
  /** The width of the window in CSS pixels. */
  readonly width: number;
}

type Mode = "hidden" | "cursor" | "edge";

class CursorView {
  readonly #sign = make("i", "sign");
  readonly #name = new Text();
  readonly #label = make("span", "label", this.#sign, this.#name);
  readonly #initials = make("b", "initials");
  readonly #dot = make("i", "dot");
  readonly #ring = make("i", "ring");
  readonly element = make("div", "hidden", this.#ring, this.#dot, picture(ARROW), this.#label, this.#initials);
  readonly #motion = new Motion();
  readonly #touch = new TouchDetector();
  #active = false;
  #target: Position | undefined;
  /** The fraction of the surface where the target was when it came. */
  #goal: Position = { x: 0, y: 0 };
  #mode: Mode = "hidden";
  #labelWidth = 0;
  /** Whether its label is to the left, because there is no room to the right. */
  #flipped = false;
  #look = "";
  #transform = "";

  constructor(private readonly surface: Surface) {
    this.#label.dir = "auto";
  }

  /** The position it glides to; undefined if it is not visible. */
  get target(): Position | undefined {
    return this.#active ? this.#target : undefined;
  }

  /** Show a new or changed name and colour. */
  introduce({ name, color, avatar, signedIn, position }: Member): void {
    this.#label.dataset["picture"] = avatar ?? "";
    this.#name.data = name;
    this.#sign.hidden = !signedIn;
    this.#initials.textContent = initials(name);
    paint(this.element, color);
    this.#activate(position !== undefined);
  }

  /** Glide to a position on the surface. `live` is false for one from before this session. */
  move(position: Position, now: number, pace: number, reducedMotion: boolean, live: boolean): void {
    const visible = this.target !== undefined;
    this.#goal = this.surface.anchors?.goal(position) ?? position;
    this.#motion.push(this.#goal, now, pace, reducedMotion || !visible || this.#mode === "hidden");
    if (this.#touch.move(position, visible, live) && !reducedMotion) this.ripple();
    this.#target = position;
    this.#activate(true);
  }

  /** Hide it until it moves. */
  hide(): void {
    this.#activate(false);
  }

  /** Draw attention to it. */
  ripple(): void {
    this.#ring.animate(RIPPLE, RIPPLE_TIME);
  }

  /** Read from the layout what drawing depends on. */
  measure(): void {
    this.#labelWidth = this.#label.offsetWidth;
  }

  /** Draw it as of `now`. Only writes to the DOM. Returns whether it is still moving. */
  draw(canvas: Canvas | undefined, now: number): boolean {
    if (!canvas || !this.#target) this.#show("hidden");
    else {
      const { view } = canvas;
      let point = view.toScreen(this.#motion.at(now));
      const spot = this.surface.anchors?.follow(this.#target, this.#goal, point);
      if (!spot && this.#goal !== this.#target) {
        // An anchor that is gone leaves the fraction of the surface.
        this.#motion.push((this.#goal = this.#target), now, 0, true);
        point = view.toScreen(this.#target);
      }
      this.#drawAt(spot ?? { view, point }, canvas);
    }
    return this.#active && this.#motion.moving(now);
  }

  #drawAt({ view, point }: Spot, canvas: Canvas): void {
    this.#flipped = point.x + LABEL_OFFSET + this.#labelWidth > canvas.width;
    if (view.shows(point)) return this.#place("cursor", point, canvas);
    const mark = this.#active ? edgeMark(view.clip, point) : undefined;
    if (!mark) return this.#show("hidden");
    this.#place("edge", mark, canvas);
    this.#dot.style.rotate = `${mark.angle}deg`;
  }

  /** Sets the place before it becomes visible there. */
  #place(mode: Mode, point: Position, { layer }: Canvas): void {
    const { x, y } = layer?.toOwn(point) ?? point;
    const transform = `translate(${x.toFixed(2)}px,${y.toFixed(2)}px)`;
    if (transform !== this.#transform) this.element.style.transform = this.#transform = transform;
    this.#show(mode);
  }

  #activate(active: boolean): void {
    this.#active = active;
    this.#show(this.#mode);
  }

  #show(mode: Mode): void {
    this.#mode = mode;
    const look = `${mode}${this.#active ? " on" : ""}${this.#touch.isTouch ? " touch" : ""}${this.#flipped ? " flipped" : ""}`;
    if (look === this.#look) return;
    this.element.className = this.#look = look;
    this.element.part.value = mode;
  }
}

export class Cursors {
  readonly element = make("div", "cursors");
  readonly #views = new Map<number, CursorView>();
  readonly #reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
  /** Whether positions are new. Those before the first count were there before us (PROTOCOL.md, Order after JOIN). */
  #live = false;

  /** `appeared` is called when a cursor becomes visible. */
  constructor(
    client: PresenceClient,
    private readonly surface: Surface,
    appeared: () => void,
  ) {
    // The bar presents people and their states to assistive technology.
    this.element.ariaHidden = "true";
    client.on("self", () => (this.#live = false));
    client.on("count", () => (this.#live = true));
    client.on("roster", (members) => this.replace(members));
    client.on("joined", (member) => this.#add(member));
    client.on("left", ({ user }) => this.#remove(user));
    client.on("state", ({ user, state }) => state !== ACTIVE && this.#views.get(user)?.hide());
    client.on("cursor", (move) => {
      const view = this.#views.get(move.user);
      if (!view?.target) appeared();
      view?.move({ ...move, ...fractionIn(client.bounds, move) }, performance.now(), client.pace, this.reducedMotion, this.#live);
    });
  }

  get reducedMotion(): boolean {
    return this.#reducedMotion.matches;
  }

  /** Replace everyone. Those who stay keep their cursors in place. */
  replace(members: readonly Member[]): void {
    const users = new Set(members.map(({ user }) => user));
    for (const user of this.#views.keys()) if (!users.has(user)) this.#remove(user);
    for (const member of members) this.#add(member);
  }

  /** Whether any cursor is visible, or a mark at the edge for it. */
  get shown(): boolean {
    return !this.element.hidden && [...this.#views.values()].some(({ target }) => target);
  }

  /** Draw attention to someone's cursor. Returns the position where it is. */
  find(user: number): Position | undefined {
    const view = this.#views.get(user);
    if (!this.reducedMotion) view?.ripple();
    return view?.target;
  }

  /** Returns whether any is still moving. */
  draw(canvas: Canvas | undefined, now: number): boolean {
    const views = [...this.#views.values()];
    for (const view of views) view.measure();
    return views.filter((view) => view.draw(canvas, now)).length > 0;
  }

  #add(member: Member): void {
    const view = this.#views.get(member.user) ?? new CursorView(this.surface);
    this.#views.set(member.user, view);
    view.introduce(member);
    if (!view.element.parentNode) this.element.append(view.element);
  }

  #remove(user: number): void {
    this.#views.get(user)?.element.remove();
    this.#views.delete(user);
  }
}
