/** What a visitor chose for all boards of the site. Where nothing can be kept, nothing is. */
/** To see no cursors; to be seen without one. */
export type Choice = "hide" | "unseen";
type Keep = Pick<Storage, "getItem" | "setItem" | "removeItem">;
/** `storage` may throw, as localStorage does where the visitor forbids it. */
export declare function recall(choice: Choice, storage: () => Keep): boolean;
export declare function remember(choice: Choice, on: boolean, storage: () => Keep): void;
export {};
