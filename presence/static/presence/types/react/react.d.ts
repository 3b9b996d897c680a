/** `usePresence` and `<CursorOverlay>` for React 18 and later. Entry point of `react.js`. */
import { type HTMLAttributes, type ReactElement, type ReactNode } from "react";
import type { Token } from "../client/tokens.js";
import type { Snapshot, User, UserCursor } from "./board-store.js";
export type { Snapshot, Token, User, UserCursor };
export interface PresenceOptions {
    /** A guest's name. */
    readonly name?: string | undefined;
    /** The socket, if it is not `/ws/presence/<board>/` on the page's own host. */
    readonly url?: string | undefined;
    /** For pages of another origin: a signed token, or a function that returns one for each connection. */
    readonly token?: Token | undefined;
    /** For pages of another origin: the URL of the site's token view. */
    readonly tokenUrl?: string | undefined;
}
/** A component renders again when a value changes that it has read from this, and for nothing else. */
export interface Presence extends Snapshot {
    /** This person's pointer is at these fractions, 0..1 each, of the surface, or without them off the board. */
    sendCursor(x?: number, y?: number): void;
}
/** Join a board. All components of a page that name the same board share one connection while one is mounted. */
export declare function usePresence(board: string, options?: PresenceOptions): Presence;
export interface CursorOverlayProps extends PresenceOptions, HTMLAttributes<HTMLDivElement> {
    readonly board: string;
    /** The shared surface. */
    readonly children?: ReactNode;
}
/** A `<div>` whose content is the surface. It shows everyone's cursors over it and sends this person's. */
export declare function CursorOverlay(props: CursorOverlayProps): ReactElement;
