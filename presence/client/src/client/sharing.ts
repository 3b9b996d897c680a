/** The tabs' end of the ports to the worker by which they share sockets (worker.ts). Each falls back on a socket of its own. */
import type { Environment, Socket, SocketEvents } from "../lib/environment.js";
import { ABNORMAL } from "../protocol/reconnect.js";
import type { News } from "./shared-socket.js";

/** A hash of the worker's script. Tabs with another one, from before an update, have a worker of their own. */
declare const WORKER_VERSION: string;

/** The first message of a tab, before frames and a close code: the socket, whom it is for, and the lock that the tab holds. */
export type Request = readonly [url: string, login: string, lock: string];
/** What a tab hears first is a version and the lock that the worker holds. */
export type Told = News | string;

/** Milliseconds until a worker that says nothing is given up. */
const PATIENCE = 1_000;

/** Whether this page may still share. Where that failed once, it is not tried again. */
let usable = "SharedWorker" in globalThis && "locks" in navigator;

/**
 * The environment's `open`, by which tabs share sockets where they can. Only those share that have the same value of
 * `cookie`, which changes with each login: a socket is the person's who opened it. `report` is told once why tabs do not
 * share, unless the browser knows no such workers.
 */
export function shared(open: Environment["open"], cookie: string, report: (error: Error) => void): Environment["open"] {
  return (url, subprotocols, events) => {
    const openOwn = () => open(url, subprotocols, events);
    // A token is for one connection.
    if (!usable || subprotocols.length > 1) return openOwn();
    let socket: Socket | undefined;
    let closed = false;
    const giveUp = (reason: unknown) => {
      usable = false;
      report(new Error(`tabs do not share a socket: ${reason}`));
    };
    const failed = (reason: unknown) => {
      giveUp(reason);
      try {
        socket = closed ? undefined : openOwn();
      } catch {
        // The next try tells why.
        events.closed(ABNORMAL);
      }
    };
    try {
      socket = openShared(url, cookie, failed, events);
    } catch (error) {
      giveUp(error);
      return openOwn();
    }
    return {
      get buffered() {
        return socket?.buffered ?? 0;
      },
      send: (frame) => socket?.send(frame),
      close: (code) => {
        closed = true;
        socket?.close(code);
      },
    };
  };
}

/** Open a shared socket. `failed` is called at most once, with the reason, if there is none. Throws if there can be none. */
function openShared(
  url: string,
  cookie: string,
  failed: (reason: unknown) => void,
  { opened, received, closed }: SocketEvents,
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
  const fail = (reason: unknown) => end(() => failed(reason));
  const timer = setTimeout(() => fail("the worker does not answer"), PATIENCE);
  let congested = false;
  worker.onerror = () => fail("the worker does not start");
  port.onmessage = ({ data }: MessageEvent<Told>) => {
    if (typeof data === "string") {
      const [version, lock] = data.split(" ") as [string, string];
      if (version !== WORKER_VERSION) return fail("the worker is of another version");
      clearTimeout(timer);
      // The worker holds its lock as long as it lives.
      locks.request(lock, { signal }, () => end(() => closed(ABNORMAL))).catch(() => {});
    } else if (data === null) fail("the server takes one session for each");
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
  locks.request(lock, hold).catch(fail);
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
  createPolicy(name: string, policy: Policy): Policy;
}
interface Policy {
  createScriptURL(url: string): string;
}

/** A `trusted-types` directive lets no page create a second one of the same name. */
let policy: Policy | undefined;

function start(): SharedWorker {
  const { trustedTypes } = globalThis as unknown as { trustedTypes?: TrustedTypes };
  const plain = { createScriptURL: (url: string) => url };
  policy ??= trustedTypes?.createPolicy("presence", plain) ?? plain;
  return new SharedWorker(policy.createScriptURL(import.meta.url), { name: `presence ${WORKER_VERSION}`, type: "module" });
}
