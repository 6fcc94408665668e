/**
 * Which key means what while the draft has the focus. Keys are physical places (`event.code`), so
 * that they lie alike on every layout; signs that have no fixed place are read as they are typed.
 */

const ALONE = {
  ArrowLeft: "cursor-left",
  ArrowRight: "cursor-right",
  KeyC: "characters",
  KeyJ: "next-mark",
  KeyK: "previous-mark",
  Enter: "take",
  NumpadEnter: "take",
  Delete: "dismiss",
  Backspace: "dismiss",
  Escape: "clear",
  KeyA: "accept",
  KeyB: "bland",
  KeyE: "edit",
  KeyX: "reject",
  KeyU: "unreviewable",
  KeyF: "report-fact",
  KeyL: "escalate",
  KeyS: "skip",
  KeyO: "open-item",
  KeyZ: "undo",
};

const WITH_SHIFT = {
  ArrowLeft: "extend-left",
  ArrowRight: "extend-right",
  KeyF: "add-fact",
  KeyZ: "reopen",
};

const SIGNS = { "+": "more-severe", "-": "less-severe", "−": "less-severe", "?": "keys" };
const PLACES_OF_SIGNS = {
  Equal: "more-severe",
  NumpadAdd: "more-severe",
  Minus: "less-severe",
  NumpadSubtract: "less-severe",
};

/** Commands that end the work on this draft, or begin to: they sleep after a new draft. */
const DECISIONS = new Set([
  "accept",
  "bland",
  "edit",
  "reject",
  "unreviewable",
  "escalate",
  "skip",
  "reopen",
]);

/** The command of a key press, as {name, category?}; null where the press means nothing here. */
export function commandOf(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.keyCode === 229) {
    return null;
  }
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(event.code);
  if (digit && !event.shiftKey) return event.repeat ? null : { name: "tag", category: digit[1] };
  const name =
    SIGNS[event.key] ??
    (event.shiftKey ? WITH_SHIFT[event.code] : (ALONE[event.code] ?? PLACES_OF_SIGNS[event.code]));
  if (!name) return null;
  // Only the cursor may run while a key is held down.
  if (event.repeat && !/^(cursor|extend)-/.test(name)) return null;
  return { name };
}

export function isDecision(command) {
  return DECISIONS.has(command.name);
}

const SLEEP_MS = 500;

/**
 * Decision keys sleep until every key is up and for half a second after a new draft is painted: a
 * double press never decides a draft that nobody has seen.
 */
export class Sleep {
  constructor() {
    this.awakeAt = 0;
    this.down = new Set();
    document.addEventListener("keydown", (event) => this.down.add(event.code), true);
    document.addEventListener("keyup", (event) => this.down.delete(event.code), true);
    window.addEventListener("blur", () => this.down.clear());
    this.held = new Set();
  }

  /** A new draft is about to be shown. */
  begin() {
    this.awakeAt = Infinity;
    this.held = new Set(this.down);
    // Two frames: the first one paints it.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        this.awakeAt = performance.now() + SLEEP_MS;
      }),
    );
  }

  get asleep() {
    this.held = new Set([...this.held].filter((code) => this.down.has(code)));
    return this.held.size > 0 || performance.now() < this.awakeAt;
  }
}
