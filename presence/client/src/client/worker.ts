/**
 * The worker's end of the ports to the tabs of a browser that share sockets by it. Entry point of `worker.js`, which tabs
 * import and run as their SharedWorker.
 */
import { browser } from "../lib/environment.js";
import { SUBPROTOCOL } from "../protocol/messages.js";
import { NORMAL } from "../protocol/reconnect.js";
import { SharedSocket, type SharedSession } from "./shared-socket.js";
import type { Request, Told } from "./sharing.js";

export { shared } from "./sharing.js";

/** A hash of this script. */
declare const WORKER_VERSION: string;

/** Serve tabs, as a worker. */
function serve(): void {
  const sockets = new Map<string, SharedSocket>();
  const lock = crypto.randomUUID();
  const locked = new Promise<void>((resolve) => {
    void navigator.locks.request(lock, () => new Promise(() => resolve()));
  });

  function open([url, login, tab]: Request, tell: (told: Told) => void): SharedSession | undefined {
    const key = JSON.stringify([url, login]);
    let socket = sockets.get(key);
    try {
      if (!socket || socket.full) {
        const ended = () => void (sockets.get(key) === socket && sockets.delete(key));
        sockets.set(key, (socket = new SharedSocket(browser, url, [SUBPROTOCOL], ended)));
      }
    } catch {
      tell(null);
      return undefined;
    }
    const session = socket.add(tell);
    void navigator.locks.request(tab, () => session.close(NORMAL));
    return session;
  }

  addEventListener("connect", (event) => {
    const [port] = (event as MessageEvent).ports as [MessagePort];
    const tell = (told: Told) => port.postMessage(told);
    let session: SharedSession | undefined;
    port.onmessage = ({ data }: MessageEvent<Request | ArrayBuffer | number>) => {
      if (typeof data === "number") session?.close(data);
      else if (data instanceof ArrayBuffer) session?.send(data);
      else session = open(data, tell);
    };
    void locked.then(() => tell(`${WORKER_VERSION} ${lock}`));
  });
}

if ("SharedWorkerGlobalScope" in globalThis) serve();
