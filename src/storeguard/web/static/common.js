// What both pages share: texts, elements, lists that keep their nodes, live updates.

const texts = JSON.parse(document.body.dataset.texts);
const LISTEN_AGAIN_MS = 5000;
const ANSWER_WITHIN_MS = 10_000;
const ONE_REQUEST_EVERY_MS = 250;
const number = new Intl.NumberFormat("ko-KR");

/** The text of `key` with its {fields} filled in; a missing one is a bug and throws. */
export function say(key, values = {}) {
  if (!(key in texts)) throw new Error(`no text ${key}`);
  return texts[key].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

export const won = (amount) => say("page.won", { won: number.format(amount) });
export const grouped = (amount) => number.format(amount);
export const byId = (id) => document.getElementById(id);

/** An element with a class, then its children: nodes, or strings that stay text. */
export function make(tag, className = "", ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

/** Sets a text only when it differs: screen readers announce every change. */
export function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Makes `parent` show `items` in their order: a node is built once for each key and then only
 * refreshed, so that focus stays and a clip plays on.
 */
export function keep(parent, items, keyOf, build, refresh) {
  const old = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  const keys = new Set(items.map(keyOf));
  old.forEach((node, key) => keys.has(key) || node.remove());
  items.forEach((item, place) => {
    const key = keyOf(item);
    const node = old.get(key) ?? build(item);
    node.dataset.key = key;
    refresh(node, item);
    if (parent.children[place] !== node) parent.insertBefore(node, parent.children[place] ?? null);
  });
}

/** Like `keep` for nodes without state: rebuilt when their item has changed. */
export function list(parent, items, build) {
  const seen = new Map();
  const unique = items.map((item) => {
    const content = JSON.stringify(item);
    const times = seen.get(content) ?? 0;
    seen.set(content, times + 1);
    return { item, key: `${content}#${times}` };
  });
  keep(parent, unique, (one) => one.key, (one) => build(one.item), () => {});
}

/**
 * Calls `show(data)` with the page's first data and again after every change of the shop;
 * `connected(isUp)` when the connection comes or goes. A burst of changes is one request.
 */
export function follow(url, show, connected) {
  let isBusy = false;
  let isStale = false;

  async function refresh() {
    isStale = true;
    if (isBusy) return;
    isBusy = true;
    while (isStale) {
      isStale = false;
      await fetchInto(url, show, connected);
      await new Promise((resolve) => setTimeout(resolve, ONE_REQUEST_EVERY_MS));
    }
    isBusy = false;
  }

  function listen() {
    const events = new EventSource("/events");
    events.addEventListener("open", refresh);
    events.addEventListener("changed", refresh);
    events.addEventListener("error", () => {
      connected(false);
      // A browser tries again by itself, but not after an answer that was no stream.
      if (events.readyState === EventSource.CLOSED) setTimeout(listen, LISTEN_AGAIN_MS);
    });
  }

  show(JSON.parse(document.body.dataset.first));
  listen();
}

/** A change, with the session's own word; the answer is the caller's to judge. */
export function send(url, content) {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", "x-csrf": document.body.dataset.csrf ?? "" },
    body: JSON.stringify(content),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
}

async function fetchInto(url, show, connected) {
  let data;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    if (!answer.ok) throw new Error(String(answer.status));
    data = await answer.json();
  } catch {
    connected(false);
    return;
  }
  connected(true);
  show(data);
}
