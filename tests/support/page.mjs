// The built client in Node, in as much of a page as it needs. Each event of the client is written as a line of JSON.
// Each line that is read is an event of the page's window, such as "online".
import { createInterface } from "node:readline";

const [script, url, origin, cookie] = process.argv.slice(2);
const { WebSocket } = globalThis;

globalThis.window = new EventTarget();
globalThis.document = Object.assign(new EventTarget(), { visibilityState: "visible" });
globalThis.location = { href: origin };
globalThis.WebSocket = class extends WebSocket {
  constructor(url, protocols) {
    super(url, { protocols, headers: { Origin: origin, Cookie: cookie } });
  }
};

const { PresenceClient } = await import(script);
const client = new PresenceClient({ url, name: "Node" });
for (const event of ["status", "self", "error"]) {
  client.on(event, (detail) => console.log(JSON.stringify({ event, message: detail.message, ...detail })));
}
client.connect();
createInterface({ input: process.stdin }).on("line", (type) => window.dispatchEvent(new Event(type)));
