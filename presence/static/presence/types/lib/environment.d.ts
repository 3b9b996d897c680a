/** Everything the client needs from the world outside: time, chance, the network, the page's life. */
/** One socket. After `close` none of its events arrive any more. */
export interface Socket {
    /** Bytes accepted by `send` that have not left the machine. */
    readonly buffered: number;
    /** Text is for pages of the admin. */
    send(frame: ArrayBuffer | string): void;
    close(code: number): void;
}
export interface SocketEvents {
    /** `subprotocol` is what the server chose; empty where it chose none. */
    opened(subprotocol: string): void;
    /** An ArrayBuffer, or a string where the server sent text. */
    received(data: unknown): void;
    closed(code: number): void;
}
/** What happens to the page: `pagehide` and `pageshow` are for good or around the back-forward cache. */
export type Signal = "shown" | "hidden" | "online" | "offline" | "pagehide" | "pageshow";
export interface Answer {
    readonly status: number;
    /** Read from its JSON where the status is 200. */
    readonly body: unknown;
}
export interface Environment {
    /** Milliseconds, never going back. */
    now(): number;
    /** Milliseconds of the clock on the wall, which goes on while the machine sleeps. */
    wall(): number;
    /** 0 <= n < 1. */
    random(): number;
    setTimer(run: () => void, milliseconds: number): unknown;
    clearTimer(timer: unknown): void;
    /** Throws where the page may not open such a socket at all. */
    open(url: string, subprotocols: readonly string[], events: SocketEvents): Socket;
    /** GET, with the cookies that the browser has for it. Rejects where nobody answers. Where no `redirect` is
     * followed ("manual"), one has the status 0. */
    fetch(url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal, redirect?: "follow" | "manual"): Promise<Answer>;
    /** What this origin's pages were told to remember; undefined where there is nothing, or no memory. */
    recall(key: string): string | undefined;
    remember(key: string, value: string): void;
    /** The page's own URL, to which others are relative. */
    address(): string;
    visible(): boolean;
    /** Returns what ends the listening. */
    listen(hear: (signal: Signal) => void): () => void;
}
/** The browser's own. */
export declare const browser: Environment;
