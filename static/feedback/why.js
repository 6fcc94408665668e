/**
 * The strip "why?": asked once, when an edit is saved, for each change that no tag explains. One
 * category key answers one change; saving again saves the edit as it is.
 */

import { filled, gettext } from "../desk/words.js";

export class Why {
  /**
   * @param {HTMLElement} element the strip: its buttons carry data-cause, and "back" or "save" in
   *   data-why
   * @param {{
   *   causeOf: (question: number[]) => ?{slug: string},
   *   answer: (question: number[], slug: string) => void,
   *   pointAt: (question: number[]) => void,
   *   save: () => void,
   *   back: () => void,
   *   categoryOf: (event: KeyboardEvent) => string,
   *   announce: (words: string) => void,
   * }} on
   */
  constructor(element, on) {
    this.element = element;
    this.on = on;
    this.alignment = null;
    this.at = 0;
    element.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-cause], [data-why]");
      if (!button) return;
      if (button.dataset.cause) this.#answer(button.dataset.cause);
      else if (button.dataset.why === "save") on.save();
      else this.#back();
    });
    element.addEventListener("keydown", (event) => this.#onKey(event));
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /** Ask about what is open in an alignment. */
  ask(alignment) {
    this.alignment = alignment;
    this.at = Math.max(0, this.#nextOpen(0));
    this.element.hidden = false;
    this.#show();
    this.element.focus({ preventScroll: true });
  }

  close() {
    if (!this.isOpen) return;
    this.element.hidden = true;
    this.on.pointAt([]);
  }

  #back() {
    this.close();
    this.on.back();
  }

  #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const category = this.on.categoryOf(event);
    const button = category && this.element.querySelector(`[data-key="${category}"]`);
    if (event.key === "Escape") this.#back();
    else if (event.key === "ArrowLeft") this.#step(-1);
    else if (event.key === "ArrowRight") this.#step(+1);
    else if (button) this.#answer(button.dataset.cause);
    else return;
    event.preventDefault();
    // What is a key here is another one further out.
    event.stopPropagation();
  }

  #step(by) {
    const { length } = this.alignment.questions;
    this.at = (this.at + by + length) % length;
    this.#show();
  }

  #answer(slug) {
    this.on.answer(this.alignment.questions[this.at], slug);
    const next = this.#nextOpen(this.at + 1);
    if (next === -1) {
      this.on.save();
      return;
    }
    this.at = next;
    this.#show();
  }

  /** The next question without an answer, from `first` on and round; -1 where all have one. */
  #nextOpen(first) {
    const { questions } = this.alignment;
    const order = questions.map((_question, index) => (first + index) % questions.length);
    return order.find((index) => !this.on.causeOf(questions[index])) ?? -1;
  }

  #show() {
    const { questions, changes, isRewritten } = this.alignment;
    const question = questions[this.at];
    const say = (name, words) => {
      const place = this.element.querySelector(`[data-${name}]`);
      place.textContent = words;
      place.hidden = !words;
    };
    const hunks = question.map((index) => changes[index].hunk);
    const [before, after] = isRewritten
      ? ["", ""]
      : ["before", "after"].map((side) => hunks.map((hunk) => hunk[side].trim()).find(Boolean) ?? "");
    const isMove = hunks.length > 1 && !isRewritten;
    const whole = gettext("More than 60 % changed: one reason for all of it.");
    say("before", before);
    say("after", isMove ? "" : after);
    say("note", isRewritten ? whole : isMove ? gettext("moved") : "");
    const place = filled(gettext("%(number)s of %(count)s"), { number: this.at + 1, count: questions.length });
    say("place", questions.length > 1 ? place : "");
    const cause = this.on.causeOf(question);
    for (const button of this.element.querySelectorAll("[data-cause]")) {
      button.ariaPressed = String(button.dataset.cause === cause?.slug);
    }
    this.on.pointAt(question);
    const change = isRewritten
      ? whole
      : filled(changeWords(before, after, isMove), { before, after });
    this.on.announce(`${gettext("Why?")} ${questions.length > 1 ? `${place}: ` : ""}${change}`);
  }
}

function changeWords(before, after, isMove) {
  if (isMove) return gettext("%(before)s moved.");
  if (!before) return gettext("%(after)s was put in.");
  return after ? gettext("%(before)s became %(after)s.") : gettext("%(before)s was taken out.");
}
