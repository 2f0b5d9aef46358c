// A tap on a person's box chooses the number below the picture; the numbers work without it.

const boxes = document.querySelectorAll("[data-chooses]");
const choice = (box) => document.getElementById(box.dataset.chooses);

function render() {
  for (const box of boxes) box.classList.toggle("is-chosen", choice(box).checked);
}

for (const box of boxes) {
  box.addEventListener("click", () => {
    choice(box).checked = true;
    render();
  });
}

document.addEventListener("change", render);
render();
