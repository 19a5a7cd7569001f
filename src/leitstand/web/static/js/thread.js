// The conversation as nodes: questions, answers with variants, what was measured, what can be done.

import { AnswerText, plainText, showQuestion } from "./answer_text.js";
import { brand, el, fill, icon } from "./dom.js";

/** One turn. turn: {id, time, iso, segments, answers}. acts: what the page does on a click. */
export class TurnView {
  constructor(turn, words, face, acts) {
    this.turn = turn;
    this.shown = turn.answers.length - 1;
    this.#words = words;
    this.#acts = acts;
    this.#question(face);
    this.#answer();
    this.node = el("div", { class: "turn" }, this.#mine, this.#theirs);
    this.showQuestion();
    this.showAnswer();
  }

  #words; #acts; #mine; #theirs; #asked; #text; #view; #who; #rest; #last = false; #edit; #when;

  get answer() { return this.turn.answers[this.shown]; }

  #question(face) {
    this.#asked = el("div", { class: "text asked" });
    this.#edit = el("div", { class: "actions" }, this.#button("pencil", this.#words.edit, () => this.#acts.edit(this)));
    this.#when = el("time", { class: "note" });
    this.#mine = el("article", { class: "message mine", "aria-label": this.#words.yourQuestion },
      el("span", { class: "face", "aria-hidden": "true" }, face),
      el("div", {}, el("p", { class: "who" }, this.#words.you, " ", this.#when), this.#asked, this.#edit));
  }

  #answer() {
    this.#text = el("div", { class: "text prose" });
    this.#view = new AnswerText(this.#text, this.#words, (citation) => citation && this.#cite(citation));
    this.#who = el("p", { class: "who" });
    this.#rest = el("div", {});
    this.#theirs = el("article", { class: "message", "aria-label": this.#words.aiAnswer },
      el("span", { class: "face ai", "aria-hidden": "true" }, brand()),
      el("div", {}, this.#who, this.#text, this.#rest));
  }

  showQuestion() {
    this.#when.textContent = this.turn.time ?? "";
    if (this.turn.iso) this.#when.dateTime = this.turn.iso;
    showQuestion(this.#asked, this.turn.segments);
  }

  /** last: only the newest question can be edited and answered again. */
  set last(last) {
    this.#last = last;
    this.showAnswer();
  }

  /** elapsed: what stands beside an answer that is being written, else "". */
  showAnswer(elapsed = "") {
    const answer = this.answer;
    const writing = answer.state === "writing";
    this.#edit.hidden = !this.#last || writing || !this.turn.id;
    this.#theirs.setAttribute("aria-busy", String(writing));
    this.showElapsed(elapsed);
    this.#view.show(answer.segments, answer.citations, writing);
    this.#rest.replaceChildren(...(writing ? [] : [this.#notice(answer), this.#meta(answer), this.#sources(answer), this.#actions(answer)].filter(Boolean)));
  }

  showElapsed(elapsed) {
    const answer = this.answer;
    const beside = answer.state === "writing"
      ? el("span", { class: "status", "data-status": "work" }, elapsed)
      : el("time", { class: "note", datetime: answer.iso ?? "" }, answer.time ?? "");
    this.#who.replaceChildren(this.#words.aiAnswer, " ", beside);
  }

  #notice(answer) {
    if (answer.state === "complete") return null;
    const level = { stopped: "off", refused: "info", failed: "warn" }[answer.state];
    const id = answer.requestId && answer.state !== "stopped" ? el("span", { class: "note" }, ` ${this.#words.requestId} ${answer.requestId}`) : null;
    return el("div", { class: "notice plain", "data-status": level, role: answer.state === "stopped" ? null : "alert" },
      el("span", { class: "mark", "data-status": level }), el("div", {}, answer.state === "stopped" ? this.#words.stopped : answer.message, id));
  }

  #meta(answer) {
    if (!answer.done) return null;
    return el("p", { class: "meta" }, ...[...answer.done.facts, `${this.#words.dataClass} ${answer.done.dataClass}`].map((fact) => el("span", {}, fact)));
  }

  #sources(answer) {
    if (!answer.citations.length) return null;
    const count = answer.citations.length;
    return el("details", { class: "below" }, el("summary", {}, count === 1 ? this.#words.oneSource : fill(this.#words.sources, { count })), ...answer.citations.map(source));
  }

  #cite(citation) {
    return el("button", { class: "cite", type: "button", "aria-label": fill(this.#words.source, citation), onclick: () => this.#acts.cite(this, citation) }, String(citation.number));
  }

  /** Open the list below the answer and bring a source into view: for windows without a source column. */
  openSource(number) {
    const list = this.#rest.querySelector("details.below");
    list.open = true;
    list.querySelector(`[data-number="${number}"]`)?.scrollIntoView({ block: "nearest" });
  }

  #actions(answer) {
    const text = () => plainText(answer.segments, document.getElementById("view-provider").checked);
    const copy = this.#button("copy", this.#words.copy, (event) => this.#acts.copy(text(), event.currentTarget));
    const again = this.#button("refresh-cw", this.#words.again, () => this.#acts.again(this));
    return el("div", { class: "actions" },
      answer.segments.length && navigator.clipboard ? copy : null,
      this.#last && this.turn.id ? again : null,
      this.turn.answers.length > 1 ? this.#variants() : null);
  }

  #variants() {
    const count = this.turn.answers.length;
    const step = (by, label, sign) => el("button", { class: "button plain", type: "button", "aria-label": label, disabled: this.shown + by < 0 || this.shown + by >= count, onclick: () => this.#turnTo(this.shown + by) }, sign);
    return el("span", { class: "line variants", role: "group", "aria-label": this.#words.variants },
      step(-1, this.#words.previous, "‹"), el("span", { class: "note" }, `${this.shown + 1} / ${count}`), step(1, this.#words.next, "›"));
  }

  #turnTo(index) {
    const forward = index > this.shown;
    this.shown = index;
    this.showAnswer();
    this.#acts.turned(this);
    const steps = [...this.#rest.querySelectorAll(".variants button")];
    const wanted = steps[forward ? 1 : 0];
    (wanted.disabled ? steps.find((button) => !button.disabled) : wanted)?.focus();
  }

  #button(name, label, act) {
    return el("button", { class: "button plain", type: "button", onclick: act }, icon(name), el("span", {}, label));
  }
}

/** One source, as shown in the column and below an answer. */
export function source(citation) {
  return el("article", { class: "source", "data-number": String(citation.number) },
    el("h2", {}, el("span", { class: "cite" }, String(citation.number)), citation.document),
    citation.passage ? el("blockquote", {}, citation.passage) : null,
    citation.place ? el("p", { class: "note" }, citation.place) : null);
}
