/**
 * Word changes between a draft and its rewrite: the browser's twin of `feedback/diffing.py`, which
 * holds the specification. Both pass `tests/vectors/word_diff.json`.
 * Offsets are half-open [start, end) in Unicode code points.
 */

import { CodePointText } from "./code_points.js";

export const MOST_PAIRS = 1_000_000;
export const MOST_LINE_PAIRS = 100;

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
  const joined = (texts, lines) => lines.map((line) => texts.slice(...line).join("\n"));
  const found = [];
  let [last, newLast] = [0, 0];
  const same = matched(joined(a, oldLines), joined(b, newLines));
  for (const [line, newLine] of [...same, [oldLines.length, newLines.length]]) {
    found.push(...betweenLines(a, b, oldLines.slice(last, line), newLines.slice(newLast, newLine)));
    if (line < oldLines.length) found.push(...matchedAt(a, b, oldLines[line], newLines[newLine]));
    [last, newLast] = [line + 1, newLine + 1];
  }
  return found;
}

/** Match the tokens of lines that are not the same. */
function betweenLines(a, b, oldLines, newLines) {
  if (!oldLines.length || !newLines.length) return [];
  const around = (lines) => [lines[0][0], lines.at(-1)[1]];
  const whole = matchedAt(a, b, around(oldLines), around(newLines));
  const isOneLine = oldLines.length === 1 && newLines.length === 1;
  const isMuchAlike = 6 * whole.length >= 2 * (lengthOf(around(oldLines)) + lengthOf(around(newLines)));
  const isLong = oldLines.length * newLines.length > MOST_LINE_PAIRS;
  if (isOneLine || isMuchAlike || isLong) return whole;
  return paired(a, b, oldLines, newLines).flatMap(([line, newLine]) =>
    matchedAt(a, b, oldLines[line], newLines[newLine]),
  );
}

/** Which line of the draft became which of the rewrite. */
function paired(a, b, oldLines, newLines) {
  const like = oldLines.map((line) => newLines.map((newLine) => likeness(a, b, line, newLine)));
  // most[i][j]: the tokens that match at most in pairs of the lines from i and from j on.
  const most = Array.from({ length: oldLines.length + 1 }, () => Array(newLines.length + 1).fill(0));
  for (let i = oldLines.length - 1; i >= 0; i -= 1) {
    for (let j = newLines.length - 1; j >= 0; j -= 1) {
      const pair = like[i][j] ? like[i][j] + most[i + 1][j + 1] : 0;
      most[i][j] = Math.max(most[i + 1][j], most[i][j + 1], pair);
    }
  }
  const pairs = [];
  let [i, j] = [0, 0];
  while (i < oldLines.length && j < newLines.length) {
    if (like[i][j] && like[i][j] + most[i + 1][j + 1] === most[i][j]) {
      pairs.push([i, j]);
      [i, j] = [i + 1, j + 1];
    } else if (most[i + 1][j] >= most[i][j + 1]) {
      i += 1;
    } else {
      j += 1;
    }
  }
  const every = [];
  [i, j] = [0, 0];
  for (const [line, newLine] of [...pairs, [oldLines.length, newLines.length]]) {
    if (line - i === newLine - j) {
      for (let k = 0; k < line - i; k += 1) every.push([i + k, j + k]);
    }
    if (line < oldLines.length) every.push([line, newLine]);
    [i, j] = [line + 1, newLine + 1];
  }
  return every;
}

/** How many tokens of two lines match; 0 where they are not like each other. */
function likeness(a, b, line, newLine) {
  const matching = matchedAt(a, b, line, newLine).length;
  return 4 * matching >= lengthOf(line) + lengthOf(newLine) ? matching : 0;
}

function lengthOf([first, past]) {
  return past - first;
}

function matchedAt(a, b, line, newLine) {
  return matched(a.slice(...line), b.slice(...newLine)).map(([i, j]) => [line[0] + i, newLine[0] + j]);
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
