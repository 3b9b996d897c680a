/**
 * The overlay's style sheet: a file of its own, which a strict Content-Security-Policy lets pass. It
 * lies beside the script unless the page says where (with hashes in the names of static files it does).
 */
/** `ready` is called once everything looks as it should; `failed` where it never will. */
export declare function styleSheet(href: string | null, ready: () => void, failed: (error: Error) => void): HTMLLinkElement;
