// Where the page begins: who comes in by a link, and which screen is shown.

import { h } from "./dom.js";
import { choice, keepFor } from "./kept.js";
import { ask, Refused, trust } from "./net.js";
import { owner } from "./owner.js";
import { review } from "./review.js";

const root = document.getElementById("app");
let me = null;

const theme = choice("theme", null);
if (theme) document.documentElement.dataset.theme = theme;

async function begin() {
  const token = location.hash.slice(1);
  try {
    if (/^[A-Za-z0-9_-]{20,}$/.test(token)) {
      // Gone from the address bar and from what the page could pass on.
      history.replaceState(null, "", "/");
      await ask("/api/login", { token });
    }
    me = await ask("/api/me");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    closed(error);
    return;
  }
  trust(me.csrf);
  keepFor(me.plan, me.name);
  route();
}

function route() {
  root.removeAttribute("aria-busy");
  if (location.hash === "#owner" && me.owner) owner(me, root);
  else review(me, root);
}

function closed(error) {
  root.removeAttribute("aria-busy");
  const link = h("input", { id: "link", type: "text", autocomplete: "off", spellcheck: "false", placeholder: "https://…/#…" });
  const form = h(
    "form",
    {
      onsubmit: (event) => {
        event.preventDefault();
        history.replaceState(null, "", `#${link.value.split("#").pop().trim()}`);
        begin();
      },
    },
    h("label", { for: "link" }, "Your link"),
    h("div", { class: "row" }, link, h("button", { class: "big" }, "Open")),
  );
  root.replaceChildren(
    h("main", { id: "content", class: "finished", tabindex: -1 }, h("h1", {}, error.status === null ? "No connection" : "Open your link"), h("p", { role: "alert" }, error.message), form),
  );
}

window.addEventListener("hashchange", () => {
  if (!me) begin();
  else if (/^#[A-Za-z0-9_-]{20,}$/.test(location.hash)) begin();
  else {
    ask("/api/me").then(
      (found) => {
        me = found;
        trust(me.csrf);
        route();
      },
      () => route(),
    );
  }
});

begin();
