/**
 * What an editor has made of a draft so far, as it is saved: tags, answers, note, rewrite and the
 * suggestions they dismissed; with the steps that an undo goes back.
 */

const MOST_STEPS = 50;

export function emptyWork() {
  return { reason: "", note: "", rewrite: "", rewrite_output: null, tags: [], causes: [], answers: {}, dismissed: [] };
}

/** Whether two works say the same, whoever has put their parts in which order. */
export function sameWork(one, other) {
  return written({ ...emptyWork(), ...one }) === written({ ...emptyWork(), ...other });
}

function written(value) {
  return JSON.stringify(value, (_name, part) =>
    part && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  );
}

export class History {
  constructor() {
    this.steps = [];
  }

  /** Remember the work as it was before a change. */
  remember(work) {
    this.steps.push(structuredClone(work));
    if (this.steps.length > MOST_STEPS) this.steps.shift();
  }

  /** The work as it was before the last change, or null. */
  back() {
    return this.steps.pop() ?? null;
  }
}

/** A key for one submission: sent again with every retry, so that a retry is known as one. */
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Outside secure contexts (a desk on plain HTTP in an office) browsers hide randomUUID.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
