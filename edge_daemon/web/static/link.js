// The connection to the daemon: finds it again by itself, and knows when it is lost.

const QUIET_MS = 6500; // three signs of life that did not come
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 5000;
const ANSWER_MS = 10_000;
const HIDDEN_MS = 60_000; // a page that nobody sees costs the daemon nothing after that

/** Return how the daemon receives this page, "open", "token" or "lost", and why. */
async function mayOpen(token) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const signal = AbortSignal.timeout(QUIET_MS);
  try {
    const answer = await fetch("session", { headers, signal, cache: "no-store" });
    if (answer.ok) return [(await answer.json()).open ? "open" : "token", ""];
    const text = (await answer.text()).trim();
    return answer.status === 401 ? ["token", text] : ["lost", `The daemon says: ${text}.`];
  } catch {
    return ["lost", "The daemon cannot be reached."];
  }
}

export class Link {
  #socket = null;
  #asked = new Map();
  #attempt = 0;
  #number = 0;
  #retryMs = FIRST_RETRY_MS;
  #watch = 0;
  #retry = 0;
  #hiding = 0;

  /**
   * take(message): is given each message of the daemon;
   * show(how, text): is told "open", "lost", "token" or "paused", and why.
   */
  constructor(take, show) {
    this.take = take;
    this.show = show;
    document.addEventListener("visibilitychange", () => this.#seen());
    addEventListener("online", () => this.#socket ?? this.open());
  }

  /** Connect; a token is given once, the browser keeps what stands for it. */
  async open(token = null) {
    this.#hangUp();
    const attempt = ++this.#attempt;
    const [how, text] = await mayOpen(token);
    if (attempt !== this.#attempt) return; // another one was begun meanwhile
    if (how === "lost") this.#lost(text);
    else if (how === "token") this.show(how, text);
    else this.#connect();
  }

  /** Ask for something; resolves to the answer: {ok, problems, data}. */
  ask(request, withinMs = ANSWER_MS) {
    if (this.#socket?.readyState !== WebSocket.OPEN) {
      return Promise.resolve({ ok: false, problems: ["there is no connection to the daemon"] });
    }
    const id = ++this.#number;
    this.#socket.send(JSON.stringify({ id, request }));
    return new Promise((resolve) => {
      const late = { ok: false, problems: ["the daemon has not answered"] };
      const timer = setTimeout(() => this.#answered(id, late), withinMs);
      this.#asked.set(id, { resolve, timer });
    });
  }

  #connect() {
    const address = new URL("events", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = (this.#socket = new WebSocket(address));
    socket.onmessage = ({ data }) => this.#message(JSON.parse(data));
    socket.onclose = ({ reason }) => {
      if (socket === this.#socket) this.#lost(reason || "The daemon has hung up.");
    };
    this.#watchOver();
  }

  #message(message) {
    this.#watchOver();
    if (message.event === "answer") return this.#answered(message.id, message.answer);
    if (message.event === "hello") {
      this.#retryMs = FIRST_RETRY_MS;
      this.show("open", "");
    }
    this.take(message);
  }

  #answered(id, answer) {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    clearTimeout(asked?.timer);
    asked?.resolve({ problems: [], ...answer });
  }

  #watchOver() {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => this.#lost("The daemon is silent."), QUIET_MS);
  }

  #lost(why) {
    this.#hangUp();
    this.show("lost", why);
    this.#retry = setTimeout(() => this.open(), this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, LONGEST_RETRY_MS);
  }

  #hangUp() {
    clearTimeout(this.#watch);
    clearTimeout(this.#retry);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    const gone = { ok: false, problems: ["the connection to the daemon was lost"] };
    for (const id of [...this.#asked.keys()]) this.#answered(id, gone);
  }

  #seen() {
    clearTimeout(this.#hiding);
    if (document.hidden) {
      this.#hiding = setTimeout(() => this.#pause(), HIDDEN_MS);
    } else if (!this.#socket) {
      this.open();
    }
  }

  #pause() {
    this.#attempt++;
    this.#hangUp();
    this.show("paused", "");
  }
}
