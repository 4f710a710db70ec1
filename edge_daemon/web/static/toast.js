// What became of a request, for a moment at the foot of the page.

import { byId } from "./format.js";

const SHOWN_MS = 5000;
let shown = 0;

/** Say why an answer is no, or that it is done. */
export function say(answer, done) {
  const toast = byId("toast");
  toast.textContent = answer.ok ? done : answer.problems.join("; ");
  toast.classList.toggle("problem", !answer.ok);
  toast.hidden = !toast.textContent;
  clearTimeout(shown);
  shown = setTimeout(() => (toast.hidden = true), SHOWN_MS);
}
