// Text with protected places, shown both ways: originals, and what the provider saw.

import { el } from "./dom.js";
import { buildBlock, inlineWith, splitBlocks } from "./markdown.js";

// Protected places travel through the Markdown reader as one private-use code between two marks.
const OPEN = "\ue000";
const CLOSE = "\ue001";
const PLACE = /\ue000(\d+)\ue001/g;
const PRIVATE = /[\ue000\ue001]/g;

/** The segments as one text; `seen` collects the protected ones. */
function joined(segments, seen) {
  return segments.map((segment) => {
    if (segment.placeholder === null) return segment.text.replace(PRIVATE, "");
    seen.push(segment);
    return `${OPEN}${seen.length - 1}${CLOSE}`;
  }).join("");
}

/** What a person reads, or what the provider saw, as plain text. */
export function plainText(segments, asProvider = false) {
  return segments.map((segment) => (asProvider && segment.placeholder !== null ? segment.placeholder : segment.text)).join("");
}

function places(seen) {
  return (text) => {
    const nodes = [];
    let end = 0;
    for (const match of text.matchAll(PLACE)) {
      if (match.index > end) nodes.push(text.slice(end, match.index));
      const segment = seen[Number(match[1])];
      nodes.push(el("span", { class: "clear" }, segment.text), el("span", { class: "stand-in" }, segment.placeholder));
      end = match.index + match[0].length;
    }
    if (end < text.length) nodes.push(text.slice(end));
    return nodes;
  };
}

/** A question: no markup, line ends kept by CSS. */
export function showQuestion(container, segments) {
  const seen = [];
  const text = joined(segments, seen);
  container.replaceChildren(el("p", {}, ...places(seen)(text)));
}

/** An answer that may grow: blocks that did not change keep their nodes, and with them a selection. */
export class AnswerText {
  #container; #words; #cite; #sources = [];

  constructor(container, words, cite) {
    this.#container = container;
    this.#words = words;
    this.#cite = cite;
  }

  show(segments, citations, writing) {
    const seen = [];
    const blocks = splitBlocks(joined(segments, seen));
    const inline = inlineWith(places(seen), (number) => this.#cite(citations.find((citation) => citation.number === number)));
    const keys = blocks.map((block) => `${citations.length} ${block.source}`);
    let same = 0;
    while (same < keys.length && keys[same] === this.#sources[same]) same += 1;
    this.#container.querySelector(".caret")?.remove();
    while (this.#container.children.length > same) this.#container.lastElementChild.remove();
    this.#container.append(...blocks.slice(same).map((block) => buildBlock(block, inline, this.#words)));
    this.#sources = keys;
    if (writing) this.#tip().append(el("span", { class: "caret", "aria-hidden": "true" }));
  }

  #tip() {
    const last = this.#container.lastElementChild;
    if (!last) return this.#container;
    if (last.matches("ul, ol")) return [...last.querySelectorAll("li")].at(-1) ?? last;
    return last.matches("p, h2, blockquote") ? last : this.#container;
  }
}
