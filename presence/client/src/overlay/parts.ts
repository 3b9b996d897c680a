/** Parts of the overlay that only some pages need. Each is a script of its own beside overlay.js, loaded on demand. */

const PARTS = {
  anchors: () => import("./anchors.js"),
  coordinates: () => import("./coordinates.js"),
  stack: () => import("./stack.js"),
  "top-layer": () => import("./top-layer.js"),
};
type Parts = typeof PARTS;

export interface PartsHost {
  /** Reads the attribute `parts`: as JSON, the URLs of parts that are not beside the script. */
  getAttribute(name: string): string | null;
  report(error: Error): void;
}

/** Load a part and `use` it. Reports its error, or that the part cannot be loaded. */
export async function loadPart<Name extends keyof Parts>(
  host: PartsHost,
  name: Name,
  use: (part: Awaited<ReturnType<Parts[Name]>>) => void,
): Promise<void> {
  try {
    const url = (JSON.parse(host.getAttribute("parts") ?? "{}") as Record<string, string | undefined>)[name];
    use(await (url ? import(/* webpackIgnore: true */ /* @vite-ignore */ url) : PARTS[name]()));
  } catch (error) {
    host.report(error as Error);
  }
}
