/** Parts of a page that look again by themselves: `data-look-again-s` says after how many seconds.
 *
 * The server gives each new part its own pace, and none at all once nothing will change. A page
 * that nobody sees does not ask; it looks at once when it is seen again. While the desk does not
 * answer it asks ever more rarely, and after the session has ended no more. */

const SLOWEST_S = 60;
const LOGGED_OUT = [401, 403];

let failures = 0;
let timer = 0;

function part() {
  return document.querySelector("[data-look-again-s]");
}

function show(id, isShown) {
  document.getElementById(id)?.toggleAttribute("hidden", !isShown);
}

function look() {
  if (!document.hidden) part()?.dispatchEvent(new Event("look"));
}

function lookLater() {
  clearTimeout(timer);
  const waiting = part();
  if (!waiting) return;
  const seconds = Number(waiting.dataset.lookAgainS) * 2 ** failures;
  timer = setTimeout(look, Math.min(seconds, SLOWEST_S) * 1000);
}

function onAnswer(event) {
  const { successful, xhr, requestConfig } = event.detail;
  if (!requestConfig.elt.matches("[data-look-again-s]")) return;
  if (LOGGED_OUT.includes(xhr.status)) {
    show("look-ended", true);
    return;
  }
  failures = successful ? 0 : failures + 1;
  show("look-lost", !successful);
  // What was swapped in is what looks next; it stands there once this event is over.
  setTimeout(lookLater, 0);
}

document.addEventListener("htmx:afterRequest", onAnswer);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) look();
});
lookLater();
