import { mount } from "svelte";
import Board from "../documented/Board.svelte";

mount(Board, {
  target: document.getElementById("root"),
  props: { board: new URLSearchParams(location.search).get("board") },
});
