// The words that were heard, the newest first.

import { byId, clock, element, milliseconds } from "./format.js";
import { say } from "./toast.js";

const MOST = 50;

export class Heard {
  #list = byId("heard");
  #button = byId("false-alarm");
  #waiting = []; // rows whose latency comes with the block

  constructor(link) {
    this.#button.addEventListener("click", async () => {
      const newest = this.#list.querySelector("li:not(.triggered)");
      const answer = await link.ask({ do: "false_alarm" });
      newest?.classList.toggle("false", answer.ok);
      say(answer, "counted as a false alarm");
    });
  }

  hello({ heard }) {
    this.#list.ariaLive = "off"; // what went before is not read out
    this.#list.replaceChildren();
    for (const event of heard) this.heard(event);
    setTimeout(() => (this.#list.ariaLive = "polite"));
    this.#show();
  }

  heard(event) {
    const row = element("li", event.triggered ? "triggered" : "");
    const said = event.after ? `${event.after} ${event.label}` : event.label;
    const latency = element("span", "latency");
    row.append(
      element("time", "", clock(event.at)),
      element("strong", "", said),
      element("span", "score", event.triggered ? "triggered" : event.score.toFixed(2)),
      latency,
    );
    if (typeof event.latency_ms === "number") latency.textContent = milliseconds(event.latency_ms);
    else if (!event.triggered) this.#waiting.push(latency);
    this.#list.prepend(row);
    while (this.#list.childElementCount > MOST) this.#list.lastElementChild.remove();
    this.#show();
  }

  live({ latency_ms: latency }) {
    for (const cell of this.#waiting) cell.textContent = milliseconds(latency);
    this.#waiting = [];
  }

  #show() {
    byId("heard-empty").hidden = this.#list.childElementCount > 0;
    this.#button.disabled = this.#list.querySelector("li:not(.triggered)") === null;
  }
}
