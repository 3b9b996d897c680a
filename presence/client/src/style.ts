/** The overlay's style sheet: constructed, so that a strict Content-Security-Policy lets it pass. */

const CSS = `
:host { display: contents }
.layer {
  position: fixed; inset: 0; z-index: 2147483000; overflow: hidden; pointer-events: none;
  font: 500 12px/1.4 system-ui, sans-serif; text-align: start; color: #fff;
}
[hidden] { display: none !important }
.cursor {
  position: absolute; left: 0; top: 0; width: 18px; height: 22px; color: var(--color);
  will-change: transform; transition: opacity .3s;
}
svg { display: block; width: 100%; height: 100%; overflow: visible; fill: currentColor;
  stroke: #fff; stroke-width: 3; stroke-linejoin: round; paint-order: stroke; filter: drop-shadow(0 1px 2px #0006) }
.label {
  position: absolute; left: 15px; top: 19px; max-width: 12em; padding: 1px 7px; border-radius: 9px;
  background: var(--color); color: #fff; forced-color-adjust: none;
  overflow: hidden; text-overflow: ellipsis; white-space: nowrap; unicode-bidi: isolate;
}
.badge {
  position: absolute; right: 12px; bottom: 12px; padding: 4px 11px; border-radius: 14px;
  background: #1f2430e6; color: #fff; box-shadow: 0 1px 4px #0004; transition: opacity .3s;
}
.you { max-width: 16em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
  unicode-bidi: isolate; opacity: .85 }
/* A short break in the connection shows nothing; a longer one fades what can no longer be known. */
.layer[data-status=waiting] :is(.cursor, .badge), .layer[data-status=connecting] :is(.cursor, .badge) {
  opacity: 0; transition-delay: 2s;
}
@media (prefers-reduced-motion: reduce) { .cursor, .badge { transition-duration: 0s } }
@media print { .layer { display: none } }
`;

let sheet: CSSStyleSheet | undefined;

/** One sheet for every overlay on the page. */
export function styleSheet(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}
