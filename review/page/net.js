// Requests to the server, with the token that shows that they come from this page.

let csrf = "";

/** What the server refused, or null as `status` where it could not be reached. */
export class Refused extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

export function trust(token) {
  csrf = token;
}

export async function ask(path, body) {
  const sending = body !== undefined;
  const text = sending ? JSON.stringify(body) : undefined;
  let reply;
  try {
    reply = await fetch(path, {
      method: sending ? "POST" : "GET",
      headers: sending ? { "content-type": "application/json", "x-csrf-token": csrf } : {},
      body: text,
      // Goes out even when the page is closed meanwhile; browsers allow that for small bodies.
      keepalive: sending && text.length < 50_000,
      signal: AbortSignal.timeout(20_000),
    });
  } catch {
    throw new Refused(null, "The server cannot be reached");
  }
  let found = {};
  try {
    found = await reply.json();
  } catch {
    if (reply.ok) throw new Refused(null, "The server's answer was cut off");
  }
  if (!reply.ok) throw new Refused(reply.status, found.error || `The server says ${reply.status}`);
  return found;
}
