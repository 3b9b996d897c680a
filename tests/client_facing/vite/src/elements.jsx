import "../documented/elements.js";
import { createRoot } from "react-dom/client";

const board = new URLSearchParams(location.search).get("board");

createRoot(document.getElementById("root")).render(
  <>
    <presence-overlay
      board={board}
      strings={{ bar: "Hier ist" }}
      onpresence-count={({ detail }) => (document.title = `${detail.count} here`)}
    />
    <presence-count board={board} />
  </>,
);
