// The counts of the run, asked for while the page is open, and what happened besides words.

import { byId, clock, duration, element } from "./format.js";

const ASK_MS = 5000;
const MOST = 50;

const FACTS = [
  ["Running for", (s) => duration(s.uptime_s)],
  ["Newest audio", (s) => `${s.last_audio_s.toFixed(1)} s ago`, (s) => s.last_audio_s > 3],
  ["Runs on", (s) => s.provider ?? "–"],
  ["Words heard", (s) => String(sum(s.detections))],
  ["Triggered", (s) => String(s.n_triggered ?? 0)],
  ["False alarms", (s) => String(s.n_false_alarms ?? 0)],
  ["Actions done", (s) => String(s.actions.done)],
  ["Actions failed", (s) => String(s.actions.failed + s.actions.dropped),
    (s) => s.actions.failed + s.actions.dropped > 0],
  ["Audio dropped", (s) => `${s.dropped_samples - s.cut_samples} samples`,
    (s) => s.dropped_samples > s.cut_samples],
  ["Times without audio", (s) => String(s.errors), (s) => s.errors > 0],
  ["Version", (s) => s.version],
];

const sum = (counts) => Object.values(counts).reduce((total, n) => total + n, 0);

export class Facts {
  #isOpen = false;

  /** take(message): is told {event: "status", status} each time that it has come. */
  constructor(link, take) {
    this.ask = () => link.ask({ do: "status" });
    this.take = take;
    setInterval(() => this.#fetch(), ASK_MS);
  }

  hello({ happened }) {
    byId("happened").replaceChildren();
    for (const event of happened) this.happened(event);
    this.#fetch();
  }

  linked(how) {
    this.#isOpen = how === "open";
  }

  happened({ at, kind, text }) {
    const row = element("li");
    row.append(element("time", "", clock(at)), element("strong", "", kind), element("span", "", text));
    byId("happened").prepend(row);
    while (byId("happened").childElementCount > MOST) byId("happened").lastElementChild.remove();
  }

  status({ status }) {
    byId("facts").replaceChildren(...FACTS.map(([name, tell, isBad]) => {
      const row = element("div", isBad?.(status) ? "bad" : "");
      row.append(element("dt", "", name), element("dd", "", tell(status)));
      return row;
    }));
  }

  async #fetch() {
    if (!this.#isOpen || document.hidden) return;
    const { ok, data, problems } = await this.ask();
    if (ok) this.take({ event: "status", status: data });
    else byId("facts").replaceChildren(element("p", "problem", problems.join("; ")));
  }
}
