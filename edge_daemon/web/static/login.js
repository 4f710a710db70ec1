// The token: from the address, behind #token=, or asked for.

import { byId } from "./format.js";

const NAME = "token=";

export class Login {
  #form = byId("login");
  #field = byId("token");

  constructor(link) {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      link.open(this.#field.value.trim());
      this.#field.value = "";
    });
  }

  /** Return the token of the address, which it is taken out of; null where there is none. */
  takeToken() {
    const hash = location.hash.slice(1);
    if (!hash.startsWith(NAME)) return null;
    history.replaceState(null, "", location.pathname);
    return hash.slice(NAME.length);
  }

  linked(how, text) {
    const isNeeded = how === "token";
    byId("login-problem").textContent = text;
    if (isNeeded && this.#form.hidden) {
      this.#form.hidden = false;
      this.#field.focus();
    }
    this.#form.hidden = !isNeeded;
  }
}
