// A safe subset of Markdown as DOM nodes: paragraphs, headings, lists, quotes, tables, code, bold, italic,
// struck, links to http(s) only. Model text becomes text nodes, never HTML.

import { el } from "./dom.js";

const FENCE = /^ {0,3}(```+|~~~+)\s*([\w+#.-]*)/;
const HEADING = /^ {0,3}#{1,6}\s+(.*?)\s*#*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const QUOTE = /^ {0,3}>\s?(.*)$/;
const DELIMITER = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;
const NESTING = 12; // deeper is shown flat, so that hostile text cannot exhaust the stack

/** The text as blocks {kind, source, …}; the source of a finished block never changes while text is appended. */
export function splitBlocks(text) {
  const lines = text.split("\n");
  const blocks = [];
  let at = 0;
  while (at < lines.length) {
    if (!lines[at].trim()) { at += 1; continue; }
    const [block, next] = readBlock(lines, at);
    block.source = lines.slice(at, next).join("\n");
    blocks.push(block);
    at = next;
  }
  return blocks;
}

function readBlock(lines, at) {
  const fence = FENCE.exec(lines[at]);
  if (fence) return readCode(lines, at, fence[1], fence[2]);
  const heading = HEADING.exec(lines[at]);
  if (heading) return [{ kind: "heading", text: heading[1] }, at + 1];
  if (RULE.test(lines[at])) return [{ kind: "rule" }, at + 1];
  if (lines[at].includes("|") && at + 1 < lines.length && DELIMITER.test(lines[at + 1])) return readTable(lines, at);
  if (QUOTE.test(lines[at])) {
    const next = endOf(lines, at, (line) => QUOTE.test(line));
    return [{ kind: "quote", text: lines.slice(at, next).map((line) => QUOTE.exec(line)[1]).join("\n") }, next];
  }
  if (ITEM.test(lines[at])) {
    const next = endOf(lines, at, (line, following) =>
      ITEM.test(line) || /^\s{2,}\S/.test(line) || (!line.trim() && following !== undefined && (ITEM.test(following) || /^\s{2,}\S/.test(following))));
    return [{ kind: "list", lines: lines.slice(at, next) }, next];
  }
  const next = endOf(lines, at, (line, _following, index) => line.trim() && (index === at || !begins(lines, index)));
  return [{ kind: "paragraph", text: lines.slice(at, next).join("\n") }, next];
}

function endOf(lines, at, belongs) {
  let next = at;
  while (next < lines.length && belongs(lines[next], lines[next + 1], next)) next += 1;
  return Math.max(next, at + 1);
}

function begins(lines, at) {
  const line = lines[at];
  return FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line) || ITEM.test(line);
}

function readCode(lines, at, fence, language) {
  let end = at + 1;
  while (end < lines.length && !lines[end].trim().startsWith(fence)) end += 1;
  return [{ kind: "code", language, text: lines.slice(at + 1, end).join("\n") }, Math.min(end + 1, lines.length)];
}

function readTable(lines, at) {
  const next = endOf(lines, at, (line) => line.includes("|"));
  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());
  const right = cells(lines[at + 1]).map((cell) => cell.endsWith(":"));
  return [{ kind: "table", head: cells(lines[at]), right, rows: lines.slice(at + 2, next).map(cells) }, next];
}

/** The node of a block. inline(text): makes nodes of running text, see `inlineWith`. */
export function buildBlock(block, inline, words) {
  switch (block.kind) {
    case "heading": return el("h2", {}, ...inline(block.text));
    case "rule": return el("hr");
    case "quote": return el("blockquote", {}, ...lined(block.text, inline));
    case "list": return buildList(block.lines, inline, 0);
    case "code": return el("pre", { class: "code", tabindex: "0", role: "region", "aria-label": block.language ? `${words.code}: ${block.language}` : words.code }, el("code", {}, ...inline.verbatim(block.text)));
    case "table": return buildTable(block, inline, words);
    default: return el("p", {}, ...lined(block.text, inline));
  }
}

function lined(text, inline) {
  return text.split("\n").flatMap((line, index) => (index ? [el("br"), ...inline(line)] : inline(line)));
}

function buildList(lines, inline, depth) {
  const first = ITEM.exec(lines[0]);
  const indent = first[1].length;
  const ordered = /\d/.test(first[2]);
  const list = el(ordered ? "ol" : "ul", { start: ordered && parseInt(first[2], 10) !== 1 ? String(parseInt(first[2], 10)) : null });
  for (let at = 0; at < lines.length;) {
    const item = ITEM.exec(lines[at]);
    const text = item ? item[3] : lines[at].trim();
    let next = at + 1;
    while (next < lines.length && !(ITEM.test(lines[next]) && ITEM.exec(lines[next])[1].length <= indent + 1)) next += 1;
    const rest = lines.slice(at + 1, next).filter((line) => line.trim());
    const nested = rest.findIndex((line) => ITEM.test(line));
    const own = nested < 0 ? rest : rest.slice(0, nested);
    const node = el("li", {}, ...inline([text, ...own.map((line) => line.trim())].join(" ")));
    if (nested >= 0) {
      if (depth < NESTING) node.append(buildList(rest.slice(nested), inline, depth + 1));
      else node.append(...lined(rest.slice(nested).join("\n"), inline));
    }
    list.append(node);
    at = next;
  }
  return list;
}

function buildTable(block, inline, words) {
  const row = (cells, tag) => el("tr", {}, ...block.head.map((_cell, index) =>
    el(tag, { class: block.right[index] ? "num" : null, scope: tag === "th" ? "col" : null }, ...inline(cells[index] ?? ""))));
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": words.table },
    el("table", { class: "table" }, el("thead", {}, row(block.head, "th")), el("tbody", {}, ...block.rows.map((cells) => row(cells, "td")))));
}

const TOKENS = new RegExp([
  /\\([\\`*_{}[\]()#+\-.!|~>])/.source,                             // 1 escaped
  /(`+)([^`](?:.*?[^`])?)\2(?!`)/.source,                           // 2, 3 code
  /\*\*(?=\S)(.+?\S?)\*\*/.source,                                  // 4 bold
  /(?<!\w)__(?=\S)(.+?)__(?!\w)/.source,                            // 5 bold
  /\*(?=[^\s*])([^*]+?)\*/.source,                                  // 6 italic
  /(?<!\w)_(?=\S)([^_]+?)_(?!\w)/.source,                           // 7 italic
  /~~(?=\S)(.+?)~~/.source,                                         // 8 struck
  /\[(\d{1,3})\](?!\()/.source,                                     // 9 citation
  /!?\[([^[\]]*)\]\(<?((?:[^()\s<>]|\([^()\s<>]*\))+)>?(?:\s+"[^"\n]*")?\)/.source, // 10, 11 link or image
  /(https?:\/\/[^\s<>"'`]+[^\s<>"'`.,;:!?)\]])/.source,             // 12 bare address
].join("|"), "g");

/** A function that makes nodes of running text. plain(text): nodes of text without markup. cite(n): node or null. */
export function inlineWith(plain, cite) {
  const inline = (text, depth = 0) => {
    if (depth > NESTING) return plain(text);
    const nodes = [];
    let end = 0;
    for (const match of text.matchAll(TOKENS)) {
      nodes.push(...plain(text.slice(end, match.index)), ...token(match, (inner) => inline(inner, depth + 1)));
      end = match.index + match[0].length;
    }
    nodes.push(...plain(text.slice(end)));
    return nodes;
  };
  const token = (match, deeper) => {
    const [whole, escaped, , code, bold, bold2, italic, italic2, struck, number, label, target, address] = match;
    if (escaped !== undefined) return plain(escaped);
    if (code !== undefined) return [el("code", {}, ...plain(code.trim()))];
    if (bold ?? bold2) return [el("strong", {}, ...deeper(bold ?? bold2))];
    if (italic ?? italic2) return [el("em", {}, ...deeper(italic ?? italic2))];
    if (struck) return [el("s", {}, ...deeper(struck))];
    if (number !== undefined) return [cite(Number(number)) ?? whole];
    return link(target ?? address, label ? deeper(label) : plain(address ?? target), label !== undefined, whole, plain);
  };
  inline.verbatim = plain;
  return inline;
}

/** Only http and https become links; beside another text the host is shown, so that nobody is led astray. */
function link(target, label, named, whole, plain) {
  let url;
  try { url = new URL(target); } catch { return plain(whole); }
  if (url.protocol !== "https:" && url.protocol !== "http:") return plain(whole);
  const anchor = el("a", { href: url.href, rel: "noopener noreferrer nofollow", target: "_blank" }, ...label);
  return named ? [anchor, el("small", {}, ` (${url.host})`)] : [anchor];
}
