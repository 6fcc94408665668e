/**
 * Word changes between a draft and its rewrite: the browser's twin of `feedback/diffing.py`, which
 * holds the specification. Both pass `tests/vectors/word_diff.json`.
 * Offsets are half-open [start, end) in Unicode code points.
 */

import { CodePointText } from "./code_points.js";

export const MOST_PAIRS = 1_000_000;

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
export const LINE_BREAK = /[\n\r\u0085\u2028\u2029]/;
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
  return compared(before, after).hunks;
}

/** Which share of the tokens of both texts changed, 0 to 1. */
export function changedShare(before, after) {
  return compared(before, after).share;
}

/** All that can be said of two texts, found at once: {old: tokens, hunks, share}. */
export function compared(before, after) {
  const [old, fresh] = [tokens(before), tokens(after)];
  const pairs = matches(before, after, old, fresh);
  const [oldPoints, newPoints] = [[...before], [...after]];
  const hunks = [];
  let [oldFrom, newFrom] = [0, 0];
  const add = (oldTo, newTo) => {
    const hunk = hunkOf(oldPoints, oldFrom, oldTo, newPoints, newFrom, newTo);
    if (hunk) hunks.push(hunk);
  };
  for (const [i, j] of pairs) {
    add(old[i].start, fresh[j].start);
    [oldFrom, newFrom] = [old[i].end, fresh[j].end];
  }
  add(oldPoints.length, newPoints.length);
  const every = old.length + fresh.length;
  return { old, hunks, share: every ? (every - 2 * pairs.length) / every : 0 };
}

/* Matching tokens ------------------------------------------------------------------------------ */

function matches(before, after, old, fresh) {
  const [a, b] = [old.map(({ text }) => text), fresh.map(({ text }) => text)];
  const [oldLines, newLines] = [linesOf(before, old), linesOf(after, fresh)];
  if (oldLines.length < 2 && newLines.length < 2) return matched(a, b);
  const joined = (texts, lines) => lines.map(([first, past]) => texts.slice(first, past).join("\n"));
  const found = [];
  let [i, j] = [0, 0];
  const between = (oldTo, newTo) => {
    for (const [k, m] of matched(a.slice(i, oldTo), b.slice(j, newTo))) found.push([i + k, j + m]);
  };
  for (const [oldLine, newLine] of matched(joined(a, oldLines), joined(b, newLines))) {
    const [[first, past], [newFirst, newPast]] = [oldLines[oldLine], newLines[newLine]];
    between(first, newFirst);
    for (let k = 0; k < past - first; k += 1) found.push([first + k, newFirst + k]);
    [i, j] = [past, newPast];
  }
  between(a.length, b.length);
  return found;
}

/** The lines as stretches [first, past) of tokens. */
function linesOf(text, found) {
  if (!LINE_BREAK.test(text)) return found.length ? [[0, found.length]] : [];
  const points = [...text];
  const isFirst = (index) =>
    index === 0 || LINE_BREAK.test(points.slice(found[index - 1].end, found[index].start).join(""));
  const begins = found.map((_token, index) => index).filter(isFirst);
  return begins.map((first, place) => [first, begins[place + 1] ?? found.length]);
}

function matched(a, b) {
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
