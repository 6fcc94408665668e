/**
 * What is selected in the draft: by mouse and touch, and word by word with the keyboard.
 *
 * A selection is a half-open stretch of code points, or null for none. It is painted by the CSS
 * Custom Highlight API, so that it stays visible while another control has the focus, and so that
 * a step of the cursor changes no element.
 */

const WORD_LIKE = /[\p{L}\p{N}\p{M}\p{S}\p{Extended_Pictographic}]/u;

// Half a finger: what it may be off a word.
const FINGER_PX = 22;

const HYPHEN = /^[-‐‑]$/;

/**
 * The stretches that the cursor steps over, as [start, end) code points of `text`. What a hyphen
 * joins is one word: "high-energy" is tagged as it is read.
 */
export function stepsOf(text, granularity, locale) {
  const steps = [];
  let joins = false;
  for (const { segment, index } of new Intl.Segmenter(locale || undefined, { granularity }).segment(text.text)) {
    const [start, end] = [text.fromUnit(index), text.fromUnit(index + segment.length)];
    const isStep = granularity === "word" ? WORD_LIKE.test(segment) : segment.trim() !== "";
    if (isStep && joins) steps.at(-1)[1] = end;
    else if (isStep) steps.push([start, end]);
    joins = granularity === "word" && HYPHEN.test(segment) && steps.at(-1)?.[1] === start;
  }
  return steps;
}

/** Move `end` out of the middle of a grapheme, and white space out of the ends of a selection. */
export function snapped(text, start, end, locale) {
  const graphemes = new Intl.Segmenter(locale || undefined, { granularity: "grapheme" });
  let from = start;
  let to = end;
  for (const { segment, index } of graphemes.segment(text.text)) {
    const [first, past] = [text.fromUnit(index), text.fromUnit(index + segment.length)];
    if (first < from && from < past) from = first;
    if (first < to && to < past) to = past;
  }
  const chosen = text.slice(from, to);
  from += [...chosen].length - [...chosen.trimStart()].length;
  to -= [...chosen].length - [...chosen.trimEnd()].length;
  return from < to ? { start: from, end: to } : null;
}

function gap({ left, right, top, bottom }, x, y) {
  return Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom));
}

export class DraftSelection {
  /**
   * @param {HTMLElement} element holds the draft's text and nothing else
   * @param {import("./draft_text.js").DraftText} drawn knows where each code point is drawn
   * @param {string} locale of the draft, for its words
   * @param {() => void} changed called after every change
   */
  constructor(element, drawn, locale, changed) {
    this.element = element;
    this.drawn = drawn;
    this.locale = locale;
    this.changed = changed;
    this.range = null;
    // The end that Shift holds still, as an index of steps; the other one moves.
    this.anchor = null;
    this.head = null;
    this.characters = false;
    // The word that a finger tapped first: the next tap takes in everything up to there.
    this.tapped = null;
    this.steps = stepsOf(drawn.text, "word", locale);
    this.followPointer = this.followPointer.bind(this);
    document.addEventListener("selectionchange", this.followPointer);
  }

  /** Stop following the pointer; the draft is leaving the page. */
  close() {
    document.removeEventListener("selectionchange", this.followPointer);
    CSS.highlights?.delete("desk-selection");
  }

  /** Words or characters: what a step of the cursor is. Keeps what is selected. */
  toggleCharacters() {
    this.characters = !this.characters;
    this.steps = stepsOf(this.drawn.text, this.characters ? "grapheme" : "word", this.locale);
    if (this.range) this.#findSteps();
    return this.characters;
  }

  /** One step of the cursor as the arrow looks on the screen; `extend` keeps what is selected. */
  step(arrow, extend) {
    if (!this.steps.length) return;
    const rightToLeft = getComputedStyle(this.element).direction === "rtl";
    const forward = (arrow === "right") !== rightToLeft;
    const last = this.steps.length - 1;
    if (this.range === null) {
      this.anchor = this.head = forward ? 0 : last;
    } else {
      this.head = Math.max(0, Math.min(this.head + (forward ? 1 : -1), last));
      if (!extend) this.anchor = this.head;
    }
    const [from, to] = [Math.min(this.anchor, this.head), Math.max(this.anchor, this.head)];
    document.getSelection().removeAllRanges();
    this.#set({ start: this.steps[from][0], end: this.steps[to][1] });
  }

  /**
   * A finger at a place of the window: the word there is selected, and after a first word everything
   * from that one to this. So a phone selects without a long press and without the system's menu.
   */
  tap(x, y) {
    const index = this.#stepUnder(x, y);
    if (index === -1) {
      this.clear();
      return;
    }
    const [start] = this.steps[index];
    const isWithin = this.range && this.range.start <= start && start < this.range.end;
    const from = this.range && !isWithin ? (this.tapped ?? index) : index;
    [this.anchor, this.head] = [from, index];
    this.#set({
      start: this.steps[Math.min(from, index)][0],
      end: this.steps[Math.max(from, index)][1],
    });
    this.tapped = from;
  }

  /** Select exactly [start, end), as a finding or a tag asks for. */
  select(start, end) {
    this.#set({ start, end });
    this.#findSteps();
  }

  clear() {
    this.anchor = this.head = null;
    const native = document.getSelection();
    if (this.element.contains(native.anchorNode)) native.removeAllRanges();
    this.#set(null);
  }

  /** Paint again, after the draft was drawn again. */
  paint() {
    if (!CSS.highlights) return;
    CSS.highlights.delete("desk-selection");
    if (this.range) {
      CSS.highlights.set(
        "desk-selection",
        new Highlight(this.drawn.rangeOf(this.range.start, this.range.end)),
      );
    }
  }

  followPointer() {
    const native = document.getSelection();
    if (!native.rangeCount || native.isCollapsed) return;
    const chosen = native.getRangeAt(0);
    if (!chosen.intersectsNode(this.element)) return;
    const start = this.drawn.offsetAt(chosen.startContainer, chosen.startOffset);
    const end = this.drawn.offsetAt(chosen.endContainer, chosen.endOffset);
    const range = snapped(this.drawn.text, start, end, this.locale);
    if (range === null) return;
    this.#set(range);
    this.#findSteps();
  }

  /** The step that is drawn there, or the nearest one that a finger may have meant; −1 for none. */
  #stepUnder(x, y) {
    const away = this.steps.map(([start, end]) =>
      Math.min(...[...this.drawn.rangeOf(start, end).getClientRects()].map((box) => gap(box, x, y))),
    );
    const nearest = away.indexOf(Math.min(...away));
    return away[nearest] <= FINGER_PX ? nearest : -1;
  }

  #findSteps() {
    const { start, end } = this.range;
    const touched = this.steps.flatMap(([from, to], index) =>
      from < end && to > start ? [index] : [],
    );
    this.anchor = touched[0] ?? 0;
    this.head = touched.at(-1) ?? 0;
  }

  #set(range) {
    this.range = range;
    this.tapped = null;
    this.paint();
    this.changed();
  }
}
