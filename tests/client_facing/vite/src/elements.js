import "../documented/elements.js";

const board = new URLSearchParams(location.search).get("board");
for (const element of document.querySelectorAll("presence-overlay, presence-count")) element.setAttribute("board", board);
