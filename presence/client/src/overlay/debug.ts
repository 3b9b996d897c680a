/**
 * Tells the site's developer why an overlay is not on its board, in the console and in the overlay, each text once.
 * The template tag loads it while Django's DEBUG is on. Entry point of `debug.js`. What the server knows, it says itself.
 */
import { boardPath, socketUrl, type StatusChange } from "../client/connection.js";
import { make } from "../lib/dom.js";
import type { Reason } from "../protocol/reconnect.js";

/** A socket with this subprotocol gets one text: why another one of the page is refused. */
const SUBPROTOCOL = "presence.debug";
/** A page whose first sockets all fail, so many in a row, has more wrong than a server that starts anew. */
const FAILURES = 3;
const REFUSALS = new Set<Reason | undefined>(["sign-in", "forbidden", "no-board", "removed", "try-later"]);
/** What lies between the page and the server, of which the server cannot know. */
const NO_SUBPROTOCOL =
  "A WebSocket opens without a subprotocol, and not with one: a proxy takes the header Sec-WebSocket-Protocol away. " +
  "Have it pass the header on, to the server and back.";
const NO_SOURCE = "The page's Content-Security-Policy forbids the WebSocket: have its connect-src allow ";
const FULL = "The board is full: all of its user ids are taken, so this visitor is counted, and sees the others unseen.";
const STYLE = `.reason{display:block!important;max-width:min(44em,100% - 28px);margin:0;padding:10px 14px;direction:ltr;text-align:left;
border-radius:10px;border-inline-start:4px solid #d9480f;overflow-wrap:anywhere;opacity:1}`;

/** What the tag writes into the attribute `debug`. */
interface Hints {
  readonly noSocket: string;
  readonly checks: readonly string[];
}

/** What is known of the overlays with one socket URL. */
interface Story {
  /** Sockets in a row that were never open; undefined after one that was. */
  failures: number | undefined;
  /** Why the last socket was refused, as the client knows it, and in the server's words. */
  reason?: Reason | undefined;
  text?: string | undefined;
  note?: Element | undefined;
}

let sheet: CSSStyleSheet | undefined;
/** URLs of sockets that a Content-Security-Policy forbids. */
const forbidden = new Set<string>();
const stories = new Map<string, Story>();
const said = new Set<string>();

function say(text: string): void {
  if (!said.has(text)) console.warn(`presence: ${text}`);
  said.add(text);
}

function onStatus(overlay: Element, { status, reason }: StatusChange): void {
  const { checks = [], noSocket } = JSON.parse(overlay.getAttribute("debug") ?? "{}") as Partial<Hints>;
  const url = socketUrl(overlay.getAttribute("endpoint") ?? boardPath(overlay.getAttribute("board") ?? ""), location.href);
  const story: Story = stories.get(url) ?? { failures: 0 };
  stories.set(url, story);
  checks.forEach(say);
  if (status === "open") {
    story.note?.remove();
    stories.set(url, { failures: undefined });
  } else if (reason === "lost" && story.failures !== undefined) {
    story.failures += 1;
    if (story.failures === FAILURES) ask(overlay, story, url, noSocket);
  } else if (REFUSALS.has(reason) && !(reason === "sign-in" && status === "waiting")) {
    // A client whose session has ended asks once more by itself.
    if (story.reason !== reason) ask(overlay, story, url, noSocket);
    else show(overlay, story);
    story.reason = reason;
  }
}

/** Ask the server for the reason, over a socket like the overlay's own. A token is for one socket. */
function ask(overlay: Element, story: Story, url: string, noSocket = "No WebSocket can be opened."): void {
  const answer = (text: string) => {
    // Meanwhile the overlay may have joined: the server had only started anew.
    if (stories.get(url) !== story) return;
    story.text = text;
    say(text);
    show(overlay, story);
  };
  if ([...forbidden].some((uri) => url.startsWith(uri))) return answer(NO_SOURCE + new URL(url).origin);
  if (overlay.matches("[token],[token-url]")) return;
  const socket = new WebSocket(url, SUBPROTOCOL);
  story.text = undefined;
  let text: string | undefined;
  // Some browsers take an answer without a subprotocol for an open socket.
  socket.onopen = () => socket.protocol || socket.close();
  socket.onmessage = ({ data }) => (text = data as string);
  socket.onclose = () => {
    if (text) return answer(text);
    const plain = new WebSocket(url);
    plain.onopen = () => {
      text = NO_SUBPROTOCOL;
      plain.close();
    };
    plain.onclose = () => answer(text ?? noSocket);
  };
}

/** Show the reason in an overlay, unless another one shows the same. */
function show({ shadowRoot: root }: Element, story: Story): void {
  const text = `presence: ${story.text} (Only shown while DEBUG is on.)`;
  const shown = [...stories.values()].some(({ note }) => note?.isConnected && note.textContent === text);
  if (!root || !story.text || shown) return;
  // Not before: an overlay without a style sheet says so, and has no socket.
  if (!sheet) (sheet = new CSSStyleSheet()).replaceSync(STYLE);
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.push(sheet);
  story.note?.remove();
  const paragraph = make("p", "bar reason", new Text(text));
  paragraph.role = "alert";
  // A layer of its own: the overlay hides its other one while it is not connected.
  story.note = make("div", "layer", paragraph);
  root.append(story.note);
}

document.addEventListener("presence-status", ({ target, detail }: CustomEventInit<StatusChange> & Event) => {
  onStatus(target as Element, detail as StatusChange);
});
document.addEventListener("presence-count", ({ target }) => {
  const client = (target as HTMLElementTagNameMap["presence-overlay"]).client;
  if (client?.self?.spectator && !client.countsOnly) say(FULL);
});
document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) => {
  if (effectiveDirective === "connect-src") forbidden.add(blockedURI);
});
document.addEventListener("presence-error", ({ detail }: CustomEventInit<{ message: string }>) => {
  say(detail?.message ?? "");
});
