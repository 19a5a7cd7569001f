// The chat page: asks, reads the stream, stops, asks again, edits.

import { plainText } from "./answer_text.js";
import { el, fill, island, useIcons } from "./dom.js";
import { Announcer } from "./speech.js";
import { events, NotStreamed } from "./stream.js";
import { source, TurnView } from "./thread.js";
import { followTalks } from "./talks.js";

const page = document.getElementById("inhalt");
useIcons(page.dataset.icons);
const words = island("worte");
const stored = island("zustand");
const list = document.getElementById("turns");
const thread = document.getElementById("verlauf");
const form = document.getElementById("composer");
const input = document.getElementById("frage");
const send = document.getElementById("senden");
const stop = document.getElementById("anhalten");
const problem = document.getElementById("stoerung");
const editing = document.getElementById("aendern");
const empty = document.getElementById("leer");
const column = document.getElementById("quellen");
const useCase = document.getElementById("anwendungsfall");
const model = document.getElementById("modell");
const announcer = new Announcer(document.getElementById("ansage"));
const seconds = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

const turns = [];
let conversation = stored.conversation;
let replaces = null;
let running = null;

const acts = { edit, again, copy, cite, turned: showSources };

// ---------------------------------------------------------------- the thread

function addTurn(turn) {
  const view = new TurnView(turn, words, page.dataset.initials, acts);
  turns.push(view);
  list.append(view.node);
  markLast();
  empty?.remove();
  return view;
}

function dropLast() {
  turns.pop().node.remove();
  markLast();
}

function markLast() { turns.forEach((view, index) => { view.last = index === turns.length - 1; }); }

function showSources(view) {
  const citations = view?.answer?.citations ?? [];
  column.hidden = citations.length === 0;
  column.querySelector("div").replaceChildren(...citations.map(source));
}

function cite(view, citation) {
  if (getComputedStyle(column).display === "none") { view.openSource(citation.number); return; }
  showSources(view);
  column.querySelectorAll(".source").forEach((node) => node.toggleAttribute("data-chosen", node.dataset.number === String(citation.number)));
  column.querySelector("[data-chosen]")?.scrollIntoView({ block: "nearest" });
}

async function copy(text, button) {
  await navigator.clipboard.writeText(text);
  const label = button.querySelector("span");
  label.textContent = words.copied;
  announcer.say(words.copied);
  setTimeout(() => { label.textContent = words.copy; }, 2000);
}

// ---------------------------------------------------------------- asking

function pending() { return { id: "", segments: [], citations: [], state: "writing", done: null, message: "", requestId: "" }; }

function ask(text) {
  const replaced = replaces;
  leaveEditing();
  if (replaced) dropLast();
  const view = addTurn({ id: "", segments: [{ text, placeholder: null }], answers: [pending()] });
  thread.scrollTop = 0;
  run(view, { text, replaces: replaced });
}

function again(view) {
  if (running) return;
  view.turn.answers.push(pending());
  view.shown = view.turn.answers.length - 1;
  input.focus();
  run(view, { text: plainText(view.turn.segments), regenerateOf: view.turn.id });
}

async function run(view, request) {
  const controller = new AbortController();
  const began = performance.now();
  const elapsed = () => fill(words.writing, { seconds: seconds.format((performance.now() - began) / 1000) });
  running = controller;
  problem.hidden = true;
  setBusy(true);
  announcer.begin();
  view.showAnswer(elapsed());
  const clock = setInterval(() => view.showElapsed(elapsed()), 100);
  const paint = painter(() => { view.showAnswer(elapsed()); announcer.follow(plainText(view.answer.segments)); });
  try {
    const body = { ...request, conversation, useCase: useCase?.value ?? page.dataset.useCase, model: model?.value ?? "" };
    for await (const event of events("/chat/send", body, page.dataset.csrf, controller.signal)) {
      take(view, event);
      paint();
    }
    if (view.answer.state === "writing") fail(view, words.cut);
  } catch (error) {
    if (!stopped(view, error)) notStarted(view, request, error);
  } finally {
    clearInterval(clock);
    running = null;
    setBusy(false);
    if (turns.includes(view)) {
      view.showAnswer();
      announcer.follow(plainText(view.answer.segments), true);
      showSources(view);
    }
  }
}

function painter(work) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; if (running) work(); });
  };
}

function take(view, { name, data }) {
  const answer = view.answer;
  switch (name) {
    case "started": started(view, data); break;
    case "question": view.turn.segments = data.segments; view.showQuestion(); break;
    case "delta": answer.segments.push(...data.segments); break;
    case "citation": answer.citations.push(data); break;
    case "done": answer.done = data; answer.state = "complete"; break;
    case "refused": Object.assign(answer, data, { state: "refused" }); break;
    case "error": Object.assign(answer, data, { state: "failed" }); break;
  }
}

function started(view, data) {
  Object.assign(view.answer, { id: data.answer, time: data.time, iso: data.iso, requestId: data.requestId });
  if (!view.turn.id) Object.assign(view.turn, { id: data.question, time: data.time, iso: data.iso });
  view.showQuestion();
  if (conversation === data.conversation) return;
  conversation = data.conversation;
  history.replaceState(null, "", `/chat/${conversation}`);
  document.getElementById("titel").textContent = data.title;
  document.title = `${data.title} – Leitstand`;
  allowManaging(data.title);
  if (useCase) {
    page.dataset.useCase = useCase.value;
    document.getElementById("fall").textContent = useCase.selectedOptions[0].textContent;
    useCase.hidden = true;
  }
  htmx.ajax("GET", `/chat/gespraeche?offen=${encodeURIComponent(conversation)}`, { target: "#talks", swap: "outerHTML" });
}

/** The dialog for renaming and deleting works from the first question on. */
function allowManaging(title) {
  document.getElementById("verwalten").hidden = false;
  document.getElementById("neuer-titel").value = title;
  document.querySelectorAll("#gespraech form").forEach((dialog) => {
    dialog.action = dialog.action.replace("/chat/neu/", `/chat/${encodeURIComponent(conversation)}/`);
  });
}

function stopped(view, error) {
  if (error.name !== "AbortError") return false;
  view.answer.state = "stopped";
  view.answer.requestId = "";
  announcer.say(words.stopped);
  return true;
}

function fail(view, message) { Object.assign(view.answer, { state: "failed", message }); }

/** Nothing came: the question goes back into the field, so that nothing typed is lost. */
function notStarted(view, request, error) {
  const told = error instanceof NotStreamed ? (error.status === 401 ? null : error.message) : words.cut;
  if (view.turn.id) { fail(view, told || words.signedOut); return; }
  dropLast();
  if (!input.value) input.value = request.text;
  replaces = request.replaces ?? null;
  problem.hidden = false;
  problem.querySelector("div").replaceChildren(...(told === null
    ? [words.signedOut, " ", el("a", { href: `/anmeldung?weiter=${encodeURIComponent(location.pathname)}` }, words.signIn)]
    : [told || words.cut]));
}

// ---------------------------------------------------------------- the composer

function setBusy(busy) {
  send.hidden = busy;
  stop.hidden = !busy;
  if (!busy || document.activeElement === send || document.activeElement === document.body) input.focus({ preventScroll: true });
}

function edit(view) {
  if (running) return;
  replaces = view.turn.id;
  input.value = plainText(view.turn.segments);
  editing.hidden = false;
  input.focus();
}

function leaveEditing() {
  replaces = null;
  editing.hidden = true;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = input.value.trim();
  if (!text || running) return;
  input.value = "";
  ask(text);
});
input.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector(":popover-open")) return;
  if (running) running.abort();
  else if (!editing.hidden) { input.value = ""; leaveEditing(); }
});
stop.addEventListener("click", () => running?.abort());
editing.querySelector("button").addEventListener("click", () => { input.value = ""; leaveEditing(); input.focus(); });
empty?.querySelectorAll("button").forEach((button) => button.addEventListener("click", () => {
  input.value = button.textContent.trim();
  input.focus();
}));
useCase?.addEventListener("change", showUseCase);

function showUseCase() {
  const chosen = useCase.selectedOptions[0];
  document.getElementById("klasse").textContent = `${words.dataClass} ${chosen.dataset.dataClass}`;
  document.getElementById("hinweis").textContent = chosen.dataset.note;
}

followTalks();
stored.turns.forEach((turn) => addTurn({ ...turn, answers: turn.answers.length ? turn.answers : [{ ...pending(), state: "stopped" }] }));
if (turns.length) showSources(turns.at(-1));
thread.scrollTop = 0;
if (matchMedia("(min-width: 60rem)").matches) input.focus({ preventScroll: true });
page.dataset.ready = "true";
