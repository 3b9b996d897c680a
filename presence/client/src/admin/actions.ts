/** What staff do on a page: told to the server behind its back, so that nobody loses what they have not saved. */

export interface Done {
  readonly message: string;
  readonly level: "success" | "error";
}

/** Milliseconds within which an answer comes, or is none. */
const WITHIN = 15_000;

/** Why there is nothing that the server says of it. */
export type Undone = "not_done" | "not_allowed";

/** Returns what the server says of it. */
export async function act(url: string, said: Readonly<Record<string, string>>): Promise<Done | Undone> {
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
    if (answer.status === 403) return "not_allowed";
    return answer.ok ? ((await answer.json()) as Done) : "not_done";
  } catch {
    return "not_done";
  }
}
