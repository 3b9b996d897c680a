/**
 * Both ends of the ports between the tabs of a browser and the worker by which they share sockets. Entry point of
 * `worker.js`, which tabs import and run as their SharedWorker.
 */
import { browser, type Socket, type SocketEvents } from "../lib/environment.js";
import { SUBPROTOCOL } from "../protocol/messages.js";
import { ABNORMAL, NORMAL } from "../protocol/reconnect.js";
import { SharedSocket, type News, type SharedSession } from "./shared-socket.js";

/** A hash of this script. Tabs with another one, from before an update, have a worker of their own. */
declare const WORKER_VERSION: string;

/** The first message of a tab, before frames and a close code: the socket, whom it is for, and the lock that the tab holds. */
type Request = readonly [url: string, login: string, lock: string];
/** What a tab hears first is a version and the lock that the worker holds. */
type Told = News | string;

/** Milliseconds until a worker that says nothing is given up. */
const PATIENCE = 1_000;

/**
 * Open a socket that tabs share. Only those share that have the same value of `cookie`, which changes with each login: a
 * socket is the person's who opened it. `failed` is called at most once, if there is no worker. Throws if there can be none.
 */
export function openShared(
  url: string,
  cookie: string,
  failed: () => void,
  // Not as an object: the names of its properties are other ones in overlay.js.
  opened: SocketEvents["opened"],
  received: SocketEvents["received"],
  closed: SocketEvents["closed"],
): Socket {
  const { locks } = navigator;
  const worker = start();
  const { port } = worker;
  const ended = new AbortController();
  const { signal } = ended;
  const end = (then?: () => void) => {
    if (signal.aborted) return;
    clearTimeout(timer);
    ended.abort();
    port.close();
    then?.();
  };
  const timer = setTimeout(() => end(failed), PATIENCE);
  let congested = false;
  worker.onerror = () => end(failed);
  port.onmessage = ({ data }: MessageEvent<Told>) => {
    if (typeof data === "string") {
      const [version, lock] = data.split(" ") as [string, string];
      if (version !== WORKER_VERSION) return end(failed);
      clearTimeout(timer);
      // The worker holds its lock as long as it lives.
      locks.request(lock, { signal }, () => end(() => closed(ABNORMAL))).catch(() => {});
    } else if (data === null) end(failed);
    else if (typeof data === "boolean") congested = data;
    else if (typeof data === "number") end(() => closed(data));
    else if (data instanceof ArrayBuffer) received(data);
    else opened(data[0]);
  };
  // The worker gets this lock when the page is gone, however that was.
  const lock = crypto.randomUUID();
  const hold = async () => {
    if (signal.aborted) return;
    const login = document.cookie.split("; ").find((each) => each.startsWith(`${cookie}=`)) ?? "";
    port.postMessage([url, login, lock] satisfies Request);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  };
  locks.request(lock, hold).catch(() => end(failed));
  return {
    get buffered() {
      return congested ? Infinity : 0;
    },
    send: (frame) => port.postMessage(frame),
    close: (code) => {
      if (!signal.aborted) port.postMessage(code);
      end();
    },
  };
}

/** `window.trustedTypes`, as far as it is needed. */
interface TrustedTypes {
  createPolicy<Policy>(name: string, policy: Policy): Policy;
}

function start(): SharedWorker {
  const { trustedTypes } = globalThis as unknown as { trustedTypes?: TrustedTypes };
  const policy = { createScriptURL: (url: string) => url };
  const url = (trustedTypes?.createPolicy("presence", policy) ?? policy).createScriptURL(import.meta.url);
  return new SharedWorker(url, { name: `presence ${WORKER_VERSION}`, type: "module" });
}

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
