/** Entry point of `overview.js`, the script of the admin's page "Presence" and of every page with plots. */
import { Feed, type FeedOptions, type FeedStatus } from "./feed.js";
import { Formats } from "./formats.js";
import { StatusLine, write } from "./page.js";
import { plotAll, type Plot, type PlotConfig } from "./plots.js";
import { Table } from "./table.js";

/** The topic "overview" (presence/admin/overview_topic.py); null = not known. */
interface OverviewState {
  readonly people: number | null;
  readonly sockets: number | null;
  readonly boards: number | null;
  readonly store: boolean;
  readonly busiest: readonly BusyBoard[] | null;
  readonly processes: readonly Process[];
}

/** A board, by its reference. `url` is its page; null if it has none, as a named room. */
interface BusyBoard {
  readonly board: string;
  readonly title: string;
  readonly url: string | null;
  readonly people: number;
}

interface Process {
  readonly process: string;
  readonly sockets: number;
  readonly boards: number;
  readonly frames_in: number;
  readonly frames_out: number;
  readonly bytes_in: number;
  readonly bytes_out: number;
  readonly tick_lag_ms: number;
  readonly store_ms: number;
  readonly lease_age: number;
}

type Texts = Readonly<Record<"stale" | "ended" | "away" | "nobody" | "none" | "reachable" | "unreachable", string>>;

/** The page's configuration of the overview. */
interface OverviewConfig extends FeedOptions {
  readonly words: Texts;
}

class Overview {
  #status: FeedStatus = "connecting";
  #storeAway = false;
  readonly #formats = new Formats(document.documentElement.lang);
  readonly #busiest: Table;
  readonly #processes: Table;
  readonly #line: StatusLine;
  readonly #choice = find("#presence-board") as HTMLSelectElement;

  constructor(
    private readonly config: OverviewConfig,
    private readonly plots: readonly Plot[],
  ) {
    this.#line = new StatusLine(find(".presence-overview"), config.words);
    this.#busiest = new Table(find("#presence-busiest tbody"), config.words.nobody, 2);
    this.#processes = new Table(find("#presence-processes tbody"), config.words.none, 10);
    this.#choice.addEventListener("change", () => {
      for (const plot of plots) plot.show(this.#choice.value);
    });
    this.#showStatus();
    const onStatus = (status: FeedStatus) => {
      this.#status = status;
      this.#showStatus();
      if (status === "ended") this.#clear();
    };
    new Feed(config, ({ overview }) => overview && this.#show(overview as OverviewState), onStatus);
  }

  #show(state: OverviewState): void {
    const { words } = this.config;
    for (const name of ["people", "sockets", "boards"] as const) showTotal(name, this.#formats.count(state[name]));
    const store = showTotal("store", state.store ? words.reachable : words.unreachable);
    store.classList.toggle("presence-bad", !state.store);
    this.#storeAway = !state.store;
    this.#showStatus();
    this.#busiest.show(state.busiest && state.busiest.map((board) => this.#boardRow(board)));
    this.#processes.show(state.processes.map((process) => this.#processRow(process)));
    if (state.busiest) this.#updateChoice(state.busiest);
  }

  /** Show nothing: this person may not see it any more. */
  #clear(): void {
    for (const name of ["people", "sockets", "boards", "store"]) showTotal(name, this.#formats.count(null));
    for (const table of [this.#busiest, this.#processes]) table.show(null);
    for (const plot of this.plots) plot.close();
    this.#choice.replaceChildren();
  }

  #boardRow({ board, title, url, people }: BusyBoard) {
    const href = url ? new URL(url, location.href).href : undefined;
    return { key: board, cells: [{ text: title, href }, this.#formats.count(people)] };
  }

  #processRow(process: Process) {
    const f = this.#formats;
    const cells = [
      process.process,
      f.count(process.sockets),
      f.count(process.boards),
      f.rate(process.frames_in),
      f.rate(process.frames_out),
      f.bytes(process.bytes_in),
      f.bytes(process.bytes_out),
      f.milliseconds(process.tick_lag_ms),
      f.milliseconds(process.store_ms),
      f.seconds(process.lease_age),
    ];
    return { key: process.process, cells };
  }

  /** Offer the busiest boards and the one that is plotted. Changes nothing while somebody is choosing. */
  #updateChoice(busiest: readonly BusyBoard[]): void {
    const choice = this.#choice;
    if (document.activeElement === choice) return;
    const [all, ...others] = [...choice.options];
    const kept = others.filter(({ value, selected }) => selected || busiest.some(({ board }) => board === value));
    const known = new Set(kept.map(({ value }) => value));
    const added = busiest.filter(({ board }) => !known.has(board)).map(({ board, title }) => new Option(title, board));
    if (all && (added.length > 0 || kept.length < others.length)) choice.replaceChildren(all, ...kept, ...added);
  }

  /** Say if numbers are old or missing. */
  #showStatus(): void {
    const text = this.#line.show(this.#status, this.#storeAway ? this.config.words.away : "");
    find(".presence-status").classList.toggle("errornote", text !== "");
  }
}

function showTotal(name: string, text: string): HTMLElement {
  const place = find(`[data-total=${name}]`);
  write(place, text);
  return place;
}

function find(selector: string): HTMLElement {
  return document.querySelector(selector) as HTMLElement;
}

/** Read a JSON script. Other elements may have the same id, as "presence-overview" in the admin's list of apps. */
function readConfig<Config>(id: string): Config | null {
  return JSON.parse(document.querySelector(`script#${id}`)?.textContent || "null") as Config | null;
}

const plotConfig = readConfig<PlotConfig>("presence-plots");
const plots = plotConfig ? plotAll(document, plotConfig) : [];
const config = readConfig<OverviewConfig>("presence-overview");
if (config) new Overview(config, plots);
