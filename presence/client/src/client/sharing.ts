/** Sockets that the tabs of a browser share by a script of their own (worker.ts), with the page's own socket as fall-back. */
import { browser, type Environment, type Socket } from "../lib/environment.js";
import { ABNORMAL } from "../protocol/reconnect.js";

/** Whether this page may still share. Where that failed once, it is not tried again. */
let usable = "SharedWorker" in globalThis;

/** The environment of a page that shares. `script` is the URL of worker.js, `cookie` as for its `openShared`. */
export function sharing(script: string, cookie: string): Environment {
  const open: Environment["open"] = (url, subprotocols, events) => {
    let socket: Socket | undefined;
    let closed = false;
    const openOwn = () => browser.open(url, subprotocols, events);
    // A token is for one connection.
    if (!usable || subprotocols.length > 1) return openOwn();
    const failed = () => {
      usable = false;
      try {
        socket = closed ? undefined : openOwn();
      } catch {
        // The next try tells why.
        events.closed(ABNORMAL);
      }
    };
    import(/* webpackIgnore: true */ /* @vite-ignore */ script)
      .then(({ openShared }: typeof import("./worker.js")) => {
        socket = closed ? undefined : openShared(url, cookie, failed, events.opened, events.received, events.closed);
      })
      .catch(failed);
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
  return { ...browser, open };
}
