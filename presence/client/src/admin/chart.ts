/** One plot of people over time, drawn by uPlot in the colours of the admin's theme. */
import uPlot from "uplot";
import { isTimeZone } from "./formats.js";
import { isolated, lastRecorded, scaleTop, type Trend } from "./history.js";
import { onThemeChange, themeColors, UNKNOWN } from "./page.js";

export interface ChartTexts {
  readonly time: string;
  readonly people: string;
  readonly peak: string;
}

export interface ChartOptions {
  readonly words: ChartTexts;
  readonly locale: string;
  /** An unknown time zone becomes the browser's. */
  readonly timeZone: string;
}

const HEIGHT = 180;
const DAY = 86_400;
/** Steps of the scale. They are whole, as people are. */
const STEPS = [1, 10, 100, 1000, 10_000, 100_000].flatMap((step) => [step, 2 * step, 5 * step]);

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
    this.#unlisten = onThemeChange(box, () => this.#draw());
  }

  /** Day and time of seconds since 1970. */
  moment(at: number): string {
    return this.#times.moment(at);
  }

  show(trend: Trend): void {
    this.#trend = trend;
    if (!this.#plot) return this.#draw();
    this.#plot.setData(data(trend));
    this.#showLast(this.#plot);
  }

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
    this.#plot = new uPlot(this.#plotOptions(width), data(this.#trend), this.box);
    this.#showLast(this.#plot);
  }

  #resize(): void {
    const width = this.box.clientWidth;
    if (!this.#plot) this.#draw();
    else if (width > 0 && width !== this.#plot.width) this.#plot.setSize({ width, height: HEIGHT });
  }

  /** Show the newest values in the legend while nobody points at others. */
  #showLast(plot: uPlot): void {
    if (!this.#trend || typeof plot.cursor.idx === "number") return;
    const last = lastRecorded(this.#trend.people);
    if (last >= 0) plot.setLegend({ idx: last }, false);
  }

  #plotOptions(width: number): uPlot.Options {
    const { words, locale, timeZone } = this.options;
    const { accent, area, peak, axis } = colors(this.box);
    const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
    const value = (_: uPlot, people: number | null) => (people === null ? UNKNOWN : number.format(people));
    const points = { filter: (plot: uPlot, at: number) => isolated([...(plot.data[at] ?? [])]) };
    const line = { value, points, spanGaps: false };
    return {
      width,
      height: HEIGHT,
      ...(isTimeZone(timeZone) && { tzDate: (at: number) => uPlot.tzDate(new Date(at * 1000), timeZone) }),
      cursor: { y: false, drag: { x: false, y: false } },
      scales: { y: { range: () => [0, scaleTop(this.#trend?.peak ?? [])] } },
      axes: [
        { ...axis, size: 30, values: (_, splits, __, ___, step) => splits.map((at) => this.#times.tick(at, step)) },
        { ...axis, size: 44, incrs: STEPS, values: (_, splits) => splits.map((people) => number.format(people)) },
      ],
      series: [
        { label: words.time, value: (_, at) => (at === null ? UNKNOWN : this.moment(at)) },
        { ...line, label: words.people, stroke: accent, fill: area, width: 1.5 },
        { ...line, label: words.peak, stroke: peak, width: 1 },
      ],
      hooks: { setCursor: [(plot) => this.#showLast(plot)] },
    };
  }
}

function data({ at, people, peak }: Trend): uPlot.AlignedData {
  return [[...at], [...people], [...peak]];
}

/** The theme's present colours. */
function colors(box: Element) {
  const { quiet, line, ...others } = themeColors(box, "quiet", "line", "accent", "area", "peak");
  const grid = { stroke: line, width: 1 };
  const font = `12px ${getComputedStyle(document.body).fontFamily}`;
  return { ...others, axis: { stroke: quiet, grid, ticks: grid, font } };
}

type Format = (at: number) => string;

class Times {
  readonly #day: Format;
  readonly #hour: Format;
  readonly moment: Format;

  constructor(locale: string, timeZone: string) {
    const zone = isTimeZone(timeZone) ? { timeZone } : {};
    const format = (parts: Intl.DateTimeFormatOptions): Format => {
      const format = new Intl.DateTimeFormat(locale, { ...parts, ...zone });
      return (at) => format.format(at * 1000);
    };
    const hour = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
    const day = { day: "numeric", month: "short" } as const;
    this.#day = format(day);
    this.#hour = format(hour);
    this.moment = format({ ...day, ...hour });
  }

  /** A label of the time axis. `step` is the seconds between two labels. Midnight is labelled with its date. */
  tick(at: number, step: number): string {
    const hour = this.#hour(at);
    return step >= DAY || (step >= 3600 && hour === "00:00") ? this.#day(at) : hour;
  }
}
