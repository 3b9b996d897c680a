/** What JSX knows of `<presence-overlay>` and `<presence-count>`, for pages that put them into React. Types only. */
import type { ClassAttributes, HTMLAttributes } from "react";
import type { StatusChange } from "../client/connection.js";
import type { PresenceCountElement } from "../count/element.js";
import type { PresenceOverlayElement } from "../overlay/element.js";
import type { Coordinates } from "../overlay/coordinates.js";
import type { Strings } from "../overlay/strings.js";

interface ElementProps<Element> extends HTMLAttributes<Element>, ClassAttributes<Element> {}

/** docs/overlay.md explains each. React 18 passes strings and numbers only, and calls no listeners. */
export interface PresenceOverlayProps extends ElementProps<PresenceOverlayElement> {
  readonly board?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly name?: string | undefined;
  readonly surface?: string | undefined;
  readonly anchor?: string | undefined;
  readonly theme?: "light" | "dark" | undefined;
  readonly bar?: "bottom-end" | "bottom-start" | "top-end" | "top-start" | "none" | undefined;
  readonly avatars?: number | string | undefined;
  readonly "cursor-avatars"?: string | undefined;
  readonly shortcut?: string | undefined;
  readonly strings?: Partial<Strings> | string | undefined;
  readonly coordinates?: Coordinates | undefined;
  readonly token?: string | undefined;
  readonly "token-url"?: string | undefined;
  readonly "onpresence-status"?: ((event: CustomEvent<StatusChange>) => void) | undefined;
  readonly "onpresence-count"?: ((event: CustomEvent<{ readonly count: number }>) => void) | undefined;
  readonly "onpresence-error"?: ((event: CustomEvent<{ readonly message: string }>) => void) | undefined;
}

/** docs/embedding.md explains each. */
export interface PresenceCountProps extends ElementProps<PresenceCountElement> {
  readonly board: string;
  readonly endpoint?: string | undefined;
  readonly every?: number | string | undefined;
  readonly count?: number | string | undefined;
}

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "presence-overlay": PresenceOverlayProps;
      "presence-count": PresenceCountProps;
    }
  }
}
