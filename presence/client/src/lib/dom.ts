/** Making elements: what a name is to the style sheet, it is to the site's as `::part` too. */

const SVG = "http://www.w3.org/2000/svg";

/** The tip is the origin, so that a cursor's corner is exactly where the pointer is. */
export const ARROW = "M0 0 5.6 17.2 9 10.2 16.3 7.6Z";

type Tags = HTMLElementTagNameMap;

export function make<Tag extends keyof Tags>(tag: Tag, name: string, ...children: Node[]): Tags[Tag] {
  const element = document.createElement(tag);
  element.className = element.part.value = name;
  element.append(...children);
  return element;
}

/** A picture that says nothing by itself. */
export function picture(d: string): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 20 20");
  path.setAttribute("d", d);
  svg.append(path);
  return svg;
}

/** Whose colour it is: for the style sheet, and for everything inside. */
export function paint(element: HTMLElement, color: readonly number[]): void {
  element.style.setProperty("--color", `rgb(${color.join(" ")})`);
}
