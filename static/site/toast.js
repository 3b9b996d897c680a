// The small message at the foot of the page, read out politely.

const SHOWN = 8000; // milliseconds

export class Toast {
  #timer = 0;

  constructor(element) {
    this.element = element;
  }

  /** Say `words`; `offer` is `{ label, act }`, a button beside them. */
  say(words, offer) {
    this.element.replaceChildren(words, ...(offer ? [this.#button(offer)] : []));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.clear(), SHOWN);
  }

  clear() {
    clearTimeout(this.#timer);
    this.element.replaceChildren();
  }

  #button({ label, act }) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link";
    button.textContent = label;
    button.addEventListener("click", () => {
      this.clear();
      act();
    });
    return button;
  }
}
