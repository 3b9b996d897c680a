/** The script of the admin's page "Presence", and of every page that has plots. */
import { openFeed, type Status, type Watch } from "./feed.js";
import { Formats } from "./formats.js";
import { plotAll, type Plot, type PlotSettings } from "./plots.js";
import { StatusLine } from "./status.js";
import { Table } from "./table.js";
import { write } from "./text.js";

/** What is told of the topic "overview": presence/overview.py. Null is what is not known. */
interface Told {
  readonly people: number | null;
  readonly sockets: number | null;
  readonly boards: number | null;
  readonly store: boolean;
  readonly busiest: readonly { readonly board: string; readonly title: string; readonly people: number }[] | null;
  readonly processes: readonly Process[];
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

type Words = Readonly<Record<"stale" | "ended" | "away" | "nobody" | "none" | "reachable" | "unreachable", string>>;

interface Said {
  readonly socket: string;
  readonly feed: string;
  readonly watch: Watch;
  /** Of a board, whose UUID is to be put in place of `anyBoard`; null where there is no such page. */
  readonly change: string | null;
  readonly words: Words;
}

class Overview {
  #status: Status = "connecting";
  #isAway = false;
  readonly #formats = new Formats(document.documentElement.lang);
  readonly #busiest: Table;
  readonly #processes: Table;
  readonly #line: StatusLine;
  readonly #choice = find("#presence-board") as HTMLSelectElement;

  constructor(
    private readonly said: Said,
    private readonly anyBoard: string,
    plots: readonly Plot[],
  ) {
    this.#line = new StatusLine(find(".presence-overview"), said.words);
    this.#busiest = new Table(find("#presence-busiest tbody"), said.words.nobody, 2);
    this.#processes = new Table(find("#presence-processes tbody"), said.words.none, 10);
    this.#choice.addEventListener("change", () => {
      for (const plot of plots) plot.show(this.#choice.value);
    });
    this.#tellStatus();
    const heed = (status: Status) => {
      this.#status = status;
      this.#tellStatus();
      if (status === "ended") this.#clear(plots);
    };
    openFeed(said, (update) => this.#show(update["overview"] as Told | undefined), heed);
  }

  #show(told: Told | undefined): void {
    if (!told) return;
    const { words } = this.said;
    for (const name of ["people", "sockets", "boards"] as const) total(name, this.#formats.count(told[name]));
    total("store", told.store ? words.reachable : words.unreachable).classList.toggle("presence-bad", !told.store);
    this.#isAway = !told.store;
    this.#tellStatus();
    this.#busiest.show(told.busiest && told.busiest.map(({ board, title, people }) => this.#board(board, title, people)));
    this.#processes.show(told.processes.map((process) => this.#process(process)));
    if (told.busiest) this.#offer(told.busiest);
  }

  /** Who may not see it any more sees nothing of it. */
  #clear(plots: readonly Plot[]): void {
    for (const name of ["people", "sockets", "boards", "store"]) total(name, this.#formats.count(null));
    for (const table of [this.#busiest, this.#processes]) table.show(null);
    for (const plot of plots) plot.close();
    this.#choice.replaceChildren();
  }

  #board(board: string, title: string, people: number) {
    const href = this.said.change && new URL(this.said.change.replace(this.anyBoard, board), location.href).href;
    return { key: board, cells: [{ text: title, href: href ?? undefined }, this.#formats.count(people)] };
  }

  #process(process: Process) {
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

  /** The busiest boards may be plotted, and the one that is. Not while somebody chooses. */
  #offer(busiest: NonNullable<Told["busiest"]>): void {
    const choice = this.#choice;
    if (document.activeElement === choice) return;
    const [all, ...others] = [...choice.options];
    const kept = others.filter(({ value, selected }) => selected || busiest.some(({ board }) => board === value));
    const known = new Set(kept.map(({ value }) => value));
    const fresh = busiest.filter(({ board }) => !known.has(board)).map(({ board, title }) => new Option(title, board));
    if (all && (fresh.length > 0 || kept.length < others.length)) choice.replaceChildren(all, ...kept, ...fresh);
  }

  /** Something is said where the numbers are old, or missing. */
  #tellStatus(): void {
    const text = this.#line.show(this.#status, this.#isAway ? this.said.words.away : "");
    find(".presence-status").classList.toggle("errornote", text !== "");
  }
}

function total(name: string, text: string): HTMLElement {
  const place = find(`[data-total=${name}]`);
  write(place, text);
  return place;
}

function find(selector: string): HTMLElement {
  return document.querySelector(selector) as HTMLElement;
}

/** Only of scripts: the admin's list of applications has ids of its own, "presence-overview" for one. */
function read<Kind>(id: string): Kind | undefined {
  const text = document.querySelector(`script#${id}`)?.textContent;
  return text ? ((JSON.parse(text) as Kind | null) ?? undefined) : undefined;
}

const settings = read<PlotSettings>("presence-plots");
const plots = settings ? plotAll(document, settings) : [];
const said = read<Said>("presence-overview");
if (said && settings) new Overview(said, settings.anyBoard, plots);
