// The screen on which samples are decided, one after the other.

import { h, key, put, say } from "./dom.js";
import { bind, dialog, help } from "./keys.js";
import {
  choice, choose, draft, dropDraft, keep, keepDraft, keepPast, newId, onChange, past, send, unsafe, waiting,
} from "./kept.js";
import { mending } from "./mend.js";
import { ask, Refused } from "./net.js";
import { afterwards, sample, tellSides } from "./sample.js";
import { rich } from "./text.js";

const HELD = 4;
const LOOK_AGAIN_MS = 15_000;

let me;
let shell;
let queue = [];
let current = null; // {view, wrong, revealed, seconds, since, mode}
let decidedHere = new Map(); // item -> view, of what was decided in this page
let counts = { decided: 0, skipped: 0 };
let totals = { items: 0, decided: 0 };
let fetching = null;
let lastDecided = null;
let plain = choice("plain", false);
let timer = 0;

/** Begin, or come back from another screen. */
export function review(person, root) {
  me = person;
  counts = { ...me.progress };
  totals = { ...me.totals };
  draw(root);
  onKeys();
  if (current) show(current.view);
  else advance();
  send();
}

onChange(({ waiting: count, trouble, settled }) => {
  if (!shell) return;
  drawConnection(count, trouble);
  if (!settled) return;
  const { entry, why } = settled;
  if (why) bringBack(entry, why);
  else if (entry.verdict !== "undo" && current?.view.item !== entry.item) dropDraft(entry.item);
  if (!count) advanceIfIdle(); // all is stored: what there is to see, and how much was skipped, is known now
});

window.addEventListener("beforeunload", (event) => {
  if (unsafe()) event.preventDefault();
});

document.addEventListener("visibilitychange", () => {
  if (!current) return;
  if (document.visibilityState === "visible") current.since = performance.now();
  else {
    current.seconds += (performance.now() - current.since) / 1000;
    current.since = Infinity;
  }
});

// --- the frame -------------------------------------------------------------------------------

function draw(root) {
  const bar = h("div", { class: "meter-fill" });
  shell = {
    fill: bar,
    progress: h("span", { class: "progress-text" }),
    connection: h("span", { class: "connection", role: "status" }),
    main: h("main", { id: "content", tabindex: -1 }),
    actions: h("div", { class: "actions", role: "toolbar", "aria-label": "Decide" }),
    panel: h("div", { class: "panel" }),
    strip: h("div", { class: "strip" }),
    side: h("aside", { class: "guidelines", "aria-label": "Guidelines" }),
  };
  put(shell.side, [
    h("div", { class: "aside-head" }, h("h2", {}, "Guidelines"), h("button", { type: "button", class: "quiet", "aria-label": "Hide the guidelines", onclick: toggleGuidelines }, "✕")),
    rich(me.guidelines),
  ]);
  const page = h(
    "div",
    { class: "reviewing" },
    h(
      "header",
      { class: "top" },
      h("span", { class: "brand" }, h("span", { class: "brand-mark", "aria-hidden": "true" }, "✓"), h("span", { class: "brand-name" }, "silversmith")),
      h("div", { class: "meter", role: "img", "aria-label": "Progress of all" }, bar),
      shell.progress,
      shell.connection,
      h(
        "nav",
        { class: "tools", "aria-label": "Page" },
        tool("Guidelines", "G", toggleGuidelines),
        tool(plain ? "Formatted" : "Plain text", "M", togglePlain, "plain-tool"),
        tool("Theme", "T", toggleTheme, "wide-only"),
        me.owner ? h("a", { class: "tool", href: "#owner" }, "Owner", key("O")) : null,
        tool("Keys", "?", help, "keys-tool"),
      ),
    ),
    h("div", { class: "columns" }, shell.main, shell.side),
    h("footer", { class: "decide" }, shell.strip, shell.panel, shell.actions),
  );
  root.replaceChildren(page);
  page.classList.toggle("with-guidelines", choice("guidelines", window.innerWidth > 1180));
  shell.page = page;
  drawProgress();
  drawConnection(waiting().length, null);
}

function tool(name, shown, run, extra = "") {
  return h("button", { type: "button", class: `tool ${extra}`, onclick: run }, h("span", {}, name), key(shown));
}

function drawProgress() {
  const share = totals.items ? Math.min(1, totals.decided / totals.items) : 0;
  shell.fill.style.inlineSize = `${(share * 100).toFixed(1)}%`;
  shell.progress.replaceChildren(
    h("strong", {}, counts.decided.toLocaleString()),
    h("span", { class: "progress-words" }, " by you · "),
    h("span", { class: "progress-all" }, `${Math.round(share * 100)}%`, h("span", { class: "progress-words" }, ` of ${totals.items.toLocaleString()}`)),
  );
}

function drawConnection(count, trouble) {
  const line = shell.connection;
  let [text, kind] = ["Saved", "fine"];
  if (trouble?.status === 401) [text, kind] = [`Open your link again: ${count} kept here`, "bad"];
  else if (trouble?.status === 507) [text, kind] = [`The server's disk is full: ${count} kept here`, "bad"];
  else if (trouble && count) [text, kind] = [`${trouble.status === null ? "Offline" : "Not saved yet"}: ${count} kept here`, "bad"];
  else if (count) [text, kind] = ["Saving…", "busy"];
  if (line.textContent !== text) line.textContent = text;
  line.className = `connection ${kind}`;
}

function toggleGuidelines() {
  const open = shell.page.classList.toggle("with-guidelines");
  choose("guidelines", open);
  if (open && window.innerWidth <= 1180) shell.side.querySelector("button").focus();
}

function togglePlain() {
  plain = !plain;
  choose("plain", plain);
  shell.page.querySelector(".plain-tool span").textContent = plain ? "Formatted" : "Plain text";
  if (current && current.mode !== "mend") show(current.view, { keep: true });
}

export function toggleTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.theme || (dark ? "dark" : "light");
  const next = now === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  choose("theme", next);
}

// --- getting samples -------------------------------------------------------------------------

function more(again = false) {
  fetching ||= fetchMore(again).finally(() => {
    fetching = null;
  });
  return fetching;
}

async function fetchMore(again) {
  const held = [current?.view, ...queue].filter(Boolean).map((view) => view.item);
  if (held.length >= HELD && !again) return;
  try {
    // What is decided here and not stored yet is still lent to this person: they are not to get it again.
    const decided = waiting().map(([, entry]) => entry.item);
    const found = await ask("/api/next", { have: held.slice(0, 20), decided: decided.slice(0, 500), again });
    totals = found.totals;
    const unsent = new Set(waiting().map(([, entry]) => entry.item));
    counts = { ...found.progress, decided: Math.max(counts.decided, found.progress.decided) };
    const held_now = new Set([current?.view, ...queue].filter(Boolean).map((view) => view.item));
    for (const view of found.items) {
      if (!held_now.has(view.item) && !unsent.has(view.item) && !decidedHere.has(view.item)) queue.push(view);
    }
    drawProgress();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (!current && !queue.length) unreachable(error);
    again_soon();
  }
}

function again_soon() {
  clearTimeout(timer);
  timer = setTimeout(advanceIfIdle, LOOK_AGAIN_MS);
}

async function advanceIfIdle() {
  if (!current) await advance();
  else more();
}

async function advance() {
  current = null;
  if (!queue.length) {
    shell.main.setAttribute("aria-busy", "true");
    await more();
    if (current) return;
  }
  shell.main.removeAttribute("aria-busy");
  const next = queue.shift();
  if (next) {
    show(next);
    more();
  } else if (!shell.main.querySelector(".unreachable")) finished();
}

// --- showing one -----------------------------------------------------------------------------

function show(view, { keep: staying = false } = {}) {
  const typed = draft(view.item);
  if (!staying || !current) {
    current = {
      view,
      wrong: new Set(typed.wrong || []),
      after: null,
      seconds: 0,
      since: document.visibilityState === "visible" ? performance.now() : Infinity,
      mode: "look",
    };
  }
  const drawn = sample(view, { plain, wrong: current.wrong, onWrong: toggleWrong });
  shell.main.replaceChildren(
    h("h1", { class: "sample-title", tabindex: -1 }, h("span", { class: "strategy" }, view.strategy || "sample"), view.sides ? h("span", { class: "faint" }, "Which answer is better?") : null),
    view.scores_shown ? h("details", { class: "block", open: true }, h("summary", {}, h("span", { class: "block-name" }, "Judges")), afterwards(view)) : "",
    drawn,
  );
  shell.main.dataset.item = view.item;
  if (current.after) tellSides(shell.main, current.after);
  shell.panel.replaceChildren();
  drawActions();
  if (!staying) {
    window.scrollTo(0, 0);
    shell.main.querySelector("h1").focus({ preventScroll: true });
  }
  if (typed.mended) startMending();
  else if (typed.rejecting) startRejecting();
}

function drawActions() {
  const { view } = current;
  const pair = view.sides && !current.after;
  put(shell.actions, []);
  shell.actions.replaceChildren(
    ...(pair
      ? [act("1 is better", "1", () => pick("left"), "accept"), act("2 is better", "2", () => pick("right"), "accept"), act("No difference", "0", () => pick("neither"), "plain-act")]
      : [act("Accept", "A", () => decide("accept"), "accept")]),
    act("Reject", "R", startRejecting, "reject"),
    act("Fix", "F", startMending, "fix"),
    act("Skip", "S", () => decide("skip"), "skip"),
    act("Undo", "U", undo, "skip"),
  );
}

function act(name, shown, run, kind) {
  return h("button", { type: "button", class: `act-button ${kind}`, "data-act": name, onclick: run }, h("span", {}, name), key(shown));
}

function finished() {
  current = null;
  shell.panel.replaceChildren();
  shell.actions.replaceChildren(act("Undo", "U", undo, "skip"));
  shell.main.dataset.item = "";
  shell.main.replaceChildren(
    h(
      "div",
      { class: "finished" },
      h("div", { class: "finished-mark", "aria-hidden": "true" }, "✓"),
      h("h1", { tabindex: -1 }, "Nothing is left for you"),
      h("p", {}, `You have decided ${counts.decided.toLocaleString()} samples. Thank you.`),
      counts.skipped
        ? h("p", {}, h("button", { type: "button", class: "big", onclick: lookAgain }, `Look again at the ${counts.skipped} that you skipped`))
        : null,
      h("p", { class: "faint" }, "What others leave lying comes here by itself."),
    ),
  );
  shell.main.querySelector("h1").focus({ preventScroll: true });
  again_soon();
}

async function lookAgain() {
  for (const [item] of decidedHere) decidedHere.delete(item);
  await send();
  await fetching; // what is being asked for already asks for no skipped ones
  await more(true);
  await advance();
}

function unreachable(error) {
  shell.main.removeAttribute("aria-busy");
  shell.actions.replaceChildren();
  shell.main.replaceChildren(
    h(
      "div",
      { class: "finished unreachable" },
      h("h1", { tabindex: -1 }, error.status === 401 ? "Open your link again" : "No connection"),
      h("p", {}, error.message),
      h("p", { class: "faint" }, "What you have decided is kept in this browser, and is sent when the server is back."),
      h("p", {}, h("button", { type: "button", class: "big", onclick: () => { shell.main.replaceChildren(); advance(); } }, "Try again")),
    ),
  );
}

// --- deciding --------------------------------------------------------------------------------

function seconds() {
  const running = Number.isFinite(current.since) ? (performance.now() - current.since) / 1000 : 0;
  return Math.round((current.seconds + running) * 10) / 10;
}

function decide(verdict, more_fields = {}) {
  if (!current) return;
  const { view } = current;
  const typed = draft(view.item);
  const entry = {
    id: newId(),
    item: view.item,
    verdict,
    text: typed.text || "",
    wrong_steps: [...current.wrong].sort((a, b) => a - b),
    shown: view.shown,
    scores_shown: view.scores_shown || Boolean(current.after),
    seconds: Math.min(seconds(), 86_400),
    decided: new Date().toISOString(),
    ...more_fields,
  };
  const list = past();
  list.push({ id: entry.id, item: entry.item, verdict, draft: { ...typed, wrong: entry.wrong_steps } });
  keepPast(list);
  decidedHere.set(view.item, view);
  const safe = keep(entry);
  lastDecided = { item: view.item, verdict, pick: entry.pick };
  if (verdict === "skip") counts.skipped += 1;
  else counts.decided += 1;
  drawProgress();
  drawStrip(safe);
  say(WORDS[verdict]);
  advance();
}

const WORDS = { accept: "Accepted", reject: "Rejected", fix: "Fixed", skip: "Skipped", pick: "Picked" };

function drawStrip(safe) {
  shell.strip.replaceChildren(
    h("span", { class: `strip-verdict ${lastDecided.verdict}` }, WORDS[lastDecided.verdict]),
    safe ? "" : h("span", { class: "warning" }, "This browser has no room to keep it: do not close the page before it is saved"),
    // Who skipped it may see it again, and is to decide about it then by themselves.
    lastDecided.verdict === "skip" ? "" : h("button", { type: "button", class: "quiet", onclick: judges }, "What the judges said", key("J")),
  );
}

function pick(side) {
  if (current?.view.sides && !current.after) decide("pick", { pick: side });
}

async function judges() {
  if (!lastDecided || lastDecided.verdict === "skip") return;
  try {
    const after = await ask(`/api/items/${lastDecided.item}/reveal`, {});
    const view = decidedHere.get(lastDecided.item);
    const told = view?.sides
      ? h("p", {}, "Meant as the better one: ", h("strong", {}, after.chosen === 0 ? "answer 1" : "answer 2"), lastDecided.pick && lastDecided.pick !== "neither" ? (lastDecided.pick === (after.chosen === 0 ? "left" : "right") ? ", as you said" : ", other than you said") : "")
      : "";
    dialog("The sample that you decided last", told, afterwards(after));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    trouble(error.message);
  }
}

/** Of a pair: which half is which, before the decision; the log says that it was asked for. */
async function revealed() {
  if (!current?.view.sides) return null;
  if (!current.after) {
    const { view } = current;
    try {
      const after = await ask(`/api/items/${view.item}/reveal`, {});
      if (current?.view !== view) return null;
      current.after = after;
      tellSides(shell.main, after);
      drawActions();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      trouble(error.message);
      return null;
    }
  }
  return current.after;
}

function startRejecting() {
  if (!current || current.mode === "mend") return;
  current.mode = "reject";
  const { view } = current;
  const text = h("textarea", {
    class: "edit",
    rows: 2,
    dir: "auto",
    "aria-label": "What is wrong, in your own words",
    placeholder: "In your own words (optional; then pick a reason, or Enter)",
    oninput: () => warn(keepDraft(view.item, { text: text.value, rejecting: true })),
    onkeydown: (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        decide("reject");
      } else if (event.key === "Escape") stopPanel();
    },
  });
  text.value = draft(view.item).text || "";
  shell.panel.replaceChildren(
    h(
      "section",
      { class: "rejecting", "aria-label": "Reject: why?" },
      h(
        "div",
        { class: "reasons", role: "group", "aria-label": "Reasons" },
        me.reasons.map((reason, i) =>
          h("button", { type: "button", class: "reason", onclick: () => decide("reject", { reason }) }, i < 9 ? key(String(i + 1)) : null, h("span", {}, reason)),
        ),
      ),
      h("div", { class: "reject-text" }, text, h("button", { type: "button", class: "act-button reject small", onclick: () => decide("reject") }, h("span", {}, "Reject"), key("↵")), h("button", { type: "button", class: "quiet", onclick: stopPanel }, "Cancel", key("Esc"))),
    ),
  );
  shell.panel.querySelector(".reason")?.focus();
  say("Reject: pick a reason");
}

async function startMending() {
  if (!current || current.mode === "mend") return;
  const { view } = current;
  let after = null;
  if (view.sides) {
    after = await revealed();
    if (!after || current?.view !== view) return;
  }
  current.mode = "mend";
  const { form, fixed } = mending(view, after, { onKept: warn });
  const finish = () => {
    const changes = fixed();
    if (!changes) {
      trouble("Nothing is changed yet. Change something, or press Escape and accept it.");
      return;
    }
    const empty = [...form.querySelectorAll("textarea")].find((box) => !box.value.trim());
    if (empty) {
      trouble(`${empty.getAttribute("aria-label")}: is empty`);
      empty.focus();
      return;
    }
    decide("fix", { fixed: changes });
  };
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      finish();
    } else if (event.key === "Escape") {
      event.preventDefault();
      stopPanel();
    }
  });
  shell.main.querySelector(".sample").replaceWith(h("div", { class: "sample mend" }, form));
  shell.panel.replaceChildren();
  shell.actions.replaceChildren(
    h("button", { type: "button", class: "act-button fix", onclick: finish }, h("span", {}, "Save the fix"), key("Ctrl ↵")),
    h("button", { type: "button", class: "act-button skip", onclick: stopPanel }, h("span", {}, "Cancel"), key("Esc")),
  );
  const last = [...form.querySelectorAll("textarea")].find((box) => box.dataset.path === `messages.${(after ? view.messages.length + view.sides[0].length : view.messages.length) - 1}.content`);
  (last || form.querySelector("textarea"))?.focus();
  say("Mend the sample; Control and Enter saves it");
}

/** Back to looking. What was typed stays until the sample is decided. */
function stopPanel() {
  if (!current) return;
  const mended = current.mode === "mend";
  current.mode = "look";
  keepDraft(current.view.item, mended ? { mended: undefined } : { rejecting: false });
  if (mended) show(current.view, { keep: true });
  shell.panel.replaceChildren();
  drawActions();
  shell.main.querySelector("h1").focus({ preventScroll: true });
}

function warn(kept) {
  if (!kept) trouble("This browser has no room to keep what you type: it is lost if the page is closed");
}

function toggleWrong(index) {
  const { wrong, view } = current;
  if (wrong.has(index)) wrong.delete(index);
  else wrong.add(index);
  warn(keepDraft(view.item, { wrong: [...wrong] }));
}

async function undo() {
  const list = past();
  const last = list.pop();
  if (!last) {
    trouble("There is nothing to undo");
    return;
  }
  let view = decidedHere.get(last.item);
  if (!view) {
    try {
      view = await ask(`/api/items/${last.item}`);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      trouble(error.status === 404 ? "The last verdict was about another plan" : error.message);
      return;
    }
  }
  keepPast(list);
  keep({ id: newId(), item: last.item, verdict: "undo", undoes: last.id, decided: new Date().toISOString() });
  decidedHere.delete(last.item);
  keepDraft(last.item, { ...last.draft, rejecting: false });
  if (last.verdict === "skip") counts.skipped = Math.max(0, counts.skipped - 1);
  else counts.decided = Math.max(0, counts.decided - 1);
  if (current) queue.unshift(current.view);
  current = null;
  lastDecided = null;
  shell.strip.replaceChildren();
  drawProgress();
  show(view);
  say("Taken back");
}

/** The server did not take a verdict: the sample comes back, with the reason and what was typed. */
async function bringBack(entry, why) {
  keepPast(past().filter((one) => one.id !== entry.id));
  const view = decidedHere.get(entry.item);
  decidedHere.delete(entry.item);
  if (entry.verdict === "undo" || !view) {
    trouble(why);
    return;
  }
  if (entry.verdict !== "skip") counts.decided = Math.max(0, counts.decided - 1);
  if (current && current.view.item !== entry.item) queue.unshift(current.view);
  current = null;
  drawProgress();
  shell.strip.replaceChildren();
  show(view);
  trouble(`Not taken: ${why}`);
}

function trouble(text) {
  const line = h("p", { class: "trouble", role: "alert" }, text);
  shell.strip.replaceChildren(line);
}

// --- keys ------------------------------------------------------------------------------------

function onKeys() {
  const looking = () => current && current.mode !== "mend";
  const pair = () => looking() && current.view.sides && !current.after && current.mode !== "reject";
  const rejecting = () => current?.mode === "reject";
  const stepping = () => looking() && current.view.steps.length > 0;
  bind([
    { key: "a", name: "accept", run: () => decide("accept"), when: () => looking() && (!current.view.sides || current.after) },
    ...me.reasons.slice(0, 9).map((reason, i) => ({ key: String(i + 1), name: `reject: ${reason}`, run: () => decide("reject", { reason }), when: rejecting })),
    { key: "Enter", shown: "↵", name: "reject without a reason", run: () => decide("reject"), when: () => rejecting() && !document.activeElement?.closest("button") },
    { key: "1", name: "answer 1 is better", run: () => pick("left"), when: pair },
    { key: "2", name: "answer 2 is better", run: () => pick("right"), when: pair },
    { key: "0", name: "no difference", run: () => pick("neither"), when: pair },
    { key: "v", name: "tell which answer is meant as the better one", run: revealed, when: pair },
    { key: "r", name: "reject, with a reason", run: startRejecting, when: looking },
    { key: "f", name: "fix in place", run: startMending, when: looking },
    { key: "s", name: "skip", run: () => decide("skip"), when: looking },
    { key: "u", name: "undo the last verdict", run: undo, when: () => !current || looking() },
    { key: "n", name: "next step", run: () => step(1), when: stepping },
    { key: "p", name: "previous step", run: () => step(-1), when: stepping },
    { key: "w", name: "mark the step as wrong, or not", run: markStep, when: stepping },
    { key: "j", name: "what judges said of the sample decided last", run: judges, when: () => lastDecided && lastDecided.verdict !== "skip" },
    { key: "Escape", shown: "Esc", name: "close what is open", run: stopPanel, when: () => rejecting() },
    { key: "m", name: "plain text, or formatted", run: togglePlain },
    { key: "g", name: "guidelines", run: toggleGuidelines },
    { key: "t", name: "light, or dark", run: toggleTheme },
    ...(me.owner ? [{ key: "o", name: "the owner's page", run: () => { location.hash = "owner"; } }] : []),
  ]);
}

function step(by) {
  const list = [...shell.main.querySelectorAll(".step")];
  const at = list.indexOf(document.activeElement?.closest(".step"));
  const next = list[Math.min(list.length - 1, Math.max(0, at < 0 ? (by > 0 ? 0 : list.length - 1) : at + by))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function markStep() {
  const at = document.activeElement?.closest(".step") || shell.main.querySelector(".step");
  at?.querySelector(".mark-wrong").click();
  at?.focus();
}
