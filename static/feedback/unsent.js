/**
 * Work that the server has not confirmed, kept in this browser: per person and assignment, and only
 * until it is saved. Logging out clears it (`desk.js`).
 */

export const PREFIX = "copydesk:unsent:";

const name = (person, assignment) => `${PREFIX}${person}:${assignment}`;

/** Keep it. A full or forbidden storage costs only this second copy, so it is no error. */
export function keep(person, assignment, unsent) {
  try {
    localStorage.setItem(name(person, assignment), JSON.stringify(unsent));
    return true;
  } catch {
    return false;
  }
}

export function forget(person, assignment) {
  try {
    localStorage.removeItem(name(person, assignment));
  } catch {
    // Nothing was kept where nothing may be kept.
  }
}

/** What this person left unsent: [{assignment, ...}]. */
export function unsentOf(person) {
  const found = [];
  try {
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith(`${PREFIX}${person}:`)) continue;
      found.push({ assignment: Number(key.split(":").at(-1)), ...JSON.parse(localStorage.getItem(key)) });
    }
  } catch {
    // As above.
  }
  return found;
}
