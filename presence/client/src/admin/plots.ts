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
/** Answers after which there is no use in asking again: signed out (0 leads to where one signs in), or not allowed. */
const SIGNED_OUT: ReadonlySet<number> = new Set([0, 401, 403]);
const HIDDEN: ReadonlySet<number> = new Set([...SIGNED_OUT, 404]);
/** In place of an answer that there was none. */
const NOBODY = -1;

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
    let isLeft = false;
    this.#unlisten = environment.listen((signal) => {
      if (signal === "pagehide") isLeft = true;
      // A page is shown after it is loaded, too: then it has just asked.
      if (signal === "shown" || (signal === "pageshow" && isLeft)) void this.refresh();
    });
    void this.refresh();
  }

  /** Show another board, "" for all of them. */
  show(board: string): void {
    this.#board = board;
    this.#chart.clear();
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
    const { status, trend } = await this.#ask(asking.signal);
    if (asking.signal.aborted) return;
    if (trend) this.#tell(trend);
    else this.#fail(status);
    if (SIGNED_OUT.has(status)) return this.#unlisten();
    const seconds = ((SECONDS[this.#span] ?? 60) * this.#count) / POINTS;
    const wait = Math.min(LATEST, Math.max(SOONEST, seconds)) * 1000;
    this.#timer = this.environment.setTimer(() => {
      if (this.environment.visible()) void this.refresh();
    }, wait);
  }

  /** What may not be seen any more is not shown any more. */
  #fail(status: number): void {
    if (HIDDEN.has(status)) this.#chart.clear();
    this.#say(this.settings.words.failed);
  }

  async #ask(signal: AbortSignal): Promise<{ status: number; trend?: Trend }> {
    const url = new URL(this.settings.history, this.environment.address());
    const board = this.#board ? { board: this.#board } : {};
    url.search = String(new URLSearchParams({ span: this.#span, count: String(this.#count), ...board }));
    try {
      const { status, body } = await this.environment.fetch(url.href, {}, signal, "manual");
      return status === 200 ? { status, trend: body as Trend } : { status };
    } catch {
      return { status: NOBODY };
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
