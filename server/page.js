// The chat page's script: the body of function (element, trigger, props, server, upload, watch), run once by Gradio.
// It paints what server/page_turn.py sends (HTML made safe there), and inserts everything else as text.
const boot = props.boot;
const root = element.querySelector(".fw");
const part = (name) => root.querySelector(`[data-ref="${name}"]`);
const PIECES = ["status", "cards", "text", "notes", "replies", "trace"];
const KEEP_TURNS = 30;
const scroll = part("scroll"), thread = part("thread"), input = part("input"), user = part("user");

// ------------------------------------------------------------------ what this browser tab remembers
function remembered(storage, key) {
  try { return JSON.parse(storage.getItem(key)); } catch { return null; }
}
function remember(storage, key, value) {
  try { storage.setItem(key, JSON.stringify(value)); } catch { /* private mode or full: the page works without */ }
}
let tab = { session: "", user: "", chips: "", turns: [], ...(remembered(sessionStorage, boot.storage) || {}) };
let settings = { language: "", scheme: "", ...(remembered(localStorage, "floorwalker-settings") || {}) };
let language = settings.language || ((navigator.language || "en").toLowerCase().startsWith("zh") ? "zh" : "en");
let running = null;

const keep = () => { tab.turns = tab.turns.slice(-KEEP_TURNS); remember(sessionStorage, boot.storage, tab); };
const word = (key, values = {}) =>
  Object.entries(values).reduce((text, [name, value]) => text.replace(`{${name}}`, value), boot.texts[language][key]);
const inLanguage = (texts) => texts[language] ?? texts.en ?? Object.values(texts)[0] ?? "";

// ------------------------------------------------------------------ the page around the conversation
function translate() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  root.querySelectorAll("[data-text]").forEach((node) => { node.textContent = word(node.dataset.text); });
  root.querySelectorAll("[data-label]").forEach((node) => { node.setAttribute("aria-label", word(node.dataset.label)); });
  root.querySelectorAll("[data-title]").forEach((node) => { node.title = word(node.dataset.title); });
  input.placeholder = word("placeholder");
  part("shop").textContent = inLanguage(boot.shop);
  const [, greeting, lead] = inLanguage(boot.greeting).match(/^(.*?(?:[.!?](?=\s|$)|[。！？]|$))\s*(.*)$/s);
  part("greeting").textContent = greeting;
  part("lead").textContent = lead;
  part("model").textContent = inLanguage(tab.model ?? boot.model);
  document.title = inLanguage(boot.shop);
  const openers = boot.examples[language] ?? [];
  part("examples").replaceChildren(...openers.map(example));
  root.querySelector(".fw-eyebrow").hidden = !openers.length;
  paintPeople();
  paintSend();
}
function example(text) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "fw-example" });
  button.textContent = text;
  button.dataset.say = text;
  const entry = document.createElement("li");
  entry.append(button);
  return entry;
}
function paintPeople() {
  const people = [["", word("guest")], ...Object.entries(boot.people)];
  user.replaceChildren(...people.map(([id, name]) => Object.assign(document.createElement("option"), { value: id, textContent: name })));
  user.value = tab.user in boot.people ? tab.user : "";
  user.closest("label").hidden = people.length === 1;
  part("person").textContent = user.selectedOptions[0].textContent;
}
function paintSend() {
  const busy = running !== null;
  root.dataset.busy = busy ? "yes" : "no";
  for (const attribute of ["aria-label", "title"]) part("send").setAttribute(attribute, word(busy ? "stop" : "send"));
}
function paintChips(html) {
  tab.chips = html;
  part("chips").innerHTML = html;
  part("chipbar").hidden = !html;
}
function scheme(dark) {
  document.body.classList.toggle("dark", dark);
  settings.scheme = dark ? "dark" : "light";
  remember(localStorage, "floorwalker-settings", settings);
}
function speak(text) { part("spoken").textContent = text; }

// ------------------------------------------------------------------ turns
function addTurn(turn) {
  const article = document.createElement("article");
  article.className = "fw-turn";
  article.dataset.key = turn.key;
  const said = document.createElement("p");
  said.className = turn.edit ? "fw-said fw-edit" : "fw-said";
  said.textContent = turn.by === "operator" ? word("colleague") : turn.said;
  if (turn.by) { article.classList.add("fw-person"); said.className = "fw-by"; said.hidden = turn.by !== "operator"; }
  article.append(said);
  for (const name of PIECES) {
    const slot = document.createElement("div");
    slot.className = `fw-piece fw-slot-${name}`;
    article.append(slot);
  }
  thread.append(article);
  part("welcome").hidden = true;
  return article;
}
function paintTurn(article, pieces) {
  for (const name of PIECES) {
    const slot = article.querySelector(`:scope > .fw-slot-${name}`), html = pieces[name] || "";
    if (slot.fwHtml !== html) { slot.innerHTML = html; slot.fwHtml = html; }
  }
}
function receive(value) {
  const turn = value && tab.turns.find((entry) => entry.key === value.turn);
  if (!turn || turn.stopped) return;
  const article = thread.querySelector(`[data-key="${CSS.escape(turn.key)}"]`);
  turn.pieces = value.pieces;
  paintTurn(article, value.pieces);
  if (value.session) tab.session = value.session;
  if (value.chips !== null) paintChips(value.chips);
  if (value.model) { tab.model = value.model; part("model").textContent = inLanguage(value.model); }
  article.classList.toggle("fw-streaming", !value.done);
  if (!value.done || running !== turn.key) return;
  running = null;
  article.setAttribute("aria-busy", "false");
  paintSend();
  speak(article.querySelector(".fw-slot-text").innerText || value.spoken);
  if (value.person) { tab.person = true; listen(); }
  keep();
}
function send(message, { said = message, remove = [] } = {}) {
  if (running !== null || (!message.trim() && !remove.length)) return;
  const turn = { key: crypto.randomUUID?.() ?? String(Math.random()), said, message, remove, edit: remove.length > 0, pieces: {} };
  tab.turns.push(turn);
  running = turn.key;
  const article = addTurn(turn);
  article.classList.add("fw-streaming");
  article.setAttribute("aria-busy", "true");
  paintTurn(article, { status: '<p class="fw-wait"></p>' });
  article.querySelector(".fw-wait").textContent = word("thinking");
  paintSend();
  speak(word("thinking"));
  article.scrollIntoView({ block: "start", behavior: calm() ? "auto" : "smooth" });
  trigger("say", { turn: turn.key, shop: tab.shop ?? "", session: tab.session, user: tab.user, language, message, remove });
}
function end(text, retry) {
  const turn = tab.turns.find((entry) => entry.key === running);
  running = null;
  paintSend();
  if (!turn) return;
  turn.stopped = true;
  const article = thread.querySelector(`[data-key="${CSS.escape(turn.key)}"]`);
  article.classList.remove("fw-streaming");
  article.setAttribute("aria-busy", "false");
  const note = Object.assign(document.createElement("p"), { className: "fw-ended", textContent: text });
  turn.pieces = { ...turn.pieces, status: "", notes: note.outerHTML + (retry ? `<button type="button" class="fw-option" data-retry="1">${word("retry")}</button>` : "") };
  paintTurn(article, turn.pieces);
  speak(text);
  keep();
}

// ------------------------------------------------------------------ what a person says after a hand-off
const LISTEN = 3000;
let listening = 0;
function listen() {
  clearTimeout(listening);
  if (tab.person && tab.session) listening = setTimeout(hear, LISTEN);
}
async function hear() {
  const session = tab.session;
  const found = await server.heard({ session, after: tab.heard ?? 0 }).catch(() => null);
  if (session !== tab.session) return;
  for (const words of found?.words ?? []) {
    tab.heard = words.id;
    const turn = { key: `person-${words.id}`, said: "", message: "", remove: [], by: words.role, pieces: { text: words.html } };
    tab.turns.push(turn);
    const article = addTurn(turn);
    paintTurn(article, turn.pieces);
    speak(`${word(words.role === "operator" ? "colleague" : "answer")}: ${article.querySelector(".fw-slot-text").innerText}`);
    article.scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
  }
  if (found && !found.open) tab.person = false;
  keep();
  listen();
}
function stop() {
  trigger("stop", {});
  end(word("stopped"), false);
}
function again(article) {
  const turn = tab.turns.find((entry) => entry.key === article.dataset.key);
  if (turn) send(turn.message, { said: turn.said, remove: turn.remove });
}
function fresh() {
  if (running !== null) stop();
  tab = { ...tab, session: "", turns: [], person: false, heard: 0 };
  thread.replaceChildren();
  part("welcome").hidden = false;
  paintChips("");
  keep();
  input.focus();
}

// ------------------------------------------------------------------ like, dislike, open
async function mark(card, kind, button) {
  const { item, turn, position } = card.dataset;
  const shown = button && card.querySelector(".fw-ack");
  if (button) press(card, kind);
  const saved = await server.mark({ shop: tab.shop ?? "", session: tab.session, user: tab.user, item, turn, position: Number(position), event: kind }).catch(() => false);
  if (!button) return;
  if (saved !== true) press(card, "");
  const ack = saved === true ? word(kind === "like" ? "liked" : "disliked") : word("mark_failed");
  shown.textContent = ack;
  speak(ack);
  const pieces = tab.turns.find((entry) => entry.key === card.closest(".fw-turn").dataset.key)?.pieces;
  if (pieces) { pieces.cards = card.closest(".fw-piece").innerHTML; card.closest(".fw-piece").fwHtml = pieces.cards; keep(); }
}
function press(card, kind) {
  card.querySelectorAll(".fw-act").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.act === kind)));
}

// ------------------------------------------------------------------ what people do
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const commands = {
  language() {
    language = language === "zh" ? "en" : "zh";
    settings.language = language;
    remember(localStorage, "floorwalker-settings", settings);
    translate();
  },
  scheme() { scheme(!document.body.classList.contains("dark")); },
  fresh,
  clear() {
    const chips = [...part("chips").querySelectorAll("[data-remove]")];
    send("", { said: word("clear_all"), remove: chips.map((chip) => chip.dataset.remove) });
    input.focus();
  },
};
root.addEventListener("click", (event) => {
  const target = event.target.closest("[data-do],[data-say],[data-remove],[data-retry],[data-act]");
  if (!target) return;
  const { do: command, say, remove, retry, act } = target.dataset;
  if (command) commands[command]();
  else if (say) { send(say); input.focus({ preventScroll: true }); }
  else if (remove) { send("", { said: target.dataset.said, remove: remove.split(" ") }); input.focus({ preventScroll: true }); }
  else if (retry) again(target.closest(".fw-turn"));
  else if (act === "open") mark(target.closest(".fw-card"), "click", null);
  else if (target.getAttribute("aria-pressed") !== "true") mark(target.closest(".fw-card"), act, target);
});
part("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (running !== null) return stop();
  const message = input.value;
  if (!message.trim()) return input.focus();
  input.value = "";
  grow();
  send(message);
  input.focus({ preventScroll: true });
});
input.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && running !== null) stop();
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  if (running === null) part("form").requestSubmit();
});
function grow() {
  input.style.height = "auto";
  input.style.height = `${Math.min(input.scrollHeight, 160)}px`;
}
input.addEventListener("input", grow);
user.addEventListener("change", () => {
  tab.user = user.value;
  paintPeople();
  speak(word("shopping_as", { name: part("person").textContent }));
  keep();
});
document.addEventListener("floorwalker-broken", () => { if (running !== null) end(word("failed_connection"), true); });
watch("value", () => receive(props.value));

// ------------------------------------------------------------------ start
input.maxLength = boot.longest;
if (settings.scheme) scheme(settings.scheme === "dark");
tab.turns.forEach((turn) => paintTurn(addTurn(turn), { ...turn.pieces, status: "" }));
paintChips(tab.chips);
translate();
if (tab.turns.length) scroll.scrollTop = scroll.scrollHeight;
listen();
if (matchMedia("(pointer: fine)").matches) input.focus({ preventScroll: true });
root.dataset.ready = "yes";
