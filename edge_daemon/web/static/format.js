// Figures and times as people read them.

export const percent = (share) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
export const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
export const milliseconds = (ms) => `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
export const decibels = (db) => `${db.toFixed(0).replace("-", "−")} dB`;
export const clock = (at) => new Date(1000 * at).toLocaleTimeString([], { hour12: false });

/** Return a length of time in its two largest units. */
export function duration(seconds) {
  const s = Math.max(0, Math.round(seconds));
  const units = [["d", Math.floor(s / 86400)], ["h", Math.floor(s / 3600) % 24],
    ["min", Math.floor(s / 60) % 60], ["s", s % 60]];
  const first = units.findIndex(([, n]) => n > 0);
  if (first < 0) return "0 s";
  return units.slice(first, first + 2).filter(([, n]) => n > 0).map(([unit, n]) => `${n} ${unit}`).join(" ");
}

/** Make an element with a class and a text. */
export function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

/** Return the element of the page with this id. */
export const byId = (id) => document.getElementById(id);
