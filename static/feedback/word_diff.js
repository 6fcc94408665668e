/**
 * Word changes between a draft and its rewrite, and the tags that explain them: the browser's twin
 * of `feedback/diffing.py`, which holds the specification. Both pass `tests/vectors/word_diff.json`.
 * Offsets are half-open [start, end) in Unicode code points.
 */

import { CodePointText } from "./code_points.js";

export const MOST_PAIRS = 1_000_000;
export const NEAR_TOKENS = 2;

const SPACE = String.raw`\t-\r\u0020\u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000`;
const UNSPACED = ["Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar"]
  .map((script) => String.raw`\p{Script=${script}}`)
  .join("");
const WORD = String.raw`(?:(?![${UNSPACED}])[\p{L}\p{M}\p{N}_\u200C\u200D])`;
const PICTOGRAPH = String.raw`\p{Extended_Pictographic}[\p{Emoji_Modifier}\uFE0F\u20E3\u{E0020}-\u{E007F}]*`;
const TOKEN = new RegExp(
  [
    String.raw`\p{Regional_Indicator}{2}`,
    String.raw`[0-9#*]\uFE0F?\u20E3`,
    String.raw`${PICTOGRAPH}(?:\u200D${PICTOGRAPH})*`,
    String.raw`[${UNSPACED}]\p{M}*`,
    String.raw`${WORD}+(?:(?:['’]|(?<=\p{Nd})[.,](?=\p{Nd}))${WORD}+)*`,
    String.raw`[^${SPACE}]\p{M}*`,
  ].join("|"),
  "gu",
);
const IS_SPACE = new RegExp(`^[${SPACE}]$`, "u");

/** The tokens of a text in order: [{start, end, text}]. */
export function tokens(text) {
  const points = new CodePointText(text);
  return [...text.matchAll(TOKEN)].map((found) => ({
    start: points.fromUnit(found.index),
    end: points.fromUnit(found.index + found[0].length),
    text: found[0],
  }));
}

/** The hunks that turn `before` into `after`: [{start, end, before, after_start, after_end, after}]. */
export function wordDiff(before, after) {
  const [old, fresh] = [tokens(before), tokens(after)];
  const [oldPoints, newPoints] = [[...before], [...after]];
  const hunks = [];
  let [oldFrom, newFrom] = [0, 0];
  const add = (oldTo, newTo) => {
    const hunk = hunkOf(oldPoints, oldFrom, oldTo, newPoints, newFrom, newTo);
    if (hunk) hunks.push(hunk);
  };
  for (const [i, j] of matches(old, fresh)) {
    add(old[i].start, fresh[j].start);
    [oldFrom, newFrom] = [old[i].end, fresh[j].end];
  }
  add(oldPoints.length, newPoints.length);
  return hunks;
}

/** Which share of the tokens of both texts changed, 0 to 1. */
export function changedShare(before, after) {
  const [old, fresh] = [tokens(before), tokens(after)];
  const every = old.length + fresh.length;
  return every ? (every - 2 * matches(old, fresh).length) / every : 0;
}

/** Each hunk with the tags that explain it: [{hunk, tags: [index], by}]. */
export function matchTags(before, hunks, tags) {
  const starts = tokens(before).map(({ start }) => start);
  return hunks.map((hunk) => ({ hunk, ...explanation(hunk, tags, starts) }));
}

/** The tags, by their place in the list, that explain no hunk. */
export function idleTags(explained, tags) {
  const busy = new Set(explained.flatMap((each) => each.tags));
  return tags.map((_tag, index) => index).filter((index) => !busy.has(index));
}

/* Matching tokens ------------------------------------------------------------------------------ */

function matches(old, fresh) {
  const [a, b] = [old.map(({ text }) => text), fresh.map(({ text }) => text)];
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < shorter - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const middle = longestCommonSubsequence(
    a.slice(start, a.length - end),
    b.slice(start, b.length - end),
  );
  return [
    ...Array.from({ length: start }, (_nothing, index) => [index, index]),
    ...middle.map(([i, j]) => [start + i, start + j]),
    ...Array.from({ length: end }, (_nothing, index) => [
      a.length - end + index,
      b.length - end + index,
    ]),
  ];
}

function longestCommonSubsequence(a, b) {
  if (!a.length || !b.length || a.length * b.length > MOST_PAIRS) return [];
  // lengths[i][j]: of a longest common subsequence of a from i and b from j.
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      lengths[i][j] =
        a[i] === b[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  const found = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      found.push([i, j]);
      [i, j] = [i + 1, j + 1];
    } else if (lengths[i + 1][j] >= lengths[i][j + 1]) {
      i += 1;
    } else {
      j += 1;
    }
  }
  return found;
}

/* Making hunks --------------------------------------------------------------------------------- */

function hunkOf(before, oldFrom, oldTo, after, newFrom, newTo) {
  const stretch = (points, from, to) => points.slice(from, to).join("");
  if (stretch(before, oldFrom, oldTo) === stretch(after, newFrom, newTo)) return null;
  let [start, end, afterStart, afterEnd] = [oldFrom, oldTo, newFrom, newTo];
  const bothHaveMore = () => start < end && afterStart < afterEnd;
  const sameSpace = (one, other) => one === other && IS_SPACE.test(one);
  while (bothHaveMore() && sameSpace(before[start], after[afterStart])) {
    start += 1;
    afterStart += 1;
  }
  while (bothHaveMore() && sameSpace(before[end - 1], after[afterEnd - 1])) {
    end -= 1;
    afterEnd -= 1;
  }
  return {
    start,
    end,
    before: stretch(before, start, end),
    after_start: afterStart,
    after_end: afterEnd,
    after: stretch(after, afterStart, afterEnd),
  };
}

/* Explaining hunks ----------------------------------------------------------------------------- */

function explanation(hunk, tags, starts) {
  const indexed = tags.map((tag, index) => ({ ...tag, index }));
  const spans = indexed.filter(({ scope, start, end }) => scope === "span" && start !== null && end !== null);
  const overlapping = spans.filter((span) => overlaps(hunk, span));
  if (overlapping.length) return { tags: overlapping.map(({ index }) => index), by: "overlap" };
  let nearest = null;
  for (const span of spans) {
    const distance = tokensBetween(hunk, span, starts);
    if (nearest === null || distance < nearest.distance) nearest = { distance, index: span.index };
  }
  if (nearest !== null && nearest.distance <= NEAR_TOKENS) return { tags: [nearest.index], by: "near" };
  const ofScope = (wanted) =>
    indexed.filter(({ scope }) => scope === wanted).map(({ index }) => index);
  const missing = ofScope("missing");
  if (missing.length && !hunk.before) return { tags: missing, by: "missing" };
  const whole = ofScope("draft");
  return { tags: whole, by: whole.length ? "draft" : null };
}

function overlaps(hunk, { start, end }) {
  if (hunk.start === hunk.end) return start <= hunk.start && hunk.start <= end;
  return hunk.start < end && start < hunk.end;
}

function tokensBetween(hunk, { start, end }, starts) {
  const [low, high] = end <= hunk.start ? [end, hunk.start] : [hunk.end, start];
  return starts.filter((at) => low <= at && at < high).length;
}
