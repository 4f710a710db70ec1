// A row for each word: its score now, and the threshold on the same scale.

import { byId, element } from "./format.js";

const SEND_MS = 150;
const SETTLE_MS = 1500; // after a change here, what others say of it is not believed

export class Words {
  #rows = new Map();

  constructor(link) {
    this.ask = (request) => link.ask(request);
  }

  hello({ state }) {
    if (state) this.state(state);
  }

  state({ words, thresholds }) {
    if (words.join("\n") !== [...this.#rows.keys()].join("\n")) this.#build(words);
    for (const [word, value] of Object.entries(thresholds)) this.#rows.get(word)?.set(value);
  }

  live({ scores }) {
    for (const [word, row] of this.#rows) row.score(scores[word] ?? 0);
  }

  heard({ label }) {
    this.#rows.get(label)?.flash();
  }

  #build(words) {
    this.#rows = new Map(words.map((word) => [word, new Row(word, this.ask)]));
    byId("words").replaceChildren(...[...this.#rows.values()].map((row) => row.element));
  }
}

class Row {
  #threshold = 1;
  #told = 1;
  #changedMs = 0;
  #sending = 0;

  constructor(word, ask) {
    this.word = word;
    this.ask = ask;
    this.element = element("div", "word");
    this.fill = element("div", "fill");
    this.slider = Object.assign(element("input"), {
      type: "range", min: 0.01, max: 1, step: 0.01, ariaLabel: `threshold of ${word}`,
    });
    this.figure = element("output", "figure");
    this.reset = Object.assign(element("button", "reset", "↺"), {
      type: "button", title: `${word}: back to the configured threshold`,
      ariaLabel: `configured threshold of ${word}`,
    });
    this.element.append(element("span", "label", word), this.#track(), this.figure, this.reset);
    this.slider.addEventListener("input", () => this.#change());
    this.reset.addEventListener("click", () => this.#send(null));
  }

  #track() {
    const scale = element("div", "scale");
    const track = element("div", "track");
    track.ariaHidden = "true";
    track.append(this.fill);
    scale.append(track, this.slider);
    return scale;
  }

  /** Take the threshold that the daemon has, unless somebody is just moving it here. */
  set(value) {
    this.#told = value;
    if (Date.now() - this.#changedMs < SETTLE_MS) return;
    this.slider.value = value;
    this.#show(value);
  }

  score(score) {
    this.fill.style.setProperty("--at", score);
    this.fill.classList.toggle("fires", score >= this.#threshold);
  }

  flash() {
    this.element.classList.remove("flash");
    void this.element.offsetWidth; // begins the animation anew
    this.element.classList.add("flash");
  }

  #show(value) {
    this.#threshold = value;
    this.figure.textContent = value.toFixed(2);
    this.slider.ariaValueText = value.toFixed(2);
  }

  #change() {
    this.#changedMs = Date.now();
    this.#show(Number(this.slider.value));
    this.#sending ||= setTimeout(() => this.#send(Number(this.slider.value)), SEND_MS);
    setTimeout(() => this.set(this.#told), SETTLE_MS + 1);
  }

  async #send(value) {
    clearTimeout(this.#sending);
    this.#sending = 0;
    if (value === null) this.#changedMs = 0;
    const answer = await this.ask({ do: "threshold", word: this.word, value });
    if (!answer.ok) {
      this.#changedMs = 0;
      this.set(this.#told);
    }
    this.element.classList.toggle("refused", !answer.ok);
    this.element.title = answer.problems.join("; ");
  }
}
