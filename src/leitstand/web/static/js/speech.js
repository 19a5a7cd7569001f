// Reads a growing answer to screen readers, sentence by sentence instead of word by word.

const SENTENCE = /[^.!?\n]*(?:[.!?]+(?=\s)|\n)/g;

export class Announcer {
  #region; #said = 0;

  constructor(region) { this.#region = region; }

  begin() { this.#said = 0; }

  /** Say the sentences of `text` that are complete and not said yet; at the end the rest too. */
  follow(text, finished = false) {
    const fresh = text.slice(this.#said);
    const length = finished ? fresh.length : (fresh.match(SENTENCE) ?? []).join("").length;
    if (!length) return;
    this.say(fresh.slice(0, length).trim());
    this.#said += length;
  }

  say(text) { if (text) this.#region.textContent = text; }
}
