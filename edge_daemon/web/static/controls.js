// What can be done from here: mute, and trigger a word.

import { byId, element } from "./format.js";
import { say } from "./toast.js";

const CONTROLS = ["mute", "mute-for", "trigger-label", "trigger-after", "trigger-go"];

export class Controls {
  #muted = false;
  #isOpen = false;

  constructor(link) {
    this.ask = (request) => link.ask(request);
    byId("mute").addEventListener("click", () => this.#mute());
    byId("trigger").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#trigger();
    });
  }

  hello({ state }) {
    if (state) this.state(state);
  }

  state({ muted, words }) {
    this.#muted = muted;
    byId("mute").ariaChecked = String(muted);
    byId("mute").textContent = muted ? "Unmute" : "Mute";
    this.#offer("trigger-label", words);
    this.#enable();
  }

  linked(how) {
    this.#isOpen = how === "open";
    this.#enable();
  }

  #enable() {
    for (const id of CONTROLS) byId(id).disabled = !this.#isOpen;
    byId("mute-for").disabled ||= this.#muted;
  }

  status({ status }) {
    this.#offer("trigger-after", status.wake_words ?? []);
  }

  /** Offer these words, and none where the list has such a choice, unless it does already. */
  #offer(id, words) {
    const select = byId(id);
    const none = select.querySelector('option[value=""]');
    const offered = [...select.options].filter((option) => option !== none);
    if (offered.map((option) => option.value).join("\n") === words.join("\n")) return;
    const options = words.map((word) => Object.assign(element("option", "", word), { value: word }));
    select.replaceChildren(...(none ? [none] : []), ...options);
  }

  async #mute() {
    const seconds = byId("mute-for").value;
    const mute = seconds ? { do: "mute", for_s: Number(seconds) } : { do: "mute" };
    say(await this.ask(this.#muted ? { do: "unmute" } : mute), "");
  }

  async #trigger() {
    const [label, after] = [byId("trigger-label").value, byId("trigger-after").value];
    const request = { do: "trigger", label, ...(after && { after }) };
    say(await this.ask(request), `${label}: triggered`);
  }
}
