// Sends a whole CSV, as it was chosen; the answer's page says what is wrong with it.

const file = document.getElementById("file");
const taken = document.getElementById("taken");

file.addEventListener("change", async () => {
  const [chosen] = file.files;
  if (!chosen) return;
  const answer = await fetch(`/inventory/import?book=${file.dataset.book}`, {
    method: "POST",
    headers: { "content-type": "text/csv", "x-csrf": document.body.dataset.csrf, accept: "text/html" },
    body: chosen,
  });
  if (answer.redirected) {
    location.href = answer.url;
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  taken.textContent = page.querySelector(".problem[role=alert], h1")?.textContent ?? String(answer.status);
  taken.hidden = false;
  file.value = "";
});
