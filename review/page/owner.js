// The owner's page: how far people are, how well they agree, and what is to be settled.

import { h, key, put, svg } from "./dom.js";
import { bind, dialog } from "./keys.js";
import { keep, newId } from "./kept.js";
import { ask, Refused } from "./net.js";
import { afterwards, sample, tellSides } from "./sample.js";

const AGAIN_MS = 10_000;
let timer = 0;

export function owner(me, root) {
  const main = h("main", { id: "content", class: "owner", tabindex: -1, "aria-busy": "true" });
  root.replaceChildren(
    h(
      "div",
      { class: "owning" },
      h(
        "header",
        { class: "top" },
        h("span", { class: "brand" }, h("span", { class: "brand-mark", "aria-hidden": "true" }, "✓"), h("span", { class: "brand-name" }, "silversmith")),
        h("span", { class: "top-space" }),
        h("nav", { class: "tools", "aria-label": "Page" }, h("a", { class: "tool", href: "#" }, "Back to reviewing", key("R"))),
      ),
      main,
    ),
  );
  bind([
    { key: "r", name: "back to reviewing", run: () => { location.hash = ""; } },
  ]);
  load(main);
}

async function load(main) {
  clearTimeout(timer);
  if (!main.isConnected) return;
  // Not under the hands of somebody who writes or looks at a dispute.
  if (!document.querySelector("dialog[open]") && !main.contains(document.activeElement?.closest("input"))) {
    try {
      const found = await ask("/api/owner");
      if (!main.isConnected) return;
      draw(main, found);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (!main.children.length) main.replaceChildren(h("p", { class: "trouble", role: "alert" }, error.message));
    }
  }
  timer = setTimeout(() => load(main), AGAIN_MS);
}

function draw(main, found) {
  const { totals, people, agreement, disputed } = found;
  const share = totals.items ? Math.round((100 * totals.decided) / totals.items) : 0;
  const verdicts = people.reduce((sum, one) => sum + one.decided, 0);
  const last = agreement.points[agreement.points.length - 1];
  const focused = document.activeElement?.id;
  main.removeAttribute("aria-busy");
  main.replaceChildren();
  put(main, [
    h("h1", {}, "The review so far"),
    found.changed ? h("p", { class: "trouble", role: "alert" }, found.changed) : null,
    h(
      "div",
      { class: "figures" },
      figure(`${share}%`, `${totals.decided.toLocaleString()} of ${totals.items.toLocaleString()} samples decided`),
      figure(verdicts.toLocaleString(), "verdicts in all, gold and repeats included"),
      figure(last ? `${Math.round(100 * last.same)}%` : "–", last ? `say the same, on ${agreement.items.toLocaleString()} samples that several saw` : "nobody has seen the same sample as somebody else yet"),
      figure(last && last.alpha !== null ? last.alpha.toFixed(2) : "–", "Krippendorff’s alpha (1: all agree; 0: as by chance)"),
    ),
    section("Agreement as it grows", agreement.points.length > 1 ? chart(agreement.points) : h("p", { class: "faint" }, "It is drawn once several people have decided the same samples.")),
    section(`To settle (${disputed.length})`, disputed.length ? disputes(main, found) : h("p", { class: "faint" }, found.settled ? `Nothing; ${found.settled} settled.` : "Nothing is disputed.")),
    section("People", table(people)),
    section("Reasons for rejecting", reasons(main, found.reasons)),
  ]);
  if (focused) document.getElementById(focused)?.focus();
}

function section(name, ...content) {
  return h("section", { class: "block", "aria-label": name }, h("h2", { class: "block-name" }, name), content);
}

function figure(value, words) {
  return h("div", { class: "figure" }, h("strong", {}, value), h("span", {}, words));
}

function table(people) {
  const number = (value) => (value || 0).toLocaleString();
  return h(
    "div",
    { class: "wide", tabindex: 0, role: "group", "aria-label": "People" },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ["Name", "Decided", "Accept", "Reject", "Fix", "Skipped", "Time each", "Last seen"].map((name) => h("th", { scope: "col" }, name)))),
      h(
        "tbody",
        {},
        people.map((one) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, one.name, one.owner ? h("span", { class: "faint" }, " owner") : "", one.revoked ? h("span", { class: "faint" }, " revoked") : ""),
            [number(one.decided), number(one.verdicts.accept), number(one.verdicts.reject), number(one.verdicts.fix), number(one.skipped), one.seconds === null ? "–" : `${one.seconds.toFixed(0)} s`, one.last ? ago(one.last) : "–"].map((text) => h("td", {}, text)),
          ),
        ),
      ),
    ),
  );
}

function ago(when) {
  const minutes = Math.max(0, Math.round((Date.now() / 1000 - when) / 60));
  if (minutes < 1) return "now";
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h ago` : `${Math.round(hours / 24)} days ago`;
}

function chart(points) {
  const [wide, high, left, below] = [640, 180, 34, 24];
  const most = points[points.length - 1].items;
  const x = (items) => left + ((wide - left - 8) * items) / most;
  const y = (value) => 8 + (high - below - 8) * (1 - Math.max(0, value));
  const line = (name, of) => {
    const there = of.filter((one) => one[1] !== null);
    return svg("polyline", { class: `line ${name}`, points: there.map(([items, value]) => `${x(items).toFixed(1)},${y(value).toFixed(1)}`).join(" ") });
  };
  const words = `Of ${most} samples that several people decided, ${Math.round(100 * points[points.length - 1].same)}% of the pairs of people say the same`;
  return h(
    "figure",
    { class: "chart" },
    svg(
      "svg",
      { viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": words },
      [0, 0.5, 1].map((value) => [svg("line", { class: "grid", x1: left, x2: wide - 8, y1: y(value), y2: y(value) }), svg("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, value.toFixed(1))]),
      svg("text", { x: wide - 8, y: high - 4, "text-anchor": "end" }, `${most} samples`),
      line("same", points.map((one) => [one.items, one.same])),
      line("alpha", points.map((one) => [one.items, one.alpha])),
    ),
    h("figcaption", {}, h("span", { class: "legend same" }, "share that say the same"), h("span", { class: "legend alpha" }, "alpha")),
  );
}

function disputes(main, found) {
  return h(
    "ul",
    { class: "disputes" },
    found.disputed.slice(0, 100).map((one) =>
      h(
        "li",
        {},
        h(
          "button",
          { type: "button", class: "dispute", id: `dispute-${one.item}`, onclick: () => open(main, one, found.reasons) },
          h("span", { class: "strategy" }, one.strategy),
          h("span", { class: "dispute-start", dir: "auto" }, one.start),
          h("span", { class: "votes" }, one.said.map((vote) => h("span", { class: `vote ${vote.verdict}` }, `${vote.name}: ${vote.verdict}`))),
        ),
      ),
    ),
    found.disputed.length > 100 ? h("li", { class: "faint" }, `and ${found.disputed.length - 100} more`) : null,
  );
}

async function open(main, one, names) {
  let found;
  try {
    found = await ask(`/api/owner/items/${one.item}`);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    main.prepend(h("p", { class: "trouble", role: "alert" }, error.message));
    return;
  }
  const shown = sample(found.view, { plain: false, wrong: new Set(), onWrong: () => {} });
  if (found.view.sides) tellSides(shown, found.after);
  const reason = h("select", { id: "settle-reason" }, h("option", { value: "" }, "no reason"), names.map((name) => h("option", { value: name }, name)));
  const settle = (verdict) => {
    keep({
      id: newId(), item: one.item, verdict, reason: verdict === "reject" ? reason.value : "",
      shown: found.view.shown, scores_shown: true, settles: true, decided: new Date().toISOString(),
    });
    box.close();
    setTimeout(() => load(main), 300);
  };
  const box = dialog(
    "To settle",
    h(
      "ul",
      { class: "said" },
      one.said.map((vote) => h("li", {}, h("span", { class: `vote ${vote.verdict}` }, vote.verdict), h("strong", {}, vote.name), vote.reason ? ` ${vote.reason}` : "", vote.text ? h("q", { dir: "auto" }, vote.text) : "")),
    ),
    shown,
    h("details", { class: "block" }, h("summary", {}, h("span", { class: "block-name" }, "Judges")), afterwards(found.after)),
    h(
      "div",
      { class: "settle" },
      h("button", { type: "button", class: "act-button accept", onclick: () => settle("accept") }, "It is acceptable"),
      h("button", { type: "button", class: "act-button reject", onclick: () => settle("reject") }, "It is not"),
      h("label", { for: "settle-reason" }, "because"),
      reason,
    ),
  );
  box.classList.add("large");
}

function reasons(main, names) {
  const field = h("input", { id: "new-reason", type: "text", maxlength: 80, placeholder: "One more reason" });
  return h(
    "div",
    {},
    h("ol", { class: "reason-list" }, names.map((name) => h("li", {}, name))),
    h(
      "form",
      {
        class: "row",
        onsubmit: async (event) => {
          event.preventDefault();
          if (!field.value.trim()) return;
          try {
            await ask("/api/owner/reasons", { name: field.value });
            field.value = "";
            field.blur();
            load(main);
          } catch (error) {
            if (!(error instanceof Refused)) throw error;
            field.setCustomValidity(error.message);
            field.reportValidity();
            field.setCustomValidity("");
          }
        },
      },
      h("label", { for: "new-reason", class: "unseen" }, "One more reason"),
      field,
      h("button", { class: "big" }, "Add"),
    ),
  );
}
