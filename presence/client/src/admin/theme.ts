/** The admin's colours, for what a style sheet cannot paint. */

/** Returns the admin's variable of that name as it is now. */
export function ink(name: string, otherwise: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || otherwise;
}

/** The admin says its theme with an attribute, or leaves it to the browser. Returns what ends the listening. */
export function onTheme(changed: () => void): () => void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const said = new MutationObserver(changed);
  said.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  dark.addEventListener("change", changed);
  return () => {
    said.disconnect();
    dark.removeEventListener("change", changed);
  };
}
