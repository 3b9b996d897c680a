/** Everything the client needs from the world outside: time, chance, sockets, the page's life. */

/** One socket. After `close` none of its events arrive any more. */
export interface Socket {
  /** Bytes accepted by `send` that have not left the machine. */
  readonly buffered: number;
  send(frame: ArrayBuffer): void;
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
export type Signal = "shown" | "hidden" | "online" | "pagehide" | "pageshow";

export interface Environment {
  /** Milliseconds, never going back. */
  now(): number;
  /** 0 <= n < 1. */
  random(): number;
  setTimer(run: () => void, milliseconds: number): unknown;
  clearTimer(timer: unknown): void;
  /** Throws where the page may not open such a socket at all. */
  open(url: string, subprotocol: string, events: SocketEvents): Socket;
  visible(): boolean;
  /** Returns what ends the listening. */
  listen(hear: (signal: Signal) => void): () => void;
}

/** The browser's own. */
export const browser: Environment = {
  now: () => performance.now(),
  random: () => Math.random(),
  setTimer: (run, milliseconds) => setTimeout(run, milliseconds),
  clearTimer: (timer) => clearTimeout(timer as number | undefined),
  open: openSocket,
  visible: () => document.visibilityState === "visible",
  listen: listenToPage,
};

function openSocket(url: string, subprotocol: string, events: SocketEvents): Socket {
  const socket = new WebSocket(url, [subprotocol]);
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
  for (const name of ["online", "pagehide", "pageshow"] as const) {
    window.addEventListener(name, () => hear(name), { signal });
  }
  return () => listening.abort();
}
