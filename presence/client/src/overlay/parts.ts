/** Parts of the overlay that only some pages need. Each is a script of its own beside overlay.js, loaded on demand. */

/** Whether each is beside this script under its name, as Django serves them. A bundler has to see them one by one. */
declare const BESIDE: boolean;

const PARTS = {
  anchors: () => import("./anchors.js"),
  coordinates: () => import("./coordinates.js"),
  nested: () => import("./nested.js"),
  pictures: () => import("./pictures.js"),
  stack: () => import("./stack.js"),
  visitor: () => import("./visitor.js"),
};
type Parts = typeof PARTS;

export interface PartsHost {
  /** Reads the attribute `parts`: as JSON, the URLs of parts that are not beside the script. */
  getAttribute(name: string): string | null;
  report(error: Error): void;
}

/** The script of a part from where the attribute `parts` says; undefined if that does not name it. */
export function listed<Part>(host: Pick<PartsHost, "getAttribute">, name: string): Promise<Part> | undefined {
  const url = (JSON.parse(host.getAttribute("parts") || "{}") as Record<string, string | undefined>)[name];
  return url ? (import(/* webpackIgnore: true */ /* @vite-ignore */ url) as Promise<Part>) : undefined;
}

/** Load a part and `use` it. Reports its error, or that the part cannot be loaded. */
export async function loadPart<Name extends keyof Parts>(
  host: PartsHost,
  name: Name,
  use: (part: Awaited<ReturnType<Parts[Name]>>) => void,
): Promise<void> {
  try {
    const path = `./${name}.js`;
    const load = (BESIDE ? () => import(path) : PARTS[name]) as () => Promise<Awaited<ReturnType<Parts[Name]>>>;
    use(await (listed<Awaited<ReturnType<Parts[Name]>>>(host, name) ?? load()));
  } catch (error) {
    host.report(error as Error);
  }
}
