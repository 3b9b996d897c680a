/**
 * The plots of a page of the admin: each `<figure class="presence-plot">` of it
 * (presence/admin/plot.html) shows how many people there were on a board, or on all.
 */
import { browser, type Environment } from "../environment.js";
import { Chart, type ChartOptions, type ChartWords } from "./chart.js";
import { summarize, type Trend } from "./series.js";

/** What the page says: presence/trend.py. */
export interface PlotSettings extends ChartOptions {
  readonly history: string;
  /** By the span's name, null where the site has none. `anyBoard` in those of a board is to be the board. */
  readonly downloads: Readonly<Record<string, string | null>>;
  readonly boardDownloads: Readonly<Record<string, string | null>>;
  readonly anyBoard: string;
  readonly words: ChartWords & Readonly<Record<"said" | "nothing" | "failed" | "download", string>>;
}

const SECONDS: Readonly<Record<string, number>> = { minutes: 60, hours: 3600 };
const SOONEST = 30;
const LATEST = 300;
const POINTS = 1440;

export class Plot {
  #board: string;
  #asking: AbortController | undefined;
  #timer: unknown;
  readonly #span: string;
  readonly #count: number;
  readonly #chart: Chart;
  readonly #box: HTMLElement;
  readonly #said: HTMLElement;
  readonly #caption: string;
  readonly #unlisten: () => void;

  constructor(
    private readonly figure: HTMLElement,
    private readonly settings: PlotSettings,
    private readonly environment: Environment = browser,
  ) {
    const { span = "minutes", count = "60", board = "" } = figure.dataset;
    [this.#span, this.#count, this.#board] = [span, Number(count), board];
    this.#caption = figure.querySelector("figcaption")?.textContent ?? "";
    this.#box = figure.querySelector(".presence-canvas") as HTMLElement;
    this.#said = figure.querySelector("p") as HTMLElement;
    this.#chart = new Chart(this.#box, settings);
    this.#unlisten = environment.listen((signal) => {
      if (signal === "shown" || signal === "pageshow") void this.refresh();
    });
    void this.refresh();
  }

  /** Show another board, "" for all of them. */
  show(board: string): void {
    this.#board = board;
    void this.refresh();
  }

  /** Show nothing any more. */
  close(): void {
    this.#said.replaceChildren();
    this.#box.removeAttribute("aria-label");
    this.#box.removeAttribute("role");
    this.#unlisten();
    this.#asking?.abort();
    this.environment.clearTimer(this.#timer);
    this.#chart.close();
  }

  /** Ask again, now and then; not while nobody looks, and no more where the page has no plot any more. */
  async refresh(): Promise<void> {
    if (!this.figure.isConnected) return this.close();
    this.environment.clearTimer(this.#timer);
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    const trend = await this.#ask(asking.signal);
    if (asking.signal.aborted) return;
    if (trend) this.#tell(trend);
    else this.#say(this.settings.words.failed);
    const seconds = ((SECONDS[this.#span] ?? 60) * this.#count) / POINTS;
    const wait = Math.min(LATEST, Math.max(SOONEST, seconds)) * 1000;
    this.#timer = this.environment.setTimer(() => {
      if (this.environment.visible()) void this.refresh();
    }, wait);
  }

  async #ask(signal: AbortSignal): Promise<Trend | undefined> {
    const url = new URL(this.settings.history, this.environment.address());
    const board = this.#board ? { board: this.#board } : {};
    url.search = String(new URLSearchParams({ span: this.#span, count: String(this.#count), ...board }));
    try {
      const { status, body } = await this.environment.fetch(url.href, {}, signal);
      return status === 200 ? (body as Trend) : undefined;
    } catch {
      return undefined;
    }
  }

  #tell(trend: Trend): void {
    this.#chart.show(trend);
    const { words, locale } = this.settings;
    const found = summarize(trend);
    if (!found) return this.#say(words.nothing);
    const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
    const { people, peak, at } = found;
    const values = { people: number.format(people), peak: number.format(peak), time: this.#chart.said(at) };
    this.#say(words.said.replace(/\{(people|peak|time)\}/g, (_, name: keyof typeof values) => values[name]));
  }

  #say(text: string): void {
    this.#box.setAttribute("role", "img");
    this.#box.setAttribute("aria-label", `${this.#caption}: ${text}`);
    const link = this.#link();
    this.#said.replaceChildren(text, ...(link ? [" ", link] : []));
  }

  #link(): HTMLElement | undefined {
    const { downloads, boardDownloads, anyBoard, words } = this.settings;
    const url = this.#board
      ? boardDownloads[this.#span]?.replace(anyBoard, this.#board)
      : downloads[this.#span];
    if (!url) return undefined;
    const link = document.createElement("a");
    link.href = url;
    link.textContent = words.download;
    link.ariaLabel = `${words.download}: ${this.#caption}`;
    return link;
  }
}

/** Have every plot of a page drawn. */
export function plotAll(page: ParentNode, settings: PlotSettings): Plot[] {
  const figures = [...page.querySelectorAll<HTMLElement>(".presence-plot")];
  return figures.map((figure) => new Plot(figure, settings));
}
