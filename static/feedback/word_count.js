/**
 * How many words of a rewrite count against the task's limit: the browser's twin of
 * `count_words_without_names` in `explanations/output_formats/base.py`, as a guide while typing. The
 * server counts for itself.
 */

const WORD = /[\p{L}\p{N}\p{M}]+(?:[-'’.&/][\p{L}\p{N}\p{M}]+)*/gu;
const WORD_CHARACTER = /[\p{L}\p{N}]/u;
const MARK_OR_INVISIBLE = /[\p{Mn}\p{Me}\p{Cf}\p{Cc}]/u;
const SAME = new Map([
  ..."‘’ʼ′`´".split("").map((sign) => [sign, "'"]),
  ..."“”„″«»".split("").map((sign) => [sign, '"']),
  ..."‐‑‒–—−".split("").map((sign) => [sign, "-"]),
]);

/** Words of `text` outside `names`: the item's title, its artist, guests and remixers. */
export function countWords(text, names) {
  const { characters, sources } = folded(text);
  const points = [...text];
  for (const name of names) {
    const wanted = folded(name).characters.join("").trim();
    if (!wanted) continue;
    const whole = characters.join("");
    for (let at = whole.indexOf(wanted); at !== -1; at = whole.indexOf(wanted, at + 1)) {
      const past = at + wanted.length;
      if (joined(characters[at - 1], characters[at]) || joined(characters[past - 1], characters[past])) continue;
      for (let index = sources[at]; index <= sources[past - 1]; index += 1) points[index] = " ";
    }
  }
  const rest = points.join("").replaceAll(" 's", "").replaceAll(" ’s", "");
  return [...rest.matchAll(WORD)].length;
}

function joined(before, after) {
  return Boolean(before && after && WORD_CHARACTER.test(before) && WORD_CHARACTER.test(after));
}

/** The text without case, accents and doubled spaces, and the code point that each unit came from. */
function folded(text) {
  const characters = [];
  const sources = [];
  [...text].forEach((character, index) => {
    const plain = /\s/u.test(character)
      ? " "
      : (SAME.get(character) ?? character).toLowerCase().normalize("NFKD");
    for (const unit of plain.split("")) {
      if (MARK_OR_INVISIBLE.test(unit) || (unit === " " && characters.at(-1) === " ")) continue;
      characters.push(unit);
      sources.push(index);
    }
  });
  return { characters, sources };
}
