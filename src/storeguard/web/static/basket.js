// The customer's basket: what is in it, and the key that makes its payment one sale.

const STORED = "storeguard.basket";
export const MOST_OF_ONE = 99;

/** Kept over a reload, so that a payment whose answer was lost is not paid again. */
export class Basket {
  #counts = new Map();
  #key = "";

  constructor() {
    const stored = JSON.parse(sessionStorage.getItem(STORED) ?? "null");
    if (stored) {
      this.#counts = new Map(stored.lines);
      this.#key = stored.key;
    }
  }

  get key() { return this.#key; }
  get isEmpty() { return this.#counts.size === 0; }
  get items() { return [...this.#counts.values()].reduce((sum, count) => sum + count, 0); }
  get lines() { return [...this.#counts].map(([product, count]) => ({ product, count })); }
  count(product) { return this.#counts.get(product) ?? 0; }

  /** Adds `change` units; returns false at the limit of one product. */
  change(product, change) {
    const count = this.count(product) + change;
    if (count > MOST_OF_ONE) return false;
    if (count > 0) this.#counts.set(product, count);
    else this.#counts.delete(product);
    this.#store();
    return true;
  }

  /** These units are another product after all; returns false at the limit of that one. */
  swap(product, other) {
    const count = this.count(product) + this.count(other);
    if (count > MOST_OF_ONE) return false;
    this.#counts = new Map([...this.#counts].filter(([name]) => name !== other)
      .map(([name, units]) => (name === product ? [other, count] : [name, units])));
    this.#store();
    return true;
  }

  /** Takes out what a receipt says was paid; what is left is another sale. */
  settle(paidLines) {
    for (const { product, count } of paidLines) {
      const left = this.count(product) - count;
      if (left > 0) this.#counts.set(product, left);
      else this.#counts.delete(product);
    }
    this.#key = "";
    this.#store();
  }

  empty() {
    this.#counts.clear();
    this.#store();
  }

  #store() {
    if (this.isEmpty) this.#key = "";
    else this.#key ||= newKey();
    sessionStorage.setItem(STORED, JSON.stringify({ key: this.#key, lines: [...this.#counts] }));
  }
}

/** randomUUID exists only on https and localhost; a kiosk in the shop's network has neither. */
function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
