// Work on a scale: live weights, and the dialog of tare, calibrate and diagnose.

import { byId, grouped, put, say, send } from "./common.js";

const EVERY_MS = 400;
const root = document.body.dataset.bench;
let chosen = null;
let wish = null;
let working = null;
let isWatching = false;

/** Starts to show what the scales say; `onScales` hears it too. */
export function watch(onScales = () => {}) {
  if (isWatching) return;
  isWatching = true;
  const next = async () => {
    if (!document.hidden) await look(onScales);
    setTimeout(next, EVERY_MS);
  };
  next();
}

async function look(onScales) {
  try {
    const answer = await fetch(root, { signal: AbortSignal.timeout(5000) });
    if (answer.ok) show(await answer.json(), onScales);
  } catch {
    // The next look tries again.
  }
}

function weightOf(scale) {
  return scale.grams === null
    ? say("owner.no_grams")
    : say("owner.grams", { grams: grouped(Math.round(scale.grams)) });
}

function show({ work, scales }, onScales) {
  for (const scale of scales) {
    const card = document.querySelector(`[data-scale="${CSS.escape(scale.id)}"]`);
    if (card) {
      put(card.querySelector(".grams"), weightOf(scale));
      card.classList.toggle("is-steady", scale.is_steady || (scale.is_lent && scale.grams !== null));
    }
  }
  onScales(scales);
  const own = scales.find((one) => one.id === chosen);
  if (own) {
    put(byId("bench-grams"), weightOf(own));
    put(byId("bench-steady"), own.products.join(", "));
    byId("bench-steady").hidden = own.products.length === 0;
  }
  if (byId("bench").open && wish === null && work?.scale === chosen) draw(work);
  else if (byId("bench").open && wish === null && work === null && working !== null) close();
}

/** The dialog as the work says; `null`: it has not begun. */
function draw(work) {
  working = work;
  const phase = work?.phase ?? "choosing";
  const isOver = phase === "done" || phase === "failed";
  byId("bench").dataset.phase = phase;
  byId("bench-how").hidden = phase !== "choosing";
  byId("bench-now").hidden = phase === "choosing";
  put(byId("bench-question"), phase === "asking" ? work.question : "");
  byId("bench-working").hidden = phase !== "working";
  byId("bench-next").hidden = phase !== "asking";
  byId("bench-end").hidden = !isOver;
  byId("bench-cancel").hidden = isOver;
  byId("bench-put-back").hidden = !(isOver && work.is_lent);
  const lines = isOver ? work.lines : [];
  const key = JSON.stringify(lines);
  if (byId("bench-lines").dataset.key !== key) {
    byId("bench-lines").dataset.key = key;
    byId("bench-lines").replaceChildren(...lines.map((line) => {
      const item = document.createElement("li");
      item.textContent = line.replace(/^\s*-?\s*/, "");
      return item;
    }));
  }
}

/** Opens the dialog for one scale. Tare and diagnose begin at once; calibrate asks with what. */
export function open(scale, job, products) {
  chosen = scale;
  working = null;
  byId("bench-problem").hidden = true;
  put(byId("bench-title"), say(`bench.title.${job}`, { scale }));
  put(byId("bench-grams"), "–");
  byId("bench-product").replaceChildren(...products.map((name) => new Option(name, name)));
  const [withProduct, withMass] = byId("bench-how").elements.how;
  withProduct.disabled = products.length === 0;
  withProduct.checked = products.length > 0;
  withMass.checked = products.length === 0;
  wish = { scale, job };
  draw(null);
  byId("bench-how").hidden = job !== "calibrate";
  byId("bench").showModal();
  if (job !== "calibrate") begin({});
}

async function begin(load) {
  const asked = { ...wish, ...load };
  await press(root, asked, () => { wish = null; });
}

async function press(url, content, then = () => {}) {
  byId("bench-problem").hidden = true;
  try {
    const answer = await send(url, content);
    if (!answer.ok) throw new Error(answer.status === 409 ? "busy" : "refused");
    then();
    const said = await answer.json();
    if (said.work) draw(said.work);
    return true;
  } catch (error) {
    put(byId("bench-problem"), say(error.message === "busy" ? "bench.busy" : "bench.not_sent"));
    byId("bench-problem").hidden = false;
    return false;
  }
}

function close() {
  byId("bench").close();
  chosen = null;
  working = null;
  wish = null;
}

async function end() {
  if (wish !== null || (await press(`${root}/press`, { what: "end" }))) {
    close();
    document.dispatchEvent(new CustomEvent("bench-ended"));
  }
}

byId("bench-how").addEventListener("submit", (event) => {
  event.preventDefault();
  const grams = Number(byId("bench-mass").value.replace(/[,\sg]/g, ""));
  if (byId("bench-how").elements.how.value === "product") begin({ product: byId("bench-product").value });
  else if (grams > 0) begin({ grams });
  else byId("bench-mass").focus();
});
byId("bench-mass").addEventListener("focus", () => { byId("bench-how").elements.how.value = "mass"; });
byId("bench-next").addEventListener("click", () => press(`${root}/press`, { what: "next" }));
byId("bench-end").addEventListener("click", end);
byId("bench-cancel").addEventListener("click", end);
byId("bench").addEventListener("cancel", (event) => { event.preventDefault(); end(); });

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-job]");
  if (!button) return;
  const { job, of: scale, products } = button.dataset;
  open(scale, job, JSON.parse(products ?? "[]"));
});
