/** The overlay's script: defines `<presence-overlay>`. A page may load it twice. */
import { PresenceOverlayElement } from "./element.js";

export { PresenceClient } from "../client/client.js";
export type * from "../client/api.js";
export { PresenceOverlayElement };

if (!customElements.get("presence-overlay")) {
  customElements.define("presence-overlay", PresenceOverlayElement);
}
