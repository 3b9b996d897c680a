import { hydrateRoot } from "react-dom/client";
import { Board } from "../documented/Board.tsx";

const board = new URLSearchParams(location.search).get("board");
hydrateRoot(document.getElementById("root"), <Board id={board} name="React" />);
