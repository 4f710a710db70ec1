// What it costs over time: a small chart for each figure.

import { byId, mebibytes, milliseconds, percent } from "./format.js";
import { Chart } from "./chart.js";

const LONGEST_S = 43_200;
const SHORTEST_S = 60;

export class Charts {
  #span = byId("span");
  #charts = {
    power: new Chart("Power", (w) => `${w.toFixed(2)} W`, "the watts come with the first summary"),
    cpu: new Chart("CPU, of one core", percent),
    memory: new Chart("Memory", mebibytes),
    latency: new Chart("Latency, 95 %", milliseconds, "comes with the first summary"),
    temperature: new Chart("Temperature", (c) => `${c.toFixed(1)} °C`, "comes with the first summary"),
  };
  #newest = 0;

  constructor() {
    byId("charts").replaceChildren(...Object.values(this.#charts).map((chart) => chart.element));
    this.#span.addEventListener("change", () => this.#draw());
  }

  hello({ points, summary }) {
    for (const chart of Object.values(this.#charts)) chart.clear();
    for (const point of points) this.#add(point);
    if (summary) this.summary(summary);
    this.#draw();
  }

  point(point) {
    this.#add(point);
    this.#draw();
  }

  pulse({ at, cpu_share: cpu, rss_bytes: memory }) {
    this.#add({ at, cpu_share: cpu, rss_bytes: memory });
    this.#draw();
  }

  summary({ figures: { sensors, joules_reason: reason } }) {
    const reasons = sensors?.reasons ?? {};
    const none = sensors ? "no sensor" : "no sensor is read (telemetry.sensors_s)";
    this.#charts.power.none = reasons.power ?? (sensors ? reason : none) ?? none;
    this.#charts.temperature.none = reasons.temperature ?? none;
    this.#charts.power.note = sensors?.covers ?? "";
  }

  #add(point) {
    this.#charts.cpu.add(point.at, point.cpu_share, LONGEST_S);
    this.#charts.memory.add(point.at, point.rss_bytes, LONGEST_S);
    this.#charts.power.add(point.at, point.watts, LONGEST_S);
    this.#charts.temperature.add(point.at, point.temperature_c, LONGEST_S);
    this.#charts.latency.add(point.at, point.latency_p95_ms, LONGEST_S);
    this.#newest = Math.max(this.#newest, point.at);
  }

  /** Draw all over the same time: what was chosen, or less where there is less. */
  #draw() {
    const charts = Object.values(this.#charts);
    const oldest = Math.min(...charts.map((chart) => chart.oldest));
    const known = Math.max(SHORTEST_S, this.#newest - oldest);
    const span = Math.min(Number(this.#span.value), known);
    for (const chart of charts) chart.draw(this.#newest, span);
  }
}
