// The notes of a board: moved, written, coloured, deleted, and kept in step with the server.
// Without this script the same page is a list with links to forms.

import { followKeys, followPointer } from "./drag.js";
import { Note } from "./note.js";
import { NotesApi } from "./notes-api.js";
import { keepInStep } from "./poll.js";
import { Toast } from "./toast.js";

class Board {
  /** @type {Map<number, Note>} by id, as the server knows them */
  notes = new Map();
  /** Goes up with every change made here: a list asked for before it is out of date. */
  changes = 0;

  constructor(surface) {
    this.surface = surface;
    this.url = surface.dataset.notesUrl;
    this.api = new NotesApi(this.url);
    this.toast = new Toast(document.getElementById("toast"));
    this.template = document.getElementById("note-template");
    this.frame = document.getElementById("frame");
  }

  start() {
    for (const element of this.surface.querySelectorAll(".note")) this.#keep(new Note(element));
    this.surface.classList.add("is-live");
    this.surface.addEventListener("dblclick", (event) => this.#doubleClicked(event));
    document.getElementById("add-note").addEventListener("click", (event) => {
      event.preventDefault();
      this.#writeAt(this.#middle());
    });
    keepInStep(this);
  }

  /** Show the notes that the server lists, but for those that are in the visitor's hands. */
  merge(listed) {
    const gone = new Set(this.notes.keys());
    for (const fields of listed) {
      gone.delete(fields.id);
      const note = this.notes.get(fields.id);
      if (!note) this.#place(fields);
      else if (!note.busy) note.show(fields);
    }
    for (const id of gone) if (!this.notes.get(id).busy) this.#drop(this.notes.get(id));
  }

  #keep(note) {
    this.notes.set(note.id, note);
    this.#listen(note);
  }

  #listen(note) {
    const { element } = note;
    const moved = (_, from) => this.#moved(note, from);
    followPointer(note, moved);
    followKeys(note, moved);
    element.addEventListener("keydown", (event) => this.#key(note, event));
    element.querySelector(".note-color").addEventListener("click", () => this.#recolor(note));
    this.#link(note, ".note-edit", () => this.#edit(note));
    this.#link(note, ".note-delete", () => this.#remove(note));
  }

  #link(note, selector, act) {
    note.element.querySelector(selector).addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      act();
    });
  }

  #key(note, event) {
    const act = { Enter: () => this.#edit(note), Delete: () => this.#remove(note) }[event.key];
    if (!act || event.target !== note.element) return;
    event.preventDefault();
    act();
  }

  #doubleClicked(event) {
    const element = event.target.closest(".note");
    if (event.target.closest("a, button, textarea")) return;
    if (element) return this.#edit(this.notes.get(Number(element.dataset.id)));
    const corner = this.surface.getBoundingClientRect();
    this.#writeAt({ left: event.clientX - corner.left, top: event.clientY - corner.top });
  }

  /** The middle of what is to be seen of the surface, in its pixels. */
  #middle() {
    const frame = this.frame.getBoundingClientRect();
    const corner = this.surface.getBoundingClientRect();
    return {
      left: frame.left + frame.width / 2 - corner.left - 100,
      top: frame.top + frame.height / 2 - corner.top - 90,
    };
  }

  async #writeAt({ left, top }) {
    const note = this.#new({ id: 0, text: "", x: 0, y: 0, color: "yellow" });
    note.show(note.placeAt(left, top));
    const text = await note.edit();
    note.element.remove();
    if (text) await this.#create({ ...note.fields, text });
  }

  #new(fields) {
    const note = Note.fromTemplate(this.template, fields, this.url);
    this.surface.append(note.element);
    return note;
  }

  #place(fields) {
    // A note made here may come in a list before the answer that it was made.
    if (!this.notes.has(fields.id)) this.#keep(this.#new(fields));
    return this.notes.get(fields.id);
  }

  async #create(fields) {
    const shown = this.#new({ id: 0, ...fields });
    const made = await this.#saving(shown, () => this.api.create(fields));
    shown.element.remove();
    // Where it could not be saved the words are not lost: the offer begins again with them.
    if (!made) return this.#offerAgain(fields);
    const { element } = this.#place(made);
    if (document.activeElement === document.body) element.focus({ preventScroll: true });
  }

  #offerAgain(fields) {
    const words = this.toast.element.textContent;
    this.toast.say(words, { label: "Try again", act: () => this.#create(fields) });
  }

  #moved(note, from) {
    const { x, y } = note.fields;
    return this.#change(note, { x, y }, from);
  }

  #recolor(note) {
    return this.#change(note, { color: note.nextColor }, { color: note.fields.color });
  }

  async #edit(note) {
    if (!note || note.held) return;
    const before = note.fields.text;
    const text = await note.edit();
    if (text === "") this.toast.say("A note needs words. To take it away, choose Delete.");
    if (!text || text === before) return;
    await this.#change(note, { text }, { text: before });
  }

  /** Show a change at once, save it, and take it back where it cannot be saved. */
  async #change(note, fields, before) {
    note.show(fields);
    const saved = await this.#saving(note, () => this.api.update(note.id, fields));
    if (!saved) note.show(before);
  }

  async #remove(note) {
    if (note.held) return;
    const { fields } = note;
    note.element.hidden = true;
    const done = await this.#saving(note, async () => {
      await this.api.remove(note.id);
      return true;
    });
    note.element.hidden = false;
    if (!done) return;
    this.#drop(note);
    this.toast.say("The note is deleted.", { label: "Undo", act: () => this.#create(fields) });
  }

  #drop(note) {
    this.notes.delete(note.id);
    note.element.remove();
  }

  /** What `act` resolves to; or null, the reason told, where the server refused. */
  async #saving(note, act) {
    this.changes += 1;
    try {
      return await note.save(act);
    } catch (refusal) {
      this.#refused(note, refusal);
      return null;
    } finally {
      this.changes += 1;
    }
  }

  #refused(note, refusal) {
    this.toast.say(`Not saved. ${refusal.message}`);
    if (refusal.status === 404) this.#drop(note);
  }
}

new Board(document.getElementById("surface")).start();
