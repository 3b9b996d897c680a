// `node benchmarks/motion.mjs`: how near the drawn path of a cursor is to that of the hand.
//
// A hand moves over a surface of 1000 × 1000 px. Its positions are sent, delayed and drawn as on a page, in simulated time, by
// several methods. Prints the tables of docs/overlay.md and draws their plot. Everything is seeded: each run gives the same.
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const peers = `${root}benchmarks/peers/`;

const SURFACE = 1000;
/** Milliseconds that are simulated. The first second does not count. */
const LENGTH = 60_000;
const BEGIN = 1_000;
const FRAME = 1000 / 60;
/** Milliseconds between two pointer events. */
const EVENT = 8;
/** Milliseconds from sending to arriving, without jitter. */
const TRANSIT = 40;
/** Nothing arrives in these two seconds; then everything does at once, as TCP has it. */
const OUTAGE = [30_000, 32_000];
/** The errors count again after this time; what happens before it counts as recovery. */
const RECOVERED = OUTAGE[1] + 1_000;
const RATES = [5, 10, 20, 30];
const JITTERS = [0, 50, 100, 200];

/** Returns a function that returns numbers from 0 to 1 (mulberry32). */
function seeded(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Returns where the hand is at a time: minimum-jerk strokes that are a little bent (Flash and Hogan 1985), loops, fast
 * flicks, and pauses.
 */
function hand(seed) {
  const random = seeded(seed);
  const from = (low, high) => low + (high - low) * random();
  const parts = [];
  let time = 0;
  let at = { x: SURFACE / 2, y: SURFACE / 2 };
  const add = (duration, place) => {
    parts.push({ begin: time, duration, place });
    time += duration;
    at = place(1);
  };
  const stroke = (seconds, bend) => {
    const [start, x, y] = [at, from(150, 850), from(150, 850)];
    const [dx, dy] = [x - start.x, y - start.y];
    add(seconds(Math.hypot(dx, dy)), (part) => {
      const way = part ** 3 * (10 - 15 * part + 6 * part ** 2);
      const off = bend * 4 * way * (1 - way);
      return { x: start.x + dx * way - dy * off, y: start.y + dy * way + dx * off };
    });
  };
  const loop = () => {
    const [start, radius, turns] = [at, from(40, 120), Math.round(from(1, 3))];
    const angle = Math.atan2(at.y - SURFACE / 2, at.x - SURFACE / 2);
    const turn = 2 * Math.PI * turns * (random() < 0.5 ? 1 : -1);
    add(turns * from(600, 1200), (part) => ({
      x: start.x + radius * (Math.cos(angle + turn * part) - Math.cos(angle)),
      y: start.y + radius * (Math.sin(angle + turn * part) - Math.sin(angle)),
    }));
  };
  while (time < LENGTH) {
    const kind = random();
    if (kind < 0.6) stroke((distance) => from(300, 500) + distance * from(0.4, 0.9), from(-0.15, 0.15));
    else if (kind < 0.8) loop();
    else stroke(() => from(120, 220), 0);
    const rest = at;
    if (random() < 0.6) add(from(100, 1200), () => rest);
  }
  return (now) => {
    const { begin, duration, place } = parts.findLast(({ begin }) => begin <= Math.max(0, now));
    return place(Math.min((now - begin) / duration, 1));
  };
}

/** Where the hand is, for each millisecond. */
function recorded(seed) {
  const path = hand(seed);
  return Array.from({ length: LENGTH }, (_, now) => path(now));
}

/** What the client sends: at most one position in `interval` milliseconds, and the last one. */
function sent(path, interval) {
  const moves = [];
  let [last, due] = [{}, 0];
  for (let now = 0; now < LENGTH; now += 1) {
    const place = path[now - (now % EVENT)];
    if (now < due || (place.x === last.x && place.y === last.y)) continue;
    moves.push({ ...place, sentAt: now });
    [last, due] = [place, now + interval];
  }
  return moves;
}

/** When they arrive: each is late by 0 to `jitter` milliseconds, and waits for those before. */
function arrivals(moves, jitter, seed) {
  const random = seeded(seed);
  let last = 0;
  return moves.map((move) => {
    const due = move.sentAt + TRANSIT + jitter * random();
    last = Math.max(last, due >= OUTAGE[0] && due < OUTAGE[1] ? OUTAGE[1] : due);
    return { ...move, at: last };
  });
}

// The methods: `push` tells of a position at its arrival, `at` returns where the cursor is drawn.

class Jumps {
  push(place) {
    this.place = place;
  }

  at() {
    return this.place;
  }
}

/** A straight glide from where the cursor is, for the time since the last arrival. */
class Straight {
  push(place, now) {
    this.from = this.to ? this.at(now) : place;
    this.duration = Math.min(now - (this.now ?? now), 250);
    [this.to, this.now] = [place, now];
  }

  at(now) {
    const part = this.duration > 0 ? Math.min((now - this.now) / this.duration, 1) : 1;
    const { from, to } = this;
    return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
  }
}

/** The overlay's own. It knows fractions of the surface. */
async function overlays() {
  const require = createRequire(`${root}presence/client/package.json`);
  const source = `${root}presence/client/src/overlay/motion.ts`;
  const { outputFiles } = require("esbuild").buildSync({ entryPoints: [source], bundle: true, format: "esm", write: false });
  const { Motion } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
  return class {
    motion = new Motion();

    push({ x, y }, now, pace) {
      this.motion.push({ x: x / SURFACE, y: y / SURFACE }, now, pace);
    }

    at(now) {
      const { x, y } = this.motion.at(now);
      return { x: x * SURFACE, y: y * SURFACE };
    }
  };
}

/** The published package, with a clock, timers and animation frames that are simulated. */
async function perfectCursors() {
  if (!existsSync(`${peers}node_modules/perfect-cursors`)) {
    execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--silent", "--prefix", peers], { stdio: "inherit" });
  }
  const { PerfectCursor } = createRequire(`${peers}package.json`)("perfect-cursors");
  let [clock, frames, timers] = [0, [], []];
  Object.defineProperty(globalThis, "performance", { value: { now: () => clock } });
  globalThis.requestAnimationFrame = (run) => frames.push(run);
  globalThis.setTimeout = (run, delay) => timers.push({ run, at: clock + delay });
  return class {
    constructor() {
      [clock, frames, timers] = [0, [], []];
      this.cursor = new PerfectCursor(([x, y]) => (this.place = { x, y }));
    }

    push(place, now) {
      this.#advance(now);
      this.place ??= place;
      this.cursor.addPoint([place.x, place.y]);
    }

    at(now) {
      this.#advance(now);
      const due = frames;
      frames = [];
      due.forEach((run) => run());
      return this.place;
    }

    #advance(now) {
      const due = timers.filter(({ at }) => at <= now);
      timers = timers.filter(({ at }) => at > now);
      for (const { run, at } of due) {
        clock = at;
        run();
      }
      clock = now;
    }
  };
}

const METHODS = {
  "no glide": Jumps,
  "straight glide": Straight,
  "perfect-cursors": await perfectCursors(),
  overlay: await overlays(),
};
const OURS = "overlay";

/** The place that a method draws in each frame. */
function draw(Method, moves, pace) {
  const cursor = new Method();
  let next = 0;
  return Array.from({ length: Math.floor(LENGTH / FRAME) }, (_, frame) => {
    const now = frame * FRAME;
    for (; next < moves.length && moves[next].at <= now; next += 1) cursor.push(moves[next], moves[next].at, pace);
    return next > 0 ? cursor.at(now) : moves[0];
  });
}

const sum = (values) => values.reduce((total, value) => total + value, 0);
const mean = (values) => sum(values) / values.length;
const distance = (one, other) => Math.hypot(one.x - other.x, one.y - other.y);

function percentile(values, share) {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length * share)];
}

/**
 * The figures of a drawn path. `mean` and `p95` are the distance to the hand at the same time, in px; `shape` is the mean
 * distance to where it was `shift` milliseconds before, the time for which that is least. `added` is the shift without
 * the time on the way. `jumps` are frames per second that move the cursor much further than the hand ever moved around
 * then, `stops` % of the frames in which it stands while the hand moves. `recovery` is how many milliseconds after the lost
 * seconds the cursor is back on its way.
 */
function judge(path, drawn, moves) {
  const at = (now) => path[Math.min(Math.max(0, Math.round(now)), LENGTH - 1)];
  const times = drawn.map((_, frame) => frame * FRAME);
  const counted = [...drawn.keys()].filter((frame) => {
    return times[frame] > BEGIN && (times[frame] < OUTAGE[0] || times[frame] > RECOVERED);
  });
  const errors = (shift) => counted.map((frame) => distance(drawn[frame], at(times[frame] - shift)));
  const shifts = Array.from({ length: 101 }, (_, index) => index * 5);
  const fits = shifts.map((shift) => mean(errors(shift)));
  const shape = Math.min(...fits);
  const shift = shifts[fits.indexOf(shape)];
  let [jumps, stops] = [0, 0];
  for (const frame of counted) {
    const step = distance(drawn[frame], drawn[frame - 1]);
    const hands = [-150, -100, -50, 0, 50, 100, 150].map((around) => {
      const now = times[frame] - shift + around;
      return distance(at(now), at(now - FRAME));
    });
    if (step > 1.5 * Math.max(...hands) + 8) jumps += 1;
    if (step < 0.3 && Math.min(...hands.slice(2, 5)) > 2) stops += 1;
  }
  const back = [...drawn.keys()].find((frame) => {
    return times[frame] >= OUTAGE[1] && distance(drawn[frame], at(times[frame] - shift)) < 2 * shape + 10;
  });
  const onTime = moves.filter(({ sentAt, at }) => at < OUTAGE[0] || sentAt > OUTAGE[1]);
  const onTheWay = mean(onTime.map(({ sentAt, at }) => at - sentAt));
  return {
    mean: mean(errors(0)),
    p95: percentile(errors(0), 0.95),
    added: shift - onTheWay,
    shape,
    jumps: (jumps / counted.length / FRAME) * 1000,
    stops: (100 * stops) / counted.length,
    recovery: times[back] - OUTAGE[1],
  };
}

/** One rate and jitter: the hand's path and what each method makes of it. */
function trial(rate, jitter, seed = 1) {
  const path = recorded(seed);
  const moves = arrivals(sent(path, 1000 / rate), jitter, seed + 1);
  const drawn = Object.entries(METHODS).map(([name, Method]) => [name, draw(Method, moves, 1000 / rate)]);
  return { path, moves, drawn };
}

const row = (...cells) => `| ${cells.join(" | ")} |`;
const rule = (columns) => row(...Array.from({ length: columns }, () => "---"));

function tables(figures) {
  const names = Object.keys(METHODS);
  const lines = [row("updates/s", "jitter ms", ...names), rule(names.length + 2)];
  for (const { rate, jitter, of } of figures) {
    const cells = names.map((name) => [of[name].mean, of[name].p95, of[name].added].map(Math.round).join(" / "));
    lines.push(row(rate, jitter, ...cells));
  }
  const kinds = [
    ["mean error, px", "mean"],
    ["95th percentile, px", "p95"],
    ["added delay, ms", "added"],
    ["error of the shape, px", "shape"],
    ["jumps per second", "jumps"],
    ["stops, % of frames", "stops"],
    ["back after the lost seconds, ms", "recovery"],
  ];
  lines.push("", row("mean of all rows", ...names), rule(names.length + 1));
  for (const [what, key] of kinds) {
    lines.push(row(what, ...names.map((name) => mean(figures.map(({ of }) => of[name][key])).toFixed(1))));
  }
  return lines.join("\n");
}

const COLOURS = { hand: "#888", "no glide": "#bbb", "straight glide": "#1f77b4", "perfect-cursors": "#d62728", overlay: "#2ca02c" };

function line(points, colour, width) {
  const list = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  return `<polyline points="${list}" fill="none" stroke="${colour}" stroke-width="${width}"/>`;
}

function text(x, y, words, colour = "#333", anchor = "start") {
  return `<text x="${x}" y="${y}" fill="${colour}" text-anchor="${anchor}">${words}</text>`;
}

/** Left: the way across over time, as the hand and the methods make it. Right: the mean error by rate. */
function plot(figures) {
  const [left, width, right, top, height, jitter] = [10, 400, 470, 24, 220, 100];
  const [begin, span, most] = [4_500, 2_500, 180];
  const { path, drawn } = trial(10, jitter);
  const shown = path.slice(begin, begin + span).map(({ x }) => x);
  const [low, high] = [Math.min(...shown) - 30, Math.max(...shown) + 30];
  const across = (places, spacing) => {
    const points = places.map(({ x }, index) => [left + ((index * spacing - begin) / span) * width, top + ((x - low) / (high - low)) * height]);
    return points.filter(([x]) => x >= left && x <= left + width);
  };
  const parts = [line(across(path.filter((_, now) => now % 20 === 0), 20), COLOURS.hand, 4)];
  for (const [name, places] of drawn) {
    if (name !== "no glide") parts.push(line(across(places, FRAME), COLOURS[name], 1.5));
  }
  const [rateAt, errorAt] = [(rate) => right + 10 + rate * 9, (error) => top + height * (1 - error / most)];
  for (const name of Object.keys(METHODS)) {
    const points = figures.filter((each) => each.jitter === jitter).map(({ rate, of }) => [rateAt(rate), errorAt(of[name].mean)]);
    parts.push(line(points, COLOURS[name], 2));
  }
  for (const error of [0, 50, 100, 150]) parts.push(text(right + 25, errorAt(error) + 4, error, "#333", "end"));
  for (const rate of RATES) parts.push(text(rateAt(rate), top + height + 16, rate, "#333", "middle"));
  parts.push(text(left, 14, `across the surface in ${span / 1000} s, at 10 updates/s, jitter ${jitter} ms`));
  parts.push(text(right, 14, `mean error in px by updates/s, jitter ${jitter} ms`));
  Object.entries(COLOURS).forEach(([name, colour], index) => parts.push(text(left + index * 130, 280, `▬ ${name}`, colour)));
  const style = 'font-family="sans-serif" font-size="12"';
  const ground = '<rect width="780" height="290" fill="#fff"/>';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 780 290" ${style}>\n${ground}\n${parts.join("\n")}\n</svg>\n`;
}

const figures = RATES.flatMap((rate) => {
  return JITTERS.map((jitter) => {
    const { path, moves, drawn } = trial(rate, jitter);
    return { rate, jitter, of: Object.fromEntries(drawn.map(([name, places]) => [name, judge(path, places, moves)])) };
  });
});
console.log(tables(figures));
writeFileSync(`${root}docs/images/motion.svg`, plot(figures));
