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
  fetch(
    url: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    redirect?: "follow" | "manual",
  ): Promise<Answer>;
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
export const browser: Environment = {
  now: () => performance.now(),
  wall: () => Date.now(),
  random: () => Math.random(),
  setTimer: (run, milliseconds) => setTimeout(run, milliseconds),
  clearTimer: (timer) => clearTimeout(timer as number | undefined),
  open: openSocket,
  fetch: ask,
  recall: (key) => memory((storage) => storage.getItem(key)) ?? undefined,
  remember: (key, value) => void memory((storage) => storage.setItem(key, value)),
  address: () => location.href,
  visible: () => document.visibilityState === "visible",
  listen: listenToPage,
};

/** A page may be denied its storage, which then throws at the first touch. */
function memory<Result>(use: (storage: Storage) => Result): Result | undefined {
  try {
    return use(localStorage);
  } catch {
    return undefined;
  }
}

async function ask(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  redirect: "follow" | "manual" = "follow",
): Promise<Answer> {
  const answer = await fetch(url, { headers, signal, redirect, credentials: "include", cache: "no-store" });
  return { status: answer.status, body: answer.status === 200 ? await answer.json() : undefined };
}

function openSocket(url: string, subprotocols: readonly string[], events: SocketEvents): Socket {
  const socket = new WebSocket(url, [...subprotocols]);
  const listening = new AbortController();
  const { signal } = listening;
  socket.binaryType = "arraybuffer";
  socket.addEventListener("open", () => events.opened(socket.protocol), { signal });
  socket.addEventListener("message", (event) => events.received(event.data), { signal });
  socket.addEventListener("close", (event) => events.closed(event.code), { signal });
  return {
    get buffered() {
      return socket.bufferedAmount;
    },
    send: (frame) => {
      // Before it is open `send` throws, after it is closing there is nobody to read it.
      if (socket.readyState === WebSocket.OPEN) socket.send(frame);
    },
    close: (code) => {
      listening.abort();
      socket.close(code);
    },
  };
}

function listenToPage(hear: (signal: Signal) => void): () => void {
  const listening = new AbortController();
  const { signal } = listening;
  const changed = () => hear(browser.visible() ? "shown" : "hidden");
  document.addEventListener("visibilitychange", changed, { signal });
  for (const name of ["online", "offline", "pagehide", "pageshow"] as const) {
    window.addEventListener(name, () => hear(name), { signal });
  }
  return () => listening.abort();
}
