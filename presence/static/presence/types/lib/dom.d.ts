/** Making elements: what a name is to the style sheet, it is to the site's as `::part` too. */
/** The tip is the origin, so that a cursor's corner is exactly where the pointer is. */
export declare const ARROW = "M0 0 5.6 17.2 9 10.2 16.3 7.6Z";
type Tags = HTMLElementTagNameMap;
export declare function make<Tag extends keyof Tags>(tag: Tag, name: string, ...children: Node[]): Tags[Tag];
/** A picture that says nothing by itself. */
export declare function picture(d: string): SVGElement;
/** Whose colour it is: for the style sheet, and for everything inside. */
export declare function paint(element: HTMLElement, color: readonly number[]): void;
export {};
