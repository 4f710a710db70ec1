// What the daemon does, in one line; and plainly when it is not there.

import { byId, clock, duration } from "./format.js";

const WITHOUT = { lost: "daemon lost", token: "token needed", paused: "paused" };
const NAMES = { lost: "microphone lost" };

export class Health {
  #condition = "starting";
  #text = "";
  #isOpen = false;
  #mutedUntilMs = null;
  #lostAt = null;

  constructor() {
    setInterval(() => this.#countDown(), 1000);
  }

  hello({ state }) {
    if (state) this.state(state);
  }

  state({ condition, text, muted, muted_left_s: left }) {
    this.#condition = condition;
    this.#text = text;
    this.#mutedUntilMs = muted && left !== null ? Date.now() + 1000 * left : null;
    this.#say(condition, NAMES[condition], text);
  }

  linked(how, text) {
    this.#isOpen = how === "open";
    byId("lost").hidden = how !== "lost";
    if (how === "lost") {
      this.#lostAt ??= Date.now() / 1000;
      byId("lost").textContent = `${text} Lost since ${clock(this.#lostAt)}; trying again …`;
    } else {
      this.#lostAt = null;
    }
    if (this.#isOpen) this.#say(this.#condition, NAMES[this.#condition], this.#text);
    else this.#say(how, WITHOUT[how], "");
  }

  #say(condition, name, text) {
    document.body.dataset.condition = condition;
    document.title = `${name ?? condition} · edge-daemon`;
    byId("condition").textContent = name ?? condition;
    byId("health-text").textContent = text;
    this.#countDown();
  }

  #countDown() {
    const isTimed = this.#isOpen && this.#mutedUntilMs !== null;
    const left = isTimed ? duration((this.#mutedUntilMs - Date.now()) / 1000) : "";
    byId("mute-left").textContent = left && `· hears again in ${left}`;
  }
}
