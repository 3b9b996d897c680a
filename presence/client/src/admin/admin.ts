// Keeps the "Online" column of the admin's lists of boards up to date, while somebody looks at the page.
import { outcomeOf, pause, type Outcome } from "./polling.js";
import { cellsOf, show, type Counts } from "./rows.js";

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Resolves when the page is looked at. */
function seen(): Promise<void> {
  if (document.visibilityState === "visible") return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener("visibilitychange", () => resolve(seen()), { once: true });
  });
}

/** Posted, since the boards of a long page make a longer address than servers take. */
function ask(feed: string, boards: Iterable<string>): Promise<Response> {
  const token = document.querySelector<HTMLInputElement>("input[name=csrfmiddlewaretoken]")?.value ?? "";
  const body = new URLSearchParams({ boards: [...boards].join(",") });
  return fetch(feed, { method: "POST", body, headers: { "X-CSRFToken": token }, redirect: "manual" });
}

async function refresh(feed: string, cells: ReadonlyMap<string, HTMLElement>): Promise<Outcome> {
  const response = await ask(feed, cells.keys());
  const outcome = outcomeOf(response.status, response.type === "opaqueredirect");
  if (outcome === "answered") show(cells, ((await response.json()) as { rows: Counts }).rows);
  return outcome;
}

async function keep(feed: string, cells: ReadonlyMap<string, HTMLElement>): Promise<void> {
  let failures = 0;
  for (;;) {
    await wait(pause(failures, Math.random()));
    await seen();
    const outcome = await refresh(feed, cells).catch((): Outcome => "failed");
    failures = outcome === "answered" ? 0 : failures + 1;
    // Better no number than an old one.
    if (outcome === "refused" || failures > 2) show(cells, {});
    if (outcome === "refused") return;
  }
}

const cells = cellsOf(document);
const feed = [...cells.values()][0]?.dataset["feed"];
if (feed) void keep(feed, cells);
