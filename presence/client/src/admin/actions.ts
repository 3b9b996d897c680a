/** What staff do on a page: told to the server behind its back, so that nobody loses what they have not saved. */

export interface Done {
  readonly message: string;
  readonly level: "success" | "error";
}

/** Milliseconds within which an answer comes, or is none. */
const WITHIN = 15_000;

/** Returns what the server says of it; undefined where that is nothing that can be shown. */
export async function act(url: string, said: Readonly<Record<string, string>>): Promise<Done | undefined> {
  const token = document.querySelector<HTMLInputElement>("[name=csrfmiddlewaretoken]")?.value ?? "";
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { Accept: "application/json" },
      body: new URLSearchParams({ ...said, csrfmiddlewaretoken: token }),
      // Whoever is signed out would be sent to where one signs in.
      redirect: "manual",
      signal: AbortSignal.timeout(WITHIN),
    });
    const done = (await answer.json()) as Partial<Done>;
    return done.message ? { message: done.message, level: done.level === "success" ? "success" : "error" } : undefined;
  } catch {
    return undefined;
  }
}
