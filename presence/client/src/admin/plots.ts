/**
 * The plots of a page of the admin: each `<figure class="presence-plot">` of it
 * (presence/admin/plot.html) shows how many people there were on a board, or on all.
 */
import { Chart, type ChartOptions, type ChartWords } from "./chart.js";
import { History, type Answered } from "./history.js";
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

export class Plot {
  #board: string;
  readonly #span: string;
  readonly #chart: Chart;
  readonly #box: HTMLElement;
  readonly #said: HTMLElement;
  readonly #caption: string;
  readonly #history: History;

  constructor(
    figure: HTMLElement,
    private readonly settings: PlotSettings,
  ) {
    const { span = "minutes", count = "60", board = "" } = figure.dataset;
    [this.#span, this.#board] = [span, board];
    this.#caption = figure.querySelector("figcaption")?.textContent ?? "";
    this.#box = figure.querySelector(".presence-canvas") as HTMLElement;
    this.#said = figure.querySelector("p") as HTMLElement;
    this.#chart = new Chart(this.#box, settings);
    const isWanted = () => {
      if (!figure.isConnected) this.#chart.close();
      return figure.isConnected;
    };
    const asked = { url: settings.history, span, count: Number(count), board, isWanted };
    this.#history = new History(asked, (answered) => this.#heed(answered));
  }

  /** Show another board, "" for all of them. */
  show(board: string): void {
    this.#board = board;
    this.#clear();
    this.#history.show(board);
  }

  /** Show nothing any more. */
  close(): void {
    this.#history.close();
    this.#clear();
    this.#chart.close();
  }

  #heed({ trend, hide }: Answered): void {
    if (trend) return this.#tell(trend);
    if (hide) this.#chart.clear();
    this.#say(this.settings.words.failed);
  }

  /** Neither drawn nor said is what is of another board, or may not be seen any more. */
  #clear(): void {
    this.#chart.clear();
    this.#said.replaceChildren();
    this.#box.removeAttribute("aria-label");
    this.#box.removeAttribute("role");
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
