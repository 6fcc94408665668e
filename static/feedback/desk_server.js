/**
 * The one place from which the review screen speaks to the server, and the three ways in which that
 * can fail: nobody answered, the session has ended, the answer is no.
 */

import { filled, gettext } from "../desk/words.js";

/** Nobody answered, or the server is in trouble: the same request may be sent again. */
export class Unreachable extends Error {}

/** The server understood and said no; `body` is what it answered. */
export class Refused extends Error {
  constructor(status, body) {
    super(body.message ?? filled(gettext("The desk refused this (%(status)s)."), { status }));
    this.status = status;
    this.body = body;
  }
}

const TIMEOUT_MS = 15_000;

let askToLogIn = async () => {
  throw new Unreachable("Nobody is logged in.");
};

/** Say what to do when a request finds that the session has ended. It resolves once somebody has
 * logged in; requests that wait then go on by themselves. */
export function onSessionEnd(ask) {
  let asking = null;
  askToLogIn = () => {
    asking ??= ask().finally(() => {
      asking = null;
    });
    return asking;
  };
}

/**
 * POST `body` as JSON and return the response.
 * @throws {Unreachable} @throws {Refused}
 */
export async function post(address, body, { keepalive = false } = {}) {
  for (;;) {
    const response = await request(address, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
      keepalive,
    });
    if (response.status !== 401) return accepted(response);
    await askToLogIn();
  }
}

/** GET and return the response. @throws {Unreachable} @throws {Refused} */
export async function get(address) {
  for (;;) {
    const response = await request(address, { method: "GET" });
    if (response.status !== 401) return accepted(response);
    await askToLogIn();
  }
}

/** Send a login form; says whether it was right. @throws {Unreachable} */
export async function logIn(address, username, password) {
  const response = await request(address, {
    method: "POST",
    body: new URLSearchParams({ username, password, csrfmiddlewaretoken: csrfToken() }),
    redirect: "manual",
  });
  // A login that succeeds leads on to another page; one that fails shows its form again.
  return response.type === "opaqueredirect";
}

async function request(address, options) {
  try {
    return await fetch(address, {
      credentials: "same-origin",
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...options,
      // The desk answers a fragment's request with 401 where a page would be redirected.
      headers: { "HX-Request": "true", ...options.headers },
    });
  } catch (error) {
    throw new Unreachable(error.message);
  }
}

async function accepted(response) {
  if (response.ok) return response;
  if (response.status >= 500 || response.status === 429) {
    throw new Unreachable(`The desk answered ${response.status}.`);
  }
  const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
  throw new Refused(response.status, isJson ? await response.json() : {});
}

function csrfToken() {
  return /(?:^|;\s*)csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "";
}
