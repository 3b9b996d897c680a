/** Creates elements. Each is named once: for the overlay's style sheet, and for the site's as a `::part`. */
/** Path of the cursor's arrow in a box of 20 × 20. Its tip is the origin, where the pointer is. */
export declare const ARROW = "M0 0 5.6 17.2 9 10.2 16.3 7.6Z";
type Tags = HTMLElementTagNameMap;
export declare function make<Tag extends keyof Tags>(tag: Tag, name: string, ...children: Node[]): Tags[Tag];
/** An SVG image of one path in a box of 20 × 20. */
export declare function picture(d: string): SVGElement;
/** Set the custom property `--color` of an element and everything inside it. */
export declare function paint(element: HTMLElement, color: readonly number[]): void;
export {};
