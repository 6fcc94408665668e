/**
 * The questions of the task: what the editor answered, and until then what the tags answer by
 * themselves. The server decides the same from the same rows; here it only shows.
 */

const FROM_SEVERITY = 1;
// Where tags answer one question differently, the first of these counts.
const WORST_FIRST = ["no", "yes", "na"];

export class Criteria {
  /**
   * @param {HTMLElement} element holds a fieldset with data-criterion-of for each question
   * @param {{slug: string, name: string, decides: object}[]} categories
   */
  constructor(element, categories) {
    this.element = element;
    this.categories = categories;
  }

  /** Show the editor's `answers`, and beside them what `tags` decide. */
  show(answers, tags) {
    const decided = this.#decidedBy(tags);
    for (const question of this.element.querySelectorAll("[data-criterion-of]")) {
      const slug = question.dataset.criterionOf;
      const byTag = answers[slug] ? undefined : decided.get(slug);
      const answer = answers[slug] ?? byTag?.answer;
      for (const choice of question.querySelectorAll("[data-criterion]")) {
        choice.checked = choice.value === answer;
      }
      question.classList.toggle("is-decided", Boolean(byTag));
      const why = question.querySelector("[data-why]");
      why.hidden = !byTag;
      why.querySelector("[data-by]").textContent = byTag?.name ?? "";
    }
  }

  #decidedBy(tags) {
    const decided = new Map();
    for (const { category: slug, severity } of tags) {
      const category = this.categories.find((candidate) => candidate.slug === slug);
      if (!category || severity < FROM_SEVERITY) continue;
      for (const [criterion, answer] of Object.entries(category.decides)) {
        const known = decided.get(criterion);
        if (!known || WORST_FIRST.indexOf(answer) < WORST_FIRST.indexOf(known.answer)) {
          decided.set(criterion, { answer, name: category.name });
        }
      }
    }
    return decided;
  }
}
