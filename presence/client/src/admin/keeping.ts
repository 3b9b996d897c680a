/** Something on a page that is kept up to date by asking for it again and again, while somebody looks. */
import { outcomeOf, pause, type Outcome } from "./polling.js";

/** Milliseconds within which an answer comes, or is none. */
const WITHIN = 10_000;

export interface Kept {
  /** Where to ask. */
  readonly url: string;
  show(answer: unknown): void;
  /** Better nothing than what was so a while ago. */
  clear(): void;
}

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Resolves when the page is looked at. */
function seen(): Promise<void> {
  if (document.visibilityState === "visible") return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener("visibilitychange", () => resolve(seen()), { once: true });
  });
}

async function refresh(kept: Kept): Promise<Outcome> {
  const response = await fetch(kept.url, { redirect: "manual", signal: AbortSignal.timeout(WITHIN) });
  const outcome = outcomeOf(response.status, response.type === "opaqueredirect");
  if (outcome === "answered") kept.show(await response.json());
  return outcome;
}

/** Goes on until the page may not ask any more. */
export async function keep(kept: Kept): Promise<void> {
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
