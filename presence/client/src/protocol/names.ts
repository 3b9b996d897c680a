/** Names on the wire (PROTOCOL.md, Identifiers). Pure. */
import { NAME_BYTES } from "./messages.js";

/** What a reader takes for a letter may be many code points. */
export function letters(text: string): string[] {
  return Intl.Segmenter ? [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment) : [...text];
}

/** As much of a name as a JOIN can carry, with an ellipsis where letters were cut off. */
export function fitName(name: string): string {
  const fits = (text: string) => new TextEncoder().encode(text).length <= NAME_BYTES;
  if (fits(name)) return name;
  let kept = "";
  for (const letter of letters(name)) {
    if (!fits(`${kept + letter}…`)) break;
    kept += letter;
  }
  return `${kept.trimEnd()}…`;
}
