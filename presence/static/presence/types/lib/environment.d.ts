/** What the client needs from outside: clocks, randomness, timers, sockets, HTTP, storage, page lifecycle. */
/** One socket. It reports no event after `close`. */
export interface Socket {
    /** Bytes that `send` accepted and that have not left the machine yet. */
    readonly buffered: number;
    /** Does nothing unless the socket is open. Only the admin's pages send text. */
    send(frame: ArrayBuffer | string): void;
    close(code: number): void;
}
export interface SocketEvents {
    /** `subprotocol` is the server's choice; empty if it chose none. */
    opened(subprotocol: string): void;
    /** `data` is an ArrayBuffer, or a string if the server sent text. */
    received(data: unknown): void;
    closed(code: number): void;
}
/** What happened to the page. `pagehide` and `pageshow` also surround a stay in the back-forward cache. */
export type Signal = "shown" | "hidden" | "online" | "offline" | "pagehide" | "pageshow";
export interface Answer {
    readonly status: number;
    /** The parsed JSON if the status is 200. */
    readonly body: unknown;
}
export interface Environment {
    /** Milliseconds; never decreases. */
    now(): number;
    /** Milliseconds of the wall clock, which keeps running while the machine sleeps. */
    wall(): number;
    /** 0 <= n < 1. */
    random(): number;
    setTimer(run: () => void, milliseconds: number): unknown;
    clearTimer(timer: unknown): void;
    /** Throws if the page may not open such a socket at all. */
    open(url: string, subprotocols: readonly string[], events: SocketEvents): Socket;
    /**
     * GET with the browser's cookies for that URL. Rejects if nobody answers. With `redirect: "manual"` a redirect
     * is not followed and has the status 0.
     */
    fetch(url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal, redirect?: "follow" | "manual"): Promise<Answer>;
    /** A value stored for this origin; undefined if there is none or storage is forbidden. */
    recall(key: string): string | undefined;
    /** Store a value for this origin; undefined removes it. Does nothing if storage is forbidden. */
    remember(key: string, value: string | undefined): void;
    /** The page's URL, the base of relative ones. */
    address(): string;
    visible(): boolean;
    /** Returns a function that stops the listening. */
    listen(listener: (signal: Signal) => void): () => void;
}
/** The environment of a page in a browser. */
export declare const browser: Environment;
