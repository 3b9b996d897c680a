// Notes as the server keeps them. Every call answers what the server said or throws a Refusal.

/** The server could not or would not do it. `message` is for the visitor; `status` 0: no answer. */
export class Refusal extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

const MEANINGS = new Map([
  [0, "The server cannot be reached."],
  [401, "Sign in to go on with this board."],
  [403, "The server refused this. Reload the page and try again."],
  [404, "That is no longer there."],
]);

export class NotesApi {
  /** @param {string} url of the board's notes, ending in a slash */
  constructor(url) {
    this.url = url;
  }

  async list() {
    return (await this.#send("GET", this.url)).notes;
  }

  create(fields) {
    return this.#send("POST", this.url, fields);
  }

  update(id, fields) {
    return this.#send("PATCH", `${this.url}${id}/`, fields);
  }

  remove(id) {
    return this.#send("DELETE", `${this.url}${id}/`);
  }

  async #send(method, url, fields) {
    const response = await fetch(url, {
      method,
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
      body: fields && JSON.stringify(fields),
      // A note written just before the page is left still gets there.
      keepalive: method !== "GET",
    }).catch(() => {
      throw new Refusal(MEANINGS.get(0), 0);
    });
    if (!response.ok) throw new Refusal(await reason(response), response.status);
    return response.status === 204 ? null : response.json();
  }
}

async function reason(response) {
  const said = await response.json().catch(() => ({}));
  return said.error ?? MEANINGS.get(response.status) ?? `The server failed (${response.status}).`;
}

// From the cookie and not from the page: signing in elsewhere changes it while the page is open.
function csrfToken() {
  return /(?:^|; )csrftoken=([^;]*)/.exec(document.cookie)?.[1] ?? "";
}
