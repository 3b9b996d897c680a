/**
 * Keeps the layer above full screen elements, modal dialogs and popovers. These are in the browser's top layer, above any
 * z-index. The layer is there too, as a popover, while one of them is open.
 */

/** Matches what is in the top layer. `:is` ignores what an older browser does not know. */
const IN_TOP_LAYER = ":is(:modal,:popover-open,:fullscreen)";
/** Makes everything outside it inert: a modal dialog, and in Chromium a full screen element. */
const BLOCKING = ":is(:modal,:fullscreen)";
/** A page may take these for a click on the backdrop of its dialog. */
const PRESSES = ["pointerdown", "mousedown", "mouseup", "click"];

/** The layers of all overlays of this page. */
const layers = new WeakSet<Element>();

/** Keep a layer, whose place is in `root`, above everything until `signal` aborts. `moved` is called after each move. */
export function stayOnTop(layer: HTMLElement, root: () => ShadowRoot, signal: AbortSignal, moved: () => void): void {
  if (!signal.aborted && !layers.has(layer)) new TopLayer(layer, root, signal, moved);
}

class TopLayer {
  /** What is open, in the order of opening. */
  readonly #open = new Set<Element>();
  /** What makes the overlay's element inert. The layer is inside it then, in the shadow root of a stand-in. */
  #blocking: Element | undefined;
  #standIn: HTMLElement | undefined;

  constructor(
    private readonly layer: HTMLElement,
    private readonly root: () => ShadowRoot,
    private readonly signal: AbortSignal,
    private readonly moved: () => void,
  ) {
    layers.add(layer);
    // What is removed tells of it by no event.
    const removals = new MutationObserver(() => this.#open.size > 0 && this.#update([]));
    removals.observe(document, { childList: true, subtree: true });
    signal.addEventListener("abort", () => {
      removals.disconnect();
      this.#standIn?.remove();
    });
    for (const type of ["fullscreenchange", "focusin", "pointerover"]) this.#listen(document, type, this.#noticed);
    this.#listen(document, "toggle", this.#toggled);
    this.#update([...document.querySelectorAll(IN_TOP_LAYER)]);
  }

  #listen(target: EventTarget, type: string, listener: (event: Event) => void): void {
    target.addEventListener(type, listener, { signal: this.signal, capture: true, passive: true });
  }

  /** Focus and pointer tell of what was opened in a shadow root. */
  readonly #noticed = (event: Event): void => this.#update(pathOf(event));

  readonly #toggled = (event: Event): void => {
    const path = pathOf(event);
    // It may have been closed and opened again, above others.
    this.#update(path, this.#open.delete(path.at(-1) as Element));
  };

  #update(targets: readonly EventTarget[], changed = !this.#isOnTop): void {
    for (const element of this.#open) if (!element.matches(IN_TOP_LAYER)) changed = this.#open.delete(element);
    for (const element of targets as Element[]) {
      if (!element.matches?.(IN_TOP_LAYER) || layers.has(element) || this.#open.has(element)) continue;
      this.#open.add(element);
      // Its toggle event does not leave a shadow root.
      this.#listen(element.getRootNode(), "toggle", this.#toggled);
      changed = true;
    }
    try {
      if (changed) this.#place();
    } catch (error) {
      const { message } = error as Error;
      this.root().host.dispatchEvent(new CustomEvent("presence-error", { bubbles: true, detail: { message } }));
    }
  }

  /** Whether the layer is where it belongs: not if something that it was in, or its element, was taken off the page. */
  get #isOnTop(): boolean {
    const { layer } = this;
    return layer.isConnected && (this.#open.size === 0 || !layer.showPopover || layer.matches(":popover-open"));
  }

  /** Make the layer the last in the top layer, or take it out of there. */
  #place(): void {
    const { layer } = this;
    const root = this.root();
    const blocking = [...this.#open].filter((element) => element.matches(BLOCKING)).pop();
    const strays = !layer.isConnected || (this.#standIn && layer.getRootNode() !== this.#standIn.shadowRoot);
    if (blocking !== this.#blocking || strays) {
      const focused = (layer.getRootNode() as Partial<ShadowRoot>).activeElement as HTMLElement | null | undefined;
      const before = this.#standIn;
      this.#blocking = blocking;
      this.#standIn = undefined;
      if (blocking && !holds(blocking, root)) this.#enter(blocking);
      // What shows no children, such as a video, shows no stand-in either.
      if (!this.#standIn || !layer.offsetWidth) root.append(layer);
      before?.remove();
      focused?.focus();
    }
    layer.popover = null;
    if (this.#open.size > 0) {
      layer.popover = "manual";
      layer.showPopover?.();
    }
    this.moved();
  }

  #enter(blocking: Element): void {
    const root = this.root();
    const host = root.host as HTMLElement;
    const element = (this.#standIn = document.createElement(host.localName));
    element.className = host.className;
    element.style.cssText = host.style.cssText;
    for (const name of ["theme", "bar"]) element.setAttribute(name, host.getAttribute(name) ?? "");
    for (const press of PRESSES) element.addEventListener(press, (event) => event.stopPropagation());
    (blocking.shadowRoot ?? blocking).append(element);
    const inside = element.shadowRoot as ShadowRoot;
    inside.adoptedStyleSheets = root.adoptedStyleSheets;
    inside.append(this.layer);
  }
}

/** The elements around an event's target, and the target at last. */
function pathOf(event: Event): Element[] {
  return event.composedPath().reverse() as Element[];
}

/** Whether an element contains a node, through slots and shadow roots. */
function holds(element: Element, node: Node | null | undefined): boolean {
  if (!node || node === element) return !!node;
  return holds(element, (node as Element).assignedSlot ?? node.parentNode ?? (node as ShadowRoot).host);
}
