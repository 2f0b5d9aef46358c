// The staff's dialog on the kiosk: a PIN pad that switches restock mode.

import { byId, put, say } from "./common.js";

const SHORTEST_PIN = 4;
const LONGEST_PIN = 12;
const IDLE_MS = 30_000;
const SHOWN_MS = 6000;
const ANSWER_WITHIN_MS = 15_000;

let pin = "";
let isSending = false;
let closing = 0;

function render() {
  put(byId("staff-pin"), "●".repeat(pin.length));
  byId("staff-pin").setAttribute("aria-label", say("kiosk.staff_digits", { count: pin.length }));
  for (const id of ["staff-on", "staff-off"]) byId(id).disabled = isSending || pin.length < SHORTEST_PIN;
}

function tell(text, isDone = false) {
  put(byId("staff-said"), text);
  byId("staff-said").hidden = text === "";
  byId("staff-said").classList.toggle("is-done", isDone);
}

/** A dialog that is left open must not show how long the PIN is. */
function closeAfter(ms) {
  clearTimeout(closing);
  closing = setTimeout(() => byId("staff").close(), ms);
}

function open() {
  pin = "";
  tell("");
  render();
  byId("staff").showModal();
  closeAfter(IDLE_MS);
}

function press(digit) {
  if (isSending || pin.length >= LONGEST_PIN) return;
  pin += digit;
  tell("");
  render();
  closeAfter(IDLE_MS);
}

function erase() {
  pin = pin.slice(0, -1);
  render();
  closeAfter(IDLE_MS);
}

async function send(who) {
  const sent = pin;
  pin = "";
  isSending = true;
  render();
  try {
    const answer = await fetch("/api/v1/restock", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ pin: sent, who }),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const body = await answer.json();
    tell(body.said ?? body.error, answer.ok);
    closeAfter(answer.ok ? SHOWN_MS : IDLE_MS);
  } catch {
    tell(say("kiosk.staff_failed"));
  }
  isSending = false;
  render();
}

byId("staff-open").addEventListener("click", open);
byId("staff-close").addEventListener("click", () => byId("staff").close());
byId("staff-erase").addEventListener("click", erase);
byId("staff").addEventListener("close", () => { pin = ""; clearTimeout(closing); });
byId("staff").addEventListener("keydown", (event) => {
  if (/^[0-9]$/.test(event.key)) press(event.key);
  else if (event.key === "Backspace") erase();
});
for (const key of document.querySelectorAll("[data-digit]")) {
  key.addEventListener("click", () => press(key.dataset.digit));
}
byId("staff-on").addEventListener("click", () => send(document.querySelector("[name=who]:checked").value));
byId("staff-off").addEventListener("click", () => send(null));
