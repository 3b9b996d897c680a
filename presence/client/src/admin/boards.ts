/** Entry point of `admin.js`, the script of two pages: the list of boards, and the panel of one board. */
import { startChangelist, type ChangelistConfig } from "./changelist.js";
import { startPanel, type PanelConfig } from "./panel.js";

const text = document.getElementById("presence-feed")?.textContent;
if (text) {
  const config = JSON.parse(text) as ChangelistConfig | PanelConfig;
  const panel = document.getElementById("presence-panel");
  // Themes give the list's form other ids.
  const list = document.querySelector(".presence-online[data-board]")?.closest("form");
  if (config.watch.board) panel && startPanel(config as PanelConfig, panel);
  else if (list) startChangelist(config, list);
}
