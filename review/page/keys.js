// One key for each thing to do, and the list of them.

import { h, key } from "./dom.js";
import { choice, choose } from "./kept.js";

let bound = [];
let enabled = choice("keys", true);

/** Set what the keys do: a list of {key, name, run, when?}. */
export function bind(list) {
  bound = list;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
  const at = event.target;
  if (at.closest?.("textarea, input, select, [contenteditable]")) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "?") {
    event.preventDefault();
    help();
    return;
  }
  if (!enabled) return;
  const pressed = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const found = bound.find((one) => one.key === pressed && (!one.when || one.when()));
  if (!found) return;
  event.preventDefault();
  found.run();
});

/** A dialog over the page; it is closed by Escape, and gives the focus back. */
export function dialog(title, ...content) {
  const heading = `dialog-${title.replace(/\W/g, "")}`;
  const box = h(
    "dialog",
    { "aria-labelledby": heading, onclose: () => box.remove(), onclick: (event) => event.target === box && box.close() },
    h(
      "div",
      { class: "dialog-inside" },
      h("header", {}, h("h2", { id: heading }, title), h("button", { type: "button", class: "quiet", "aria-label": "Close", onclick: () => box.close() }, "✕")),
      content,
    ),
  );
  document.body.append(box);
  box.showModal();
  return box;
}

export function help() {
  const rows = bound.filter((one) => one.name && (!one.when || one.when()));
  const single = h("input", {
    type: "checkbox",
    id: "single-keys",
    onchange: () => {
      enabled = single.checked;
      choose("keys", enabled);
    },
  });
  single.checked = enabled;
  dialog(
    "Keys",
    h("dl", { class: "keys" }, rows.map((one) => [h("dt", {}, key(one.shown || one.key.toUpperCase())), h("dd", {}, one.name)]), h("dt", {}, key("?")), h("dd", {}, "this list")),
    h("p", {}, h("label", { class: "switch" }, single, " Single keys are on")),
    h("p", { class: "faint" }, "Off, everything can still be reached with Tab and Enter; “?” stays."),
  );
}
