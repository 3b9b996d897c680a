// One note on the surface: its element, and its words only ever as text.

export const PAPERS = ["yellow", "pink", "blue", "green", "orange", "violet"];

const clamp = (value, most) => Math.min(Math.max(value, 0), Math.max(most, 0));

export class Note {
  /** Changes not saved yet: while there are some, what the server lists is not shown. */
  pending = 0;
  /** The last save: the next one waits for it, so that the server gets changes in their order. */
  #saved = Promise.resolve();

  constructor(element) {
    this.element = element;
    this.words = element.querySelector(".note-text");
    element.tabIndex = 0;
    element.setAttribute("aria-describedby", "note-help");
    element.querySelector(".note-color").hidden = false;
    this.show(this.fields);
  }

  /** A new element from the page's template; `id` 0 for a note that the server has not seen. */
  static fromTemplate(template, fields, notesUrl) {
    const element = template.content.firstElementChild.cloneNode(true);
    const note = new Note(element);
    note.adopt(fields, notesUrl);
    return note;
  }

  /** Become the note that the server keeps under `fields.id`. */
  adopt(fields, notesUrl) {
    this.element.dataset.id = fields.id;
    this.element.querySelector(".note-edit").href = `${notesUrl}${fields.id}/edit/`;
    this.element.querySelector(".note-delete").href = `${notesUrl}${fields.id}/delete/`;
    this.show(fields);
  }

  get id() {
    return Number(this.element.dataset.id);
  }

  /** In the visitor's hands: dragged or written on. */
  get held() {
    return this.element.matches(".is-dragging, .is-editing");
  }

  get busy() {
    return this.held || this.pending > 0;
  }

  /** What `act` resolves to, or throws, once the saves before it are over. */
  async save(act) {
    this.pending += 1;
    const turn = this.#saved.then(act);
    this.#saved = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      this.pending -= 1;
    }
  }

  get fields() {
    const { x, y, color } = this.element.dataset;
    return { text: this.words.textContent, x: Number(x), y: Number(y), color };
  }

  /** Show some or all of text, x, y, color. */
  show(fields) {
    const { text, ...rest } = fields;
    if (text !== undefined) this.#write(text);
    for (const name of ["x", "y"]) {
      if (!Number.isFinite(rest[name])) continue;
      this.element.dataset[name] = rest[name];
      this.element.style.setProperty(`--${name}`, rest[name]);
    }
    if (PAPERS.includes(rest.color)) this.#paint(rest.color);
  }

  #write(text) {
    if (text !== this.words.textContent) this.words.textContent = text;
    this.element.setAttribute("aria-label", `Note: ${text}`);
  }

  #paint(color) {
    for (const paper of PAPERS) this.element.classList.toggle(`paper-${paper}`, paper === color);
    this.element.dataset.color = color;
  }

  get nextColor() {
    return PAPERS[(PAPERS.indexOf(this.fields.color) + 1) % PAPERS.length];
  }

  /** The fractions of the place nearest to (left, top) where all of the note is on the surface. */
  placeAt(left, top) {
    const { offsetWidth, offsetHeight, offsetParent } = this.element;
    const { clientWidth, clientHeight } = offsetParent;
    return {
      x: clamp(left, clientWidth - offsetWidth) / clientWidth,
      y: clamp(top, clientHeight - offsetHeight) / clientHeight,
    };
  }

  /** Let the visitor change the words; resolves to the new ones, or null when they gave up. */
  edit() {
    const area = document.createElement("textarea");
    area.maxLength = 500;
    area.dir = "auto";
    area.setAttribute("aria-label", "Words of the note");
    area.value = this.words.textContent;
    this.words.replaceWith(area);
    this.element.classList.add("is-editing");
    area.focus();
    return this.#finished(area);
  }

  async #finished(area) {
    let given = true;
    const keys = (event) => {
      event.stopPropagation();
      const enough = event.key === "Enter" && (event.ctrlKey || event.metaKey);
      if (event.key !== "Escape" && !enough) return;
      given = enough;
      this.element.focus();
    };
    area.addEventListener("keydown", keys);
    await new Promise((resolve) => area.addEventListener("blur", resolve, { once: true }));
    this.element.classList.remove("is-editing");
    area.replaceWith(this.words);
    return given ? area.value.trim() : null;
  }
}
