// Building elements. Text only ever becomes text nodes; nothing here parses HTML.

let sprite = "";

/** Where the icons lie; called once by the page's entry module. */
export function useIcons(url) { sprite = url; }

/** An element with attributes (null, false: left out; functions: listeners named on…) and children. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

function svg(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** An icon of the sprite; says nothing to screen readers. */
export function icon(name) {
  return svg("svg", { class: "icon", "aria-hidden": "true" }, svg("use", { href: `${sprite}#${name}` }));
}

/** The mark of Leitstand. */
export function brand() {
  return svg("svg", { viewBox: "0 0 22 22", "aria-hidden": "true" },
    svg("path", { d: "M2 5h18M2 11h18M2 17h18" }),
    svg("path", { class: "pointer", d: "M7 2.5v5M15 8.5v5M10 14.5v5" }));
}

/** The JSON of a `<script type="application/json">`. */
export function island(id) { return JSON.parse(document.getElementById(id).textContent); }

/** Fills {name} places of a text. */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (place, name) => (name in values ? String(values[name]) : place));
}
