// The owner's page: everything the shop knows now, kept up to date without a reload.

import { byId, follow, grouped, keep, list, make, put, say, send, won } from "./common.js";

const PICTURE_EVERY_MS = 500;
const NO_PICTURE_RETRY_MS = 2000;

let presence = { for_s: null, at: 0 };

function show(shop) {
  showBanner(shop.banner);
  showPresence(shop);
  showCameras(shop.cameras);
  list(byId("faults"), shop.faults, buildFault);
  list(byId("remarks"), shop.remarks, buildFault);
  byId("no-faults").hidden = shop.faults.length + shop.remarks.length > 0;
  fill("scales", shop.scales, buildScale);
  showQuestions(shop.questions);
  showRestock(shop.restock);
  showIssues(shop.issues);
  showLossToday(shop.loss_today_won);
  showUnseenToday(shop.unseen_today);
  showStock(shop.rows);
  fill("visits", shop.visits, buildVisit);
  fill("notices", shop.notices, (notice) => make("li", "", make("p", "", notice.text), make("time", "", notice.at)));
  const { upload_bucket: bucket } = shop;
  put(byId("upload"), bucket === null ? say("owner.upload_off") : say("owner.upload_to", { bucket }));
}

/** A list and, beside it, the sentence that stands there when it is empty. */
function fill(id, items, build) {
  list(byId(id), items, build);
  byId(`no-${id}`).hidden = items.length > 0;
}

/** What stands above all, such as that only half of it runs. */
function showBanner(sentences) {
  byId("banner").hidden = sentences.length === 0;
  byId("banner").replaceChildren(...sentences.map((sentence) => make("p", "", sentence)));
}

// ---- presence

function showPresence(shop) {
  byId("presence").dataset.state = shop.presence;
  put(byId("presence-text"), say(`owner.presence.${shop.presence}`));
  byId("people").hidden = !shop.people;
  if (shop.people) put(byId("people"), say("owner.people", { count: shop.people }));
  byId("blind").hidden = shop.blind_since === null;
  // "Nothing is missing" and "I could not see" are different messages: no all-clear while blind.
  document.body.classList.toggle("is-blind", shop.presence === "unknown");
  if (shop.blind_since !== null) put(byId("blind"), say("owner.blind_since", { since: shop.blind_since }));
  presence = { for_s: shop.presence_for_s, at: performance.now() };
  tick();
}

function tick() {
  const elapsed_s = (performance.now() - presence.at) / 1000;
  put(byId("presence-for"), presence.for_s === null ? "" : lasting(presence.for_s + elapsed_s));
}

function lasting(seconds) {
  const steps = [["days", 86_400], ["hours", 3600], ["minutes", 60], ["seconds", 1]];
  const [unit, length_s] = steps.find(([, length]) => seconds >= length) ?? steps[3];
  return say(`owner.for.${unit}`, { count: Math.floor(seconds / length_s) });
}

// ---- cameras

function showCameras(cameras) {
  keep(byId("cameras"), cameras, (camera) => camera.id, buildCamera, refreshCamera);
  byId("no-cameras").hidden = cameras.length > 0;
}

function buildCamera({ id }) {
  const picture = make("img");
  picture.alt = say("owner.picture_of", { camera: id });
  const figure = make("figure", "camera no-picture", picture, make("p", "gone", say("owner.no_picture")),
    make("figcaption", "", make("span", "lamp"), make("strong", "", id), make("span", "text")));
  watch(figure, picture, id);
  return figure;
}

function refreshCamera(figure, camera) {
  figure.classList.toggle("is-bad", !camera.is_ok);
  put(figure.querySelector(".text"), camera.text);
}

/** Asks for the next picture half a second after the last one came; rests while unseen. */
function watch(figure, picture, id) {
  let count = 0;
  const next = () => {
    if (document.hidden) setTimeout(next, PICTURE_EVERY_MS);
    else picture.src = `/camera/${encodeURIComponent(id)}.jpg?${count++}`;
  };
  picture.addEventListener("load", () => {
    figure.classList.remove("no-picture");
    setTimeout(next, PICTURE_EVERY_MS);
  });
  picture.addEventListener("error", () => {
    figure.classList.add("no-picture");
    setTimeout(next, NO_PICTURE_RETRY_MS);
  });
  next();
}

// ---- devices

function buildFault(fault) {
  const since = fault.since === null ? "" : say("owner.fault_since", { since: fault.since });
  return make("li", "", make("strong", "", fault.title, make("span", "code", fault.code)),
    make("span", "since", since), make("span", "why", fault.why));
}

function buildScale(scale) {
  const weight = scale.grams === null ? say("owner.no_grams") : say("owner.grams", { grams: grouped(Math.round(scale.grams)) });
  return make("li", scale.is_ok ? "" : "is-bad", make("span", "lamp"), make("strong", "", scale.id),
    make("span", "products", scale.products.join(", ")), make("span", "grams", weight),
    make("span", "text", scale.text));
}

// ---- deliveries

function showRestock(restock) {
  pressed(restock === null ? null : restock.who);
  const who = restock === null ? "" : say(`owner.restock.${restock.who}`);
  put(byId("restock-said"), restock === null ? say("owner.restock.off") : say("owner.restock", { ...restock, who }));
}

/** Each button stays in its place: the second click of a double one must not meet another. */
function pressed(who) {
  byId("restock").classList.toggle("is-on", who !== null);
  byId("restock-off").hidden = who === null;
  for (const button of document.querySelectorAll("[data-who]")) {
    button.ariaPressed = String(button.dataset.who === who);
  }
}

let isMarking = false;

/** Whose visit this is; null ends it. */
async function mark(who) {
  if (isMarking) return;
  isMarking = true;
  let failure = "";
  try {
    const response = await send("/api/v1/restock-mode", { who });
    const answer = await response.json();
    if (response.ok) pressed(who);
    else failure = answer.error;
  } catch {
    failure = say("owner.mark.failed");
  }
  byId("mark-failed").hidden = failure === "";
  put(byId("mark-failed"), failure);
  isMarking = false;
}

function showQuestions(questions) {
  keep(byId("questions"), questions, (question) => question.id, buildQuestion, () => {});
  byId("questions-section").hidden = questions.length === 0 && byId("question-said").hidden;
}

function buildQuestion(question) {
  const choice = (key, className, isDelivery) => {
    const button = make("button", className, say(key));
    button.type = "button";
    button.addEventListener("click", () => answer(button.closest("li"), question.id, isDelivery));
    return button;
  };
  return make("li", "", make("p", "", say("owner.question", question)),
    make("p", "replies", choice("owner.question_yes", "yes", true), choice("owner.question_no", "no", false)));
}

async function answer(card, id, isDelivery) {
  const buttons = card.querySelectorAll("button");
  buttons.forEach((button) => { button.disabled = true; });
  let said = say("owner.question_failed");
  try {
    const response = await send("/api/v1/questions", { id, is_delivery: isDelivery });
    if (response.ok) said = (await response.json()).said;
    else throw new Error(String(response.status));
    card.remove();
  } catch {
    buttons.forEach((button) => { button.disabled = false; });
  }
  byId("question-said").hidden = false;
  put(byId("question-said"), said);
}

// ---- issues

function showIssues(issues) {
  const keyOf = (issue) => [issue.id, issue.picture, ...issue.clips].join("/");
  keep(byId("issues"), issues, keyOf, buildIssue, refreshIssue);
  put(byId("issue-count"), issues.length ? String(issues.length) : "");
  byId("no-issues").hidden = issues.length > 0;
}

/** A line of its own, so that a quiet day stays quiet. */
function showLossToday(loss_won) {
  byId("loss-today").hidden = loss_won === 0;
  put(byId("loss-today"), say("owner.loss_today", { won: won(loss_won) }));
}

/** Noted, no alarm: a link to where they stand. */
function showUnseenToday(count) {
  byId("unseen-today").hidden = count === 0;
  put(byId("unseen-today").firstElementChild, say("owner.unseen_today", { count }));
}

function buildIssue(issue) {
  return make("li", "card", buildEvidence(issue), make("div", "facts"));
}

function refreshIssue(card, issue) {
  const facts = JSON.stringify(issue);
  if (card.dataset.facts === facts) return;
  card.dataset.facts = facts;
  card.className = `card ${issue.stand}`;
  const title = issue.number === null ? issue.id : say("owner.issue", { number: issue.number });
  card.querySelector(".facts").replaceChildren(
    make("p", "head", make("strong", "", title), make("time", "", issue.at)),
    counts("missing", issue.missing),
    make("p", "loss", make("span", "", say("owner.loss")), make("strong", "", won(issue.loss_won))),
    make("p", "states", ...states(issue)),
  );
}

function states(issue) {
  const chips = [make("span", `chip ${issue.state}`, say(`owner.issue.${issue.state}`))];
  if (issue.stand !== "open") chips.unshift(make("span", `chip ${issue.stand}`, say(`owner.stand.${issue.stand}`)));
  if (!issue.is_certain) chips.unshift(make("span", "chip look", say("owner.needs_look")));
  return chips;
}

const fileOf = (issue, name) => `/issues/${encodeURIComponent(issue.id)}/${encodeURIComponent(name)}`;
const nameOf = (issue) => issue.number === null ? issue.id : String(issue.number);

function buildEvidence(issue) {
  const frame = make("div", "evidence");
  if (issue.clips.length > 0) frame.append(...buildClips(issue));
  else if (issue.picture !== null) frame.append(buildPicture(issue));
  else frame.append(make("p", "gone", say("owner.no_evidence")));
  return frame;
}

function buildPicture(issue) {
  const picture = make("img");
  picture.src = fileOf(issue, issue.picture);
  picture.alt = say("owner.evidence", { number: nameOf(issue) });
  picture.loading = "lazy";
  return picture;
}

function buildClips(issue) {
  const clip = make("video");
  clip.controls = true;
  clip.playsInline = true;
  clip.preload = issue.picture === null ? "metadata" : "none";
  if (issue.picture !== null) clip.poster = fileOf(issue, issue.picture);
  clip.src = fileOf(issue, issue.clips[0]);
  clip.setAttribute("aria-label", say("owner.evidence", { number: nameOf(issue) }));
  return [clip, buildChoices(issue, clip)];
}

function buildChoices(issue, clip) {
  const choices = make("p", "choices");
  if (issue.picture !== null) {
    const link = make("a", "", say("owner.picture"));
    link.href = fileOf(issue, issue.picture);
    link.target = "_blank";
    choices.append(link);
  }
  issue.clips.forEach((name, place) => {
    const button = make("button", "", say("owner.clip", { number: place + 1 }));
    button.type = "button";
    button.addEventListener("click", () => {
      clip.src = fileOf(issue, name);
      clip.play();
    });
    choices.append(button);
  });
  return choices;
}

// ---- stock

function showStock(rows) {
  const kinds = rows.map((row) => verdict(row)[0]);
  const differing = kinds.filter((kind) => kind === "missing" || kind === "surplus").length;
  const unknown = kinds.filter((kind) => kind === "unverified").length;
  put(byId("stock-sum"), stockSum(rows.length, differing, unknown));
  byId("stock-sum").classList.toggle("differs", differing > 0);
  byId("stock-sum").classList.toggle("is-unsure", unknown > 0);
  list(byId("rows"), rows, buildRow);
}

/** Says that all agree only when all could be compared. */
function stockSum(count, differing, unknown) {
  if (count === 0) return say("owner.no_stock");
  if (differing + unknown === 0) return say("owner.all_agree");
  const sentences = [];
  if (differing > 0) sentences.push(say("owner.differ", { count: differing }));
  if (unknown > 0) sentences.push(say("owner.some_unknown", { count: unknown }));
  return sentences.join(" ");
}

function buildRow(row) {
  const [kind, words] = verdict(row);
  const product = make("th", "", make("span", "name", row.product), make("span", "price", won(row.price_won)));
  product.scope = "row";
  return make("tr", kind, product,
    make("td", "number", row.shelf === null ? "–" : String(row.shelf)),
    make("td", "number", String(row.kiosk)),
    make("td", "", make("span", "mark", words)));
}

/** An untrusted count is said to be untrusted; only a trusted one is compared. */
function verdict(row) {
  if (row.shelf === null) return ["unweighed", say("owner.unweighed")];
  if (!row.is_verified) return ["unverified", say("owner.unverified")];
  if (!row.is_shelf_certain) return ["unverified", say("owner.uncertain")];
  const difference = row.shelf - row.kiosk;
  if (difference < 0) return ["missing", say("owner.missing", { count: -difference })];
  if (difference > 0) return ["surplus", say("owner.surplus", { count: difference })];
  return ["agrees", say("owner.agrees")];
}

// ---- visits

function buildVisit(visit) {
  const range = visit.ended === null ? say("owner.since", visit) : say("owner.until", visit);
  const whose = visit.by === null ? "" : `${say(`owner.mark.${visit.by}`)} · `;
  const head = make("p", "head", make("time", "", range), make("span", "chip", `${whose}${say(`owner.visit.${visit.state}`)}`));
  const goods = ["taken", "paid", "unpaid"].filter((kind) => Object.keys(visit[kind]).length > 0)
    .map((kind) => make("div", `goods ${kind}`, make("span", "kind", say(`owner.${kind}`)), counts("", visit[kind])));
  const none = visit.state === "open" ? [] : [make("div", "goods", say("owner.nothing_taken"))];
  const loss = visit.loss_won > 0 ? [make("p", "loss", make("span", "", say("owner.loss")), make("strong", "", won(visit.loss_won)))] : [];
  const why = visit.why.length > 0 ? [make("ul", "why", ...visit.why.map((sentence) => make("li", "", sentence)))] : [];
  return make("li", visit.state, head, ...(goods.length ? goods : none), ...loss, ...why);
}

function counts(className, goods) {
  const items = Object.entries(goods).map(([product, count]) => make("li", "", say("page.count_of", { product, count })));
  return make("ul", `counts ${className}`, ...items);
}

function connected(isUp) {
  byId("offline").hidden = isUp;
  document.body.classList.toggle("is-offline", !isUp);
  put(byId("link"), say(isUp ? "owner.live" : "owner.offline"));
}

for (const button of document.querySelectorAll("[data-who]")) {
  button.addEventListener("click", () => { if (button.ariaPressed !== "true") mark(button.dataset.who); });
}
byId("restock-off").addEventListener("click", () => mark(null));
setInterval(tick, 1000);
follow("/api/v1/snapshot", show, connected);
