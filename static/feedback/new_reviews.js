/**
 * One key for each decision about a golden that needs a new review. Keys act only while one of them
 * has the focus, and never while somebody types.
 */

/** So long decisions sleep: a double press must not decide the next one, which nobody has read. */
const ASLEEP_MS = 500;

const list = document.querySelector("[data-new-reviews]");
const items = list ? [...list.children] : [];

/** The golden that a key press is about; null where the press means nothing here. */
function itemOf(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.repeat) return null;
  if (event.isComposing || event.target.matches("input, textarea, select")) return null;
  return event.target.closest("[data-new-reviews] > li");
}

list?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("[data-key=w]")) {
    // Enter presses a form's first button, which here is the other decision.
    event.preventDefault();
    event.target.form.requestSubmit(event.target.form.querySelector("[data-enter]"));
    return;
  }
  // They type something, and whoever has switched such keys off has the buttons.
  const item = "noKeys" in list.dataset ? null : itemOf(event);
  if (!item) return;
  const key = event.key.toLowerCase();
  if (key === "j" || key === "k") {
    const next = items[items.indexOf(item) + (key === "j" ? 1 : -1)];
    if (next) next.focus();
    event.preventDefault();
    return;
  }
  const control = ["r", "e", "w"].includes(key) && item.querySelector(`[data-key="${key}"]`);
  if (!control) return;
  event.preventDefault();
  if (!("awake" in list.dataset)) return;
  if (control.matches("input")) control.focus();
  else control.click();
});

items[0]?.focus();
setTimeout(() => {
  if (list) list.dataset.awake = "";
}, ASLEEP_MS);
