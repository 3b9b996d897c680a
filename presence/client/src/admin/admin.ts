/** The script of the admin's pages of boards: the list, and the panel of one board. */
import { openFeed, type Status, type Update, type Watch } from "./feed.js";
import { beginPanel, type PanelSaid } from "./panel.js";
import { cellsOf, clear, show, type Counts } from "./rows.js";
import { StatusLine, type Texts } from "./status.js";

/** What the page says to its script. */
interface Said {
  readonly socket: string;
  readonly feed: string;
  readonly watch: Watch;
  readonly texts: Texts;
}

/** A list of boards: its rows are what is watched. */
function beginList(said: Said, list: Element): void {
  const cells = cellsOf(list);
  if (cells.size === 0) return;
  const line = new StatusLine(list, said.texts);
  const update = (told: Update) => {
    if (told["rows"]) show(cells, told["rows"] as Counts);
  };
  const heed = (status: Status) => {
    line.show(status);
    // Who may not see numbers any more sees none.
    if (status === "ended") clear(cells);
  };
  openFeed({ ...said, watch: { ...said.watch, rows: [...cells.keys()] } }, update, heed);
}

function begin(said: Said | PanelSaid): void {
  const panel = document.getElementById("presence-panel");
  const list = document.getElementById("changelist-form");
  if (said.watch.board) panel && beginPanel(said as PanelSaid, panel);
  else if (list) beginList(said, list);
}

const said = document.getElementById("presence-feed")?.textContent;
if (said) begin(JSON.parse(said) as Said | PanelSaid);
