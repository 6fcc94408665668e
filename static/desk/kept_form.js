/** Forms that people write in for long: `data-kept` on a form that htmx sends.
 *
 * What is typed stays on the page whatever becomes of the request. When the session has ended the
 * page says so; after a login in another tab the same button goes on. */

function form() {
  return document.querySelector("form[data-kept]");
}

function say(id) {
  for (const message of document.querySelectorAll("[data-kept-message]")) {
    message.hidden = message.id !== id;
  }
}

// A login in another tab has renewed it since the page was made.
function csrfToken() {
  return /(?:^|;\s*)csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "";
}

document.addEventListener("htmx:configRequest", (event) => {
  if (!form()?.contains(event.detail.elt)) return;
  event.detail.parameters.csrfmiddlewaretoken = csrfToken();
  event.detail.headers["X-CSRFToken"] = csrfToken();
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, successful, xhr } = event.detail;
  if (!form()?.contains(elt) && !elt.matches("form[data-kept]")) return;
  if (successful) say("");
  else say([401, 403].includes(xhr.status) ? "kept-ended" : "kept-lost");
});
