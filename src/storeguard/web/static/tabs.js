// On a phone the tabs are wider than the screen: the page's own one is brought into sight.

document.querySelector(".tabs [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
