// Our own API as the frame uses it: a token for this visitor, one streamed turn, labels, events.
const HERE = new URL(".", import.meta.url); // …/widget/
const ROOT = new URL("..", HERE);
const PATIENCE = 45_000;

export class Failure extends Error {
  constructor(status, code, message) {
    super(message || code || String(status));
    this.status = status;
    this.code = code;
  }
}

async function failure(response) {
  const body = await response.json().catch(() => ({}));
  return new Failure(response.status, body.error?.code, body.error?.message);
}

const post = (path, body, headers = {}, signal = undefined) => fetch(new URL(path, ROOT), {
  method: "POST", credentials: "omit", body: JSON.stringify(body), signal, headers: { "Content-Type": "application/json", ...headers },
});

export class Api {
  constructor(origin, kept) {
    this.origin = origin;
    this.kept = kept; // {token}: who the visitor is; it outlives the conversation
    this.identity = null;
  }

  async renew() {
    const response = await post("widget/token", { origin: this.origin, former: this.kept.token || null });
    if (!response.ok) throw await failure(response);
    this.kept.token = (await response.json()).token;
  }

  // A request with the visitor's token, which is made anew once when it has run out.
  async request(path, body, signal, headers = {}) {
    if (!this.kept.token) await this.renew();
    for (let attempt = 0; ; attempt += 1) {
      const identity = this.identity ? { "X-Floorwalker-Identity": this.identity } : {};
      const response = await post(path, body, { ...headers, ...identity, Authorization: `Bearer ${this.kept.token}` }, signal);
      if (response.ok) return response;
      const error = await failure(response);
      if (attempt || error.status !== 401) throw error;
      if ((error.code || "").startsWith("identity_token")) throw error;
      await this.renew();
    }
  }

  // One turn: calls `early(extension)` when the items are known and `text(piece)` as it comes; returns the extension.
  async turn({ message, session, language, edit, key }, { early, text, signal }) {
    const metadata = { language };
    if (session) metadata.session_id = session;
    if (edit) metadata.edit = edit;
    const body = { messages: [{ role: "user", content: message }], stream: true, metadata };
    const response = await this.request("v1/chat/completions", body, signal, { "Idempotency-Key": key });
    let whole = null;
    for await (const data of events(response.body, signal)) {
      if (data === "[DONE]") break;
      const chunk = JSON.parse(data);
      if (chunk.error) throw new Failure(500, chunk.error.code, chunk.error.message);
      const choice = chunk.choices?.[0];
      if (choice?.delta?.content) text(choice.delta.content);
      if (chunk.floorwalker) {
        if (choice?.finish_reason) whole = chunk.floorwalker;
        else early(chunk.floorwalker);
      }
    }
    if (!whole) throw new Failure(0, "connection_lost");
    return whole;
  }

  async labels(constraints, language) {
    if (!constraints.length) return [];
    return (await this.request("widget/labels", { constraints, language })).json();
  }

  async mark(event) {
    await this.request("v1/events", { ...event, user: "visitor" });
  }
}

async function* events(stream, signal) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  try {
    for (;;) {
      const { value, done } = await within(reader.read());
      if (done || signal.aborted) return;
      pending += value;
      const blocks = pending.split("\n\n");
      pending = blocks.pop();
      for (const block of blocks) {
        const data = block.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\n");
        if (data) yield data;
      }
    }
  } finally {
    reader.cancel().catch(() => {}); // it may be closed already
  }
}

function within(promise) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Failure(0, "connection_lost")), PATIENCE); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
