/** Native dialogs, asked like a question: a promise of the answer, null for "never mind". */

/**
 * Show `dialog` and return the data of its form, or null when it was closed.
 * @param {HTMLDialogElement} dialog holds one form with method="dialog"
 * @param {(form: HTMLFormElement) => void} prepare fills the form in before it is seen
 */
export function ask(dialog, prepare = () => {}) {
  const form = dialog.querySelector("form");
  form.reset();
  showProblem(dialog, "");
  prepare(form);
  return new Promise((resolve) => {
    dialog.returnValue = "";
    dialog.addEventListener(
      "close",
      () => {
        const button = form.querySelector(`button[value="${CSS.escape(dialog.returnValue)}"]`);
        resolve(dialog.returnValue ? new FormData(form, button?.name ? button : undefined) : null);
      },
      { once: true },
    );
    dialog.showModal();
  });
}

// The way out of a dialog is a plain button: Enter in a field must never take it.
document.addEventListener("click", ({ target }) => {
  target.closest("[data-close]")?.closest("dialog").close();
});

/** Ask until `attempt` has accepted the answer; what it throws is shown in the dialog. */
export async function askUntil(dialog, prepare, attempt) {
  let answer = await ask(dialog, prepare);
  while (answer) {
    try {
      return await attempt(answer);
    } catch (error) {
      const given = answer;
      answer = await ask(dialog, (form) => {
        refill(form, given);
        showProblem(dialog, error.message);
      });
    }
  }
  return null;
}

export function showProblem(dialog, words) {
  const place = dialog.querySelector("[data-problem]");
  if (!place) return;
  place.textContent = words;
  place.hidden = !words;
}

function refill(form, data) {
  for (const [name, value] of data) {
    const control = form.elements[name];
    if (control && control.type !== "submit") control.value = value;
  }
}
