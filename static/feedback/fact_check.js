/**
 * What the desk's checks say of the words that the editor writes: names and numbers that no fact
 * bears out. It is asked when the typing pauses, and nothing waits for the answer.
 */

import { post, Refused, Unreachable } from "./desk_server.js";

const AFTER_A_PAUSE_MS = 600;

export class FactCheck {
  /**
   * @param {string} address
   * @param {HTMLElement} element the list; its template makes a row
   * @param {{
   *   read: () => string,
   *   announce: (words: string) => void,
   *   addFact: (words: string) => void,
   * }} on `read` gives the rewrite, or nothing where there is none
   */
  constructor(address, element, on) {
    this.address = address;
    this.element = element;
    this.on = on;
    this.timer = null;
    this.asked = "";
    this.said = "";
    this.closed = false;
    element.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-words]");
      if (button) on.addFact(button.dataset.words);
    });
  }

  /** Something was written: look at it when the typing pauses. */
  touch() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#look(), AFTER_A_PAUSE_MS);
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
  }

  async #look() {
    const rewrite = this.on.read();
    if (rewrite === this.asked || this.closed) return;
    this.asked = rewrite;
    const found = rewrite ? await this.#ask(rewrite) : [];
    // Nobody answered: the next pause asks again. What has changed meanwhile is asked by itself.
    if (found === null) this.asked = "";
    else if (!this.closed && rewrite === this.asked) this.#show(found);
  }

  async #ask(rewrite) {
    try {
      return (await (await post(this.address, { rewrite })).json()).unsupported;
    } catch (error) {
      if (error instanceof Unreachable || error instanceof Refused) return null;
      throw error;
    }
  }

  #show(found) {
    const template = this.element.querySelector("template");
    const rows = found.map(({ words, message }) => {
      const row = template.content.firstElementChild.cloneNode(true);
      row.querySelector("q").textContent = words;
      row.querySelector("[data-message]").textContent = message;
      row.querySelector("button").dataset.words = words;
      return row;
    });
    this.element.replaceChildren(template, ...rows);
    this.element.hidden = rows.length === 0;
    const said = found.map(({ message }) => message).join(" ");
    if (said && said !== this.said) this.on.announce(said);
    this.said = said;
  }
}
