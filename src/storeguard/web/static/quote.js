// What the basket costs under today's promotions: the shop says it, so that it is the paid total.

const NOTHING = { discounts: [], hints: [] };

export class Quote {
  #ask;
  #onAnswer;
  #asked = "";
  #answered = "";
  #answer = NOTHING;

  /** `ask(lines)` gives the shop's answer, `onAnswer()` is called once it is there. */
  constructor(ask, onAnswer) {
    this.#ask = ask;
    this.#onAnswer = onAnswer;
    this.pending = Promise.resolve();
  }

  /** Asks where these lines are new; an answer to older ones is dropped. */
  follow(lines) {
    const content = lines.length ? JSON.stringify(lines) : "";
    if (content === this.#asked) return;
    this.#asked = content;
    this.pending = content ? this.#fetch(content, lines) : Promise.resolve(this.#take(content, NOTHING));
  }

  /** The next `follow` asks again: prices or promotions may have changed. */
  forget() { this.#asked = "?"; }

  get isPending() { return this.#asked !== this.#answered; }
  get discounts() { return this.#answer.discounts; }
  get hints() { return this.#answer.hints; }
  get off() { return this.discounts.reduce((sum, one) => sum + one.won, 0); }

  async #fetch(content, lines) {
    let answer = NOTHING;
    try {
      answer = (await this.#ask(lines)) ?? NOTHING;
    } catch { /* Without an answer it is the plain sum; another total is refused by the shop. */ }
    if (content === this.#asked) this.#take(content, answer);
  }

  #take(content, answer) {
    this.#answered = content;
    this.#answer = answer;
    this.#onAnswer();
  }
}
