/** The panel of one board, in its form: who is there, what they do, where they point, and what staff may do. */
import { act, type Done } from "./actions.js";
import { openFeed, type OnUpdate, type Status, type Watch } from "./feed.js";
import { Formats } from "./formats.js";
import { CursorMap } from "./map.js";
import { People } from "./people.js";
import { StatusLine } from "./status.js";
import { UNKNOWN, write } from "./text.js";
import { merge, NOTHING, type Board, type Change } from "./told.js";

/** What the page says to its script. */
export interface PanelSaid {
  readonly socket: string;
  readonly feed: string;
  readonly watch: Watch;
  /** Where actions are sent to. */
  readonly act: string;
  /** The page of an account, with `__pk__` for its key; null where there is none for whoever looks. */
  readonly account: string | null;
  /** As Intl has them. */
  readonly locale: string;
  readonly timeZone: string;
  readonly texts: Readonly<Partial<Record<string, string>>>;
}

class Panel {
  #board = NOTHING;
  readonly #acting = new Set<HTMLElement>();
  readonly #formats: Formats;
  readonly #people: People;
  readonly #map: CursorMap;

  constructor(
    private readonly root: HTMLElement,
    private readonly said: PanelSaid,
  ) {
    this.#formats = new Formats(said.locale, said.timeZone);
    this.#map = new CursorMap(this.#find<HTMLCanvasElement>("canvas"));
    const options = { ...said, formats: this.#formats };
    const light = (key: string | undefined) => this.#map.light(key);
    this.#people = new People(this.#find(".presence-table tbody"), this.#find<HTMLTemplateElement>("template"), options, light);
    root.addEventListener("click", ({ target }) => this.#clicked(target as Element));
    this.#tell(new Set(["script"]));
  }

  readonly update: OnUpdate = (update, anew) => {
    if (update["board"] === undefined) return;
    this.#board = merge(anew.has("board") ? NOTHING : this.#board, update["board"] as Change | null);
    this.#show(this.#board);
  };

  /** Who may not see it any more sees nothing of it. */
  clear(): void {
    this.#board = NOTHING;
    this.#people.clear();
    this.#map.show(NOTHING);
    this.#message(undefined);
    for (const plot of this.root.querySelectorAll(".presence-plot")) plot.remove();
    this.#tell(new Set(["script"]));
  }

  #show(board: Board): void {
    this.#people.show(board.people ?? new Map());
    this.#map.show(board);
    const states = ["script", "told"];
    if (board.closed !== null) states.push(board.closed ? "closed" : "open");
    if (!board.people) states.push("unknown");
    else if (board.people.size === 0) states.push("nobody");
    this.#tell(new Set(states));
  }

  /** Show the count, and of what is there only sometimes what is right now. */
  #tell(states: ReadonlySet<string>): void {
    const { people } = this.#board;
    write(this.#find("[data-field=count]"), people ? this.#formats.count(people.size) : UNKNOWN);
    for (const part of this.root.querySelectorAll<HTMLElement>("[data-when]")) {
      part.hidden = !states.has(part.dataset["when"] ?? "");
    }
  }

  #clicked(target: Element): void {
    const button = target.closest<HTMLElement>("button[data-action]");
    const action = button?.dataset["action"];
    if (!button || !action || this.#acting.has(button)) return;
    const person = button.closest<HTMLElement>("[data-person]")?.dataset["person"];
    void this.#act(button, { action, ...(person !== undefined && { person }) });
  }

  /** Once at a time for each button: one that somebody presses twice means one thing. */
  async #act(button: HTMLElement, said: Readonly<Record<string, string>>): Promise<void> {
    this.#acting.add(button);
    const done = await act(this.said.act, said);
    this.#acting.delete(button);
    this.#message(typeof done === "string" ? { message: this.said.texts[done] ?? "", level: "error" } : done);
  }

  #message(done: Done | undefined): void {
    const item = document.createElement("li");
    item.className = done?.level ?? "";
    item.textContent = done?.message ?? "";
    this.#find(".presence-message ul").replaceChildren(...(done ? [item] : []));
  }

  #find<Kind extends HTMLElement = HTMLElement>(selector: string): Kind {
    return this.root.querySelector(selector) as Kind;
  }
}

export function beginPanel(said: PanelSaid, root: HTMLElement): void {
  const panel = new Panel(root, said);
  const line = new StatusLine(root, said.texts);
  const heed = (status: Status) => {
    line.show(status);
    if (status === "ended") panel.clear();
  };
  openFeed(said, panel.update, heed);
}
