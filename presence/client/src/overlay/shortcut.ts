/** The keyboard shortcut that hides the cursors: Alt, Shift and a letter. Pure. */

export const LETTER = "H";

/** An element's: what its attribute says, "" = none. */
export function letterOf(element: Pick<Element, "getAttribute">): string {
  return element.getAttribute("shortcut") ?? LETTER;
}

type Key = Pick<KeyboardEvent, "code" | "altKey" | "ctrlKey" | "metaKey" | "shiftKey">;

/** As people read it, and as aria-keyshortcuts has it; "" where the letter is. */
export function shortcut(letter: string): string {
  return letter && `Alt+Shift+${letter.toUpperCase()}`;
}

/** With Alt a key may type another letter, so its place on the keyboard counts. */
export function isShortcut(letter: string, { code, altKey, ctrlKey, metaKey, shiftKey }: Key): boolean {
  return altKey && shiftKey && !ctrlKey && !metaKey && code === `Key${letter.toUpperCase()}`;
}
