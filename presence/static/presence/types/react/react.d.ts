/** presence for React 18 and later: `usePresence` and `<CursorOverlay>`. */
import { type HTMLAttributes, type ReactElement, type ReactNode } from "react";
import type { Token } from "../client/tokens.js";
import { type Snapshot, type User, type UserCursor } from "./shared.js";
export type { Snapshot, Token, User, UserCursor };
export interface PresenceOptions {
    /** A guest's name. */
    readonly name?: string | undefined;
    /** The socket, where it is not `/ws/presence/<board>/` on the page's own host. */
    readonly url?: string | undefined;
    /** For pages of another origin: a signed token, or what gives one for each connection. */
    readonly token?: Token | undefined;
    /** For pages of another origin: the site's view that gives tokens. */
    readonly tokenUrl?: string | undefined;
}
/** A component renders again when something changes that it has read from this, and for nothing else. */
export interface Presence extends Snapshot {
    /** This person's pointer is at a fraction, 0..1 each, of the surface; without one it is off the board. */
    sendCursor(x?: number, y?: number): void;
}
/**
 * Take part in a board. All components of a page that name the same board share one connection, which
 * lasts as long as one of them is mounted.
 */
export declare function usePresence(board: string, options?: PresenceOptions): Presence;
export interface CursorOverlayProps extends PresenceOptions, HTMLAttributes<HTMLDivElement> {
    readonly board: string;
    /** What is pointed at: the surface. */
    readonly children?: ReactNode;
}
/** A `<div>` whose content is the surface: everyone's cursors are shown over it, and one's own is sent. */
export declare function CursorOverlay(props: CursorOverlayProps): ReactElement;
