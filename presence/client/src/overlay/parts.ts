/** Parts of the overlay that only some pages need. Each is a script of its own beside overlay.js, loaded on demand. */

/** Whether each is beside this script under its name, as Django serves them. A bundler has to see them one by one. */
declare const BESIDE: boolean;

/** Milliseconds from a request that failed to the next for the same script: a visitor's pointer has an event per frame. */
const RETRY_AFTER = 5_000;

const PARTS = {
  anchors: () => import("./anchors.js"),
  coordinates: () => import("./coordinates.js"),
  nested: () => import("./nested.js"),
  pictures: () => import("./pictures.js"),
  shifts: () => import("./shifts.js"),
  stack: () => import("./stack.js"),
  tokens: () => import("../client/tokens.js"),
  visitor: () => import("./visitor.js"),
};
type Parts = typeof PARTS;
type Part<Name extends keyof Parts> = Awaited<ReturnType<Parts[Name]>>;

export interface PartsHost {
  /** Reads the attribute `parts`: as JSON, the URLs of parts that are not beside the script. */
  getAttribute(name: string): string | null;
  report(error: Error): void;
}

/** By URL, of scripts that could not be loaded: the first error, and until when each is not asked for again. */
const failures = new Map<string, readonly [first: Error, until: number]>();

/**
 * Import the script of a part, from where the attribute `parts` says or from beside this script. Rejects with the first
 * error of that script where it cannot be loaded, and then asks for it no sooner than RETRY_AFTER.
 */
export async function importPart<Name extends keyof Parts>(host: Pick<PartsHost, "getAttribute">, name: Name): Promise<Part<Name>> {
  const listed = (JSON.parse(host.getAttribute("parts") || "{}") as Record<string, string | undefined>)[name];
  const url = listed ?? `./${name}.js`;
  const now = performance.now();
  const [first, until = 0] = failures.get(url) ?? [];
  if (now < until) throw first;
  try {
    // Many browsers remember that a URL failed (whatwg/html, issue 6768). With a fragment it is another, of the same file.
    const fresh = first ? `${url}#${until}` : url;
    return await ((BESIDE || listed ? import(/* webpackIgnore: true */ /* @vite-ignore */ fresh) : PARTS[name]()) as Promise<Part<Name>>);
  } catch (error) {
    failures.set(url, [first ?? (error as Error), now + RETRY_AFTER]);
    throw first ?? error;
  }
}

/** Load a part and `use` it. Reports what goes wrong. */
export async function loadPart<Name extends keyof Parts>(host: PartsHost, name: Name, use: (part: Part<Name>) => void): Promise<void> {
  try {
    use(await importPart(host, name));
  } catch (error) {
    host.report(error as Error);
  }
}
