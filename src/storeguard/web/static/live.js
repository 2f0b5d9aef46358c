// Keeps the parts of a page that are marked `data-live` up to date, without a reload.

const ONE_REQUEST_EVERY_MS = 1000;
const LISTEN_AGAIN_MS = 5000;

let isBusy = false;
let isStale = false;

/** The server renders the page anew; only what differs is exchanged, never what is being typed in. */
async function refresh() {
  isStale = true;
  if (isBusy) return;
  isBusy = true;
  while (isStale) {
    isStale = false;
    await exchange().catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, ONE_REQUEST_EVERY_MS));
  }
  isBusy = false;
}

async function exchange() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (answer.redirected) location.reload();
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const old of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(old.id);
    if (next && next.innerHTML !== old.dataset.shown && !old.contains(document.activeElement)) {
      old.dataset.shown = next.innerHTML;
      old.replaceChildren(...next.childNodes);
    }
  }
}

function listen() {
  const events = new EventSource("/events");
  events.addEventListener("open", refresh);
  events.addEventListener("changed", refresh);
  events.addEventListener("error", () => {
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, LISTEN_AGAIN_MS);
  });
}

for (const old of document.querySelectorAll("[data-live]")) old.dataset.shown = old.innerHTML;
listen();
