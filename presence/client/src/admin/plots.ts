/** Fills every `<figure class="presence-plot">` of an admin page with the history of a board, or of all boards. */
import { Chart, type ChartOptions, type ChartTexts } from "./chart.js";
import { History, summarize, type HistoryAnswer, type Trend } from "./history.js";

/** The page's configuration of its plots (presence/admin/charts.py). */
export interface PlotConfig extends ChartOptions {
  readonly history: string;
  /** URLs by span; null if the site has none. Those of a board contain `anyBoard` in place of its reference. */
  readonly downloads: Readonly<Record<string, string | null>>;
  readonly boardDownloads: Readonly<Record<string, string | null>>;
  readonly anyBoard: string;
  readonly words: ChartTexts & Readonly<Record<"said" | "nothing" | "failed" | "download", string>>;
}

export class Plot {
  #board: string;
  readonly #span: string;
  readonly #chart: Chart;
  readonly #box: HTMLElement;
  readonly #text: HTMLElement;
  readonly #caption: string;
  readonly #history: History;

  constructor(
    figure: HTMLElement,
    private readonly config: PlotConfig,
  ) {
    const { span = "minutes", count = "60", board = "" } = figure.dataset;
    [this.#span, this.#board] = [span, board];
    this.#caption = figure.querySelector("figcaption")?.textContent ?? "";
    this.#box = figure.querySelector(".presence-canvas") as HTMLElement;
    this.#text = figure.querySelector("p") as HTMLElement;
    this.#chart = new Chart(this.#box, config);
    const isWanted = () => {
      if (!figure.isConnected) this.#chart.close();
      return figure.isConnected;
    };
    const options = { url: config.history, span, count: Number(count), board, isWanted };
    this.#history = new History(options, (answer) => this.#onAnswer(answer));
  }

  /** Show another board; empty = all boards together. */
  show(board: string): void {
    this.#board = board;
    this.#clear();
    this.#history.show(board);
  }

  close(): void {
    this.#history.close();
    this.#clear();
    this.#chart.close();
  }

  #onAnswer({ trend, hide }: HistoryAnswer): void {
    if (trend) return this.#showTrend(trend);
    if (hide) this.#chart.clear();
    this.#describe(this.config.words.failed);
  }

  #clear(): void {
    this.#chart.clear();
    this.#text.replaceChildren();
    this.#box.removeAttribute("aria-label");
    this.#box.removeAttribute("role");
  }

  #showTrend(trend: Trend): void {
    this.#chart.show(trend);
    const { words, locale } = this.config;
    const summary = summarize(trend);
    if (!summary) return this.#describe(words.nothing);
    const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
    const { people, peak, at } = summary;
    const values = { people: number.format(people), peak: number.format(peak), time: this.#chart.moment(at) };
    this.#describe(words.said.replace(/\{(people|peak|time)\}/g, (_, name: keyof typeof values) => values[name]));
  }

  /** Describe the plot in words below it and for assistive technology, with a link to download its values. */
  #describe(text: string): void {
    this.#box.role = "img";
    this.#box.ariaLabel = `${this.#caption}: ${text}`;
    const { downloads, boardDownloads, anyBoard, words } = this.config;
    const ofBoard = boardDownloads[this.#span]?.replace(anyBoard, encodeURIComponent(this.#board));
    const url = this.#board ? ofBoard : downloads[this.#span];
    if (!url) return this.#text.replaceChildren(text);
    const link = document.createElement("a");
    link.href = url;
    link.textContent = words.download;
    link.ariaLabel = `${words.download}: ${this.#caption}`;
    this.#text.replaceChildren(text, " ", link);
  }
}

export function plotAll(page: ParentNode, config: PlotConfig): Plot[] {
  return [...page.querySelectorAll<HTMLElement>(".presence-plot")].map((figure) => new Plot(figure, config));
}
