// A model's text as a reader expects it: Markdown, code, tables and formulas, built as elements.
// Markup in it (<script>, <img onerror=…>) is text and is shown as it was written.

import { h, put } from "./dom.js";
import { Marked } from "./vendor/marked.js";

const LONGEST_RICH = 60_000;
const SAFE_LINK = /^(https?:|mailto:)/i;

const marked = new Marked({
  gfm: true,
  breaks: true,
  extensions: [
    {
      name: "formula",
      level: "block",
      start: (source) => source.match(/\$\$|\\\[/)?.index,
      tokenizer(source) {
        const found = /^(?:\$\$([^$]+?)\$\$|\\\[([\s\S]+?)\\\])(?:\n|$)/.exec(source);
        return found
          ? { type: "formula", raw: found[0], tex: found[1] ?? found[2], display: true }
          : undefined;
      },
    },
    {
      name: "inlineFormula",
      level: "inline",
      start: (source) => source.match(/\$|\\\(|\\\[/)?.index,
      tokenizer(source) {
        // As in pandoc: no space inside the dollar signs, and no digit behind the closing one, so
        // that "$5 and $10" stays money.
        const found =
          /^(?:\$\$([^$]+?)\$\$|\$(?!\s)((?:[^$\\\n]|\\.)+?)(?<!\s)\$(?!\d)|\\\(([\s\S]+?)\\\)|\\\[([\s\S]+?)\\\])/.exec(
            source,
          );
        return found
          ? {
              type: "inlineFormula",
              raw: found[0],
              tex: found[1] ?? found[2] ?? found[3] ?? found[4],
              display: found[1] !== undefined || found[4] !== undefined,
            }
          : undefined;
      },
    },
  ],
});

/** An element with the text. With `plain`, and where the text is JSON or very long, as it was
 * written, letter for letter. */
export function rich(text, { plain = false } = {}) {
  const attributes = { dir: "auto", lang: language(text) };
  if (plain) return h("div", { class: "text plain", ...attributes }, text);
  if (isJson(text)) return h("pre", { class: "text code", dir: "ltr", tabindex: 0 }, h("code", {}, text));
  if (text.length > LONGEST_RICH) {
    return h(
      "div",
      { class: "text" },
      h("p", { class: "note no-diff" }, `${text.length.toLocaleString()} characters, shown as plain text`),
      h("div", { class: "plain", ...attributes }, text),
    );
  }
  return put(h("div", { class: "text", ...attributes }), blocks(marked.lexer(text)));
}

export function isJson(text) {
  const start = text.trimStart()[0];
  if (start !== "{" && start !== "[") return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The language of a text by its script, where a script tells: Chinese, Japanese and Korean share
 * characters that are drawn differently. */
export function language(text) {
  const part = text.slice(0, 2_000);
  if (/[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(part)) return "ja";
  if (/\p{Script=Hangul}/u.test(part)) return "ko";
  if (/\p{Script=Han}/u.test(part)) return "zh";
  if (/\p{Script=Hebrew}/u.test(part)) return "he";
  if (/\p{Script=Arabic}/u.test(part)) return "ar";
  return undefined;
}

function blocks(tokens) {
  return tokens.map(block);
}

function block(token) {
  switch (token.type) {
    case "space":
    case "def":
      return null;
    case "heading":
      // The page has headings of its own; these are inside a sample.
      return h("p", { class: `heading depth-${token.depth}`, dir: "auto" }, inline(token.tokens));
    case "paragraph":
      return h("p", { dir: "auto" }, inline(token.tokens));
    case "text":
      return token.tokens ? h("span", {}, inline(token.tokens)) : token.text;
    case "blockquote":
      return h("blockquote", { dir: "auto" }, blocks(token.tokens));
    case "code":
      return h(
        "pre",
        { class: "code", dir: "ltr", tabindex: 0, "aria-label": token.lang ? `Code, ${token.lang}` : "Code", role: "group" },
        token.lang ? h("span", { class: "code-name no-diff", "aria-hidden": "true" }, token.lang) : null,
        h("code", {}, token.text),
      );
    case "html":
      return h("p", { class: "plain", dir: "auto" }, token.raw.trimEnd());
    case "hr":
      return h("hr");
    case "list":
      return h(
        token.ordered ? "ol" : "ul",
        { start: token.ordered && token.start !== 1 ? token.start : null, dir: "auto" },
        token.items.map((item) =>
          h("li", {}, item.task ? `${item.checked ? "☑" : "☐"} ` : null, blocks(item.tokens.filter((one) => one.type !== "checkbox"))),
        ),
      );
    case "table":
      return h(
        "div",
        { class: "wide", tabindex: 0, role: "group", "aria-label": "Table" },
        h(
          "table",
          { dir: "auto" },
          h("thead", {}, h("tr", {}, token.header.map((cell) => h("th", { scope: "col" }, inline(cell.tokens))))),
          h("tbody", {}, token.rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, inline(cell.tokens)))))),
        ),
      );
    case "formula":
      return formula(token);
    default:
      return inlineOne(token);
  }
}

function inline(tokens) {
  return (tokens || []).map(inlineOne);
}

function inlineOne(token) {
  switch (token.type) {
    case "strong":
      return h("strong", {}, inline(token.tokens));
    case "em":
      return h("em", {}, inline(token.tokens));
    case "del":
      return h("s", {}, inline(token.tokens));
    case "codespan":
      return h("code", { dir: "ltr" }, token.text);
    case "br":
      return h("br");
    case "link":
      return SAFE_LINK.test(token.href)
        ? h(
            "a",
            { href: token.href, target: "_blank", rel: "noopener noreferrer nofollow", title: token.href },
            inline(token.tokens),
          )
        : token.raw;
    case "image":
      return h("span", { class: "image" }, `${token.text || "image"} (${token.href})`);
    case "escape":
      return token.text;
    case "text":
      return token.tokens ? inline(token.tokens) : token.text;
    case "inlineFormula":
      return formula(token);
    default:
      return token.raw; // markup, and whatever else there may be
  }
}

let renderer = null;

/** A formula in MathML. What draws it is fetched with the first one. */
function formula(token) {
  const wide = token.display ? { tabindex: 0, role: "group", "aria-label": "Formula" } : {};
  const place = h(token.display ? "div" : "span", { class: "formula", dir: "ltr", ...wide }, h("code", {}, token.raw.trim()));
  renderer ||= import("./vendor/temml.js").then((module) => module.default);
  renderer.then(
    (temml) => {
      const drawn = document.createElement("span");
      try {
        temml.render(token.tex, drawn, { displayMode: token.display, throwOnError: true, trust: false, maxExpand: 200, maxSize: [20, 500] });
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        place.title = error.message; // stays as it was written
        return;
      }
      place.replaceChildren(...drawn.childNodes);
    },
    () => {
      renderer = null; // no connection: stays as it was written
    },
  );
  return place;
}
