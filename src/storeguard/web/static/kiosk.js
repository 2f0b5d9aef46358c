// The kiosk: tiles add, the basket pays, an idle minute starts over.

import { Basket, MOST_OF_ONE } from "./basket.js";
import { byId, follow, keep, list, make, put, say, won } from "./common.js";
import { Payments } from "./payment.js";
import { Quote } from "./quote.js";
import { askSwap } from "./swap.js";

const IDLE_S = 60;
const WARN_S = 15;
const THANKS_S = 10;
const ANSWER_WITHIN_MS = 15_000;
const SAY_OPEN_EVERY_S = 20;
const PAY_AGAIN_S = 3;
const LONGEST_AT_TERMINAL_S = 180;
const TONES = 8;
const SHORTEST_BARCODE = 4;
const SCAN_GAP_MS = 80;

const basket = new Basket();
const quote = new Quote(askQuote, renderSum);
const payments = new Payments(post);
let offer = { store: "", may_oversell: true, products: [] };
let isPaying = false;
let isRetry = Boolean(payments.of(basket.key));
let triedAt = 0;
let sentToTerminalAt = 0;
let touchedAt = performance.now();
let thankedAt = 0;
let saidOpen = false;
let saidAt = 0;
let scanned = "";
let scannedAt = 0;

const offered = (product) => offer.products.find((one) => one.product === product);
const price = (product) => offered(product)?.price_won ?? 0;
const secondsSince = (instant) => (performance.now() - instant) / 1000;

// ---- what is shown

function show(data) {
  offer = data;
  quote.forget();
  render();
}

function render() {
  keep(byId("tiles"), found(), (one) => one.product, buildTile, refreshTile);
  byId("nothing").hidden = offer.products.length > 0;
  keep(byId("lines"), basket.lines, (line) => line.product, buildLine, refreshLine);
  quote.follow(offer.products.some((one) => one.promotions) ? basket.lines : []);
  renderSum();
}

async function askQuote(lines) {
  const answer = await post("/api/v1/quote", { lines });
  return answer.ok ? answer.json() : undefined;
}

const total = () => basket.lines.reduce((sum, line) => sum + line.count * price(line.product), 0) - quote.off;

/** What the search leaves: every word is somewhere in the name. */
function found() {
  const words = byId("search").value.trim().toLowerCase().split(/\s+/);
  return offer.products.filter((one) => words.every((word) => one.product.toLowerCase().includes(word)));
}

function renderSum() {
  byId("basket").classList.toggle("is-empty", basket.isEmpty);
  byId("empty").hidden = !basket.isEmpty;
  byId("clear").hidden = basket.isEmpty || isPaying;
  if (!quote.isPending) renderTotal();
  byId("pay").disabled = basket.isEmpty || isPaying;
  put(byId("pay"), say(isPaying ? "kiosk.paying" : isRetry ? "kiosk.retry" : "kiosk.pay"));
}

function renderTotal() {
  list(byId("deals"), quote.discounts, discount);
  list(byId("hints"), quote.hints, (hint) => make("li", "", hint));
  put(byId("total"), won(total()));
  put(byId("spoken"), basket.isEmpty ? "" : say("kiosk.total_of", { count: basket.items, total: won(total()) }));
}

function discount(one) {
  return make("li", "deal", make("span", "", one.name), make("span", "", say("kiosk.off", { won: won(one.won) })));
}

function buildTile(item) {
  const face = make("span", `face tone-${tone(item.product)}`, [...item.product][0]);
  face.setAttribute("aria-hidden", "true");
  const foot = make("span", "foot", make("span", "price"), make("span", "left"));
  const tile = make("button", "tile", face, make("span", "badge"), make("span", "deal"), make("span", "name", item.product), foot);
  tile.type = "button";
  tile.addEventListener("click", () => add(item.product));
  return make("li", "", tile);
}

function refreshTile(node, item) {
  const tile = node.firstChild;
  const count = basket.count(item.product);
  const isOut = item.left <= 0;
  tile.classList.toggle("is-out", isOut);
  tile.classList.toggle("is-chosen", count > 0);
  tile.disabled = !offer.may_oversell && isOut;
  put(tile.querySelector(".badge"), count ? String(count) : "");
  put(tile.querySelector(".price"), won(item.price_won));
  put(tile.querySelector(".left"), isOut ? say("kiosk.sold_out") : say("kiosk.left", { count: item.left }));
  showPicture(tile.querySelector(".face"), item);
  const deals = item.promotions?.join(" · ") ?? "";
  put(tile.querySelector(".deal"), deals);
  const label = count ? "kiosk.in_basket" : "kiosk.add";
  const said = [say(label, { product: item.product, price: won(item.price_won), count })];
  if (deals) said.push(say("kiosk.deal", { deals }));
  tile.setAttribute("aria-label", said.join(", "));
}

/** The owner's picture in place of the first letter. */
function showPicture(face, { product, picture = "" }) {
  if ((face.dataset.picture ?? "") === picture) return;
  face.dataset.picture = picture;
  if (!picture) return face.replaceChildren([...product][0]);
  const image = make("img");
  image.alt = "";
  image.loading = "lazy";
  image.addEventListener("error", () => face.replaceChildren([...product][0]));
  image.src = picture;
  face.replaceChildren(image);
}

function buildLine({ product }) {
  const swap = make("button", "swap", make("span", "name", product), make("span", "subtotal"),
    make("span", "hint", say("kiosk.swap_short")));
  swap.type = "button";
  swap.addEventListener("click", () => askSwap({ product, count: basket.count(product) }, offer.products,
    (other) => swapFor(product, other)));
  return make("li", "line", swap,
    stepper("−", "kiosk.minus", product, () => change(product, -1)), make("span", "count"),
    stepper("+", "kiosk.plus", product, () => add(product)));
}

function stepper(sign, label, product, act) {
  const button = make("button", "step", sign);
  button.type = "button";
  button.setAttribute("aria-label", say(label, { product }));
  button.addEventListener("click", act);
  return button;
}

function refreshLine(node, { product, count }) {
  put(node.querySelector(".count"), String(count));
  put(node.querySelector(".subtotal"), won(count * price(product)));
  node.querySelector(".swap").setAttribute("aria-label", say("kiosk.swap", { product, count }));
  node.querySelectorAll("button").forEach((button) => { button.disabled = isPaying; });
}

/** The same soft colour for the same product, every day. */
function tone(product) {
  return [...product].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 9973, 7) % TONES;
}

function tell(text) {
  put(byId("notice"), text);
  byId("notice").hidden = text === "";
}

// ---- the basket

function add(product) {
  const left = offered(product)?.left ?? 0;
  if (!offer.may_oversell && basket.count(product) >= left) {
    tell(say("kiosk.only_left", { product, count: left }));
    return;
  }
  change(product, 1);
}

function change(product, by) {
  if (isPaying) return;
  tell(basket.change(product, by) ? "" : say("kiosk.at_most", { count: MOST_OF_ONE }));
  render();
  byId("lines").querySelector(`[data-key="${CSS.escape(product)}"]`)?.scrollIntoView({ block: "nearest" });
  sayBasket();
}

function swapFor(product, other) {
  if (isPaying) return;
  tell(basket.swap(product, other) ? "" : say("kiosk.at_most", { count: MOST_OF_ONE }));
  render();
}

function startOver() {
  basket.empty();
  isRetry = false;
  tell("");
  byId("idle").close();
  byId("thanks").close();
  byId("swap").close();
  byId("search").value = "";
  document.querySelector(".shelf").scrollTop = 0;
  render();
  sayBasket();
}

/** The shop does not judge a visit while a basket is open; it forgets one that falls silent. */
function sayBasket() {
  const isOpen = !basket.isEmpty;
  if (isOpen === saidOpen && (!isOpen || secondsSince(saidAt) < SAY_OPEN_EVERY_S)) return;
  saidOpen = isOpen;
  saidAt = performance.now();
  // The next tick says it again, should this one be lost.
  post("/api/v1/basket", { open: isOpen }).catch(() => { saidOpen = !isOpen; });
}

// ---- the payment

async function pay() {
  if (isPaying || basket.isEmpty) return;
  isPaying = true;
  tell("");
  render();
  await quote.pending;
  payments.keep({ lines: basket.lines, key: basket.key, total_won: total() });
  try {
    settle(await payments.send(payments.of(basket.key)));
  } catch {
    isRetry = true;
    tell(say("kiosk.network"));
  }
  isPaying = false;
  triedAt = performance.now();
  render();
  sayBasket();
}

/** While the shop gives no answer, the same payment is sent again and again: it is one sale. */
function payAgain() {
  if (isPaying || secondsSince(triedAt) < PAY_AGAIN_S) return;
  triedAt = performance.now();
  if (isRetry) pay();
  // A later round tries again.
  payments.sendOthers(basket.key).catch(() => {});
}

function settle({ isTaken, isDue, body }) {
  isRetry = isDue;
  if (isDue) {
    sendToTerminal(body.won);
    return;
  }
  byId("terminal").close();
  if (!isTaken) {
    tell(body.error ?? say("kiosk.refused"));
    quote.forget();
    return;
  }
  basket.settle(body.lines);
  if (basket.isEmpty) thank(body);
  else tell(say("kiosk.partly_paid", { total: won(body.total_won) }));
}

/** Whoever confirms a payment is asked again every few seconds, as after a lost connection. */
function sendToTerminal(due) {
  put(byId("terminal-title"), say("kiosk.terminal", { total: won(due) }));
  if (byId("terminal").open) return;
  sentToTerminalAt = performance.now();
  byId("terminal").showModal();
}

function leaveTerminal() {
  payments.drop(basket.key);
  isRetry = false;
  byId("terminal").close();
  post("/api/v1/cancel", { key: basket.key }).catch(() => {});
  render();
}

function thank(receipt) {
  put(byId("outcome"), say(receipt.is_repeated ? "kiosk.repeated" : "kiosk.paid"));
  put(byId("grand"), won(receipt.total_won));
  list(byId("paid"), receipt.lines, (line) => make("li", "",
    make("span", "", say("page.count_of", line)), make("span", "", won(line.count * line.price_won))));
  list(byId("off"), receipt.discounts ?? [], discount);
  thankedAt = performance.now();
  byId("thanks").showModal();
}

/** A browser that lost its cookie gets a new one with the page, and tries once more. */
async function post(url, content) {
  const answer = await postOnce(url, content);
  if (answer.status !== 401) return answer;
  await fetch("/kiosk", { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  return postOnce(url, content);
}

function postOnce(url, content) {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(content),
    keepalive: true,
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
}

// ---- a barcode scanner types like a keyboard, faster than a hand, and ends with Enter

function scan(event) {
  if (event.key === "Enter" && scanned.length >= SHORTEST_BARCODE) {
    event.preventDefault();
    takeScan(scanned);
    scanned = "";
  } else if (/^[0-9A-Za-z-]$/.test(event.key)) {
    scanned = performance.now() - scannedAt > SCAN_GAP_MS ? event.key : scanned + event.key;
    scannedAt = performance.now();
  }
}

function takeScan(barcode) {
  const product = offer.products.find((one) => one.barcode === barcode)?.product;
  byId("search").value = "";
  render();
  if (product) add(product);
  else tell(isCard(barcode) ? say("kiosk.card") : say("kiosk.unknown_barcode", { barcode }));
}

/** Thirteen to nineteen digits with Luhn's check digit: nothing for a shop's computer. */
function isCard(digits) {
  if (!/^[0-9]{13,19}$/.test(digits)) return false;
  const sum = [...digits].reverse().reduce((total, digit, place) => {
    const doubled = Number(digit) * (place % 2 ? 2 : 1);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}

function search() {
  const digits = byId("search").value.replace(/[\s-]/g, "");
  if (isCard(digits) && !offer.products.some((one) => one.barcode === digits)) {
    byId("search").value = "";
    tell(say("kiosk.card"));
  }
  render();
}

// ---- time

function tick() {
  sayBasket();
  payAgain();
  if (byId("thanks").open) {
    if (secondsSince(thankedAt) >= THANKS_S) startOver();
    return;
  }
  if (byId("terminal").open) {
    if (secondsSince(sentToTerminalAt) >= LONGEST_AT_TERMINAL_S) leaveTerminal();
    return;
  }
  const idleFor = secondsSince(touchedAt);
  if (basket.isEmpty || isPaying) return;
  if (idleFor >= IDLE_S) startOver();
  else if (idleFor >= IDLE_S - WARN_S) warn(Math.ceil(IDLE_S - idleFor));
  else byId("idle").close();
}

function warn(seconds) {
  put(byId("idle-text"), say("kiosk.idle", { seconds }));
  if (!byId("idle").open) byId("idle").showModal();
}

/** Over a restart of the shop's computer; browsers offer it on https and on the machine itself. */
async function keepPage() {
  if (!navigator.serviceWorker) return;
  navigator.serviceWorker.register("/kiosk-worker.js", { scope: "/kiosk" }).catch(() => {});
  const { active } = await navigator.serviceWorker.ready;
  const parts = performance.getEntriesByType("resource").map((one) => new URL(one.name).pathname);
  active.postMessage(["/kiosk", ...new Set(parts.filter((path) => path.startsWith("/static/")))]);
}

function touched() {
  touchedAt = performance.now();
}

byId("pay").addEventListener("click", pay);
byId("clear").addEventListener("click", () => {
  payments.drop(basket.key);
  startOver();
});
byId("again").addEventListener("click", startOver);
byId("terminal-cancel").addEventListener("click", leaveTerminal);
byId("terminal").addEventListener("cancel", (event) => event.preventDefault());
byId("swap-close").addEventListener("click", () => byId("swap").close());
byId("stay").addEventListener("click", () => byId("idle").close());
byId("thanks").addEventListener("close", () => sayBasket());
for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, touched, true);
document.addEventListener("contextmenu", (event) => event.preventDefault());
byId("search").addEventListener("input", search);
document.addEventListener("keydown", scan);
setInterval(tick, 1000);
keepPage();
follow("/api/v1/products", show, (isUp) => { byId("offline").hidden = isUp; });
