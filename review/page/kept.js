// What is kept in this browser: verdicts until the server has them, and what is being typed.
//
// A verdict is written here before anything is sent, under an id of its own. It goes when the
// server has said that it is stored; sent twice, it counts once. So neither a reload nor a lost
// connection nor a closed lid loses or doubles one.

import { ask, Refused, trust } from "./net.js";

let scope = "";
let listeners = [];
let sending = null;
let wait = 0;
let timer = 0;
let trouble = null;

/** Whose verdicts these are: another person in this browser has others. */
export function keepFor(plan, name) {
  scope = `silversmith/${plan}/${name}/`;
}

/** A new id, from 128 random bits. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function write(name, value) {
  try {
    localStorage.setItem(scope + name, JSON.stringify(value));
    return true;
  } catch {
    return false; // full, or switched off: the page says so
  }
}

function read(name) {
  try {
    return JSON.parse(localStorage.getItem(scope + name));
  } catch {
    return null;
  }
}

function drop(name) {
  localStorage.removeItem(scope + name);
}

// What cannot be kept there (no room) waits here at least while the page is open.
const inMemory = new Map();

/** The entries that wait to be sent, oldest first. */
export function waiting() {
  const names = [...inMemory.keys()];
  for (let i = 0; i < localStorage.length; i++) {
    const name = localStorage.key(i);
    if (name.startsWith(`${scope}out/`)) names.push(name.slice(scope.length));
  }
  names.sort();
  return names.map((name) => [name, inMemory.get(name) || read(name)]).filter((one) => one[1]);
}

/** Keep a verdict, and send it. Returns whether it is safe against a reload. */
export function keep(entry) {
  const name = `out/${String(Date.now()).padStart(15, "0")}-${counter()}-${entry.id}`;
  const safe = write(name, entry);
  if (!safe) inMemory.set(name, entry);
  changed();
  send();
  return safe;
}

let counted = 0;
function counter() {
  counted += 1;
  return String(counted).padStart(6, "0");
}

/** Call `listener(state)` whenever verdicts begin to wait, and with `settled` ({entry, why}) when
 * one is stored, or refused with a sentence. */
export function onChange(listener) {
  listeners.push(listener);
}

/** Whether there is something that would not survive a reload. */
export function unsafe() {
  return inMemory.size > 0;
}

function changed(settled) {
  const state = { waiting: waiting().length, trouble, settled };
  for (const listener of listeners) listener(state);
}

/** Send what waits; tries again by itself until everything is stored. */
export function send() {
  if (!sending) {
    sending = deliver().finally(() => {
      sending = null;
    });
  }
  return sending;
}

async function deliver() {
  clearTimeout(timer);
  let most = 20;
  for (;;) {
    const batch = waiting().slice(0, most);
    if (!batch.length) break;
    try {
      const found = await ask("/api/verdicts", { entries: batch.map((one) => one[1]) });
      const results = new Map(found.results.map((one) => [one.id, one]));
      trouble = null;
      wait = 0;
      for (const [name, entry] of batch) {
        const result = results.get(entry.id);
        settle(name, entry, result.state === "refused" ? result.why : "");
      }
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 422 || error.status === 413) {
        // One that cannot be read must not stand in the way of the others for ever.
        if (batch.length === 1) settle(...batch[0], error.message);
        else most = 1;
        continue;
      }
      trouble = error;
      if (error.status === 403) await renew();
      wait = Math.min(Math.max(500, wait * 2), 15_000);
      timer = setTimeout(send, wait);
      changed();
      return;
    }
  }
  changed();
}

function settle(name, entry, why) {
  inMemory.delete(name);
  drop(name);
  changed({ entry, why });
}

/** The session may have begun anew in another tab; what is kept is for this person alone. */
async function renew() {
  try {
    const me = await ask("/api/me");
    if (scope === `silversmith/${me.plan}/${me.name}/`) trust(me.csrf);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
  }
}

for (const name of ["online", "focus", "pageshow"]) {
  window.addEventListener(name, () => {
    if (scope && waiting().length) send();
  });
}

/** What was typed about an item and not yet decided. */
export function draft(item) {
  return read(`draft/${item}`) || {};
}

export function keepDraft(item, changes) {
  const whole = { ...draft(item), ...changes };
  return write(`draft/${item}`, whole);
}

export function dropDraft(item) {
  drop(`draft/${item}`);
}

/** The last verdicts, to be taken back; across a reload too. */
export function past() {
  return read("past") || [];
}

export function keepPast(list) {
  write("past", list.slice(-30));
}

/** A choice of this person's (theme, plain text ...), in this browser. */
export function choice(name, otherwise) {
  try {
    const found = localStorage.getItem(`silversmith/${name}`);
    return found === null ? otherwise : JSON.parse(found);
  } catch {
    return otherwise;
  }
}

export function choose(name, value) {
  try {
    localStorage.setItem(`silversmith/${name}`, JSON.stringify(value));
  } catch {
    // It holds until the page is closed.
  }
}
