import { renderToString } from "react-dom/server";
import { Board } from "../documented/Board.tsx";

export const render = (board) => renderToString(<Board id={board} name="React" />);
