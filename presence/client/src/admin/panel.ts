/** The panel of one board: who is there, what they do, where they point, and what staff may do about it. */
import { applyChange, UNKNOWN_BOARD, type BoardChange } from "./board.js";
import { Feed, type FeedOptions, type FeedStatus, type OnUpdate } from "./feed.js";
import { Formats } from "./formats.js";
import { CursorMap } from "./map.js";
import { StatusLine, UNKNOWN, write } from "./page.js";
import { PeopleTable } from "./people-table.js";

/** The page's configuration of the panel. */
export interface PanelConfig extends FeedOptions {
  /** The URL that takes actions. */
  readonly act: string;
  /** The page of an account, with `__pk__` for its key; null if this person may not see accounts. */
  readonly account: string | null;
  readonly locale: string;
  readonly timeZone: string;
  readonly texts: Readonly<Partial<Record<string, string>>>;
}

/** The server's answer to an action, or the key of a text that stands for one. */
type Result = { readonly message: string; readonly level: "success" | "error" } | "not_done" | "not_allowed";

const ACTION_TIMEOUT = 15_000;

/** Send an action without leaving the page, so that nobody loses what they have not saved. */
async function act(url: string, fields: Readonly<Record<string, string>>): Promise<Result> {
  const token = document.querySelector<HTMLInputElement>("[name=csrfmiddlewaretoken]")?.value ?? "";
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { Accept: "application/json" },
      body: new URLSearchParams({ ...fields, csrfmiddlewaretoken: token }),
      // Someone who is signed out is redirected to the page to sign in.
      redirect: "manual",
      signal: AbortSignal.timeout(ACTION_TIMEOUT),
    });
    if (answer.status === 403) return "not_allowed";
    return answer.ok ? ((await answer.json()) as Result) : "not_done";
  } catch {
    return "not_done";
  }
}

class Panel {
  #board = UNKNOWN_BOARD;
  readonly #pending = new Set<HTMLElement>();
  readonly #formats: Formats;
  readonly #people: PeopleTable;
  readonly #map: CursorMap;

  constructor(
    private readonly root: HTMLElement,
    private readonly config: PanelConfig,
  ) {
    this.#formats = new Formats(config.locale, config.timeZone);
    this.#map = new CursorMap(this.#find<HTMLCanvasElement>("canvas"));
    const options = { ...config, formats: this.#formats };
    const template = this.#find<HTMLTemplateElement>("template");
    const highlight = (key: string | undefined) => this.#map.highlight(key);
    this.#people = new PeopleTable(this.#find(".presence-table tbody"), template, options, highlight);
    root.addEventListener("click", ({ target }) => this.#onClick(target as Element));
    this.#showParts("script");
  }

  readonly update: OnUpdate = ({ board: change }, fresh) => {
    if (change === undefined) return;
    const board = applyChange(fresh.has("board") ? UNKNOWN_BOARD : this.#board, change as BoardChange | null);
    this.#board = board;
    this.#people.show(board.people ?? new Map());
    this.#map.show(board);
    const parts = ["script", "told"];
    if (board.closed !== null) parts.push(board.closed ? "closed" : "open");
    if (!board.people) parts.push("unknown");
    else if (board.people.size === 0) parts.push(board.hidden ? "hidden" : "nobody");
    this.#showParts(...parts);
  };

  /** Show nothing of the board: this person may not see it any more. */
  clear(): void {
    this.#board = UNKNOWN_BOARD;
    this.#people.clear();
    this.#map.show(UNKNOWN_BOARD);
    this.#showMessage(undefined);
    for (const plot of this.root.querySelectorAll(".presence-plot")) plot.remove();
    this.#showParts("script");
  }

  /** Show the count, and the parts of the panel whose condition holds (their `data-when`). */
  #showParts(...conditions: string[]): void {
    const { people, hidden } = this.#board;
    write(this.#find("[data-field=count]"), people ? this.#formats.count(people.size + hidden) : UNKNOWN);
    for (const part of this.root.querySelectorAll<HTMLElement>("[data-when]")) {
      part.hidden = !conditions.includes(part.dataset["when"] ?? "");
    }
  }

  #onClick(target: Element): void {
    const button = target.closest<HTMLElement>("button[data-action]");
    const action = button?.dataset["action"];
    // A button that is pressed twice acts once.
    if (!button || !action || this.#pending.has(button)) return;
    const person = button.closest<HTMLElement>("[data-person]")?.dataset["person"];
    void this.#act(button, { action, ...(person !== undefined && { person }) });
  }

  async #act(button: HTMLElement, fields: Readonly<Record<string, string>>): Promise<void> {
    this.#pending.add(button);
    this.#showMessage(await act(this.config.act, fields));
    this.#pending.delete(button);
  }

  #showMessage(result: Result | undefined): void {
    const item = document.createElement("li");
    const { message, level } =
      typeof result === "string" ? { message: this.config.texts[result] ?? "", level: "error" } : (result ?? {});
    item.className = level ?? "";
    item.textContent = message ?? "";
    this.#find(".presence-message ul").replaceChildren(...(result ? [item] : []));
  }

  #find<Kind extends HTMLElement = HTMLElement>(selector: string): Kind {
    return this.root.querySelector(selector) as Kind;
  }
}

export function startPanel(config: PanelConfig, root: HTMLElement): void {
  const panel = new Panel(root, config);
  const line = new StatusLine(root, config.texts);
  const onStatus = (status: FeedStatus) => {
    line.show(status);
    if (status === "ended") panel.clear();
  };
  new Feed(config, panel.update, onStatus);
}
