/**
 * Which key means what while the draft has the focus. The table is the server's (`feedback/keys.py`),
 * with what this editor has changed. Keys are physical places (`event.code`), so that they lie alike
 * on every layout; signs that have no fixed place are read as they are typed.
 */

const DIGIT = /^(?:Digit|Numpad)[0-9]$/;

/** The keys of one editor. */
export class Keys {
  /**
   * @param {{characters: boolean, commands: {name, keys, decides, repeats, category}[]}} table
   *   `characters`: keys act that type something elsewhere
   */
  constructor({ characters, commands }) {
    this.characters = characters;
    this.commands = new Map(commands.map((command) => [command.name, command]));
    this.byKey = new Map(commands.flatMap((command) => command.keys.map((key) => [key, command])));
    // With Shift, the key that tags with a category says what it means.
    this.meanings = new Map(
      commands.flatMap(({ keys, category }) => (category ? keys.map((key) => [`Shift+${key}`, category]) : [])),
    );
  }

  /** The command of a key press, as {name, category?}; null where the press means nothing here. */
  commandOf(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.keyCode === 229) {
      return null;
    }
    const place = event.shiftKey ? `Shift+${event.code}` : event.code;
    const sign = event.key.length === 1 ? event.key : "";
    // A sign goes before the place where a layout has it, except that a digit's place is a digit,
    // also where the layout wants Shift for it.
    const atDigit = DIGIT.test(place) ? this.byKey.get(place) : undefined;
    const command = atDigit ?? this.byKey.get(sign) ?? this.byKey.get(place);
    const meant = command ? "" : this.meanings.get(place);
    // Only the cursor may run while a key is held down.
    if (event.repeat && !command?.repeats) return null;
    if (meant) return { name: "definition", category: meant };
    if (!command) return null;
    return command.category ? { name: "tag", category: command.category } : { name: command.name };
  }

  /** Commands that end the work on this draft, or begin to: they sleep after a new draft. */
  isDecision({ name }) {
    return this.commands.get(name)?.decides ?? false;
  }
}

/**
 * Print on every `<kbd data-code>` below `root` what this keyboard has at that place: where "Z" lies
 * on one layout, another has "Y". Browsers that do not tell keep what the page says.
 * Says whether something was printed anew.
 */
export async function printLayout(root) {
  let differs = false;
  const layout = await navigator.keyboard?.getLayoutMap?.().catch(() => null);
  for (const shown of layout ? root.querySelectorAll("kbd[data-code*=Key]") : []) {
    const place = shown.dataset.code.replace("Shift+", "");
    const printed = layout.get(place)?.toUpperCase();
    const usual = place.replace("Key", "");
    if (printed && printed !== usual) {
      shown.textContent = shown.textContent.replace(new RegExp(`${usual}$`), printed);
      differs = true;
    }
  }
  return differs;
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
