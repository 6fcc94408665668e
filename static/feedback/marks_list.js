/** The tags and suggestions of a draft as rows below it: what each mark says, and its controls. */

import { gettext } from "../desk/words.js";
import { severityWord } from "./tags.js";

/**
 * Draw `marks` into `list`. Each is {id, kind, key, label, name, quote, message?, tag?, current}.
 * Rows are made of the page's templates; whatever came from outside goes in as text.
 */
export function drawMarks(list, marks) {
  const focused = list.contains(document.activeElement) ? whereIn(list, document.activeElement) : null;
  list.replaceChildren(...marks.map(rowOf));
  if (focused) list.querySelector(`[data-mark="${focused.mark}"] ${focused.control}`)?.focus();
  keepInSight(list, list.querySelector(".is-current"));
}

/** Where there is little height the list scrolls for itself: show `row` in it, and leave the page where it is. */
function keepInSight(list, row) {
  if (!row || list.scrollHeight <= list.clientHeight) return;
  const top = row.offsetTop - list.offsetTop;
  const lowest = top + row.offsetHeight - list.clientHeight;
  list.scrollTop = Math.min(Math.max(list.scrollTop, lowest), top);
}

/** Say beside each tag whose words the rewrite leaves as they are; `unchanged` are their places. */
export function showUnchanged(list, tags, unchanged) {
  tags.forEach((tag, index) => {
    const place = list.querySelector(`[data-mark="tag-${index}"] [data-unchanged]`);
    const words = tag.scope === "span" ? gettext("its words did not change") : gettext("no change answers it");
    place.hidden = !unchanged.includes(index);
    place.textContent = place.hidden ? "" : words;
  });
}

function rowOf(mark) {
  const template = document.getElementById(mark.kind === "tag" ? "tag-row" : "finding-row");
  const row = template.content.firstElementChild.cloneNode(true);
  row.dataset.mark = mark.id;
  row.classList.toggle("is-current", mark.current);
  if (mark.key) row.classList.add(`category-${mark.key}`);
  const say = (selector, words) => {
    const place = row.querySelector(selector);
    place.textContent = words;
    place.hidden = !words;
  };
  say("[data-label]", mark.label);
  say("[data-category]", mark.name);
  say("[data-quote]", mark.quote);
  if (mark.kind === "tag") fillTag(row, mark.tag);
  else say("[data-message]", mark.message);
  return row;
}

function fillTag(row, tag) {
  row.querySelector("[data-severity]").textContent = severityWord(tag.severity);
  row.querySelector("[data-edit=note]").value = tag.note;
  row.querySelector("[data-edit=pointer]").value = tag.pointer;
  const scope = row.querySelector("[data-edit=scope]");
  scope.hidden = tag.scope === "span";
  scope.value = tag.scope === "span" ? "draft" : tag.scope;
  row.querySelector("[data-scope]").textContent = scope.hidden ? "" : scope.selectedOptions[0].text;
}

function whereIn(list, element) {
  const { act, edit } = element.dataset;
  return {
    mark: element.closest("[data-mark]")?.dataset.mark,
    control: act ? `[data-act="${act}"]` : `[data-edit="${edit}"]`,
  };
}
