// A sample, drawn by what it has: turns, halves, steps, labels, a flow, a source, constraints.

import { markDifferences } from "./differences.js";
import { h } from "./dom.js";
import { passage } from "./passage.js";
import { language, rich } from "./text.js";

const LONG_TEXT = 1_400;

/** The element of a sample as the server shows it.
 *
 * options.plain: texts as they were written; options.wrong: the set of steps marked as wrong;
 * options.onWrong(index): a step is to be marked or not. */
export function sample(view, options) {
  const parts = [];
  const given = view.passage;
  const cited = view.spans.length > 0;
  const conversation = view.messages.filter((turn) => turn.role !== "system").length > 2 || view.messages.some((turn) => turn.act);
  const last = view.sides ? -1 : view.messages.length - 1;
  const turns = view.messages.map((turn, i) => turnOf(turn, i, view.messages, options, { conversation, last: i === last }));
  parts.push(h("div", { class: conversation ? "turns conversation" : "turns" }, turns));
  if (view.sides) parts.push(pair(view.sides, options));
  if (view.steps.length) parts.push(steps(view.steps, options));
  if (view.answer) parts.push(block("Answer", h("div", { class: "answer" }, rich(view.answer, options))));
  if (view.labels.length) parts.push(block("Labels", tree(view.labels)));
  if (view.flow && view.flow.nodes.length) parts.push(flow(view.flow));
  if (view.constraints.length) parts.push(constraints(view.constraints));
  const source = given ? passage(given, view.spans, { open: cited }) : null;
  const about = details(view);
  if (cited && source) {
    return h("div", { class: "sample with-source" }, h("div", { class: "made" }, parts, about), h("div", { class: "beside" }, source));
  }
  return h("div", { class: view.sides ? "sample with-sides" : "sample" }, parts, source, about);
}

export function block(name, ...content) {
  return h("section", { class: "block", "aria-label": name }, h("h2", { class: "block-name" }, name), content);
}

const ROLES = { system: "System", user: "User", assistant: "Assistant" };

function turnOf(turn, index, turns, options, { conversation, last }) {
  const body = rich(turn.content, options);
  const long = turn.content.length > LONG_TEXT && !last;
  const tags = [];
  if (turn.act) tags.push(h("span", { class: `act act-${turn.act.replace(/\W/g, "")}` }, turn.act.replaceAll("_", " ")));
  for (const at of turn.depends_on || []) {
    tags.push(
      h(
        "button",
        { type: "button", class: "depends", "aria-label": `depends on turn ${at + 1}`, onclick: () => point(at) },
        `↑ ${at + 1}`,
      ),
    );
  }
  const takes = (turn.entities || []).map((one) =>
    h("li", {}, h("q", { dir: "auto" }, one.words), one.words === one.entity ? "" : [" is ", h("q", { dir: "auto" }, one.entity)], ` of turn ${one.turn + 1}`),
  );
  const text = long ? clamped(body) : body;
  return h(
    "article",
    { class: `turn ${turn.role}${last ? " last" : ""}`, id: `turn-${index}`, tabindex: -1, "aria-label": `${ROLES[turn.role] || turn.role}${conversation ? `, turn ${index + 1}` : ""}` },
    h(
      "header",
      {},
      conversation ? h("span", { class: "turn-number" }, String(index + 1)) : null,
      h("span", { class: "role" }, ROLES[turn.role] || turn.role),
      tags,
    ),
    text,
    takes.length ? h("ul", { class: "takes", "aria-label": "Takes up" }, takes) : null,
  );
}

function point(index) {
  const turn = document.getElementById(`turn-${index}`);
  if (!turn) return;
  turn.scrollIntoView({ block: "center" });
  turn.focus({ preventScroll: true });
  turn.classList.remove("pointed");
  void turn.offsetWidth; // begins the animation anew
  turn.classList.add("pointed");
}

function clamped(body) {
  const box = h("div", { class: "clamped" }, body);
  const more = h(
    "button",
    {
      type: "button",
      class: "quiet more",
      "aria-expanded": "false",
      onclick: () => {
        const open = box.classList.toggle("whole");
        more.setAttribute("aria-expanded", String(open));
        more.textContent = open ? "Show less" : "Show all of it";
      },
    },
    "Show all of it",
  );
  return h("div", {}, box, more);
}

function pair(sides, options) {
  const bodies = sides.map((turns) =>
    h("div", { class: "side-turns" }, turns.map((turn) => (turns.length > 1 ? h("div", {}, h("span", { class: "role" }, ROLES[turn.role]), rich(turn.content, options)) : rich(turn.content, options)))),
  );
  const same = bodies.map((body) => body.cloneNode(true));
  const marked = markDifferences(bodies[0], bodies[1]);
  const names = ["Answer 1", "Answer 2"];
  return h(
    "section",
    { class: "pair", "aria-label": "Two answers; where they differ is marked" },
    bodies.map((body, i) =>
      h(
        "article",
        { class: "side", "aria-label": names[i], "data-side": i },
        h("header", {}, h("span", { class: "side-name" }, names[i]), h("span", { class: "side-what" })),
        marked ? body : same[i],
      ),
    ),
    marked ? null : h("p", { class: "note" }, "The answers are too long for their differences to be marked."),
  );
}

/** Say which half is which, once that is known. */
export function tellSides(root, after) {
  for (const side of root.querySelectorAll(".side")) {
    const chosen = Number(side.dataset.side) === after.chosen;
    side.classList.add(chosen ? "chosen" : "rejected");
    side.querySelector(".side-what").textContent = chosen
      ? "meant as the better one"
      : `meant as the worse one${after.flaw ? `: ${after.flaw.kind.replaceAll("_", " ")}` : ""}`;
  }
}

function steps(list, { wrong, onWrong }) {
  return h(
    "section",
    { class: "block", "aria-label": "Steps" },
    h("h2", { class: "block-name" }, "Steps"),
    h(
      "ol",
      { class: "steps" },
      list.map((step, i) => {
        const checked = step.verdict === "right" ? h("span", { class: "checked", title: "A program has recomputed it" }, "✓ recomputed") : step.verdict === "wrong" ? h("span", { class: "warning" }, "✗ does not compute") : null;
        const button = h(
          "button",
          {
            type: "button",
            class: "mark-wrong",
            "aria-pressed": String(wrong.has(i)),
            "aria-label": `Step ${i + 1} is wrong`,
            onclick: () => {
              onWrong(i);
              const now = wrong.has(i);
              button.setAttribute("aria-pressed", String(now));
              item.classList.toggle("wrong", now);
            },
          },
          "wrong",
        );
        const item = h("li", { class: wrong.has(i) ? "step wrong" : "step", "data-step": i, tabindex: -1 }, h("div", { class: "step-text" }, rich(step.text), checked), button);
        return item;
      }),
    ),
  );
}

/** Paths of a taxonomy as a tree. */
function tree(paths) {
  const root = new Map();
  for (const path of paths) {
    let here = root;
    for (const name of path.split("/")) {
      if (!here.has(name)) here.set(name, new Map());
      here = here.get(name);
    }
  }
  const draw = (level) =>
    h(
      "ul",
      {},
      [...level].map(([name, below]) => h("li", {}, h("span", { class: below.size ? "branch" : "leaf", dir: "auto" }, name), below.size ? draw(below) : null)),
    );
  const drawn = draw(root);
  drawn.className = "tree";
  return drawn;
}

/** A troubleshooting flow: its nodes in the order in which one comes to them, each with its ways on. */
function flow(of) {
  const byId = new Map(of.nodes.map((node) => [node.id, node]));
  const into = new Set(of.edges.map((edge) => edge.target));
  const order = [];
  const reach = (id) => {
    const found = [id];
    for (const next of found) {
      if (!byId.has(next) || order.includes(next)) continue;
      order.push(next);
      for (const edge of of.edges) if (edge.source === next) found.push(edge.target);
    }
  };
  for (const node of of.nodes) if (!into.has(node.id)) reach(node.id);
  for (const node of of.nodes) reach(node.id);
  const number = new Map(order.map((id, i) => [id, i + 1]));
  const to = (id) => {
    const place = document.getElementById(`node-${number.get(id)}`);
    if (place) {
      place.scrollIntoView({ block: "center" });
      place.focus({ preventScroll: true });
    }
  };
  return block(
    "Troubleshooting flow",
    h(
      "ol",
      { class: "flow" },
      order.map((id) => {
        const node = byId.get(id);
        const ways = of.edges.filter((edge) => edge.source === id);
        return h(
          "li",
          { class: `node ${node.kind.replace(/\W/g, "")}`, id: `node-${number.get(id)}`, tabindex: -1 },
          h("span", { class: "node-kind" }, node.kind),
          h("div", { class: "node-text", dir: "auto", lang: language(node.text) }, node.text),
          ways.length
            ? h(
                "ul",
                { class: "ways" },
                ways.map((edge) =>
                  h("li", {}, h("span", { dir: "auto" }, edge.condition || "then"), h("button", { type: "button", class: "way", onclick: () => to(edge.target) }, number.has(edge.target) ? `→ ${number.get(edge.target)}` : `→ ${edge.target} (missing)`)),
                ),
              )
            : null,
        );
      }),
    ),
  );
}

function constraints(list) {
  return block(
    "Constraints",
    h(
      "ul",
      { class: "checks" },
      list.map((one) => h("li", {}, tick(one.satisfied), h("span", {}, one.kind.replace(/^\w+:/, (group) => `${group.slice(0, -1)}: `).replaceAll("_", " ")), h("span", { class: "faint", dir: "auto" }, told(one.arguments)))),
    ),
  );
}

function told(json) {
  let values;
  try {
    values = JSON.parse(json);
  } catch {
    return json;
  }
  return Object.entries(values)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name.replaceAll("_", " ")}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" · ");
}

export function tick(passed) {
  const [sign, words, name] = passed === true ? ["✓", "met", "yes"] : passed === false ? ["✗", "not met", "no"] : ["–", "cannot be told", "unknown"];
  return h("span", { class: `tick ${name}`, role: "img", "aria-label": words }, sign);
}

function details(view) {
  const rows = [];
  for (const one of view.attributes || []) rows.push([one.name.replaceAll("_", " "), one.value]);
  if (view.source) rows.push(["seed", view.licence ? `${view.source} (${view.licence})` : view.source]);
  const checks = view.checks || [];
  if (!rows.length && !checks.length) return null;
  return h(
    "details",
    { class: "block about" },
    h("summary", {}, h("span", { class: "block-name" }, "About this sample")),
    rows.length ? h("dl", {}, rows.map(([name, value]) => [h("dt", {}, name), h("dd", { dir: "auto" }, value)])) : null,
    checks.length ? h("ul", { class: "checks" }, checks.map((one) => h("li", {}, tick(one.passed), h("span", {}, one.name), h("span", { class: "faint", dir: "auto" }, one.detail)))) : null,
  );
}

/** What is told once a person has decided: scores, rationales, the flaw. */
export function afterwards(after) {
  const judged = after.judgements || [];
  return h(
    "div",
    { class: "afterwards" },
    after.flaw ? h("p", {}, "Planted flaw: ", h("strong", {}, after.flaw.kind.replaceAll("_", " ")), after.flaw.where ? [" in ", h("q", { dir: "auto" }, after.flaw.where)] : "") : null,
    h("p", {}, "Judges: ", h("strong", {}, after.score === null || after.score === undefined ? "no score" : after.score.toFixed(2)), " of 1"),
    judged.length
      ? h(
          "ul",
          { class: "judgements" },
          judged.map((one) =>
            h("li", {}, h("span", { class: "score" }, one.score.toFixed(2)), h("strong", {}, `${one.judge}${one.criterion ? ` · ${one.criterion.replaceAll("_", " ")}` : ""}`), one.rationale ? h("p", { dir: "auto" }, one.rationale) : null),
          ),
        )
      : h("p", { class: "faint" }, "No judge has looked at it."),
    (after.checks || []).length ? h("ul", { class: "checks" }, after.checks.map((one) => h("li", {}, tick(one.passed), h("span", {}, one.name), h("span", { class: "faint", dir: "auto" }, one.detail)))) : null,
  );
}
