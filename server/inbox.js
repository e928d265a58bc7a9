// The inbox's script: asks for the list and the open conversation every few seconds, and shows everything as text.
"use strict";
const texts = JSON.parse(document.getElementById("texts").textContent);
const part = (id) => document.getElementById(id);
const EVERY = 3000;
let language = (localStorage.getItem("floorwalker-inbox-language") || navigator.language || "en").toLowerCase().startsWith("zh") ? "zh" : "en";
let key = sessionStorage.getItem("floorwalker-operator-key") || "";
let chosen = 0, done = false, painted = "", listed = "", timer = 0, asking = false;

const word = (name, values = {}) =>
  Object.entries(values).reduce((text, [from, to]) => text.replace(`{${from}}`, to), texts[language][name] ?? name);
function node(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

// ------------------------------------------------------------------ the server
class Refused extends Error {
  constructor(status, message) { super(message); this.status = status; }
}
async function call(path, body) {
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  if (body) headers["Content-Type"] = "application/json";
  const response = await fetch(`inbox/api/${path}`, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), cache: "no-store" });
  const found = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, found.error?.message || String(response.status));
  return found;
}
async function refresh() {
  if (asking) return;
  asking = true;
  clearTimeout(timer);
  try {
    const found = await call(`handoffs${done ? "?closed=true" : ""}`);
    part("gate").hidden = true;
    part("desk").hidden = false;
    paintList(found.handoffs);
    if (chosen) paintTalk(await call(`handoffs/${chosen}`));
    if (part("notice").dataset.kind === "offline") notice("");
  } catch (error) {
    if (error.status === 401 || error.status === 403) return ask(error);
    notice(word("offline"), "offline");
  } finally {
    asking = false;
  }
  timer = setTimeout(refresh, EVERY);
}
function ask(error) {
  part("desk").hidden = true;
  part("gate").hidden = false;
  if (error.status === 403) notice(error.message);
  else if (key) notice(word("key_wrong"));
  key = "";
  sessionStorage.removeItem("floorwalker-operator-key");
  part("key").focus();
}
function notice(text, kind = "") {
  part("notice").textContent = text;
  part("notice").dataset.kind = kind;
  part("notice").hidden = !text;
}

// ------------------------------------------------------------------ what is seen
function ago(seconds) {
  const minutes = Math.floor((Date.now() / 1000 - seconds) / 60);
  if (minutes < 1) return word("ago_now");
  if (minutes < 60) return word("ago_minutes", { n: minutes });
  return minutes < 1440 ? word("ago_hours", { n: Math.floor(minutes / 60) }) : word("ago_days", { n: Math.floor(minutes / 1440) });
}
const stateOf = (handoff) => (handoff.state === "closed" && handoff.outcome === "returned" ? "returned" : handoff.state);
function paintList(handoffs) {
  part("none").textContent = handoffs.length ? "" : word(done ? "none_done" : "none");
  const open = handoffs.filter((handoff) => handoff.state === "open").length;
  document.title = (open && !done ? `(${open}) ` : "") + word("title");
  const now = JSON.stringify([language, chosen, Math.floor(Date.now() / 60000), handoffs]);
  if (now === listed) return;
  listed = now;
  const focused = document.activeElement?.dataset?.id;
  part("list").replaceChildren(...handoffs.map((handoff) => {
    const entry = node("li"), button = node("button"), row = node("span", undefined, "row");
    button.type = "button";
    button.dataset.id = handoff.id;
    button.setAttribute("aria-current", String(handoff.id === chosen));
    row.append(node("span", word(stateOf(handoff)), `state-${handoff.state}`), node("span", `${handoff.channel} · ${ago(handoff.touched)}`));
    button.append(row, node("span", handoff.summary, "text"));
    entry.append(button);
    return entry;
  }));
  if (focused) part("list").querySelector(`[data-id="${focused}"]`)?.focus();
}
function paintTalk(talk) {
  const now = JSON.stringify([language, talk]);
  part("choose").hidden = true;
  part("opened").hidden = false;
  if (now === painted) return;
  const before = painted;
  painted = now;
  part("name").textContent = `${talk.channel} · ${word(stateOf(talk))}`;
  part("answer").hidden = talk.state === "closed";
  const facts = [["summary", talk.summary], ["why_", word(`why_${talk.why}`)]];
  for (const name of ["customer_id", "order_id"]) if (talk.details[name]) facts.push([name, talk.details[name]]);
  if (talk.details.tried) facts.push(["tried", talk.details.tried.map(told).join("; ")]);
  if (talk.details.waiting) facts.push(["began", talk.details.waiting.join(", ")]);
  part("facts").replaceChildren(...facts.flatMap(([name, value]) => [node("dt", name === "why_" ? "" : word(name)), node("dd", value)]));
  const lines = part("lines"), low = !before || lines.scrollHeight - lines.scrollTop - lines.clientHeight < 60;
  lines.replaceChildren(...talk.lines.map((line) => {
    const role = ["assistant", "operator"].includes(line.role) ? line.role : "customer";
    const entry = node("li", undefined, role);
    entry.append(node("b", `${word(role)} · ${new Date(line.time * 1000).toLocaleTimeString(language)}`), document.createTextNode(line.text));
    return entry;
  }));
  if (low) lines.scrollTop = lines.scrollHeight;
}
const told = (entry) => (typeof entry === "object" ? [entry.kind, entry.result, entry.code, entry.order_id].filter(Boolean).join(" ") : String(entry));
function translate() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.querySelectorAll("[data-text]").forEach((entry) => { entry.textContent = word(entry.dataset.text); });
  document.querySelectorAll("[data-label]").forEach((entry) => entry.setAttribute("aria-label", word(entry.dataset.label)));
  document.querySelectorAll("[data-placeholder]").forEach((entry) => { entry.placeholder = word(entry.dataset.placeholder); });
  document.title = word("title");
}
function choose(id) {
  chosen = id;
  painted = "";
  part("text").value = "";
  document.body.dataset.view = id ? "talk" : "list";
  part("opened").hidden = !id;
  part("choose").hidden = Boolean(id);
}

// ------------------------------------------------------------------ what people do
part("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  localStorage.setItem("floorwalker-inbox-language", language);
  translate();
  refresh();
});
part("gate").addEventListener("submit", (event) => {
  event.preventDefault();
  key = part("key").value.trim();
  part("key").value = "";
  sessionStorage.setItem("floorwalker-operator-key", key);
  notice("");
  refresh();
});
part("list").addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-id]");
  if (!button) return;
  choose(Number(button.dataset.id));
  await refresh();
  part("name").focus();
});
document.querySelector(".tabs").addEventListener("click", (event) => {
  const tab = event.target.closest("button");
  if (!tab) return;
  done = tab.dataset.done === "yes";
  document.querySelectorAll(".tabs button").forEach((entry) => entry.setAttribute("aria-pressed", String(entry === tab)));
  refresh();
});
part("back").addEventListener("click", () => { const id = chosen; choose(0); refresh().then(() => part("list").querySelector(`[data-id="${id}"]`)?.focus()); });
async function act(name, body) {
  const buttons = part("answer").querySelectorAll("button");
  buttons.forEach((button) => { button.disabled = true; });
  try {
    await call(`handoffs/${chosen}/${name}`, body);
    if (name === "reply") part("text").value = "";
    else choose(0);
    notice(name === "reply" ? word("sent") : word(name === "return" ? "returned" : "closed"));
    await refresh();
    if (name === "reply") part("text").focus();
    else part("list").querySelector("button")?.focus();
  } catch (error) {
    notice(word("failed", { why: error.message }));
  } finally {
    buttons.forEach((button) => { button.disabled = false; });
  }
}
part("answer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = part("text").value.trim();
  if (text) act("reply", { text });
});
part("answer").addEventListener("click", (event) => {
  const name = event.target.closest("[data-act]")?.dataset.act;
  if (name) act(name, {});
});
part("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) part("answer").requestSubmit();
});
document.addEventListener("visibilitychange", () => { if (!document.hidden && part("gate").hidden) refresh(); });

translate();
refresh();
