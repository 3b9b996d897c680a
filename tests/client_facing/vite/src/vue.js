import { createApp } from "vue";
import Board from "../documented/Board.vue";

createApp(Board, { board: new URLSearchParams(location.search).get("board") }).mount("#root");
