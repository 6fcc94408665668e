/** The tags of a review, as plain data: every function returns a new list and changes nothing. */

import { gettext } from "../desk/words.js";

export const SEVERITIES = [
  { value: 0, name: "neutral", word: gettext("neutral") },
  { value: 1, name: "minor", word: gettext("minor") },
  { value: 5, name: "major", word: gettext("major") },
  { value: 25, name: "critical", word: gettext("critical") },
];

/**
 * A tag on the words [start, end) of the draft; where `range` is null on the whole of it, or on
 * what is missing in it.
 */
export function newTag(category, range, text, { finding = null, isMissing = false } = {}) {
  return {
    category: category.slug,
    severity: category.severity,
    scope: range ? "span" : isMissing ? "missing" : "draft",
    start: range ? range.start : null,
    end: range ? range.end : null,
    quote: range ? text.slice(range.start, range.end) : "",
    note: "",
    pointer: finding?.pointer ?? "",
    finding: finding?.id ?? null,
  };
}

export function sameWords(tag, other) {
  return (
    tag.category === other.category &&
    tag.scope === other.scope &&
    tag.start === other.start &&
    tag.end === other.end
  );
}

/** In the order of the text; what concerns the whole draft comes last. */
export function inOrder(tags) {
  return [...tags].sort(
    (a, b) => (a.start ?? Infinity) - (b.start ?? Infinity) || (a.end ?? 0) - (b.end ?? 0) || 0,
  );
}

export function changed(tags, index, change) {
  return tags.map((tag, at) => (at === index ? { ...tag, ...change } : tag));
}

export function without(tags, index) {
  return tags.filter((_tag, at) => at !== index);
}

/** The severity one step up (+1) or down (−1), held at the ends. */
export function stepped(severity, direction) {
  const at = SEVERITIES.findIndex(({ value }) => value === severity);
  const to = Math.max(0, Math.min(at + direction, SEVERITIES.length - 1));
  return SEVERITIES[to].value;
}

/** Its word, as people read it. */
export function severityWord(severity) {
  return SEVERITIES.find(({ value }) => value === severity)?.word ?? "";
}

/** Its name, for the stylesheet. */
export function severityName(severity) {
  return SEVERITIES.find(({ value }) => value === severity)?.name ?? "";
}
