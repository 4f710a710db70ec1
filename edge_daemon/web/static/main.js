// Puts the page together: each part is told what it has a method for.

import { Charts } from "./charts.js";
import { Configuration } from "./configuration.js";
import { Controls } from "./controls.js";
import { Facts } from "./facts.js";
import { byId } from "./format.js";
import { Health } from "./health.js";
import { Heard } from "./heard.js";
import { Level } from "./level.js";
import { Link } from "./link.js";
import { Login } from "./login.js";
import { Spectrogram } from "./spectrogram.js";
import { Words } from "./words.js";

let version = null;

function take(message) {
  if (message.event === "hello") compare(message.version);
  for (const part of parts) part[message.event]?.(message);
}

/** A daemon of another version has another page. */
function compare(itsVersion) {
  if (version !== null && version !== itsVersion) location.reload();
  version = itsVersion;
}

function show(how, text) {
  document.body.dataset.link = how;
  byId("main").inert = how !== "open";
  for (const part of parts) part.linked?.(how, text);
}

const link = new Link(take, show);
const parts = [
  new Login(link),
  new Health(),
  new Spectrogram(),
  new Level(),
  new Words(link),
  new Heard(link),
  new Charts(),
  new Controls(link),
  new Facts(link, take),
  new Configuration(link),
];
link.open(parts[0].takeToken());
