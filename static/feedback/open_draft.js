/**
 * One draft at work: what is marked, answered and written, drawn and saved as it changes. What the
 * keys and buttons ask for are its methods; what becomes of the draft is decided in `review.js`.
 */

import { filled, gettext, ngettext } from "../desk/words.js";
import { Links } from "../explanations/links.js";
import { Autosave } from "./autosave.js";
import { Beside } from "./beside.js";
import { Criteria } from "./criteria.js";
import { hideDefinitions, showDefinition } from "./definitions.js";
import { DraftText } from "./draft_text.js";
import { FactCheck } from "./fact_check.js";
import { drawMarks, showUnchanged } from "./marks_list.js";
import { Rewrite } from "./rewrite.js";
import { DraftSelection } from "./selection.js";
import { changed, inOrder, newTag, sameWords, severityName, severityWord, stepped, without } from "./tags.js";
import { Why } from "./why.js";
import { emptyWork, History, newKey } from "./work.js";

const MOST_TAGS = 5;

export class OpenDraft {
  /**
   * @param {HTMLElement} desk
   * @param {object} page what the server says of the draft and of the editor's saved work
   * @param {{
   *   announce: (words: string) => void,
   *   saved: (state: string, detail?: object) => void,
   *   dismissForTask: (finding: object) => void,
   *   save: () => void,
   *   addFact: (words: string) => void,
   *   categoryOf: (event: KeyboardEvent) => string,
   * }} say `categoryOf` tells which category a key press tags with, "" for none
   */
  constructor(desk, page, say) {
    this.desk = desk;
    this.page = page;
    this.say = say;
    this.key = newKey();
    this.history = new History();
    this.current = null;
    this.beforeTyping = null;
    this.element = desk.querySelector("#draft");
    this.drawn = new DraftText(this.element, page.draft.text);
    this.selection = new DraftSelection(this.element, this.drawn, page.draft.locale, () =>
      this.#showSelection(),
    );
    this.rewrite = new Rewrite(desk.querySelector("#rewrite"), page, {
      tags: () => (this.work?.tags ?? []).map((tag) => ({ ...tag, ...this.#named(tag.category) })),
      causeOf: (question) => this.#causeOf(question),
      changed: () => this.#edited(),
    });
    this.why = new Why(desk.querySelector("#why"), {
      causeOf: (question) => this.#causeOf(question),
      answer: (question, slug) => this.#answer(question, slug),
      pointAt: (question) => this.rewrite.pointAt(question),
      categoryOf: say.categoryOf,
      save: () => say.save(),
      back: () => this.rewrite.focus(),
      announce: say.announce,
    });
    this.factCheck = new FactCheck(page.assignment.check, desk.querySelector("#rewrite-findings"), {
      read: () => (this.isEdited ? this.rewrite.text : ""),
      announce: say.announce,
      addFact: say.addFact,
    });
    this.note = desk.querySelector("#note");
    this.criteria = new Criteria(desk.querySelector("#criteria"), page.categories);
    this.expectsMissing = false;
    this.beside = new Beside(desk.querySelector("#beside"), say.announce);
    this.autosave = new Autosave({ ...page.assignment, draft: page.draft.id }, () => this.read(), say.saved, ({ guide }) =>
      this.beside.guideIsNow(guide),
    );
    this.#readLabels();
    this.links = new Links(desk, (lit) => this.#light(lit));
    this.#fill({ ...emptyWork(), ...page.work });
    this.#listen();
  }

  /** Call categories by what stands on their buttons, and draw what is drawn with it. */
  relabel() {
    this.#readLabels();
    this.#draw();
  }

  close(options) {
    this.selection.close();
    this.beside.close();
    this.autosave.close(options);
    this.factCheck.close();
    this.#light(null);
  }

  /** The work as it is now, ready to be saved. */
  read() {
    return { ...this.work, ...this.rewrite.read(), causes: this.#causes(), note: this.note.value };
  }

  /** The same as the body of a decision. */
  decision(outcome, { reason = "", note = "" } = {}) {
    const work = this.read();
    return {
      ...work,
      outcome,
      reason,
      note: [work.note, note].filter((words) => words.trim()).join("\n"),
      active_ms: this.autosave.activeMs,
    };
  }

  get isEdited() {
    return this.rewrite.isChanged;
  }

  /**
   * Ask why, where no tag and no answer explains a change, and say whether that is all for now. Asked
   * already, an edit is saved as it is, unless the task wants every change explained.
   */
  asksWhy() {
    if (!this.isEdited) return false;
    const { alignment } = this.rewrite;
    const isOpen = alignment.questions.some((question) => !this.#causeOf(question));
    if (!isOpen || (this.why.isOpen && !this.page.every_change_explained)) return false;
    this.selection.clear();
    this.why.ask(alignment);
    return true;
  }

  /** Take over work that another tab saved, or that this browser kept. */
  replace(work) {
    this.history.remember(this.read());
    this.#fill({ ...emptyWork(), ...work });
  }

  /** What a work holds besides its text: its tags, by name and words, and its note. */
  besidesText({ tags, note }) {
    const named = tags.map(
      ({ category, scope, quote }) => `${this.#named(category).name}: ${quote || scopeWords(scope)}`,
    );
    return [...named, note.trim()].filter(Boolean).join("; ");
  }

  /** Go on from `before`, the same draft as it lay there until now, with what is written in it. */
  goOn(before, work, caret) {
    const { revision, isSaved } = before.autosave;
    this.history = before.history;
    if (!isSaved || revision !== this.autosave.revision) {
      this.#fill({ ...emptyWork(), ...work });
      this.autosave.revision = revision;
      if (!isSaved) this.autosave.touch();
    }
    if (caret) this.rewrite.focus(caret);
  }

  /* What the keys ask for --------------------------------------------------------------------- */

  tag(key) {
    const category = this.page.categories.find((candidate) => candidate.key === key);
    if (!category) return;
    const { range } = this.selection;
    const finding = this.#pending && sameRange(this.#pending, range) ? this.#pending : null;
    const isMissing = this.expectsMissing;
    this.#expectMissing(false);
    hideDefinitions(this.desk);
    this.#addTag(newTag(category, range, this.drawn.text, { finding, isMissing }), category);
  }

  /** It is about something missing: the tag in hand, or else the next one. */
  missing() {
    const index = this.#currentTag();
    const tag = index === null ? null : this.work.tags[index];
    if (tag && tag.scope !== "span") {
      const scope = tag.scope === "missing" ? "draft" : "missing";
      this.#step(() => {
        this.work.tags = changed(this.work.tags, index, { scope });
      });
      this.say.announce(scopeWords(scope));
      return;
    }
    this.selection.clear();
    this.#expectMissing(!this.expectsMissing);
    this.say.announce(
      this.expectsMissing
        ? gettext("Something is missing: press a category’s key.")
        : scopeWords("draft"),
    );
  }

  /** Show what a category means: the one with `key`, or that of the tag in hand. */
  definition(key) {
    const mark = this.#marks().find(({ id }) => id === this.current);
    const said = showDefinition(this.desk, key ?? mark?.key);
    if (said) this.say.announce(said);
  }

  /** Put away what lies over the page, else the selection. */
  clear() {
    if (hideDefinitions(this.desk)) return;
    this.#expectMissing(false);
    this.selection.clear();
  }

  stepMark(direction) {
    const marks = this.#marks();
    if (!marks.length) {
      this.say.announce(gettext("No tags and no suggestions."));
      return;
    }
    const at = marks.findIndex(({ id }) => id === this.current);
    const to = at === -1 ? (direction > 0 ? 0 : marks.length - 1) : (at + direction + marks.length) % marks.length;
    this.#setCurrent(marks[to].id);
    const { name, quote, message, tag } = marks[to];
    this.say.announce([name, quote, message ?? severityWord(tag.severity)].filter(Boolean).join(", "));
  }

  /** Take the suggestion in hand: it becomes a tag, with the check's category and fact. */
  take() {
    const finding = this.#currentFinding();
    if (!finding) return;
    const category = this.page.categories.find(({ slug }) => slug === finding.category);
    const range = finding.start === null ? null : { start: finding.start, end: finding.end };
    if (category) {
      this.#addTag(newTag(category, range, this.drawn.text, { finding }), category);
      return;
    }
    this.#pending = finding;
    if (range) this.selection.select(range.start, range.end);
    this.say.announce(gettext("Press the key of the category that it belongs to."));
  }

  /** Dismiss the suggestion in hand, or remove the tag. */
  dismiss() {
    const finding = this.#currentFinding();
    const index = this.#currentTag();
    if (!finding && index === null) return;
    this.#step(() => {
      if (finding) this.work.dismissed = [...this.work.dismissed, finding.id];
      else this.work.tags = without(this.work.tags, index);
      this.current = null;
    });
    this.say.announce(finding ? gettext("Dismissed.") : gettext("Tag removed."));
  }

  /** Ask a lead why the suggestion in hand is nothing in the whole task. */
  dismissForTask() {
    const finding = this.#currentFinding();
    if (finding && this.desk.querySelector("#marks [data-act=dismiss-for-task]")) {
      this.say.dismissForTask(finding);
    }
  }

  /** Forget a finding that is nothing in the whole task. */
  forget(finding) {
    this.page.findings = this.page.findings.filter(({ id }) => id !== finding.id);
    this.current = null;
    this.#draw();
  }

  severity(direction) {
    const index = this.#currentTag();
    if (index === null) return;
    const severity = stepped(this.work.tags[index].severity, direction);
    this.#step(() => {
      this.work.tags = changed(this.work.tags, index, { severity });
    });
    this.say.announce(severityWord(severity));
  }

  toggleCharacters() {
    const characters = this.selection.toggleCharacters();
    this.desk.querySelector("#characters").hidden = !characters;
    this.say.announce(characters ? gettext("Characters.") : gettext("Words."));
  }

  undo() {
    const before = this.history.back();
    if (!before) {
      this.say.announce(gettext("Nothing to undo here."));
      return;
    }
    this.#fill(before);
    this.autosave.touch();
    this.say.announce(gettext("Undone."));
  }

  /**
   * Start the rewrite from a golden that was decided before: the numbered one, or the next.
   * False where there is none.
   */
  startFrom(number) {
    const golden = this.beside.golden(number);
    if (!golden) {
      this.say.announce(gettext("No golden to start from."));
      return false;
    }
    this.history.remember(this.read());
    this.rewrite.fill({ rewrite: golden.text, rewrite_output: golden.output });
    this.#edited();
    this.say.announce(filled(gettext("Started from: %(text)s"), { text: golden.text }));
    return true;
  }

  restoreText() {
    this.history.remember(this.read());
    this.rewrite.fill(emptyWork());
    this.#edited();
  }

  /* What changes, and how it shows ------------------------------------------------------------ */

  #pending = null;

  #fill(work) {
    const { rewrite, rewrite_output: rewriteOutput, ...rest } = work;
    this.work = rest;
    this.rewrite.fill({ rewrite, rewrite_output: rewriteOutput });
    this.note.value = work.note;
    this.#draw();
  }

  #step(change) {
    this.history.remember(this.read());
    change();
    this.#draw();
    this.autosave.touch();
  }

  #edited() {
    this.why.close();
    this.#showEdit();
    this.autosave.touch();
  }

  #showEdit() {
    const { isEdited } = this;
    this.desk.querySelector("[data-command=restore]").hidden = !isEdited;
    const unchanged = isEdited ? this.rewrite.alignment.unchanged : [];
    showUnchanged(this.desk.querySelector("#marks"), this.work.tags, unchanged);
    this.factCheck.touch();
  }

  /* Causes of what no tag explains ------------------------------------------------------------ */

  #causeOf(question) {
    const hunks = question.map((index) => this.rewrite.alignment.changes[index].hunk);
    const cause = this.work.causes.find(({ start, end }) =>
      hunks.some((hunk) => hunk.start === start && hunk.end === end),
    );
    return cause ? { slug: cause.category, ...this.#named(cause.category) } : null;
  }

  /** Those whose change is still there and still unexplained. */
  #causes() {
    if (!this.isEdited || !this.work.causes.length) return [];
    const { questions, changes } = this.rewrite.alignment;
    return questions.flatMap((question) => {
      const cause = this.#causeOf(question);
      const { start, end } = changes[question[0]].hunk;
      return cause ? [{ start, end, category: cause.slug }] : [];
    });
  }

  #answer(question, category) {
    const { start, end } = this.rewrite.alignment.changes[question[0]].hunk;
    const before = this.#causes().filter((cause) => cause.start !== start || cause.end !== end);
    this.history.remember(this.read());
    this.work.causes = [...before, { start, end, category }];
    this.rewrite.show();
    this.autosave.touch();
  }

  #addTag(tag, category) {
    const same = this.work.tags.findIndex((other) => sameWords(tag, other));
    if (same !== -1) {
      this.#setCurrent(`tag-${same}`);
      this.say.announce(filled(gettext("%(category)s is there already."), { category: category.name }));
      return;
    }
    if (this.work.tags.length >= MOST_TAGS) {
      this.say.announce(
        filled(
          ngettext(
            "%(count)s tag is the most. Remove it first.",
            "%(count)s tags are the most. Remove one first.",
            MOST_TAGS,
          ),
          { count: MOST_TAGS },
        ),
      );
      return;
    }
    this.#pending = null;
    this.#step(() => {
      this.work.tags = [...this.work.tags, tag];
      this.current = `tag-${this.work.tags.length - 1}`;
    });
    this.say.announce(
      filled(gettext("%(category)s, %(severity)s: %(words)s."), {
        category: category.name,
        severity: severityWord(tag.severity),
        words: tag.quote || scopeWords(tag.scope),
      }),
    );
  }

  #draw() {
    const marks = this.#marks();
    if (!marks.some(({ id }) => id === this.current)) this.current = null;
    this.drawn.draw(marks.filter(({ start }) => start !== null));
    this.selection.paint();
    drawMarks(this.desk.querySelector("#marks"), marks);
    this.criteria.show(this.work.answers, this.work.tags);
    const index = this.#currentTag();
    const severity = this.desk.querySelector("#severity-now");
    severity.dataset.none ??= severity.textContent;
    severity.textContent = index === null ? severity.dataset.none : severityWord(this.work.tags[index].severity);
    this.rewrite.show();
    this.#showEdit();
    this.#light(this.lit);
  }

  /** Tags and open suggestions in the order of the text. */
  #marks() {
    const taken = new Set(this.work.tags.map(({ finding }) => finding));
    const findings = this.page.findings
      .filter(({ id }) => !taken.has(id) && !this.work.dismissed.includes(id))
      .map((finding) => ({
        ...finding,
        ...this.#named(finding.category),
        id: `finding-${finding.id}`,
        kind: "finding",
        quote: finding.start === null ? "" : this.drawn.text.slice(finding.start, finding.end),
      }));
    const tags = this.work.tags.map((tag, index) => ({
      ...this.#named(tag.category),
      id: `tag-${index}`,
      kind: "tag",
      start: tag.start,
      end: tag.end,
      quote: tag.quote,
      severity: severityName(tag.severity),
      tag,
    }));
    return inOrder([...tags, ...findings]).map((mark) => ({ ...mark, current: mark.id === this.current }));
  }

  #named(slug) {
    const category = this.page.categories.find((candidate) => candidate.slug === slug);
    const key = category?.key ?? "";
    return { key, label: this.labels.get(key) ?? "", name: category?.name ?? "" };
  }

  #readLabels() {
    const buttons = [...this.desk.querySelectorAll("[data-category]")];
    this.labels = new Map(
      buttons.map((button) => [button.dataset.category, button.firstElementChild.textContent]),
    );
  }

  #expectMissing(expected) {
    this.expectsMissing = expected;
    this.desk.querySelector("[data-command=missing]").setAttribute("aria-pressed", String(expected));
  }

  #setCurrent(id) {
    this.current = id;
    this.#draw();
    this.desk.querySelector(`#marks [data-mark="${id}"]`)?.scrollIntoView({ block: "nearest" });
  }

  #currentTag() {
    return this.current?.startsWith("tag-") ? Number(this.current.slice(4)) : null;
  }

  #currentFinding() {
    if (!this.current?.startsWith("finding-")) return null;
    const id = Number(this.current.slice(8));
    return this.page.findings.find((finding) => finding.id === id) ?? null;
  }

  #showSelection() {
    const { range } = this.selection;
    if (range && this.expectsMissing) this.#expectMissing(false);
    const words = range ? this.drawn.text.slice(range.start, range.end) : "";
    this.desk.toggleAttribute("data-selected", Boolean(range));
    this.desk.querySelector("#selected-words").textContent = words;
    this.links?.show(range && this.#linkOf(range.start, range.end));
    if (words) this.say.announce(words);
  }

  /* Mouse, touch and fields ------------------------------------------------------------------- */

  #listen() {
    this.note.addEventListener("input", () => this.autosave.touch());
    this.desk.querySelector("#criteria").addEventListener("change", ({ target }) => {
      this.#step(() => {
        this.work.answers = { ...this.work.answers, [target.dataset.criterion]: target.value };
      });
    });
    this.element.addEventListener("pointerdown", ({ pointerType }) => {
      this.isTouched = pointerType === "touch";
    });
    this.element.addEventListener("click", (event) => {
      const mark = event.target.closest("[data-mark]");
      const isNew = mark && mark.dataset.mark !== this.current;
      if (this.isTouched) this.#tapped(event, isNew ? mark : null);
      else if (mark) this.#setCurrent(mark.dataset.mark);
      else if (document.getSelection().isCollapsed) this.selection.clear();
    });
    const list = this.desk.querySelector("#marks");
    list.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-act]");
      if (!button) return;
      this.current = button.closest("[data-mark]").dataset.mark;
      this.#act(button.dataset.act);
    });
    list.addEventListener("change", ({ target }) => {
      if (target.dataset.edit !== "note") this.#step(() => this.#editTag(target));
    });
    // A note is saved as it is typed, and drawing the list again would take the caret away.
    list.addEventListener("input", ({ target }) => {
      if (target.dataset.edit !== "note") return;
      this.#editTag(target);
      this.autosave.touch();
    });
    for (const typed of [this.rewrite.element, this.note, list]) {
      typed.addEventListener("focusin", () => {
        this.beforeTyping ??= this.read();
      });
      typed.addEventListener("focusout", () => this.#rememberTyping());
    }
    this.element.addEventListener("pointermove", (event) => {
      const at = this.#offsetUnder(event);
      if (at !== this.pointedAt) this.links.show(at === null ? null : this.#linkOf(at, at + 1));
      this.pointedAt = at;
    });
    this.element.addEventListener("pointerleave", () => {
      this.pointedAt = null;
    });
  }

  /** A finger on the draft: first on the mark that lies there, then on the word. */
  #tapped(event, mark) {
    if (!document.getSelection().isCollapsed) return;
    if (mark && !this.selection.range) this.#setCurrent(mark.dataset.mark);
    else this.selection.tap(event.clientX, event.clientY);
  }

  #editTag(control) {
    const index = Number(control.closest("[data-mark]").dataset.mark.slice(4));
    this.work.tags = changed(this.work.tags, index, { [control.dataset.edit]: control.value });
  }

  /** What was typed in a field is one step for the undo. */
  #rememberTyping() {
    const before = this.beforeTyping;
    this.beforeTyping = null;
    if (before && JSON.stringify(before) !== JSON.stringify(this.read())) {
      this.history.remember(before);
    }
  }

  #act(act) {
    if (act === "select") this.#setCurrent(this.current);
    else if (act === "take") this.take();
    else if (act === "dismiss-for-task") this.dismissForTask();
    else if (act === "less") this.severity(-1);
    else if (act === "more") this.severity(+1);
    else this.dismiss();
    // The row of what is gone took the focus with it.
    if (act === "take" || act === "dismiss" || act === "remove") this.element.focus();
  }

  /** What the words [start, end) of the draft are linked to: the facts they name, their assertion. */
  #linkOf(start, end) {
    const within = (span) => span.start < end && start < span.end;
    const assertion = this.page.assertions.findIndex(within);
    return {
      kind: "words",
      facts: new Set(this.page.mentions.filter(within).map(({ fact }) => fact)),
      assertion: assertion === -1 ? "" : String(assertion),
    };
  }

  /** Light up the words of the draft that belong to what is pointed at. */
  #light(lit) {
    this.lit = lit;
    if (!CSS.highlights) return;
    const sentence = lit?.kind === "assertion" ? this.page.assertions[Number(lit.assertion)] : null;
    const named = this.page.mentions.filter(
      (mention) =>
        lit?.facts.has(mention.fact) &&
        (!sentence || (sentence.start <= mention.start && mention.end <= sentence.end)),
    );
    this.#highlight("desk-assertion", sentence ? [sentence] : []);
    this.#highlight("desk-mention", named);
  }

  #highlight(name, spans) {
    CSS.highlights.delete(name);
    if (!spans.length) return;
    const ranges = spans.map(({ start, end }) => this.drawn.rangeOf(start, end));
    CSS.highlights.set(name, new Highlight(...ranges));
  }

  /** The code point of the draft under the pointer, or null. */
  #offsetUnder({ clientX, clientY }) {
    const place = document.caretPositionFromPoint?.(clientX, clientY);
    const range = place ? null : document.caretRangeFromPoint?.(clientX, clientY);
    const node = place?.offsetNode ?? range?.startContainer;
    if (!node || !this.element.contains(node)) return null;
    return this.drawn.offsetAt(node, place?.offset ?? range.startOffset);
  }
}

function scopeWords(scope) {
  return scope === "missing" ? gettext("something missing") : gettext("the whole draft");
}

function sameRange(finding, range) {
  return range !== null && finding.start === range.start && finding.end === range.end;
}
