/**
 * Facts, the words of a text that name them, and the assertions that rest on them: whoever points at
 * one, with the mouse or by moving the focus to it, sees the others lit up. Pressing one keeps it
 * lit, which is how it works by touch; Escape or a second press lets go.
 *
 * Whatever takes part carries data-link ("fact", "words" or "assertion"), data-facts (numbers) and,
 * where it stands in one, data-assertion (a number).
 */

export class Links {
  /**
   * @param {HTMLElement} root
   * @param {(lit: {kind: string, facts: Set<string>, assertion: string} | null) => void} onLit
   *   told what is pointed at, for words that are no elements
   */
  constructor(root, onLit = () => {}) {
    this.root = root;
    this.onLit = onLit;
    this.kept = null;
    root.addEventListener("pointerover", ({ target }) => this.show(linkAt(target)));
    root.addEventListener("pointerleave", () => this.show(null));
    root.addEventListener("focusin", ({ target }) => this.show(linkAt(target)));
    root.addEventListener("focusout", () => this.show(null));
    root.addEventListener("click", ({ target }) => this.#keep(target));
    root.addEventListener("keydown", ({ key }) => {
      if (key === "Escape" && this.kept) this.#letGo();
    });
  }

  /** Light up what belongs to an element or to {kind, facts, assertion}; null goes back. */
  show(source) {
    const pointed = source ?? this.kept;
    const wanted = pointed && (pointed instanceof Element ? read(pointed) : pointed);
    for (const element of this.root.querySelectorAll("[data-link]")) {
      element.classList.toggle("is-lit", Boolean(wanted) && belongs(wanted, read(element)));
    }
    this.onLit(wanted);
  }

  #keep(target) {
    const button = target.closest("button[aria-pressed]");
    const source = button && linkAt(button);
    if (!source) return;
    const again = this.kept === source;
    this.#letGo();
    if (again) return;
    this.kept = source;
    button.setAttribute("aria-pressed", "true");
    this.show(source);
  }

  #letGo() {
    this.root.querySelector("button[aria-pressed=true]")?.setAttribute("aria-pressed", "false");
    this.kept = null;
    this.show(null);
  }
}

/** Whether one lights up the other: each does what it stands for, and an assertion its own words. */
function belongs(source, other) {
  if (source.kind === "assertion") {
    if (other.kind === "assertion") return source.assertion === other.assertion;
    return other.kind === "words"
      ? source.assertion === other.assertion
      : meets(source.facts, other.facts);
  }
  if (source.kind === "words" && other.kind === "assertion") {
    return source.assertion !== "" && source.assertion === other.assertion;
  }
  return meets(source.facts, other.facts);
}

function read({ dataset }) {
  return {
    kind: dataset.link,
    facts: new Set(dataset.facts?.split(" ").filter(Boolean)),
    assertion: dataset.assertion ?? "",
  };
}

function linkAt(target) {
  return target.closest?.("[data-link]") ?? null;
}

function meets(some, others) {
  return [...some].some((fact) => others.has(fact));
}
