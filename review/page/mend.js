// Mending a sample in place: its texts become fields, and what was changed goes with the verdict.

import { h } from "./dom.js";
import { draft, keepDraft } from "./kept.js";
import { language } from "./text.js";

const ROLES = { system: "System", user: "User", assistant: "Assistant" };

/** The form, and `fixed()`, which gives the changed fields or null where nothing was changed.
 *
 * view: as the server shows it; after: what is known of a pair's halves, else null. */
export function mending(view, after, { onKept }) {
  const texts = draft(view.item).mended || {};
  const fields = [];
  const whole = wholeOf(view, after);

  function field(path, name, value, { code = false, single = false } = {}) {
    const key = path.join(".");
    const box = h("textarea", {
      class: code ? "edit code" : "edit",
      rows: single ? 1 : 3,
      dir: "auto",
      lang: language(value),
      spellcheck: "true",
      "aria-label": name,
      "data-path": key,
      oninput: () => {
        texts[key] = box.value;
        onKept(keepDraft(view.item, { mended: texts }));
      },
    });
    box.value = texts[key] ?? value;
    fields.push({ path, box, value });
    return h("label", { class: "edit-field" }, h("span", { class: "role" }, name), box);
  }

  const parts = [];
  whole.messages.forEach((turn, i) => parts.push(field(["messages", i, "content"], `${ROLES[turn.role] || turn.role}${whole.rejected.length ? " (chosen)" : ""}`, turn.content)));
  whole.rejected.forEach((turn, i) => {
    if (i >= whole.common) parts.push(field(["rejected", i, "content"], `${ROLES[turn.role] || turn.role} (rejected)`, turn.content));
  });
  whole.steps.forEach((step, i) => parts.push(field(["steps", i, "text"], `Step ${i + 1}`, step.text, { single: true })));
  if (whole.answer) parts.push(field(["answer"], "Answer", whole.answer, { single: true }));
  if (whole.labels.length) parts.push(field(["labels"], "Labels, one a line", whole.labels.join("\n")));
  whole.spans.forEach((span, i) => parts.push(field(["spans", i, "quote"], `Quote for ${span.label || "the source"}`, span.quote, { single: true })));

  function fixed() {
    const changes = {};
    const take = (name) => (changes[name] ||= structuredClone(whole[name]));
    for (const { path, box, value } of fields) {
      // A field gives back "\n" for any end of a line; only what a person changed counts.
      if (box.value === value.replace(/\r\n?/g, "\n")) continue;
      const [name, index, key] = path;
      if (name === "answer") changes.answer = box.value;
      else if (name === "labels") changes.labels = box.value.split("\n").map((line) => line.trim()).filter(Boolean);
      else take(name)[index][key] = box.value;
    }
    // The halves of a pair begin with the same turns.
    if (changes.messages && whole.common) {
      const rejected = take("rejected");
      for (let i = 0; i < whole.common; i++) rejected[i].content = changes.messages[i].content;
    }
    return Object.keys(changes).length ? changes : null;
  }

  return { form: h("div", { class: "mending" }, parts), fixed };
}

function wholeOf(view, after) {
  if (!view.sides) return { messages: view.messages, rejected: [], common: 0, steps: view.steps, answer: view.answer, labels: view.labels, spans: view.spans };
  const chosen = view.sides[after.chosen];
  const rejected = view.sides[1 - after.chosen];
  return {
    messages: [...view.messages, ...chosen],
    rejected: [...view.messages, ...rejected],
    common: view.messages.length,
    steps: after.steps || [],
    answer: after.answer || null,
    labels: view.labels,
    spans: after.spans || [],
  };
}
