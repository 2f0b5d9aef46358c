// One issue: the clip starts at the second the goods left the shelf; buttons jump to each step.

const clip = document.getElementById("clip");

function jump(source, at) {
  const address = new URL(source, location.href);
  const shown = new URL(clip.src);
  if (shown.pathname !== address.pathname) {
    clip.src = address.pathname;
    clip.addEventListener("loadedmetadata", () => seek(at), { once: true });
  } else {
    seek(at);
  }
}

/** A little before, so that the hand is seen to come. */
function seek(at) {
  clip.currentTime = Math.max(0, at - 1);
  clip.play().catch(() => {});
}

if (clip) {
  for (const button of document.querySelectorAll("[data-clip]")) {
    button.addEventListener("click", () => jump(button.dataset.clip, Number(button.dataset.at)));
  }
}
