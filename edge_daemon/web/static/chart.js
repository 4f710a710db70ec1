// One figure over time, drawn as a line; its newest value in plain text.

import { duration, element } from "./format.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 240;
const HEIGHT = 44;
const BINS = 240;
const HELD_S = 120; // so long the newest figure is drawn on

export class Chart {
  none = "";
  note = "";
  #points = []; // [time in s, value]

  constructor(title, format, none = "") {
    this.format = format;
    this.none = none;
    this.element = element("figure", "chart");
    this.value = element("output", "value");
    this.when = element("span", "when");
    const caption = element("figcaption");
    caption.append(element("span", "title", title), this.value);
    this.picture = document.createElementNS(SVG, "svg");
    this.picture.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.picture.setAttribute("preserveAspectRatio", "none");
    this.picture.setAttribute("aria-hidden", "true");
    [this.area, this.line] = ["area", "line"].map((name) => this.#path(name));
    this.range = element("span", "range");
    const foot = element("div", "foot");
    foot.append(this.when, this.range);
    this.element.append(caption, this.picture, foot);
  }

  #path(name) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", name);
    return this.picture.appendChild(path);
  }

  clear() {
    this.#points = [];
  }

  add(at, value, longestS) {
    if (value === null || value === undefined) return;
    this.#points.push([at, value]);
    while (this.#points[0][0] < at - longestS) this.#points.shift();
  }

  /** The time of the first point; Infinity where there is none. */
  get oldest() {
    return this.#points[0]?.[0] ?? Infinity;
  }

  /** Draw what came in the last `spanS` seconds before `now`. */
  draw(now, spanS) {
    const shown = this.#binned(now - spanS, spanS);
    this.element.classList.toggle("none", shown.length === 0);
    if (!shown.length) return this.#showNone();
    const values = shown.map(([, value]) => value);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const top = most * 1.08 || 1;
    const dots = shown.map(([at, value]) => {
      const x = (WIDTH * (at - now + spanS)) / spanS;
      return `${x.toFixed(1)} ${(HEIGHT - 1 - (value / top) * (HEIGHT - 3)).toFixed(1)}`;
    });
    if (now - this.#points.at(-1)[0] < HELD_S) dots.push(`${WIDTH} ${dots.at(-1).split(" ")[1]}`);
    const [first, last] = [dots[0].split(" ")[0], dots.at(-1).split(" ")[0]];
    this.line.setAttribute("d", `M${dots.join("L")}`);
    this.area.setAttribute("d", `M${first} ${HEIGHT}L${dots.join("L")}L${last} ${HEIGHT}Z`);
    this.value.textContent = this.format(this.#points.at(-1)[1]);
    this.when.textContent = `${duration(spanS)} ago … now`;
    this.range.textContent = `${this.format(least)} to ${this.format(most)}`;
    this.element.title = this.note;
  }

  #showNone() {
    this.line.removeAttribute("d");
    this.area.removeAttribute("d");
    this.value.textContent = "–";
    this.when.textContent = this.none;
    this.range.textContent = "";
  }

  /** Return the means of equal pieces of the time, where there is anything. */
  #binned(from, spanS) {
    const bins = new Map();
    for (const [at, value] of this.#points) {
      if (at < from) continue;
      const bin = Math.floor(((at - from) / spanS) * BINS);
      const [sum, n] = bins.get(bin) ?? [0, 0];
      bins.set(bin, [sum + value, n + 1]);
    }
    return [...bins].sort(([a], [b]) => a - b)
      .map(([bin, [sum, n]]) => [from + ((bin + 0.5) / BINS) * spanS, sum / n]);
  }
}
