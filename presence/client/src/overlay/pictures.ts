/** Shows people's pictures. Entry point of `pictures.js`, which `overlay.js` loads when somebody on the board has one. */
import { make } from "../lib/dom.js";

/** The text of pictures.css. */
declare const PICTURES_CSS: string;

interface Pictured {
  readonly layer: HTMLElement;
  readonly sheet: CSSStyleSheet;
}

/** The sheets with the rules for pictures. */
const styled = new WeakSet<CSSStyleSheet>();

/** Show each picture that an element of the overlay names in `data-picture`, and no other. */
export function show({ layer, sheet }: Pictured): void {
  if (!styled.has(sheet)) sheet.insertRule(`@media all{${PICTURES_CSS}}`, sheet.cssRules.length);
  styled.add(sheet);
  for (const element of layer.querySelectorAll<HTMLElement>("[data-picture]")) cover(element, element.dataset["picture"]);
}

/** Show an image at the start of an element once it is loaded, as long as the style sheet has it displayed. */
function cover(element: HTMLElement, src: string | undefined): void {
  const old = element.querySelector("img");
  if (old?.src === src) return;
  old?.remove();
  if (!src) return;
  const image = make("img", "picture");
  image.alt = "";
  image.loading = "lazy";
  image.referrerPolicy = "no-referrer";
  image.onload = () => image.classList.add("on");
  image.onerror = () => (image.hidden = true);
  image.src = src;
  element.prepend(image);
}
