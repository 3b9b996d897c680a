/** What a visitor chose for all boards of the site. Where nothing can be kept, nothing is. */

/** To see no cursors; to be seen without one. */
export type Choice = "hide" | "unseen";

type Keep = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const key = (choice: Choice) => `presence-${choice}`;

/** `storage` may throw, as localStorage does where the visitor forbids it. */
export function recall(choice: Choice, storage: () => Keep): boolean {
  try {
    return storage().getItem(key(choice)) !== null;
  } catch {
    return false;
  }
}

export function remember(choice: Choice, on: boolean, storage: () => Keep): void {
  try {
    if (on) storage().setItem(key(choice), "1");
    else storage().removeItem(key(choice));
  } catch {
    // It holds until the page is left, which is all that can be done.
  }
}
