/** The overlay's style sheet: constructed, so that a strict Content-Security-Policy lets it pass. */
/** One sheet for every overlay on the page. */
export declare function styleSheet(): CSSStyleSheet;
