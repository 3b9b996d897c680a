/** Creates elements. Each is named once: for the overlay's style sheet, and for the site's as a `::part`. */

const SVG = "http://www.w3.org/2000/svg";

/** Path of the cursor's arrow in a box of 20 × 20. Its tip is the origin, where the pointer is. */
export const ARROW = "M0 0 5.6 17.2 9 10.2 16.3 7.6Z";

type Tags = HTMLElementTagNameMap;

/** The base of our elements. A server has no HTMLElement, and may import their scripts all the same. */
export const ElementBase: typeof HTMLElement = globalThis.HTMLElement ?? class {};

/** Define a custom element. False on a server, and where the page has loaded the script before. */
export function define(name: string, element: CustomElementConstructor): boolean {
  if (!globalThis.customElements || customElements.get(name)) return false;
  customElements.define(name, element);
  return true;
}

export function make<Tag extends keyof Tags>(tag: Tag, name: string, ...children: Node[]): Tags[Tag] {
  const element = document.createElement(tag);
  element.className = element.part.value = name;
  element.append(...children);
  return element;
}

/** An SVG image of one path in a box of 20 × 20. */
export function picture(d: string): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 20 20");
  path.setAttribute("d", d);
  svg.append(path);
  return svg;
}

/** Set the custom property `--color` of an element and everything inside it. */
export function paint(element: HTMLElement, color: readonly number[]): void {
  element.style.setProperty("--color", `rgb(${color.join(" ")})`);
}
