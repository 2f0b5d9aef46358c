// Payments that the shop has not answered: kept over a reload, a crash of the browser and a
// restart of the shop's computer, and sent until they are answered. Each has its key: it is one sale.

const STORED = "storeguard.payments";
const KEPT_MS = 86_400_000;

export class Payments {
  #post;

  /** `post(url, content)` is a request of the kiosk. */
  constructor(post) { this.#post = post; }

  of(key) { return this.#all.find((one) => one.sale.key === key)?.sale; }

  /** What was pressed first under a key is what is paid under it. */
  keep(sale) {
    if (!this.of(sale.key)) this.#save([...this.#all, { sale, at: Date.now() }]);
  }

  drop(key) { this.#save(this.#all.filter((one) => one.sale.key !== key)); }

  /** The shop's answer. Throws while it gives none; then the payment is kept. */
  async send(sale) {
    const answer = await this.#post("/api/v1/sales", sale);
    if (answer.status >= 500 || answer.status === 429) throw new Error(String(answer.status));
    const body = await answer.json();
    const isDue = answer.status === 202;
    if (!isDue) this.drop(sale.key);
    return { isTaken: answer.ok && !isDue, isDue, body };
  }

  /** What customers have pressed who are gone by now; nobody is there to agree to another total. */
  async sendOthers(key) {
    for (const { sale: { lines, key: own } } of this.#all) {
      if (own === key) continue;
      const { isDue } = await this.send({ lines, key: own });
      if (isDue) this.drop(own); // Nobody stands at the terminal any more.
    }
  }

  get #all() {
    const stored = JSON.parse(localStorage.getItem(STORED) ?? "[]");
    return stored.filter((one) => Date.now() - one.at < KEPT_MS);
  }

  #save(all) { localStorage.setItem(STORED, JSON.stringify(all)); }
}
