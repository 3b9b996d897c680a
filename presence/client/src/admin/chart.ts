/** One plot of people over time, drawn by uPlot in the colours of the admin's theme. */
import uPlot from "uplot";
import { isZone } from "./formats.js";
import { lastKnown, lonely, top, type Trend } from "./series.js";
import { UNKNOWN } from "./text.js";
import { ink, onTheme } from "./theme.js";

export interface ChartWords {
  readonly time: string;
  readonly people: string;
  readonly peak: string;
}

export interface ChartOptions {
  readonly words: ChartWords;
  readonly locale: string;
  /** As Intl has it; what it does not know is the browser's own. */
  readonly timeZone: string;
}

const HEIGHT = 180;
const DAY = 86_400;
/** How much of a colour is seen, of 255 in hexadecimal. */
const BELOW = "26";
const THIN = "99";
/** Steps of the scale: there is no half a person. */
const WHOLE = [1, 10, 100, 1000, 10_000, 100_000].flatMap((step) => [step, 2 * step, 5 * step]);

type Format = (at: number) => string;

export class Chart {
  #plot: uPlot | undefined;
  #trend: Trend | undefined;
  readonly #times: Times;
  readonly #resizing: ResizeObserver;
  readonly #unlisten: () => void;

  constructor(
    private readonly box: HTMLElement,
    private readonly options: ChartOptions,
  ) {
    this.#times = new Times(options.locale, options.timeZone);
    this.#resizing = new ResizeObserver(() => this.#resize());
    this.#resizing.observe(box);
    this.#unlisten = onTheme(() => this.#draw());
  }

  /** When something was, in words. */
  said(at: number): string {
    return this.#times.whole(at);
  }

  show(trend: Trend): void {
    this.#trend = trend;
    if (!this.#plot) return this.#draw();
    this.#plot.setData(data(trend));
    this.#rest(this.#plot);
  }

  /** Show nothing, until there is something else. */
  clear(): void {
    this.#trend = undefined;
    this.#draw();
  }

  close(): void {
    this.#unlisten();
    this.#resizing.disconnect();
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  #draw(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
    const width = this.box.clientWidth;
    if (!this.#trend || width === 0) return;
    this.#plot = new uPlot(this.#described(width), data(this.#trend), this.box);
    this.#rest(this.#plot);
  }

  #resize(): void {
    const width = this.box.clientWidth;
    if (!this.#plot) this.#draw();
    else if (width > 0 && width !== this.#plot.width) this.#plot.setSize({ width, height: HEIGHT });
  }

  /** Say the newest values while nobody points at others. */
  #rest(plot: uPlot): void {
    if (!this.#trend || typeof plot.cursor.idx === "number") return;
    const last = lastKnown(this.#trend.people);
    if (last >= 0) plot.setLegend({ idx: last }, false);
  }

  #described(width: number): uPlot.Options {
    const { words, locale, timeZone } = this.options;
    const colors = inks();
    const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
    const value = (_: uPlot, people: number | null) => (people === null ? UNKNOWN : number.format(people));
    const points = { filter: (plot: uPlot, at: number) => lonely([...(plot.data[at] ?? [])]) };
    const line = { value, points, spanGaps: false };
    return {
      width,
      height: HEIGHT,
      ...(isZone(timeZone) && { tzDate: (at: number) => uPlot.tzDate(new Date(at * 1000), timeZone) }),
      cursor: { y: false, drag: { x: false, y: false } },
      scales: { y: { range: () => [0, top(this.#trend?.peak ?? [])] } },
      axes: [
        { ...colors.axis, size: 30, values: (_, splits, __, ___, step) => splits.map((at) => this.#times.tick(at, step)) },
        { ...colors.axis, size: 44, incrs: WHOLE, values: (_, splits) => splits.map((people) => number.format(people)) },
      ],
      series: [
        { label: words.time, value: (_, at) => (at === null ? UNKNOWN : this.said(at)) },
        { ...line, label: words.people, stroke: colors.line, fill: colors.below, width: 1.5 },
        { ...line, label: words.peak, stroke: colors.peak, width: 1 },
      ],
      hooks: { setCursor: [(plot) => this.#rest(plot)] },
    };
  }
}

function data({ at, people, peak }: Trend): uPlot.AlignedData {
  return [[...at], [...people], [...peak]];
}

/** The colours of now. */
function inks() {
  const line = ink("--link-fg", "#417893");
  const grid = { stroke: ink("--hairline-color", "#e8e8e8"), width: 1 };
  const font = `12px ${getComputedStyle(document.body).fontFamily}`;
  const quiet = ink("--body-quiet-color", "#666");
  return { line, below: faint(line, BELOW), peak: faint(quiet, THIN), axis: { stroke: quiet, grid, ticks: grid, font } };
}

function faint(color: string, share: string): string {
  const pen = document.createElement("canvas").getContext("2d");
  if (pen) pen.fillStyle = color;
  // A canvas tells every opaque colour as #rrggbb, however it was written.
  const told = String(pen?.fillStyle);
  return /^#\w{6}$/.test(told) ? told + share : color;
}

class Times {
  readonly #day: Format;
  readonly #hour: Format;
  readonly whole: Format;

  constructor(locale: string, zone: string) {
    const form = (parts: Intl.DateTimeFormatOptions): Format => {
      const format = new Intl.DateTimeFormat(locale, { ...parts, ...(isZone(zone) && { timeZone: zone }) });
      return (at) => format.format(at * 1000);
    };
    const hour = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
    const day = { day: "numeric", month: "short" } as const;
    this.#day = form(day);
    this.#hour = form(hour);
    this.whole = form({ ...day, ...hour });
  }

  /** `step` is the seconds between two of the axis; a day begins with its date. */
  tick(at: number, step: number): string {
    const hour = this.#hour(at);
    return step >= DAY || (step >= 3600 && hour === "00:00") ? this.#day(at) : hour;
  }
}
