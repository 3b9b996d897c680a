/** Decoding of what the server says (PROTOCOL.md, Messages), in the dialect that is spoken here. */
import { type Color, type Cursor, type RosterEntry, type ServerMessage, type State, type UserState } from "./protocol.js";
/** Walks over a frame. Reading past the end throws the RangeError of DataView. */
declare class Reader {
    #private;
    private readonly view;
    constructor(view: DataView);
    get left(): number;
    u8(): number;
    u16(): number;
    u32(): number;
    color(): Color;
    name(): string;
    state(): State;
    cursor(): Cursor;
    userState(): UserState;
    entry(): RosterEntry;
    /** One item or more, up to the end of the frame. */
    rest<Item>(read: () => Item): Item[];
}
type Read = (reader: Reader) => ServerMessage;
/** How each type of message is read. */
export type Readers = Readonly<Record<number, Read>>;
/** What both dialects have. */
export declare const COMMON: Readers;
/** The message in a server's frame. Throws ProtocolError where it is none, and nothing else. */
export declare function decode(frame: ArrayBuffer, readers?: Readonly<Record<number, Read>>): ServerMessage;
export {};
