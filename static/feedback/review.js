/**
 * The review screen: keys and buttons become commands, a decision becomes the next draft, and what
 * goes wrong on the way is said without losing a word.
 */

import { filled, gettext } from "../desk/words.js";
import { get, logIn, onSessionEnd, post, Refused, Unreachable } from "./desk_server.js";
import { ask, askUntil, showProblem } from "./dialogs.js";
import { Keys, printLayout, Sleep } from "./keys.js";
import { OpenDraft } from "./open_draft.js";
import { forget, unsentOf } from "./unsent.js";
import { emptyWork, newKey, sameWork } from "./work.js";

const RETRY_MS = 3_000;
const SAVE_STATES = {
  saved: gettext("Saved"),
  saving: gettext("Saving…"),
  unsaved: gettext("Not saved yet"),
  offline: gettext("Offline: kept in this browser"),
  conflict: gettext("Another tab has saved this draft"),
  ended: gettext("No longer yours"),
  submitting: gettext("Submitting…"),
};
const OUTCOMES = {
  accept: { outcome: "ACCEPT", done: gettext("Accepted.") },
  bland: { outcome: "BLAND", done: gettext("Accepted as fine but bland.") },
  "save-edit": { outcome: "EDIT", done: gettext("Golden saved.") },
  reject: { outcome: "REJECT", done: gettext("Rejected.") },
  unreviewable: { outcome: "UNREVIEWABLE", done: gettext("Marked as unreviewable."), asks: true },
  escalate: { outcome: "ESCALATE", done: gettext("Given to the lead."), asks: true },
  skip: { outcome: "SKIP", done: gettext("Skipped."), asks: true },
};

const keys = new Keys(JSON.parse(document.getElementById("keys-for-scripts").textContent));
const sleep = new Sleep();
let desk = document.getElementById("desk");
let open = null;
let deciding = false;

/* Opening a draft ------------------------------------------------------------------------------ */

function openDesk() {
  const data = document.getElementById("review-page");
  if (!data) {
    document.getElementById("look-again")?.focus();
    return;
  }
  open = new OpenDraft(desk, JSON.parse(data.textContent), {
    announce,
    saved: showSaved,
    dismissForTask,
    save: () => obey({ name: "save-edit" }),
    addFact: (value) => tellFact("add-fact", { value }),
    categoryOf: (event) => {
      const command = keys.commandOf(event);
      return command?.name === "tag" ? command.category : "";
    },
  });
  history.replaceState(null, "", open.page.address);
  open.element.focus({ preventScroll: true });
  const shown = open;
  printLayout(desk).then((differs) => {
    if (differs && open === shown) shown.relabel();
  });
  sleep.begin();
}

/** Put the answer's desk in the place of this one. */
async function exchange(response, words) {
  lay(await response.text(), words);
}

function lay(html, words) {
  const page = new DOMParser().parseFromString(html, "text/html");
  open?.close();
  open = null;
  const next = document.importNode(page.getElementById("desk"), true);
  desk.replaceWith(next);
  desk = next;
  window.scrollTo({ top: 0 });
  openDesk();
  const heading = open
    ? filled(gettext("Next: %(text)s"), { text: open.page.draft.text })
    : gettext("Nothing waits for you.");
  announce(`${words} ${heading}`);
}

/** Lay the same draft anew; who is writing goes on where they were. */
async function layAnew(words) {
  const before = open;
  await before.autosave.flush();
  const html = await (await untilAnswered(() => get(location.href))).text();
  await before.autosave.settled();
  if (open !== before) return;
  const [work, caret] = [before.read(), before.rewrite.caret];
  lay(html, words);
  if (open?.page.assignment.id !== before.page.assignment.id) return;
  open.goOn(before, work, caret);
}

/** What this browser kept and the server never got: fill it in, or send it after its draft. */
async function sendWhatWasLeft() {
  const person = open?.page.assignment.person;
  for (const left of person ? unsentOf(person) : []) {
    if (left.assignment === open?.page.assignment.id) takeUp(left);
    else await sendAfter(person, left);
  }
}

/** Fill in what was left of this draft; where it was saved elsewhere since, ask what counts. */
function takeUp({ work, revision, assignment }) {
  const { page, autosave } = open;
  if (sameWork(work, page.work)) {
    forget(page.assignment.person, assignment);
    return;
  }
  open.replace(work);
  if (revision === autosave.revision) {
    autosave.touch();
    announce(gettext("What you had not saved is back."));
  } else {
    settleConflict({ work: page.work, revision: autosave.revision });
  }
}

async function sendAfter(person, { assignment, work, revision, save, draft }) {
  try {
    await post(save, { work, revision, active_ms: 0 });
  } catch (error) {
    if (error instanceof Unreachable) return;
    if (!(error instanceof Refused)) throw error;
    const isDone = error.body.reason === "submitted" || sameWork(work, error.body.work ?? {});
    if (!isDone) {
      await showWritten(filled(gettext("Draft %(number)s: %(why)s"), { number: draft, why: error.message }), work);
    }
  }
  forget(person, assignment);
}

/* Deciding ------------------------------------------------------------------------------------- */

async function decide(name) {
  const { outcome, done, asks } = OUTCOMES[name];
  if (outcome === "EDIT" && open.asksWhy()) return;
  let given = {};
  if (asks) {
    const answer = await ask(document.getElementById(`reason-${name}`));
    open?.element.focus();
    if (!answer || !open) return;
    given = Object.fromEntries(answer);
  }
  await submit(open.decision(outcome, given), done);
}

async function submit(body, done) {
  if (deciding) return;
  showRefusal(null);
  setDeciding(true);
  showSaved("submitting");
  try {
    await open.autosave.settled();
    const response = await untilAnswered(() =>
      post(open.page.submit, { key: open.key, body }),
    );
    await exchange(response, done);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    setDeciding(false);
    if (error.status === 422) showRefusal(error);
    else await explainEnd(error);
  } finally {
    setDeciding(false);
  }
}

/** Until there is an answer nobody writes into a draft that is on its way: it would be lost. */
function setDeciding(isDeciding) {
  deciding = isDeciding;
  desk.ariaBusy = String(isDeciding);
  const columns = desk.querySelector(".desk-columns");
  if (columns) columns.inert = isDeciding;
}

/** Send it again, the same, until somebody answers: a lost reply makes no second review. */
async function untilAnswered(send) {
  for (;;) {
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      showSaved("offline");
      await aMoment();
    }
  }
}

/** Resolves when it is worth another attempt. */
function aMoment() {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, RETRY_MS);
    window.addEventListener("online", () => (clearTimeout(timer), resolve()), { once: true });
  });
}

/** Save all that is written; false where it is said why that cannot be. */
async function allSaved() {
  while (open && !(await open.autosave.flush())) {
    if (open.autosave.state !== "offline") return false;
    await aMoment();
  }
  return true;
}

async function reopen() {
  const review = Number(desk.dataset.lastReview);
  if (!review || deciding) {
    announce(gettext("Nothing to reopen."));
    return;
  }
  if (!(await allSaved()) || deciding) return;
  setDeciding(true);
  try {
    const key = newKey();
    const response = await untilAnswered(() => post(desk.dataset.reopen, { review, key }));
    await exchange(response, gettext("Reopened."));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    setDeciding(false);
    showRefusal(error);
  } finally {
    setDeciding(false);
  }
}

/* What goes wrong ------------------------------------------------------------------------------ */

function showSaved(state, detail) {
  const place = document.getElementById("save-state");
  if (!place) return;
  place.dataset.state = state;
  if (place.textContent !== SAVE_STATES[state]) place.textContent = SAVE_STATES[state];
  if (state === "conflict") settleConflict(detail);
  if (state === "ended" && !deciding) explainEnd(detail);
}

async function settleConflict({ work, revision }) {
  const dialog = document.getElementById("conflict");
  if (dialog.open) return;
  const answer = await ask(dialog, () => {
    for (const [side, version] of [["mine", open.read()], ["theirs", { ...emptyWork(), ...work }]]) {
      dialog.querySelector(`[data-${side}]`).textContent = textOf(version);
      dialog.querySelector(`[data-${side}-more]`).textContent = open.besidesText(version);
    }
  });
  if (answer?.get("count") === "theirs") open.replace(work);
  open.autosave.overwrite(revision);
  open.element.focus();
}

let explaining = false;

/** Say why the draft is no longer theirs, with what they wrote, and lay the next one. */
async function explainEnd({ message }) {
  if (explaining) return;
  explaining = true;
  try {
    if (await isSomebodyElse()) await leave();
    await showWritten(message, open.read());
    await exchange(await untilAnswered(() => get(location.href)), "");
  } finally {
    explaining = false;
  }
}

async function showWritten(sentence, work) {
  const dialog = document.getElementById("ended");
  await ask(dialog, () => {
    dialog.querySelector("[data-sentence]").textContent = sentence;
    dialog.querySelector("[data-text]").value = textOf(work);
  });
}

function textOf(work) {
  return work.rewrite || (work.rewrite_output ? JSON.stringify(work.rewrite_output, null, 1) : "");
}

/** Say what speaks against a decision, beside the decision; null takes it away. */
function showRefusal(refused) {
  const place = document.getElementById("problem");
  if (!place) return;
  place.hidden = refused === null;
  place.textContent = refused?.message ?? "";
  if (refused === null) return;
  // It is not submitted, so it is saved again.
  open?.autosave.touch();
  place.scrollIntoView({ block: "nearest" });
  open?.element.focus({ preventScroll: true });
}

onSessionEnd(async () => {
  const dialog = document.getElementById("log-in");
  let isIn = false;
  let problem = "";
  while (!isIn) {
    const answer = await ask(dialog, () => showProblem(dialog, problem));
    if (!answer) continue;
    const { username, password } = Object.fromEntries(answer);
    isIn = await logIn(dialog.dataset.address, username, password);
    problem = isIn ? "" : gettext("That name and password do not belong together.");
  }
  if (await isSomebodyElse()) await leave();
});

/** Whether somebody else has logged in meanwhile, on top of this page or in another tab. */
async function isSomebodyElse() {
  const address = document.getElementById("log-in").dataset.session;
  try {
    const { person } = await (await untilAnswered(() => get(address))).json();
    return person !== Number(desk.dataset.person);
  } catch (error) {
    if (error instanceof Refused) return true; // they review nothing
    throw error;
  }
}

/** Whoever is there now sees nothing of it, and it waits in this browser for who wrote it. */
async function leave() {
  open?.close({ forgetWork: false });
  desk.replaceChildren();
  location.replace("/");
  await new Promise(() => {});
}

/* Facts ---------------------------------------------------------------------------------------- */

/** Report or add a fact; where the rewrite asked for it, `value` is filled in and it goes on there. */
async function tellFact(name, { value = "" } = {}) {
  const dialog = document.getElementById(name);
  const pointed = open.work.tags.at(-1)?.pointer;
  const told = await askUntil(
    dialog,
    (form) => {
      if (pointed && form.elements.pointer) form.elements.pointer.value = pointed;
      if (value) form.elements.value.value = value;
    },
    async (answer) => (await post(dialog.dataset.address, Object.fromEntries(answer))).json(),
  );
  if (value) open.rewrite.focus();
  else open.element.focus();
  // The facts changed: lay the same draft anew with all of them.
  if (told) await layAnew(told.message);
}

/** A lead's word on a finding: it is nothing, in all drafts of the task. */
async function dismissForTask(finding) {
  const dialog = document.getElementById("dismiss-finding");
  const told = await askUntil(
    dialog,
    () => {
      dialog.querySelector("[data-said]").textContent = finding.message;
    },
    async (answer) => (await post(finding.dismiss, Object.fromEntries(answer))).json(),
  );
  open.element.focus();
  if (!told) return;
  open.forget(finding);
  announce(told.message);
}

/* Keys and buttons ----------------------------------------------------------------------------- */

const COMMANDS = {
  "cursor-left": () => open.selection.step("left", false),
  "cursor-right": () => open.selection.step("right", false),
  "extend-left": () => open.selection.step("left", true),
  "extend-right": () => open.selection.step("right", true),
  characters: () => open.toggleCharacters(),
  clear: () => open.clear(),
  tag: ({ category }) => open.tag(category),
  missing: () => open.missing(),
  definition: ({ category }) => open.definition(category),
  definitions: () => open.definition(),
  "next-mark": () => open.stepMark(+1),
  "previous-mark": () => open.stepMark(-1),
  take: () => open.take(),
  dismiss: () => open.dismiss(),
  "dismiss-for-task": () => open.dismissForTask(),
  "more-severe": () => open.severity(+1),
  "less-severe": () => open.severity(-1),
  edit: () => open.rewrite.focus(),
  undo: () => open.undo(),
  restore: () => open.restoreText(),
  "start-from": ({ number }) => {
    if (open.startFrom(number)) open.rewrite.focus();
  },
  guide: () => open.beside.toggleGuide(),
  reopen,
  "report-fact": () => tellFact("report-fact"),
  "add-fact": () => tellFact("add-fact"),
  "open-item": () => document.getElementById("open-item")?.click(),
  keys: () => ask(document.getElementById("keys")).then(() => open?.element.focus()),
  ...Object.fromEntries(Object.keys(OUTCOMES).map((name) => [name, () => decide(name)])),
};
// What works without a draft on the desk.
const ALWAYS = new Set(["keys", "reopen"]);

function obey(command) {
  if (deciding || (!open && !ALWAYS.has(command.name))) return;
  COMMANDS[command.name](command);
}

document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]")) chooseReason(event);
  else if (event.target.closest?.("#rewrite, #note, .mark-more")) whileTyping(event);
  else if (event.target.id === "draft" || (!open && !event.target.matches("input, select, textarea"))) {
    const command = keys.commandOf(event);
    if (!command || (!open && !ALWAYS.has(command.name))) return;
    event.preventDefault();
    if (keys.isDecision(command) && sleep.asleep) return;
    obey(command);
  } else if (event.key === "Escape" && open) {
    open.element.focus();
  }
});

/** In a field everything types; Ctrl or Cmd with Enter saves, Esc comes back and keeps the text. */
function whileTyping(event) {
  if (!open || event.isComposing) return;
  if (event.key === "Escape") {
    event.preventDefault();
    open.element.focus();
  } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.closest("#rewrite")) {
    event.preventDefault();
    if (!event.repeat && !sleep.asleep) obey({ name: "save-edit" });
  }
}

/** In a short list of reasons a digit picks one. */
function chooseReason(event) {
  const dialog = event.target.closest?.(".dialog-reason");
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];
  if (!dialog || !digit || !keys.characters || event.target.matches("input[type=text]")) return;
  event.preventDefault();
  const choice = dialog.querySelectorAll("[name=reason]")[digit - 1];
  if (choice) {
    choice.checked = true;
    choice.focus();
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-command], [data-category]");
  if (button && desk.contains(button)) {
    const { command: name, category, start } = button.dataset;
    // A double tap must not decide the draft that came to lie under the finger.
    if (name && keys.isDecision({ name }) && sleep.asleep) return;
    obey(category ? { name: "tag", category } : { name, number: start && Number(start) });
    // By touch each selection is made anew, and the categories make room for the draft again.
    if (category && event.pointerType === "touch") open?.selection.clear();
    const keepsFocus = ["edit", "keys", "save-edit", "start-from"].includes(name);
    if (open && !keepsFocus && !document.querySelector("dialog[open]")) {
      open.element.focus({ preventScroll: true });
    }
  } else if (open && desk.contains(event.target) && document.activeElement === document.body) {
    // A click beside everything leaves the keys where they were.
    open.element.focus({ preventScroll: true });
  }
});
// Pressing a button must not take away what is selected in the draft.
document.addEventListener("pointerdown", (event) => {
  if (event.target.closest("[data-category], [data-command=clear]")) event.preventDefault();
});

// A page from the browser's memory may show a draft that is long decided.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

function announce(words) {
  document.getElementById("announcement").textContent = words;
}

openDesk();
printLayout(document.getElementById("keys"));
sendWhatWasLeft();
