/** What each category means, over the page: the draft keeps the focus, so that the keys go on. */

/**
 * Show the definitions with that of the category with `key` in view, or close them where it is
 * in view already. Returns the words of the one in view, "" where there is none.
 */
export function showDefinition(desk, key) {
  const sheet = desk.querySelector("#definitions");
  const shown = sheet.querySelector(".is-current")?.dataset.definition ?? "";
  if (sheet.matches(":popover-open") && shown === (key ?? "")) {
    sheet.hidePopover();
    return "";
  }
  sheet.showPopover?.();
  let current = null;
  for (const entry of sheet.querySelectorAll("[data-definition]")) {
    const isWanted = entry.dataset.definition === key;
    entry.classList.toggle("is-current", isWanted);
    if (isWanted) current = entry;
  }
  current?.scrollIntoView({ block: "center" });
  return current?.innerText ?? "";
}

/** Close them; false where they are closed already. */
export function hideDefinitions(desk) {
  const sheet = desk.querySelector("#definitions");
  if (!sheet.matches(":popover-open")) return false;
  sheet.hidePopover();
  return true;
}
