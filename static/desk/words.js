/**
 * What scripts say, in the reader's language. The page brings the words (`script-words`) before any
 * module runs; where it brings none, the reader's language is the one that they are written in.
 */

/** The words in the reader's language. */
export function gettext(words) {
  return globalThis.django?.gettext(words) ?? words;
}

/** The same where a number decides: one, or many. */
export function ngettext(one, many, number) {
  return globalThis.django?.ngettext(one, many, number) ?? (number === 1 ? one : many);
}

/** Put `values` in the places of `words` that name them: `filled("Next: %(text)s", { text })`. */
export function filled(words, values) {
  return words.replace(/%\((\w+)\)s/g, (_place, name) => values[name]);
}
