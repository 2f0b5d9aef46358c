// The kiosk's page from the last visit while the shop's computer restarts. It answers nothing
// else: what is sold, and for how much, only the shop says.

const KEPT = "storeguard-kiosk";

const isOurs = (request, url) => request.method === "GET" && url.origin === location.origin
  && (url.pathname === "/kiosk" || url.pathname.startsWith("/static/"));

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

/** The page names what it was made of: the first load came before this worker. */
self.addEventListener("message", (event) => {
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll(event.data)));
});

self.addEventListener("fetch", (event) => {
  if (isOurs(event.request, new URL(event.request.url))) event.respondWith(fresh(event.request));
});

async function fresh(request) {
  const kept = await caches.open(KEPT);
  try {
    const answer = await fetch(request);
    if (answer.ok) await kept.put(request, answer.clone());
    return answer;
  } catch (error) {
    const known = await kept.match(request, { ignoreVary: true });
    if (known) return known;
    throw error;
  }
}
