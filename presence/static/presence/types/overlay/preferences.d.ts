/** The visitor's choices for all boards of the site, and the keyboard shortcut of one of them. Pure. */
import type { Environment } from "../lib/environment.js";
/** `hide`: see no cursors. `unseen`: show others no cursor. */
export type Choice = "hide" | "unseen";
export declare function isChosen(choice: Choice, { recall }: Pick<Environment, "recall">): boolean;
/** Where storage is forbidden, the choice holds until the page is left. */
export declare function choose(choice: Choice, on: boolean, { remember }: Pick<Environment, "remember">): void;
/** The letter that hides the cursors with Alt and Shift; empty = none. */
export declare function shortcutLetter(element: Pick<Element, "getAttribute">): string;
/** The shortcut for people and for aria-keyshortcuts; empty without a letter. */
export declare function shortcutText(letter: string): string;
type Key = Pick<KeyboardEvent, "code" | "altKey" | "ctrlKey" | "metaKey" | "shiftKey">;
/** Compares the key's place on the keyboard, because with Alt it may type another letter. */
export declare function isShortcut(letter: string, { code, altKey, ctrlKey, metaKey, shiftKey }: Key): boolean;
export {};
