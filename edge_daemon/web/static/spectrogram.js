// The last seconds as a picture: log-mel bands, and where words were heard.

import { byId } from "./format.js";
import { colours } from "./colours.js";

const SECONDS = innerWidth < 640 ? 5 : 10; // a phone has no room for the marks of more
const FRAMES = 100 * SECONDS;
const SILENT_MS = 1500;

export class Spectrogram {
  #canvas = byId("spectrogram");
  #cover = byId("cover");
  #tape = document.createElement("canvas");
  #levels = new Uint8Array(0); // a column a frame, written round and round
  #nMels = 0;
  #nFrames = 0; // so far
  #marks = []; // {label, frame}
  #silence = 0;
  #condition = "";

  constructor() {
    this.#canvas.ariaLabel = `Spectrogram of the last ${SECONDS} seconds, the newest on the right`;
    byId("oldest").textContent = `−${SECONDS} s`;
    new ResizeObserver(() => this.#resize()).observe(this.#canvas);
    addEventListener("colours", () => this.#repaint());
    this.#expect();
  }

  hello({ state }) {
    this.#nMels = 0;
    this.#marks = [];
    if (state) this.state(state);
  }

  state({ condition }) {
    this.#condition = condition;
    this.#say(condition === "muted" ? "muted" : "");
  }

  heard({ label, triggered }) {
    if (!triggered) this.#marks.push({ label, frame: this.#nFrames });
  }

  live({ mel, n_mels: nMels }) {
    if (nMels !== this.#nMels) this.#begin(nMels);
    const bytes = Uint8Array.from(atob(mel), (c) => c.charCodeAt(0));
    for (let i = 0; i + nMels <= bytes.length; i += nMels) {
      this.#write(bytes.subarray(i, i + nMels));
    }
    if (!document.hidden) requestAnimationFrame(() => this.#draw());
    this.#expect();
    this.#say(this.#condition === "muted" ? "muted" : "");
  }

  linked(how) {
    if (how !== "open") this.#say("no connection");
  }

  #begin(nMels) {
    this.#nMels = nMels;
    this.#nFrames = 0;
    this.#levels = new Uint8Array(FRAMES * nMels);
    this.#tape.width = FRAMES;
    this.#tape.height = nMels;
  }

  #write(column) {
    const x = this.#nFrames++ % FRAMES;
    this.#levels.set(column, x * this.#nMels);
    this.#paint(x, 1);
  }

  /** Put columns of the levels on the tape, low tones at the bottom. */
  #paint(from, n) {
    const [nMels, shades] = [this.#nMels, colours()];
    const picture = new ImageData(n, nMels);
    const pixels = new Uint32Array(picture.data.buffer);
    for (let x = 0; x < n; x++) {
      for (let mel = 0; mel < nMels; mel++) {
        pixels[(nMels - 1 - mel) * n + x] = shades[this.#levels[(from + x) * nMels + mel]];
      }
    }
    this.#tape.getContext("2d").putImageData(picture, from, 0);
  }

  #repaint() {
    if (!this.#nMels) return;
    this.#paint(0, FRAMES);
    this.#draw();
  }

  #draw() {
    const { width, height } = this.#canvas;
    const context = this.#canvas.getContext("2d");
    const start = this.#nFrames % FRAMES; // the oldest column
    const split = Math.round((width * (FRAMES - start)) / FRAMES);
    const { height: bands } = this.#tape;
    context.imageSmoothingEnabled = true;
    context.drawImage(this.#tape, start, 0, FRAMES - start, bands, 0, 0, split, height);
    if (start) context.drawImage(this.#tape, 0, 0, start, bands, split, 0, width - split, height);
    this.#drawMarks(context, width, height);
  }

  #drawMarks(context, width, height) {
    const oldest = this.#nFrames - FRAMES;
    this.#marks = this.#marks.filter(({ frame }) => frame > oldest);
    const { color, caretColor } = getComputedStyle(this.#canvas);
    const scale = window.devicePixelRatio || 1;
    context.font = `600 ${12 * scale}px system-ui, sans-serif`;
    for (const { label, frame } of this.#marks) {
      const x = ((frame - oldest) / FRAMES) * width;
      const textWidth = context.measureText(label).width;
      context.fillStyle = caretColor;
      context.fillRect(x - scale, 0, 2 * scale, height);
      context.fillRect(x - textWidth - 13 * scale, 6 * scale, textWidth + 12 * scale, 20 * scale);
      context.fillStyle = color;
      context.fillText(label, x - textWidth - 7 * scale, 20 * scale);
    }
  }

  #resize() {
    const scale = window.devicePixelRatio || 1;
    this.#canvas.width = Math.round(this.#canvas.clientWidth * scale);
    this.#canvas.height = Math.round(this.#canvas.clientHeight * scale);
    if (this.#nMels) this.#draw();
  }

  #expect() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#say("no audio comes"), SILENT_MS);
  }

  #say(text) {
    this.#cover.hidden = !text;
    this.#cover.textContent = text;
  }
}
