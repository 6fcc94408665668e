/**
 * The rewrite: one field for a plain line, a form for a structured answer; below it what changed,
 * word by word, and which tag explains it.
 */

import { filled, gettext } from "../desk/words.js";
import { align } from "./alignment.js";
import { wordDiff } from "./word_diff.js";
import { countWords } from "./word_count.js";

export class Rewrite {
  /**
   * @param {HTMLElement} element holds controls with data-field, in data-group where they repeat
   * @param {{draft: object, names: string[], word_limit: number, lines: object[]}} page
   * @param {{
   *   tags: () => {scope: string, start: ?number, end: ?number, key: string, label: string,
   *     name: string}[],
   *   causeOf: (question: number[]) => ?{key: string, label: string, name: string},
   *   changed: () => void,
   * }} around the tags that explain changes, the causes that were given, and who wants to know of
   *   every change by the editor
   */
  constructor(element, { draft, names, word_limit: wordLimit, lines }, around) {
    this.element = element;
    this.draft = draft;
    this.names = names;
    this.wordLimit = wordLimit;
    this.lines = lines;
    this.around = around;
    this.fields = [...element.querySelectorAll("[data-field]")];
    this.isForm = draft.output !== null;
    this.changes = element.querySelector("#rewrite-changes");
    element.addEventListener("input", ({ target }) => {
      if (this.fields.includes(target)) this.#changed();
    });
    element.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-add], [data-remove], [data-move]");
      if (!button) return;
      if (button.dataset.add) this.#add(button.dataset.add);
      else if (button.dataset.move) this.#move(slotOf(button), Number(button.dataset.move), button);
      else this.#remove(slotOf(button));
      this.#changed();
    });
    element.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Fill in what was saved, or the draft itself where nothing was. */
  fill(work) {
    if (this.isForm) this.#fillForm(work.rewrite_output ?? this.draft.output);
    else this.fields[0].value = work.rewrite || this.draft.text;
    this.show();
  }

  /** {rewrite, rewrite_output} as the desk stores them. A form's text is made by the server. */
  read() {
    if (!this.isForm) {
      const rewrite = this.isChanged ? this.fields[0].value : this.draft.text;
      return { rewrite, rewrite_output: null };
    }
    return { rewrite: "", rewrite_output: this.#readForm() };
  }

  get isChanged() {
    // A field knows one kind of line break; those of the draft are no change.
    if (!this.isForm) return this.fields[0].value !== this.draft.text.replace(/\r\n?/g, "\n");
    return JSON.stringify(sorted(this.#readForm())) !== JSON.stringify(sorted(this.draft.output));
  }

  /** The text that people will read, tidied as the desk tidies it when it is saved. */
  get text() {
    if (!this.isChanged) return this.draft.text;
    if (!this.isForm) return this.fields[0].value.replaceAll("\t", " ").replace(/ {2,}/g, " ").trim();
    const output = this.#readForm();
    return this.lines
      .flatMap(({ name, repeats, line }) =>
        repeats ? output[name].map((bullet) => written(line, bullet)) : capitalised(written(line, output)),
      )
      .join("\n");
  }

  /** What changed from the draft, and which tag explains it; computed once for each state. */
  get alignment() {
    const tags = this.around.tags().map(({ scope, start, end }) => ({ scope, start, end }));
    const state = JSON.stringify([this.text, tags]);
    if (this.aligned?.state !== state) {
      this.aligned = { state, found: align(this.draft.text, this.text, tags) };
    }
    return this.aligned.found;
  }

  /** Where somebody writes: {name, start, end}, or null. */
  get caret() {
    const field = document.activeElement;
    if (!this.fields.includes(field)) return null;
    return { name: field.name, start: field.selectionStart, end: field.selectionEnd };
  }

  /** Let them write, from a caret on, else in the first field. */
  focus({ name, start, end } = {}) {
    const field =
      this.fields.find((candidate) => candidate.name === name && candidate.offsetParent) ??
      this.fields.find((candidate) => candidate.offsetParent);
    field?.focus();
    if (start !== undefined && start !== null) field?.setSelectionRange(start, end);
  }

  /** The changes and the count, as they are now. */
  show() {
    for (const place of this.element.querySelectorAll("[data-diff-of]")) {
      const field = this.fields.find(({ name }) => name === place.dataset.diffOf);
      drawChanges(place, this.#before(field), field.value);
    }
    this.#drawExplained();
    for (const place of this.element.querySelectorAll("[data-left-of]")) showLeft(place, this.fields);
    const texts = this.fields.filter((field) => field.dataset.words !== undefined);
    const words = texts.reduce((sum, field) => sum + countWords(field.value, this.names), 0);
    const place = this.element.querySelector("[data-count]");
    place.textContent = place.dataset.count.replace("#", words);
    place.classList.toggle("is-over", words > this.wordLimit);
  }

  /** Point at the changes of a question; an empty one points at none. */
  pointAt(question) {
    for (const part of this.changes.querySelectorAll("[data-change]")) {
      part.classList.toggle("is-asked", question.includes(Number(part.dataset.change)));
    }
    this.changes.querySelector(".is-asked")?.scrollIntoView({ block: "nearest" });
  }

  #changed() {
    this.show();
    this.around.changed();
  }

  #drawExplained() {
    const { changes, questions } = this.alignment;
    const tags = this.around.tags();
    const whole = this.changes.closest("[data-whole]") ?? this.changes;
    whole.hidden = changes.length === 0;
    drawHunks(this.changes, this.draft.text, changes.map(({ hunk }) => hunk), (index) => {
      const question = questions.find((asked) => asked.includes(index));
      const cause = question && this.around.causeOf(question);
      const explaining = changes[index].tags.map((place) => tags[place]);
      if (cause) explaining.push(cause);
      if (explaining.length) return explaining.map(chipOf);
      return question ? [chipOf({ key: "", label: "?", name: gettext("no tag explains this") })] : [];
    });
  }

  #before(field) {
    const { group, field: key } = field.dataset;
    if (!group) return String(this.draft.output[key] ?? "");
    return String(this.draft.output[group]?.[slotOf(field).dataset.origin]?.[key] ?? "");
  }

  #fillForm(output) {
    for (const slot of this.#slots()) {
      const { slotOf: group, slot: place } = slot.dataset;
      slot.hidden = !output[group]?.[place];
      slot.dataset.origin = originOf(output[group]?.[place], this.draft.output[group] ?? [], place);
    }
    for (const field of this.fields) {
      const { group, slot, field: key } = field.dataset;
      const value = String((group ? output[group]?.[slot]?.[key] : output[key]) ?? "");
      if (field.type === "radio") field.checked = field.value === value;
      else field.value = value;
    }
    this.#count();
  }

  #readForm() {
    const output = {};
    for (const slot of this.element.querySelectorAll("[data-slots]")) output[slot.dataset.slots] = [];
    for (const field of this.fields) {
      const { group, field: key } = field.dataset;
      if (!group && (field.type !== "radio" || field.checked)) output[key] = field.value;
    }
    for (const slot of this.#slots().filter(({ hidden }) => !hidden)) {
      const bullet = {};
      for (const field of slot.querySelectorAll("[data-field]")) {
        bullet[field.dataset.field] = field.value;
      }
      if (Object.values(bullet).some((value) => value.trim())) output[slot.dataset.slotOf].push(bullet);
    }
    return output;
  }

  /* Bullets ----------------------------------------------------------------------------------- */

  /** Alt with ↑ or ↓ moves the bullet that is written in, Alt+Enter adds one, Alt+Delete takes it out. */
  #onKey(event) {
    const slot = event.target.closest?.("[data-slot-of]");
    if (!slot || !event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
    const act = {
      ArrowUp: () => this.#move(slot, -1, event.target),
      ArrowDown: () => this.#move(slot, +1, event.target),
      Enter: () => this.#add(slot.dataset.slotOf),
      Delete: () => this.#remove(slot),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
    this.#changed();
  }

  #slots(group) {
    return [...this.element.querySelectorAll(group ? `[data-slot-of="${group}"]` : "[data-slot-of]")];
  }

  #add(group) {
    const slot = this.#slots(group).find(({ hidden }) => hidden);
    if (!slot) return;
    // It comes last, also where one before it was taken out.
    const others = this.#slots(group).filter(({ hidden }) => !hidden);
    if (others.length) others.at(-1).after(slot);
    slot.dataset.origin = "";
    slot.hidden = false;
    this.#count();
    slot.querySelector("[data-field]").focus();
  }

  #remove(slot) {
    const shown = this.#slots(slot.dataset.slotOf).filter(({ hidden }) => !hidden);
    const place = shown.indexOf(slot);
    for (const field of slot.querySelectorAll("[data-field]")) field.value = "";
    slot.hidden = true;
    this.#count();
    const next = shown[place + 1] ?? shown[place - 1];
    const focused = next?.querySelector("[data-field]");
    (focused ?? this.element.querySelector(`[data-add="${slot.dataset.slotOf}"]`)).focus();
  }

  #move(slot, by, focused) {
    const shown = this.#slots(slot.dataset.slotOf).filter(({ hidden }) => !hidden);
    const other = shown[shown.indexOf(slot) + by];
    if (!other) return;
    if (by < 0) other.before(slot);
    else other.after(slot);
    this.#count();
    (focused.disabled ? slot.querySelector("[data-field]") : focused).focus();
  }

  /** How many bullets there are, and what can be done with each where it stands now. */
  #count() {
    for (const group of this.element.querySelectorAll("[data-slots]")) {
      const slots = this.#slots(group.dataset.slots);
      const shown = slots.filter(({ hidden }) => !hidden);
      group.querySelector("[data-add]").hidden = shown.length === slots.length;
      const count = group.querySelector("[data-bullets]");
      count.textContent = count.dataset.bullets.replace("#", shown.length);
      shown.forEach((slot, place) => {
        slot.querySelector('[data-move="-1"]').disabled = place === 0;
        slot.querySelector('[data-move="1"]').disabled = place === shown.length - 1;
      });
    }
  }
}

/** Write the changes between two texts into `place`, as deletions and insertions. */
export function drawChanges(place, before, after) {
  const hunks = before === after ? [] : wordDiff(before, after);
  place.hidden = hunks.length === 0;
  drawHunks(place, before, hunks, () => []);
}

function drawHunks(place, before, hunks, chipsOf) {
  const points = [...before];
  const shown = document.createDocumentFragment();
  let position = 0;
  hunks.forEach((hunk, index) => {
    shown.append(points.slice(position, hunk.start).join(""));
    for (const [kind, words] of [["del", hunk.before], ["ins", hunk.after]]) {
      if (!words) continue;
      const element = document.createElement(kind);
      element.dataset.change = index;
      // White space around words would be an underlined nothing, mostly at the end of a line.
      const [, lead, changed, tail] = /^(\s*)(.*?)(\s*)$/su.exec(words);
      element.textContent = changed || words;
      shown.append(changed ? lead : "", element, changed ? tail : "");
    }
    shown.append(...chipsOf(index));
    position = hunk.end;
  });
  shown.append(points.slice(position).join(""));
  place.replaceChildren(shown);
}

/** A category's label behind the change that it explains, with its name for the ear. */
function chipOf({ key, label, name }) {
  const chip = document.createElement("span");
  chip.className = key ? `explains category-${key}` : "explains is-open";
  chip.title = name;
  const sign = document.createElement("span");
  sign.ariaHidden = "true";
  sign.textContent = label;
  const words = document.createElement("span");
  words.className = "visually-hidden";
  words.textContent = ` (${name}) `;
  chip.append(sign, words);
  return chip;
}

/** How many characters a field has left, where few are. */
function showLeft(place, fields) {
  const field = fields.find(({ name }) => name === place.dataset.leftOf);
  const left = field.maxLength - field.value.length;
  place.hidden = left > field.maxLength / 5;
  place.textContent = place.hidden ? "" : filled(gettext("%(count)s characters left"), { count: left });
}

function slotOf(element) {
  return element.closest("[data-slot-of]");
}

/** Which bullet of the draft this one was: the same one, else the one in its place. */
function originOf(bullet, originals, place) {
  const same = originals.findIndex(
    (original) => bullet && (original.text === bullet.text || original.fact === bullet.fact),
  );
  return same === -1 ? place : same;
}

function written(line, values) {
  return line.replace(/\{(\w+)\}/g, (_place, name) => (values[name] ?? "").trim().split(/\s+/).join(" "));
}

function capitalised(line) {
  const [first = "", ...rest] = line;
  return first.toUpperCase() + rest.join("");
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}
