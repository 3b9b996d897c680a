/** A page as a React site has it: components that read different things of one board. */
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { CursorOverlay, usePresence, type Presence } from "presence-client/react";

const asked = new URLSearchParams(location.search);
const board = asked.get("board") ?? "";
const name = asked.get("name") ?? undefined;

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
  const { count } = usePresence(board);
  return <output id="count">{count}</output>;
}

function Users() {
  rendered("Users");
  const { users } = usePresence(board);
  return <output id="users">{users.map(({ name }) => name).join(", ")}</output>;
}

function Cursors() {
  rendered("Cursors");
  const { cursors } = usePresence(board);
  return <output id="cursors">{JSON.stringify(cursors.map(({ name, x, y }) => [name, x, y]))}</output>;
}

function Status() {
  rendered("Status");
  const presence = usePresence(board, { name });
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
      <CursorOverlay board={board} id="surface" style={{ width: 800, height: 400 }}>
        <p>What people point at.</p>
      </CursorOverlay>
    </>
  );
}

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <Page />
  </StrictMode>,
);
