/** The React example of the documents on a page: what it exports is a component. */
import { createRoot } from "react-dom/client";
import { Board } from "../../build/pages/documented/example";

const board = new URLSearchParams(location.search).get("board");
createRoot(document.getElementById("root")).render(<Board id={board} name="Ada" />);
