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
   * is not followed and has the status 0. Left out, it is the browser's; call it by `get`.
   */
  fetch?(
    url: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    redirect?: "follow" | "manual",
  ): Promise<Answer>;
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
export const browser: Environment = {
  now: () => performance.now(),
  wall: () => Date.now(),
  random: () => Math.random(),
  // A browser drops the fraction. A timer that fires early is set again, and from the fifth in a row on takes 4 ms.
  setTimer: (run, milliseconds) => setTimeout(run, Math.ceil(milliseconds)),
  clearTimer: (timer) => clearTimeout(timer as number | undefined),
  open: openSocket,
  recall: (key) => withStorage((storage) => storage.getItem(key)) ?? undefined,
  remember: (key, value) =>
    void withStorage((storage) => (value === undefined ? storage.removeItem(key) : storage.setItem(key, value))),
  address: () => location.href,
  visible: () => document.visibilityState === "visible",
  listen: listenToPage,
};

/** Where storage is forbidden, merely reading `localStorage` throws. */
function withStorage<Result>(use: (storage: Storage) => Result): Result | undefined {
  try {
    return use(localStorage);
  } catch {
    return undefined;
  }
}

/** Call `fetch`. The browser's is no member of `browser`, because most pages of the overlay need none. */
export async function get(
  environment: Environment,
  ...[url, headers, signal, redirect = "follow"]: Parameters<NonNullable<Environment["fetch"]>>
): Promise<Answer> {
  if (environment.fetch) return environment.fetch(url, headers, signal, redirect);
  const answer = await fetch(url, { headers, signal, redirect, credentials: "include", cache: "no-store" });
  return { status: answer.status, body: answer.status === 200 ? await answer.json() : undefined };
}

/**
 * By host: the end of this page's first attempt to open a socket. The answer to it gives a guest the cookie by which the
 * server knows them, so the others wait: two at once would make two guests.
 */
const firsts = new Map<string, Promise<void>>();

function openSocket(url: string, subprotocols: readonly string[], events: SocketEvents): Socket {
  const { host } = new URL(url);
  const first = firsts.get(host);
  const listening = new AbortController();
  const { signal } = listening;
  let socket: WebSocket | undefined;
  let answered: (() => void) | undefined;
  const open = () => {
    if (signal.aborted) return;
    const own = (socket = new WebSocket(url, [...subprotocols]));
    const listen = <Name extends keyof WebSocketEventMap>(name: Name, run: (event: WebSocketEventMap[Name]) => void) =>
      own.addEventListener(name, (event) => (answered?.(), run(event)), { signal });
    own.binaryType = "arraybuffer";
    listen("open", () => events.opened(own.protocol));
    listen("message", (event) => events.received(event.data));
    listen("close", (event) => events.closed(event.code));
  };
  if (first) void first.then(open);
  else {
    open();
    firsts.set(host, new Promise((resolve) => (answered = resolve)));
  }
  return {
    get buffered() {
      return socket?.bufferedAmount ?? 0;
    },
    send: (frame) => {
      // A browser throws if the socket is still connecting, and drops the frame if it is closing.
      if (socket?.readyState === WebSocket.OPEN) socket.send(frame);
    },
    close: (code) => {
      listening.abort();
      answered?.();
      socket?.close(code);
    },
  };
}

function listenToPage(listener: (signal: Signal) => void): () => void {
  const listening = new AbortController();
  const { signal } = listening;
  const visibilityChanged = () => listener(browser.visible() ? "shown" : "hidden");
  document.addEventListener("visibilitychange", visibilityChanged, { signal });
  for (const name of ["online", "offline", "pagehide", "pageshow"] as const) {
    window.addEventListener(name, () => listener(name), { signal });
  }
  return () => listening.abort();
}
