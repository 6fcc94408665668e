/** What every page needs: light or dark, the account menu, and leaving nothing behind at logout. */

const YEAR_S = 365 * 24 * 60 * 60;

/** Show the chosen theme at once and keep the choice in a cookie, so that the server's next page
 * comes in it without a flash. `auto` leaves it to the system. */
function chooseTheme(theme) {
  if (theme === "auto") {
    document.documentElement.removeAttribute("data-theme");
  } else {
    document.documentElement.dataset.theme = theme;
  }
  document.querySelector("meta[name=color-scheme]").content = theme === "auto" ? "light dark" : theme;
  document.cookie = `theme=${theme}; path=/; max-age=${YEAR_S}; samesite=lax`;
}

document.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-theme-choice] input")) return;
  chooseTheme(target.value);
  // With the person too, for their next login. The page need not wait, nor fail, for that.
  const { action } = target.form;
  const body = new URLSearchParams(new FormData(target.form));
  fetch(action, { method: "POST", body, redirect: "manual", keepalive: true }).catch(() => {});
});

// A menu that stays open behind the next click is in the way.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.nav-account[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.nav-account[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// What the review screen kept for a connection that never came back goes with its person, and with
// nobody else who works in this browser.
document.addEventListener("submit", ({ target }) => {
  if (!target.matches("[data-logout]")) return;
  for (const name of Object.keys(localStorage)) {
    if (name.startsWith(`copydesk:unsent:${target.dataset.logout}:`)) localStorage.removeItem(name);
  }
});
