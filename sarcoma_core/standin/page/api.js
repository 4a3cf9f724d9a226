// What the page asks of the server: XNAT's REST, by the browser's own session.

/** An answer that is no success; its message is the server's own text. */
export class Refused extends Error {}

// `X-Requested-With` keeps the browser from asking for a password by itself when the session is over.
async function ask(path, { headers, ...options } = {}) {
  const told = { Accept: "application/json, text/plain", "X-Requested-With": "XMLHttpRequest", ...headers };
  const answer = await fetch(path, { ...options, headers: told });
  if (answer.status === 401) location.assign("/login"); // the session is over
  if (!answer.ok) throw new Refused((await answer.text()).trim() || `The server answers ${answer.status}.`);
  return answer;
}

/** A JSON answer. */
export const json = async (path) => (await ask(path)).json();

/** A text answer. */
export const text = async (path) => (await ask(path)).text();

/** The page itself, again. */
export async function page() {
  const answer = await ask(location.href, { headers: { Accept: "text/html" } });
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

/** POST a JSON body. */
export function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return ask(path, { method: "POST", headers, body: body === undefined ? undefined : JSON.stringify(body) });
}

/** A path whose parts may hold any character. */
export const at = (...parts) => "/" + parts.map(encodeURIComponent).join("/");
