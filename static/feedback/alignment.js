/**
 * Which tag explains which change from a draft to its rewrite, and what has to be asked: the
 * browser's twin of `feedback/alignment.py`, which holds the specification. Both pass
 * `tests/vectors/word_diff.json` and `tests/vectors/alignment.jsonl`. What is stored is computed by
 * the server.
 */

import { compared, LINE_BREAK, tokens } from "./word_diff.js";

export const NEAR_TOKENS = 2;
export const MOST_KEPT_SHARE = 0.6;

const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;

/**
 * The changes that turn `before` into `after`, matched to the tags [{scope, start, end}]:
 * {changes: [{hunk, tags, by, moved, isBlank, addsWords}], share, isRewritten, unchanged, questions}.
 */
export function align(before, after, tags) {
  const { old, hunks, share } = compared(before, after);
  const isRewritten = share > MOST_KEPT_SHARE;
  const changes = withMoves(hunks.map(changeOf));
  explain([...before], changes, tags, old, isRewritten);
  return {
    changes,
    share,
    isRewritten,
    unchanged: unchanged(changes, tags),
    questions: questions(changes, tags, old, isRewritten),
  };
}

/* Changes -------------------------------------------------------------------------------------- */

function changeOf(hunk) {
  const [old, fresh] = [tokens(hunk.before).length, tokens(hunk.after).length];
  return {
    hunk,
    tags: [],
    by: null,
    moved: null,
    isBlank: old === 0 && fresh === 0,
    addsWords: fresh > old,
  };
}

function withMoves(changes) {
  const old = changes.map(({ hunk }) => wordsOf(hunk.before));
  const fresh = changes.map(({ hunk }) => wordsOf(hunk.after));
  changes.forEach((gone, from) => {
    changes.forEach((come, to) => {
      if (from === to || gone.moved !== null || come.moved !== null) return;
      if (!old[from] || old[from] !== fresh[to]) return;
      [gone.moved, come.moved] = [to, from];
    });
  });
  return changes;
}

/** The words of a text in lower case; tokens hold no line break, so that one parts them. */
function wordsOf(text) {
  return tokens(text)
    .filter((token) => LETTER_OR_DIGIT.test(token.text))
    .map((token) => token.text.toLowerCase())
    .join("\n");
}

/* Explaining ----------------------------------------------------------------------------------- */

function explain(points, changes, tags, old, isRewritten) {
  const indexed = tags.map((tag, index) => ({ ...tag, index }));
  const spans = indexed.filter(({ scope }) => scope === "span");
  const ofScope = (wanted) =>
    indexed.filter(({ scope }) => scope === wanted).map(({ index }) => index);
  const [missing, whole] = [ofScope("missing"), ofScope("draft")];
  const overlapping = changes.map(({ hunk }) =>
    spans
      .filter((span) => overlaps(points, hunk, span, missing.length === 0))
      .map(({ index }) => index),
  );
  changes.forEach((change, place) => {
    const found = overlapping[place];
    const set = (explaining, by) => Object.assign(change, { tags: explaining, by });
    if (isRewritten) {
      const more = change.addsWords ? [...whole, ...missing] : whole;
      if (found.length || more.length) {
        const by = found.length ? "overlap" : whole.length ? "draft" : "missing";
        set([...found, ...more].sort((one, other) => one - other), by);
        return;
      }
    }
    if (found.length) {
      set(found, "overlap");
    } else if (change.moved !== null && overlapping[change.moved].length) {
      set(overlapping[change.moved], "moved");
    } else if (missing.length && change.addsWords) {
      set(missing, "missing");
    } else {
      const nearest = nearestOf(points, change.hunk, spans, old);
      if (nearest) set([nearest.index], "near");
      else set(whole, whole.length ? "draft" : null);
    }
  });
}

function overlaps(points, hunk, span, mayTouch) {
  if (hunk.start < hunk.end) return hunk.start < span.end && span.start < hunk.end;
  if (span.start < hunk.start && hunk.start < span.end) return true;
  const between = textBetween(points, hunk, span);
  return mayTouch && tokens(between).length === 0 && !LINE_BREAK.test(between);
}

function nearestOf(points, hunk, spans, old) {
  let nearest = null;
  for (const span of spans) {
    if (LINE_BREAK.test(textBetween(points, hunk, span))) continue;
    const [low, high] = gap(hunk, span);
    const distance = old.filter(({ start }) => low <= start && start < high).length;
    if (distance <= NEAR_TOKENS && (nearest === null || distance < nearest.distance)) {
      nearest = { distance, index: span.index };
    }
  }
  return nearest;
}

function textBetween(points, hunk, span) {
  return points.slice(...gap(hunk, span)).join("");
}

function gap(hunk, { start, end }) {
  return end <= hunk.start ? [end, hunk.start] : [hunk.end, start];
}

/* What is left --------------------------------------------------------------------------------- */

function unchanged(changes, tags) {
  const explaining = new Set(changes.flatMap((change) => change.tags));
  const touched = changes.filter(({ by }) => by === "overlap" || by === "moved");
  const changed = new Set(touched.flatMap((change) => change.tags));
  return tags
    .map((_tag, index) => index)
    .filter((index) => !(tags[index].scope === "span" ? changed : explaining).has(index));
}

function questions(changes, tags, old, isRewritten) {
  const places = changes.map((_change, index) => index);
  const telling = places.filter((index) => !changes[index].isBlank);
  const open = telling.filter((index) => changes[index].by === null);
  if (isRewritten && !tags.some(({ scope }) => scope === "draft")) {
    const asks = open.length > 0 || isMostlyUntagged(changes, tags, old);
    return asks && telling.length ? [telling] : [];
  }
  return open.flatMap((index) => {
    const { moved } = changes[index];
    if (moved === null || !open.includes(moved)) return [[index]];
    return index < moved ? [[index, moved]] : [];
  });
}

function isMostlyUntagged(changes, tags, old) {
  const changed = old.filter(({ start }) =>
    changes.some(({ hunk }) => hunk.start <= start && start < hunk.end),
  );
  const tagged = changed.filter((token) =>
    tags.some(({ scope, start, end }) => scope === "span" && start < token.end && token.start < end),
  );
  return 2 * tagged.length < changed.length;
}
