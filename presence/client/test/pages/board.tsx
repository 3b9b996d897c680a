/** A page as a React site has it: components that read different things of one board. */
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { CursorOverlay, usePresence, type Presence } from "presence-client/react";

const { board = "", name, url, tokenUrl } = document.body.dataset;
const place = { url, tokenUrl };

declare global {
  interface Window {
    /** How often each component has rendered. */
    renders: Record<string, number>;
    presence: Presence;
    show(shown: boolean): void;
  }
}

window.renders = {};

function rendered(component: string): void {
  window.renders[component] = (window.renders[component] ?? 0) + 1;
}

function Count() {
  rendered("Count");
  const { count } = usePresence(board, place);
  return <output id="count">{count}</output>;
}

function Users() {
  rendered("Users");
  const { users } = usePresence(board, place);
  return <output id="users">{users.map(({ name }) => name).join(", ")}</output>;
}

function Cursors() {
  rendered("Cursors");
  const { cursors } = usePresence(board, place);
  return <output id="cursors">{JSON.stringify(cursors.map(({ name, x, y }) => [name, x, y]))}</output>;
}

function Status() {
  rendered("Status");
  const presence = usePresence(board, { name, ...place });
  window.presence = presence;
  return <output id="status">{presence.status}</output>;
}

function Page() {
  const [shown, show] = useState(true);
  window.show = show;
  if (!shown) return <p id="gone">gone</p>;
  return (
    <>
      <Count />
      <Users />
      <Cursors />
      <Status />
      <CursorOverlay board={board} {...place} id="surface" style={{ width: 800, height: 400 }}>
        <p>What people point at.</p>
      </CursorOverlay>
    </>
  );
}

const root = document.createElement("div");
document.body.append(root);
createRoot(root).render(
  <StrictMode>
    <Page />
  </StrictMode>,
);
