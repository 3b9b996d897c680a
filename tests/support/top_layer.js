/** What tests of the top layer do and ask of a page with an overlay. */
window.topLayer = (() => {
  const layer = document.querySelector("presence-overlay").shadowRoot.querySelector(".layer");

  function add(tag, parent = document.body, attributes = {}) {
    const element = document.createElement(tag);
    for (const name in attributes) element.setAttribute(name, attributes[name]);
    element.append(`a ${tag}`);
    parent.append(element);
    return element;
  }

  const shadow = () => add("div").attachShadow({ mode: "open" });

  function popover(kind, parent) {
    const element = add("div", parent, { popover: kind });
    element.showPopover();
    return () => element.hidePopover();
  }

  function modal(parent) {
    const dialog = add("dialog", parent);
    dialog.showModal();
    return () => dialog.close();
  }

  async function full(element) {
    await element.requestFullscreen();
    return () => document.exitFullscreen();
  }

  /** Each opens something, and returns what closes it, the last first. */
  const situations = {
    "a modal dialog": () => [modal()],
    "a modal dialog in a shadow root": () => [modal(shadow())],
    "a modal dialog over another": () => [modal(), modal()],
    "a modal dialog in another": () => [modal(), modal(document.querySelector("dialog:modal"))],
    "a modal dialog that is removed": () => [(modal(), () => document.querySelector("dialog:modal").remove())],
    "an auto popover": () => [popover("auto")],
    "a hint popover": () => [popover("hint")],
    "a manual popover": () => [popover("manual")],
    "a popover in a modal dialog": () => [modal(), popover("auto", document.querySelector("dialog:modal"))],
    "the page in full screen": async () => [await full(document.documentElement)],
    "an element in full screen": async () => [await full(add("div"))],
    "the host of a shadow root in full screen": async () => [await full(shadow().host)],
    "a modal dialog in full screen": async () => [await full(add("div")), modal(document.fullscreenElement)],
  };
  let closers;

  function isHit(element) {
    const { left, top, width, height } = element.getBoundingClientRect();
    const under = (root) => {
      const found = root.elementFromPoint(left + width / 2, top + height / 2);
      return found?.shadowRoot && found.shadowRoot !== root ? under(found.shadowRoot) : found;
    };
    return width > 0 && element.contains(under(document));
  }

  /** Whether the other's cursor is above everything. It lets clicks through, but for this question. */
  function isSeen() {
    const label = layer.querySelector("[part=cursor] [part=label]");
    label.style.pointerEvents = "auto";
    const seen = isHit(label);
    label.style.pointerEvents = "";
    return seen;
  }

  return {
    situations: Object.keys(situations).join("; "),
    add,
    isSeen,
    isUsable: () => isHit(layer.querySelector("[part=count]")),
    isHome: () => !layer.matches(":popover-open") && document.querySelectorAll("presence-overlay").length === 1,
    /** With the next click, as full screen needs one. */
    open: (name) => addEventListener("click", async () => (closers = await situations[name]()), { once: true }),
    close: () => closers.reverse().forEach((close) => close()),
  };
})();
