// How loud it is, against the noise floor and what the gate makes of it.

import { byId, decibels, milliseconds } from "./format.js";

const QUIETEST_DB = -90;

/** Return where a level is on the scale, 0 to 1. */
const place = (db) => Math.min(1, Math.max(0, 1 - db / QUIETEST_DB));

export class Level {
  #latencies = [];

  hello({ state }) {
    if (state) this.state(state);
  }

  state({ source, model }) {
    byId("source").textContent = [source, model && `model ${model}`].filter(Boolean).join(" · ");
  }

  live({ level_dbfs: level, floor_dbfs: floor, is_open: isOpen, latency_ms: latency }) {
    byId("level-fill").style.setProperty("--at", place(level));
    byId("floor-mark").style.setProperty("--at", place(floor));
    byId("level").textContent = decibels(level);
    byId("floor").textContent = decibels(floor);
    byId("gate").textContent = isOpen ? "open" : "closed";
    this.#latencies.push(latency);
    if (this.#latencies.length > 10) this.#latencies.shift();
    byId("latency").textContent = milliseconds(Math.max(...this.#latencies));
  }
}
