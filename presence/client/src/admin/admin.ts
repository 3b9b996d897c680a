// Keeps the "Online" column of the admin's lists of boards, and the people of a board, up to date, while somebody looks at the page.
import { outcomeOf, pause, type Outcome } from "./polling.js";
import { showNobody, showPeople, type Told } from "./people.js";
import { cellsOf, show, type Counts } from "./rows.js";

/** Milliseconds within which an answer comes, or is none. */
const WITHIN = 10_000;

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Resolves when the page is looked at. */
function seen(): Promise<void> {
  if (document.visibilityState === "visible") return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener("visibilitychange", () => resolve(seen()), { once: true });
  });
}

/** Asks the server, which may send whoever is signed out elsewhere, and may not answer. */
function ask(feed: string, how: RequestInit = {}): Promise<Response> {
  return fetch(feed, { ...how, redirect: "manual", signal: AbortSignal.timeout(WITHIN) });
}

/** Posted, since the boards of a long page make a longer address than servers take. */
function askFor(boards: Iterable<string>, feed: string): Promise<Response> {
  const token = document.querySelector<HTMLInputElement>("input[name=csrfmiddlewaretoken]")?.value ?? "";
  const body = new URLSearchParams({ boards: [...boards].join(",") });
  return ask(feed, { method: "POST", body, headers: { "X-CSRFToken": token } });
}

/** One thing on the page that is kept up to date. */
interface Kept {
  ask(): Promise<Response>;
  show(answer: unknown): void;
  /** Better nothing than what was so a while ago. */
  clear(): void;
}

async function refresh(kept: Kept): Promise<Outcome> {
  const response = await kept.ask();
  const outcome = outcomeOf(response.status, response.type === "opaqueredirect");
  if (outcome === "answered") kept.show(await response.json());
  return outcome;
}

async function keep(kept: Kept): Promise<void> {
  let failures = 0;
  for (;;) {
    await wait(pause(failures, Math.random()));
    await seen();
    const outcome = await refresh(kept).catch((): Outcome => "failed");
    failures = outcome === "answered" ? 0 : failures + 1;
    if (outcome === "refused" || failures > 2) kept.clear();
    if (outcome === "refused") return;
  }
}

const cells = cellsOf(document);
const feed = [...cells.values()][0]?.dataset["feed"];
if (feed) {
  void keep({
    ask: () => askFor(cells.keys(), feed),
    show: (answer) => show(cells, (answer as { rows: Counts }).rows),
    clear: () => show(cells, {}),
  });
}

const page = document.querySelector<HTMLElement>(".presence-people");
if (page) {
  void keep({
    ask: () => ask(page.dataset["feed"] ?? ""),
    show: (answer) => showPeople(page, answer as Told),
    clear: () => showNobody(page),
  });
}
