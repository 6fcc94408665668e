/**
 * What lies beside a draft and is fetched once it is shown: what was decided before, and the guide,
 * folded until it is opened. Nothing here is waited for, and nothing is lost when it fails.
 */

import { filled, gettext } from "../desk/words.js";
import { get, post, Refused, Unreachable } from "./desk_server.js";
import { printLayout } from "./keys.js";

// Whoever decides at a glance needs none of it.
const AFTER_MS = 200;

// Who has the guide open keeps it open with the next draft.
let isGuideOpen = false;

export class Beside {
  /**
   * @param {HTMLElement} element is filled
   * @param {(words: string) => void} announce
   */
  constructor(element, announce) {
    this.element = element;
    this.announce = announce;
    this.startable = [];
    this.next = 0;
    this.timer = setTimeout(() => this.#fill(), AFTER_MS);
    element.addEventListener("toggle", () => this.#toggled(), { capture: true });
    element.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-read]");
      if (button) this.#read(button);
    });
  }

  close() {
    clearTimeout(this.timer);
    this.isClosed = true;
  }

  /**
   * The golden to start from: that of the pressed button, or with each press of the key the next
   * one; null where there is none.
   */
  golden(number) {
    if (!this.startable.length) return null;
    if (number !== undefined) return this.startable[number];
    const golden = this.startable[this.next % this.startable.length];
    this.next += 1;
    return golden;
  }

  toggleGuide() {
    const guide = this.#guide;
    if (!guide) return;
    guide.open = !guide.open;
    guide.scrollIntoView({ block: "nearest" });
    this.announce(guide.open ? gettext("Guide open.") : gettext("Guide folded."));
  }

  /** Say so where another version of the guide is in use than the one that lies here. */
  guideIsNow(number) {
    const guide = this.#guide;
    if (!guide || !number || number === Number(guide.dataset.number)) return;
    guide.dataset.number = number;
    delete guide.dataset.shown;
    guide.querySelector("#guide-name").textContent = filled(gettext("Guide, version %(number)s"), { number });
    const news = guide.querySelector("#guide-is-new");
    news.hidden = false;
    news.textContent = gettext("changed while you work");
    this.announce(
      filled(gettext("The guide has changed: version %(number)s counts now. What you wrote stays."), { number }),
    );
    if (guide.open) this.#toggled();
  }

  get #guide() {
    return this.element.querySelector("#guide-beside");
  }

  async #fill() {
    const answer = await this.#fetched(this.element.dataset.address);
    if (answer === null || this.isClosed) return;
    const page = new DOMParser().parseFromString(answer, "text/html");
    this.element.replaceChildren(...page.body.childNodes);
    printLayout(this.element);
    this.startable = JSON.parse(document.getElementById("startable")?.textContent ?? "[]");
    if (this.#guide && isGuideOpen) this.#guide.open = true;
  }

  async #toggled() {
    const guide = this.#guide;
    isGuideOpen = guide.open;
    if (!guide.open || guide.dataset.shown) return;
    guide.dataset.shown = "yes";
    const answer = await this.#fetched(guide.dataset.guide);
    if (answer === null) {
      delete guide.dataset.shown;
      return;
    }
    const page = new DOMParser().parseFromString(answer, "text/html");
    guide.querySelector("#guide-body").replaceChildren(...page.body.childNodes);
  }

  async #read(button) {
    try {
      await post(this.#guide.dataset.guide, { number: Number(button.dataset.read) });
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
      this.announce(error.message);
      return;
    }
    this.element.querySelector("#guide-is-new").hidden = true;
    button.replaceWith(gettext("Kept: you have read it."));
    this.announce(gettext("Kept: you have read it."));
  }

  async #fetched(address) {
    try {
      return await (await get(address)).text();
    } catch (error) {
      if (error instanceof Refused || error instanceof Unreachable) return null;
      throw error;
    }
  }
}
