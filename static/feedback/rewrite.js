/**
 * The rewrite: one field for a plain line, a form for a structured answer; below each field what
 * changed, word by word.
 */

import { wordDiff } from "./word_diff.js";
import { countWords } from "./word_count.js";

export class Rewrite {
  /**
   * @param {HTMLElement} element holds controls with data-field, in data-group where they repeat
   * @param {{draft: object, names: string[], word_limit: number}} task
   * @param {() => void} changed called after every change by the editor
   */
  constructor(element, { draft, names, word_limit: wordLimit }, changed) {
    this.element = element;
    this.draft = draft;
    this.names = names;
    this.wordLimit = wordLimit;
    this.fields = [...element.querySelectorAll("[data-field]")];
    this.isForm = draft.output !== null;
    element.addEventListener("input", () => {
      this.show();
      changed();
    });
    element.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-add], [data-remove]");
      if (!button) return;
      if (button.dataset.add) this.#add(button.dataset.add);
      else this.#remove(button.closest("[data-slot]"));
      this.show();
      changed();
    });
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

  focus() {
    this.fields.find((field) => field.offsetParent)?.focus();
  }

  /** The changes and the count, as they are now. */
  show() {
    for (const place of this.element.querySelectorAll("[data-diff-of]")) {
      const field = this.fields.find(({ name }) => name === place.dataset.diffOf);
      showChanges(place, this.#before(field), field.value);
    }
    const texts = this.fields.filter((field) => field.dataset.words !== undefined);
    const words = texts.reduce((sum, field) => sum + countWords(field.value, this.names), 0);
    const place = this.element.querySelector("[data-count]");
    place.textContent = place.dataset.count.replace("#", words);
    place.classList.toggle("is-over", words > this.wordLimit);
  }

  #before(field) {
    if (!this.isForm) return this.draft.text;
    const { group, slot, field: key } = field.dataset;
    return String((group ? this.draft.output[group]?.[slot]?.[key] : this.draft.output[key]) ?? "");
  }

  #fillForm(output) {
    for (const field of this.fields) {
      const { group, slot, field: key } = field.dataset;
      const value = String((group ? output[group]?.[slot]?.[key] : output[key]) ?? "");
      if (field.type === "radio") field.checked = field.value === value;
      else field.value = value;
    }
    for (const slot of this.element.querySelectorAll("[data-slot-of]")) {
      slot.hidden = !output[slot.dataset.slotOf]?.[slot.dataset.slot];
    }
    this.#offerToAdd();
  }

  #readForm() {
    const output = {};
    for (const slot of this.element.querySelectorAll("[data-slots]")) output[slot.dataset.slots] = [];
    for (const field of this.fields) {
      const { group, field: key } = field.dataset;
      if (!group && (field.type !== "radio" || field.checked)) output[key] = field.value;
    }
    for (const slot of this.element.querySelectorAll("[data-slot-of]:not([hidden])")) {
      const bullet = {};
      for (const field of slot.querySelectorAll("[data-field]")) {
        bullet[field.dataset.field] = field.value;
      }
      if (Object.values(bullet).some((value) => value.trim())) output[slot.dataset.slotOf].push(bullet);
    }
    return output;
  }

  #add(group) {
    const slot = this.element.querySelector(`[data-slot-of="${group}"][hidden]`);
    slot.hidden = false;
    this.#offerToAdd();
    slot.querySelector("[data-field]").focus();
  }

  #remove(slot) {
    for (const field of slot.querySelectorAll("[data-field]")) field.value = "";
    slot.hidden = true;
    this.#offerToAdd();
    this.element.querySelector(`[data-add="${slot.dataset.slotOf}"]`).focus();
  }

  #offerToAdd() {
    for (const button of this.element.querySelectorAll("[data-add]")) {
      button.hidden = !this.element.querySelector(`[data-slot-of="${button.dataset.add}"][hidden]`);
    }
  }
}

/** Write the changes between two texts into `place`, as deletions and insertions. */
export function showChanges(place, before, after) {
  const hunks = wordDiff(before, after);
  place.hidden = hunks.length === 0;
  const points = [...before];
  const shown = document.createDocumentFragment();
  let position = 0;
  for (const hunk of hunks) {
    shown.append(points.slice(position, hunk.start).join(""));
    for (const [kind, words] of [["del", hunk.before], ["ins", hunk.after]]) {
      if (!words) continue;
      const element = document.createElement(kind);
      element.textContent = words;
      shown.append(element);
    }
    position = hunk.end;
  }
  shown.append(points.slice(position).join(""));
  place.replaceChildren(shown);
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}
