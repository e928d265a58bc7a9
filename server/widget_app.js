// The frame: keeps the conversation, draws it, and speaks with the page around it, both ways checked.
import { Api } from "./widget_api.js";
import { element } from "./widget_markdown.js";
import { language, texts } from "./widget_texts.js";
import { View } from "./widget_view.js";

const told = JSON.parse(document.body.dataset.config);
const config = { origin: told.origin, links: "top", cart: "chat", theme: "auto", locale: language(navigator.language || told.language) };
const part = (id) => document.getElementById(id);
const ui = Object.fromEntries(["app", "name", "about", "fresh", "shut", "scroll", "welcome", "log", "chips", "form", "label", "message", "send", "status"].map((id) => [id, part(id)]));
const embedded = window.parent !== window;
const KEY = `floorwalker:${told.origin}`;
const KEPT_TURNS = 20;
const KEPT_FOR = 2 * 3600 * 1000; // a conversation ends when nothing was said for so long
const words = () => texts(config.locale);

// What the browser keeps for this site (its storage is partitioned by the page around us). It may refuse: then nothing.
const kept = { token: null, session: null, turns: [], at: 0, ...read() };
if (Date.now() - kept.at > KEPT_FOR) Object.assign(kept, { session: null, turns: [] });

function read() {
  try { return JSON.parse(localStorage.getItem(KEY)) || {}; } catch { return {}; }
}

function keep() {
  kept.at = Date.now();
  kept.turns = kept.turns.slice(-KEPT_TURNS);
  try { localStorage.setItem(KEY, JSON.stringify(kept)); } catch { /* full or forbidden: this page alone remembers */ }
}

const api = new Api(told.origin, kept);
const view = new View(config, { say, remove, mark, add, open: (kind, data) => tell(kind, data) });
let busy = null; // the AbortController of the turn under way

// -- the page around us -----------------------------------------------------------------------------------------------

function tell(type, data = {}) {
  if (embedded) window.parent.postMessage({ floorwalker: 1, type, ...data }, told.origin);
  else if (data.url && data.here) location.assign(data.url);
}

const HEARD = {
  hello(data) {
    for (const name of ["links", "cart", "theme"]) if (typeof data[name] === "string") config[name] = data[name];
    config.locale = language(data.locale);
    document.documentElement.dataset.theme = config.theme;
    if (/^#[0-9a-f]{3,8}$/i.test(data.accent || "")) document.documentElement.style.setProperty("--accent", data.accent);
    restore();
  },
  open() { ui.message.focus(); toEnd(); },
  say(data) { if (typeof data.text === "string") say(data.text.slice(0, 4000)); },
  identify(data) { api.identity = typeof data.token === "string" ? data.token : null; },
  forget() { kept.token = null; api.identity = null; begin(); },
  locale(data) { config.locale = language(data.locale); restore(); },
};

window.addEventListener("message", (event) => {
  // Only the page that the server let us stand in; the browser names its origin.
  if (!embedded || event.source !== window.parent || event.origin !== told.origin) return;
  const { floorwalker, type, ...data } = event.data || {};
  if (floorwalker === 1 && typeof type === "string" && Object.hasOwn(HEARD, type)) HEARD[type](data);
});

// -- turns ------------------------------------------------------------------------------------------------------------

function say(text) {
  if (text.trim()) take({ message: text.trim() });
}

function remove(ids, said) {
  take({ message: "", edit: { remove: ids }, said });
}

function add(detail, place) {
  tell("cart", { ...detail, quantity: 1 });
  if (config.cart === "chat") say(words().added(place));
}

async function take(wish, key = crypto.randomUUID()) {
  if (busy) return;
  const controller = new AbortController();
  busy = controller;
  closeOld();
  const turn = view.turn(wish.said || wish.message, { quiet: Boolean(wish.said) });
  ui.welcome.hidden = true;
  ui.log.append(turn.root);
  state();
  toTurn(turn.root);
  const draw = frameByFrame(() => { if (busy === controller) view.show(turn, { found: turn.early || null, source: turn.heard || "" }); });
  const heard = { early: (found) => { turn.early = found; draw(); }, text: (piece) => { turn.heard = (turn.heard || "") + piece; draw(); }, signal: controller.signal };
  try {
    const found = await api.turn({ ...wish, session: kept.session, language: config.locale, key }, heard);
    await finish(turn, found, wish);
  } catch (error) {
    stopped(turn, error, () => { turn.root.remove(); take(wish, key); });
  } finally {
    if (busy === controller) busy = null;
    state();
  }
}

async function finish(turn, found, wish) {
  kept.session = found.session_id;
  const labels = await api.labels(found.constraints, config.locale).catch(() => found.constraints.map((one) => one.field));
  turn.labels = Object.fromEntries(found.constraints.map((one, at) => [one.id, labels[at]]));
  view.show(turn, { found, source: turn.heard || "", done: true });
  kept.turns.push({ said: wish.said || wish.message, quiet: Boolean(wish.said), source: turn.heard || "", found: slim(found), labels: turn.labels });
  keep();
  chips(found.constraints, turn.labels);
  ui.status.textContent = "";
  tell("answer", { turn: found.turn_id, intent: found.intent, items: found.items.map((item) => item.id) });
  if (found.actions.some((action) => action.kind === "handoff")) tell("handoff", { session: found.session_id });
}

// What is drawn again after the page was left: no traces, no transcripts.
function slim(found) {
  const actions = found.actions.map(({ kind, data }) => ({ kind, data: { url: data?.url, options: data?.options } }));
  return { ...found, tool_calls: [], actions };
}

function stopped(turn, error, again) {
  if (error.name === "AbortError") {
    view.failed(turn, words().stopped, null);
    return;
  }
  if ((error.code || "").startsWith("identity_token")) {
    api.identity = null; // the page may hand us another
    tell("identity-expired");
  }
  const text = error.status === 429 ? words().busy : error.status ? words().failed : words().offline;
  view.failed(turn, text, again);
}

async function mark(event, detail, row) {
  for (const button of row.querySelectorAll(".act")) button.setAttribute("aria-pressed", String(button.dataset.act === event));
  row.querySelector(".ack").textContent = words()[`${event}d`];
  tell("mark", { event, ...detail });
  const seen = { event, item_id: detail.id, session_id: kept.session, turn_id: detail.turn, position: detail.position, event_id: crypto.randomUUID() };
  await api.mark(seen).catch(() => { row.querySelector(".ack").textContent = words().failed; });
}

// -- drawing ----------------------------------------------------------------------------------------------------------

function frameByFrame(work) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    // A hidden frame is given no animation frames: a timer draws then.
    const run = () => { asked = false; work(); };
    if (document.hidden) setTimeout(run, 50);
    else requestAnimationFrame(run);
  };
}

function state() {
  const label = busy ? words().stop : words().send;
  ui.app.dataset.busy = busy ? "yes" : "no";
  ui.send.setAttribute("aria-label", label);
  ui.send.title = label;
  ui.status.textContent = busy ? words().thinking : "";
}

// Only the newest answer can be pressed: what older ones offered may mean something else by now.
function closeOld() {
  for (const old of ui.log.querySelectorAll(".slot-replies, .card .add")) old.remove();
}

function chips(constraints, labels) {
  ui.chips.hidden = !constraints.length;
  ui.chips.setAttribute("aria-label", words().looking);
  ui.chips.replaceChildren(...constraints.map((one) => element("li", {}, element("button", { type: "button", class: `chip ${one.strength}`, "aria-label": words().remove(labels[one.id]),
    onclick: () => remove([one.id], words().removed(labels[one.id])) }, labels[one.id], element("i", { "aria-hidden": "true" }, "×")))));
}

function welcome() {
  const opening = told.examples[config.locale] || told.examples[told.language] || [];
  const presses = opening.slice(0, 4).map((text) => element("li", {}, element("button", { type: "button", class: "example", onclick: () => say(text) }, text)));
  ui.welcome.replaceChildren(element("p", { class: "greeting" }, told.greeting[config.locale] || ""), ...(presses.length ? [element("p", { class: "eyebrow" }, words().examples), element("ul", {}, ...presses)] : []));
  ui.welcome.hidden = kept.turns.length > 0;
}

function restore() {
  const name = told.names[config.locale] || told.names[told.language] || Object.values(told.names)[0] || "";
  document.documentElement.lang = config.locale === "zh" ? "zh-CN" : "en";
  document.title = name;
  ui.name.textContent = name;
  ui.about.textContent = words().about;
  for (const [id, key] of [["fresh", "fresh"], ["shut", "shut"]]) { ui[id].setAttribute("aria-label", words()[key]); ui[id].title = words()[key]; }
  ui.shut.hidden = !embedded;
  ui.label.textContent = words().message;
  ui.message.placeholder = words().placeholder;
  ui.log.setAttribute("aria-label", words().log);
  welcome();
  state();
  if (busy) return;
  ui.log.setAttribute("aria-live", "off"); // what was said before is not news
  ui.log.replaceChildren(...kept.turns.map((old, at) => {
    const turn = view.turn(old.said, old);
    turn.labels = old.labels;
    view.show(turn, { found: old.found, source: old.source, done: true });
    if (at < kept.turns.length - 1) for (const gone of turn.root.querySelectorAll(".slot-replies, .card .add")) gone.remove();
    return turn.root;
  }));
  const last = kept.turns.at(-1);
  chips(last?.found.constraints || [], last?.labels || {});
  toEnd();
  setTimeout(() => ui.log.setAttribute("aria-live", "polite"), 500);
}

function begin() {
  busy?.abort();
  busy = null;
  Object.assign(kept, { session: null, turns: [] });
  keep();
  restore();
  ui.message.focus();
}

const calm = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth");
const toTurn = (node) => ui.scroll.scrollTo({ top: node.offsetTop - ui.scroll.offsetTop, behavior: calm() });
const toEnd = () => ui.log.lastElementChild && ui.scroll.scrollTo({ top: ui.log.lastElementChild.offsetTop - ui.scroll.offsetTop });

// -- keys -------------------------------------------------------------------------------------------------------------

ui.form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (busy) { busy.abort(); return; }
  const text = ui.message.value;
  if (!text.trim()) return;
  ui.message.value = "";
  grow();
  say(text);
});

ui.message.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (!busy) ui.form.requestSubmit();
});

function grow() {
  ui.message.style.height = "auto";
  ui.message.style.height = `${Math.min(ui.message.scrollHeight, 132)}px`;
}
ui.message.addEventListener("input", grow);
ui.fresh.addEventListener("click", begin);
ui.shut.addEventListener("click", () => tell("close"));

// Esc leaves; Tab stays inside while the frame is open: the page behind it is another place.
document.addEventListener("keydown", (event) => {
  if (!embedded) return;
  if (event.key === "Escape") { tell("close"); return; }
  if (event.key !== "Tab") return;
  const stops = [...document.querySelectorAll("a[href], button, textarea, summary, [tabindex='0']")].filter((node) => node.checkVisibility({ visibilityProperty: true }) && !node.disabled);
  const edge = event.shiftKey ? stops[0] : stops.at(-1);
  if (document.activeElement === edge || !stops.includes(document.activeElement)) {
    event.preventDefault();
    (event.shiftKey ? stops.at(-1) : stops[0]).focus();
  }
});

restore();
ui.app.dataset.ready = "yes";
tell("ready");
