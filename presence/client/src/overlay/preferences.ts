/** The visitor's choices for all boards of the site, and the keyboard shortcut of one of them. Pure. */
import type { Environment } from "../lib/environment.js";

/** `hide`: see no cursors. `unseen`: show others no cursor. */
export type Choice = "hide" | "unseen";

const keyOf = (choice: Choice) => `presence-${choice}`;

export function isChosen(choice: Choice, { recall }: Pick<Environment, "recall">): boolean {
  return recall(keyOf(choice)) !== undefined;
}

/** Where storage is forbidden, the choice holds until the page is left. */
export function choose(choice: Choice, on: boolean, { remember }: Pick<Environment, "remember">): void {
  remember(keyOf(choice), on ? "1" : undefined);
}

/** The letter that hides the cursors with Alt and Shift; empty = none. */
export function shortcutLetter(element: Pick<Element, "getAttribute">): string {
  return element.getAttribute("shortcut") ?? "H";
}

/** The shortcut for people and for aria-keyshortcuts; empty without a letter. */
export function shortcutText(letter: string): string {
  return letter && `Alt+Shift+${letter.toUpperCase()}`;
}

type Key = Pick<KeyboardEvent, "code" | "altKey" | "ctrlKey" | "metaKey" | "shiftKey">;

/** Compares the key's place on the keyboard, because with Alt it may type another letter. */
export function isShortcut(letter: string, { code, altKey, ctrlKey, metaKey, shiftKey }: Key): boolean {
  return altKey && shiftKey && !ctrlKey && !metaKey && code === `Key${letter.toUpperCase()}`;
}
