// "Which product is it?": a line of the basket becomes another product, before it is paid.

import { byId, list, make, put, say, won } from "./common.js";

const SHOWN = 12;

/** Those at the same price first, then those with most letters of the name in common. */
function siblings(products, product) {
  const own = products.find((one) => one.product === product);
  const letters = new Set(product.replace(/\s/g, ""));
  const likeness = (one) => (one.price_won === own?.price_won ? 100 : 0)
    + [...new Set(one.product)].filter((letter) => letters.has(letter)).length;
  return products.filter((one) => one.product !== product && one.left > 0)
    .sort((a, b) => likeness(b) - likeness(a)).slice(0, SHOWN);
}

/** Asks which of `products` it really is; `taken(product)` is called with the answer. */
export function askSwap({ product, count }, products, taken) {
  put(byId("swap-lead"), say("kiosk.swap_lead", { product, count }));
  list(byId("siblings"), siblings(products, product), (one) => {
    const button = make("button", "", make("span", "name", one.product), make("span", "price", won(one.price_won)));
    button.type = "button";
    button.addEventListener("click", () => {
      byId("swap").close();
      taken(one.product);
    });
    return make("li", "", button);
  });
  byId("siblings").scrollTop = 0;
  byId("swap").showModal();
}
