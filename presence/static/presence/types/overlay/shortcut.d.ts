/** The keyboard shortcut that hides the cursors: Alt, Shift and a letter. Pure. */
export declare const LETTER = "H";
/** An element's: what its attribute says, "" = none. */
export declare function letterOf(element: Pick<Element, "getAttribute">): string;
type Key = Pick<KeyboardEvent, "code" | "altKey" | "ctrlKey" | "metaKey" | "shiftKey">;
/** As people read it, and as aria-keyshortcuts has it; "" where the letter is. */
export declare function shortcut(letter: string): string;
/** With Alt a key may type another letter, so its place on the keyboard counts. */
export declare function isShortcut(letter: string, { code, altKey, ctrlKey, metaKey, shiftKey }: Key): boolean;
export {};
