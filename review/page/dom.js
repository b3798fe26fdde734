// Elements are made here, out of nodes and text: nothing that comes from a sample is ever parsed
// as markup. The page's Content-Security-Policy (Trusted Types) forbids it besides.

/** An element. Of `props`, `on…` are listeners, `class` and attributes are set as they are;
 * false, null and undefined are left out, true sets an attribute without a value. */
export function h(name, props, ...children) {
  return build(document.createElement(name), props, children);
}

/** The same for SVG. */
export function svg(name, props, ...children) {
  return build(document.createElementNS("http://www.w3.org/2000/svg", name), props, children);
}

function build(element, props, children) {
  for (const [key, value] of Object.entries(props || {})) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "class") element.setAttribute("class", value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  put(element, children);
  return element;
}

/** Append nodes and texts, in nested lists too; null and false are left out. */
export function put(parent, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false || child === "") continue;
    if (Array.isArray(child)) put(parent, child);
    else parent.append(child);
  }
  return parent;
}

/** Tell screen readers. */
export function say(text) {
  document.getElementById("said").textContent = text;
}

/** A key as it is drawn. */
export function key(name) {
  return h("kbd", { "aria-hidden": "true" }, name);
}
