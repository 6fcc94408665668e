/**
 * Continuous saving: at most two seconds after the last change the server has it, and until it says
 * so the browser keeps it too. Saving renews the lease; where somebody reads and changes nothing,
 * their being there renews it.
 */

import { post, Refused, Unreachable } from "./desk_server.js";
import { forget, keep } from "./unsent.js";

const AFTER_A_PAUSE_MS = 700;
const AT_THE_LATEST_MS = 2_000;
const RETRY_MS = 4_000;
const RENEW_MS = 40_000;
// Longer without a key, a pointer or a scroll does not count as work.
const IDLE_MS = 30_000;

export class Autosave {
  /**
   * @param {object} assignment {id, revision, person, draft, save, renew}: addresses and the last
   *   revision
   * @param {() => object} read returns the work as it is now
   * @param {(state: "saved" | "saving" | "unsaved" | "offline" | "conflict" | "ended", detail?: object)
   *   => void} show called whenever the state changes
   * @param {(answer: object) => void} told called with what the server says to a save or a renewal
   */
  constructor(assignment, read, show, told) {
    this.assignment = assignment;
    this.revision = assignment.revision;
    this.read = read;
    this.show = show;
    this.told = told;
    this.dirtySince = null;
    this.saving = null;
    this.closed = false;
    this.timer = null;
    this.lastServed = Date.now();
    this.lastActive = Date.now();
    this.activeMs = assignment.active_ms ?? 0;
    this.worked = this.worked.bind(this);
    this.retry = this.retry.bind(this);
    this.leave = this.leave.bind(this);
    for (const kind of ["keydown", "pointerdown", "pointermove", "scroll"]) {
      document.addEventListener(kind, this.worked, { passive: true, capture: true });
    }
    window.addEventListener("online", this.retry);
    document.addEventListener("visibilitychange", this.leave);
    window.addEventListener("pagehide", this.leave);
  }

  /** Something changed: keep it here at once and save it soon. */
  touch() {
    if (this.closed) return;
    this.dirtySince ??= Date.now();
    this.#keep();
    if (this.state !== "offline" && this.state !== "conflict") this.#say("unsaved");
    const left = this.dirtySince + AT_THE_LATEST_MS - Date.now();
    this.#plan(Math.max(0, Math.min(AFTER_A_PAUSE_MS, left)));
  }

  /** Stop; the assignment has ended. Nothing of it stays in the browser. */
  close({ forgetWork = true } = {}) {
    this.closed = true;
    clearTimeout(this.timer);
    for (const kind of ["keydown", "pointerdown", "pointermove", "scroll"]) {
      document.removeEventListener(kind, this.worked, { capture: true });
    }
    window.removeEventListener("online", this.retry);
    document.removeEventListener("visibilitychange", this.leave);
    window.removeEventListener("pagehide", this.leave);
    if (forgetWork) forget(this.assignment.person, this.assignment.id);
  }

  /** Wait for a save that is under way, so that nothing overtakes it; plan no other. */
  async settled() {
    clearTimeout(this.timer);
    await this.saving;
    clearTimeout(this.timer);
  }

  /** Save what is not saved yet, now; says whether the server has all of it. */
  async flush() {
    await this.settled();
    this.#save();
    await this.saving;
    return this.isSaved;
  }

  get isSaved() {
    return this.dirtySince === null && !this.saving;
  }

  /** After a conflict: what is here counts, on top of the revision that the server has. */
  overwrite(revision) {
    this.revision = revision;
    this.state = null;
    this.dirtySince ??= Date.now();
    this.#plan(0);
  }

  /** Count the time in which somebody was there, and renew the lease by it. */
  worked() {
    const now = Date.now();
    if (now - this.lastActive < IDLE_MS) this.activeMs += now - this.lastActive;
    this.lastActive = now;
    if (this.isSaved && now - this.lastServed > RENEW_MS) this.#renew();
  }

  retry() {
    if (this.dirtySince !== null) this.#plan(0);
    else if (this.state === "offline") this.#renew();
  }

  leave() {
    if (document.visibilityState === "hidden") this.#save({ keepalive: true });
  }

  #plan(delay) {
    clearTimeout(this.timer);
    if (!this.closed) this.timer = setTimeout(() => this.#save(), delay);
  }

  #save(options = {}) {
    if (this.saving || this.closed || this.dirtySince === null) return;
    this.dirtySince = null;
    this.#say("saving");
    this.saving = this.#send(options).finally(() => {
      this.saving = null;
      if (this.dirtySince !== null && this.state !== "conflict" && this.state !== "ended") {
        this.#plan(this.state === "offline" ? RETRY_MS : AFTER_A_PAUSE_MS);
      }
    });
  }

  async #send(options) {
    const work = this.read();
    try {
      const response = await post(
        this.assignment.save,
        { work, revision: this.revision, active_ms: this.activeMs },
        options,
      );
      const saved = await response.json();
      this.revision = saved.revision;
      this.lastServed = Date.now();
      if (this.dirtySince === null && !this.closed) {
        forget(this.assignment.person, this.assignment.id);
        this.#say("saved");
      } else if (!this.closed) {
        this.#keep(); // what was written meanwhile, now on top of this revision
      }
      if (!this.closed) this.told(saved);
    } catch (error) {
      this.dirtySince ??= Date.now();
      if (error instanceof Unreachable) this.#say("offline");
      else if (error instanceof Refused) this.#refused(error);
      else throw error;
    }
  }

  #refused(error) {
    const ended = error.body.reason !== "conflict";
    this.#say(ended ? "ended" : "conflict", { ...error.body, message: error.message });
  }

  async #renew() {
    this.lastServed = Date.now();
    try {
      const answer = await (await post(this.assignment.renew, {})).json();
      if (this.state === "offline" && this.isSaved) this.#say("saved");
      if (!this.closed) this.told(answer);
    } catch (error) {
      if (error instanceof Refused) this.#refused(error);
      else if (error instanceof Unreachable) this.#say("offline");
      else throw error;
    }
  }

  #keep() {
    keep(this.assignment.person, this.assignment.id, {
      work: this.read(),
      revision: this.revision,
      save: this.assignment.save,
      draft: this.assignment.draft,
    });
  }

  #say(state, detail) {
    if (this.closed) return;
    this.state = state;
    this.show(state, detail);
  }
}
