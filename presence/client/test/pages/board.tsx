/** A page as a React site has it: components that read different things of one board. */
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { CursorOverlay, usePresence, type Presence } from "django-live-presence/react";

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

/** Shows what it reads, and counts its renders. */
function Output({ component, read }: { component: string; read: (presence: Presence) => string | number }) {
  window.renders[component] = (window.renders[component] ?? 0) + 1;
  window.presence = usePresence(board, { name });
  return <output id={component.toLowerCase()}>{read(window.presence)}</output>;
}

const readUsers = ({ users }: Presence) => users.map(({ name }) => name).join(", ");
const readCursors = ({ cursors }: Presence) => JSON.stringify(cursors.map(({ name, x, y }) => [name, x, y]));

function Page() {
  const [shown, show] = useState(true);
  window.show = show;
  if (!shown) return <p id="gone">gone</p>;
  return (
    <>
      <Output component="Count" read={({ count }) => count} />
      <Output component="Users" read={readUsers} />
      <Output component="Cursors" read={readCursors} />
      <Output component="Status" read={({ status }) => status} />
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
