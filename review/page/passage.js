// A passage with the quotes that labels or steps rest on, highlighted where they stand.

import { h } from "./dom.js";
import { language } from "./text.js";

const HUES = 6;

/** The passage's text with its spans; `open` shows it at once. */
export function passage(of, spans, { open = false } = {}) {
  const text = h("div", { class: "passage-text", dir: "auto", lang: language(of.text), tabindex: 0, role: "group", "aria-label": "Source text" });
  const labels = [...new Set(spans.map((span) => span.label))];
  const marks = new Map();
  // Offsets count characters as Python does, by code points.
  const characters = spans.length ? Array.from(of.text) : null;
  if (!characters) text.append(of.text);
  else {
    for (const [start, end, inside] of pieces(characters.length, spans)) {
      const piece = characters.slice(start, end).join("");
      if (!inside.length) text.append(piece);
      else {
        const hue = labels.indexOf(spans[inside[0]].label) % HUES;
        const mark = h("mark", { class: `quote hue-${hue}`, title: inside.map((i) => spans[i].label).join(", ") }, piece);
        for (const i of inside) marks.set(i, [...(marks.get(i) || []), mark]);
        text.append(mark);
      }
    }
  }
  const list = spans.length
    ? h(
        "ul",
        { class: "quotes", "aria-label": "Quotes" },
        spans.map((span, i) =>
          h(
            "li",
            {},
            h(
              "button",
              { type: "button", class: `quote-link hue-${labels.indexOf(span.label) % HUES}`, onclick: () => show(marks.get(i)) },
              h("span", { class: "quote-label" }, span.label || "quote"),
              h("span", { dir: "auto" }, `“${span.quote}”`),
              marks.has(i) ? null : h("span", { class: "warning" }, " not found in the source"),
            ),
          ),
        ),
      )
    : null;
  const about = [of.source, of.heading].filter(Boolean).join(" · ");
  return h(
    "details",
    { class: "block passage", open },
    h("summary", {}, h("span", { class: "block-name" }, "Source"), h("span", { class: "faint" }, about)),
    text,
    list,
  );
}

function show(marks) {
  if (!marks) return;
  for (const one of document.querySelectorAll("mark.here")) one.classList.remove("here");
  for (const mark of marks) mark.classList.add("here");
  marks[0].scrollIntoView({ block: "center", behavior: "auto" });
}

/** The text cut where spans begin and end: [start, end, indices of the spans that cover it]. */
function pieces(length, spans) {
  const cuts = new Set([0, length]);
  for (const { start, end } of spans) {
    if (start >= 0 && end <= length && start < end) cuts.add(start).add(end);
  }
  const at = [...cuts].sort((a, b) => a - b);
  const found = [];
  for (let i = 0; i + 1 < at.length; i++) {
    const inside = spans.flatMap((span, j) => (span.start <= at[i] && span.end >= at[i + 1] ? [j] : []));
    found.push([at[i], at[i + 1], inside]);
  }
  return found;
}
