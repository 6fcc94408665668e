/**
 * The draft as it is drawn: its text, with the words of tags and suggestions underlined.
 *
 * Overlapping marks are nested elements on lanes of their own, so that every underline shows; the
 * text nodes hold the draft's text and nothing else, so that offsets stay true.
 */

import { CodePointText } from "./code_points.js";

export class DraftText {
  /** @param {HTMLElement} element @param {string} text */
  constructor(element, text) {
    this.element = element;
    this.text = new CodePointText(text);
    this.draw([]);
  }

  /**
   * Draw the text with `marks`: [{start, end, kind: "tag" | "finding", key, label, current, id}],
   * `key` the number of its category, `label` what this editor calls it by.
   */
  draw(marks) {
    const lanes = lanesOf(marks);
    const edges = [...new Set([0, this.text.length, ...marks.flatMap((m) => [m.start, m.end])])];
    edges.sort((a, b) => a - b);
    this.pieces = [];
    const drawn = document.createDocumentFragment();
    for (let index = 0; index + 1 < edges.length; index += 1) {
      const [start, end] = [edges[index], edges[index + 1]];
      const node = document.createTextNode(this.text.slice(start, end));
      this.pieces.push({ start, end, node });
      const covering = marks.filter((mark) => mark.start <= start && end <= mark.end);
      drawn.append(covering.reduce((inner, mark) => wrapped(inner, mark, lanes, start, end), node));
    }
    this.element.replaceChildren(drawn);
  }

  /** The DOM range of the code points [start, end). */
  rangeOf(start, end) {
    const range = document.createRange();
    range.setStart(...this.#place(start, false));
    range.setEnd(...this.#place(end, true));
    return range;
  }

  /** The code point at a place in the DOM; a place outside counts as the nearest end. */
  offsetAt(node, offset) {
    const piece = this.pieces.find((candidate) => candidate.node === node);
    if (piece) return this.text.fromUnit(this.text.toUnit(piece.start) + offset);
    const before = document.createRange();
    before.setStart(node, offset);
    const next = this.pieces.find(({ node: text }) => before.comparePoint(text, 0) >= 0);
    return next ? next.start : this.text.length;
  }

  #place(index, isEnd) {
    const piece =
      this.pieces.find(({ start, end }) => (isEnd ? start < index : start <= index) && index <= end &&
        (isEnd || index < end)) ?? this.pieces.at(-1);
    return [piece.node, this.text.toUnit(index) - this.text.toUnit(piece.start)];
  }
}

/** A lane for each mark such that no two that overlap share one. */
export function lanesOf(marks) {
  const lanes = new Map();
  for (const mark of [...marks].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const taken = new Set(
      [...lanes].filter(([other]) => other.start < mark.end && mark.start < other.end).map((e) => e[1]),
    );
    let lane = 0;
    while (taken.has(lane)) lane += 1;
    lanes.set(mark, lane);
  }
  return lanes;
}

function wrapped(inner, mark, lanes, start, end) {
  const element = document.createElement("mark");
  element.className = `marked marked-${mark.kind} lane-${Math.min(lanes.get(mark), 4)}`;
  if (mark.key) element.classList.add(`category-${mark.key}`);
  if (mark.severity) element.classList.add(`severity-${mark.severity}`);
  if (mark.current) element.classList.add("is-current");
  element.dataset.mark = mark.id;
  if (start === mark.start) {
    element.classList.add("begins");
    // Drawn by the stylesheet above the first word: never part of the text.
    element.dataset.key = mark.label ?? "";
  }
  if (end === mark.end) element.classList.add("ends");
  element.append(inner);
  return element;
}
