// The configuration in force, and reading its file again.

import { byId } from "./format.js";

const RELOADED_MS = 1_800_000; // an engine of TensorRT takes minutes

export class Configuration {
  #details = byId("config");
  #button = byId("reload");

  constructor(link) {
    this.ask = (request, withinMs) => link.ask(request, withinMs);
    this.#details.addEventListener("toggle", () => this.#fetch());
    this.#button.addEventListener("click", () => this.#reload());
  }

  hello() {
    this.#button.disabled = false;
    this.#fetch();
  }

  happened({ kind }) {
    if (kind === "reload") this.#fetch();
  }

  async #fetch() {
    if (!this.#details.open) return;
    const { ok, data, problems } = await this.ask({ do: "config" });
    byId("yaml").textContent = ok ? data.yaml : problems.join("\n");
  }

  async #reload() {
    const said = byId("reload-answer");
    this.#button.disabled = true;
    said.textContent = "reading …";
    const { ok, problems } = await this.ask({ do: "reload" }, RELOADED_MS);
    said.textContent = ok ? "The file on disk is in force." : `Refused: ${problems.join("; ")}`;
    said.classList.toggle("problem", !ok);
    this.#button.disabled = false;
  }
}
