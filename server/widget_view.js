// One turn of the conversation as DOM nodes: what was said, cards, prose, replies, notes. Every text is text.
import { element, markdown } from "./widget_markdown.js";
import { money, texts } from "./widget_texts.js";

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  like: "M12 20.5 4.6 13a4.8 4.8 0 0 1 6.8-6.8l.6.6.6-.6a4.8 4.8 0 0 1 6.8 6.8z",
  dislike: "M3.5 12a8.5 8.5 0 1 0 17 0 8.5 8.5 0 0 0-17 0zm3-5.5 11 11",
};

function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

// An address of the shop's as a whole one, or null: only http(s), relative ones against the shop's own site.
export function address(url, origin) {
  if (!url) return null;
  try {
    const whole = new URL(url, origin);
    return /^https?:$/.test(whole.protocol) ? whole.href : null;
  } catch {
    return null;
  }
}

const picture = (url) => (url && /^(https?:)?\/(?!\\)/i.test(url) ? address(url, location.origin) : null);
// Items that a turn speaks of again: smaller cards, since the words matter more.
const known = (found) => ["compare", "explain", "details"].includes(found?.intent);
const plain = (text) => text.replace(/\s+/g, " ").trim();

export class View {
  constructor(config, acts) {
    this.config = config; // {origin, links, cart, locale}
    this.acts = acts; // {say, remove, mark, open}
  }

  get words() { return texts(this.config.locale); }

  turn(said, { quiet = false } = {}) {
    const you = element("div", { class: quiet ? "said edit" : "said" }, element("span", { class: "spoken" }, `${this.words.you}: `), said);
    const slots = Object.fromEntries(["lead", "cards", "text", "notes", "replies"].map((name) => [name, element("div", { class: `slot-${name}` })]));
    const wait = element("p", { class: "wait" }, this.words.thinking);
    const heard = element("div", { class: "heard" }, element("span", { class: "spoken" }, `${this.words.assistant}: `), wait, slots.lead, slots.cards, slots.text, slots.notes, slots.replies);
    return { root: element("article", { class: "turn", "aria-busy": "true" }, you, heard), wait, slots, source: "", found: null };
  }

  // What is known so far of a turn; `done` adds what only the end tells.
  show(turn, { found = turn.found, source = turn.source, done = false } = {}) {
    const { slots } = turn;
    if (found && found !== turn.found && (!turn.found || done)) {
      slots.cards.replaceChildren(...this.cards(found, turn));
      turn.found = found;
    }
    turn.source = source;
    turn.wait.hidden = Boolean(source || done);
    const prose = markdown(source, (url, nodes) => this.link(url, nodes, found));
    const { lead, rest } = this.around(this.asked(prose, found), found, slots.cards, done);
    slots.lead.replaceChildren(...lead);
    slots.text.replaceChildren(...rest);
    if (!done) return;
    turn.root.setAttribute("aria-busy", "false");
    slots.notes.replaceChildren(...this.notes(found));
    slots.replies.replaceChildren(...this.replies(found, turn));
  }

  failed(turn, text, again) {
    turn.wait.hidden = true;
    turn.root.setAttribute("aria-busy", "false");
    const retry = again ? element("button", { type: "button", class: "reply", onclick: again }, this.words.retry) : null;
    turn.slots.notes.replaceChildren(element("div", { class: "note warn", role: "alert" }, element("p", {}, text), retry));
  }

  // What is said before the list of fresh cards stands above them; the list itself, which repeats them, moves into
  // them: each entry under "why".
  around(nodes, found, place, done) {
    const cards = [...place.querySelectorAll(".card")];
    const entries = found?.items || [];
    const at = nodes.findIndex((node) => node.nodeName === "OL");
    const list = nodes[at];
    const told = list && list.children.length <= entries.length && [...list.children].every((row, place) => plain(row.textContent).includes(plain(entries[place].title)));
    if (!cards.length || known(found) || (list && !told) || (done && !list)) return { lead: [], rest: nodes };
    if (!list) return { lead: nodes, rest: [] };
    [...list.children].forEach((row, place) => {
      cards[place].querySelector(".told").replaceChildren(...row.childNodes);
      cards[place].querySelector(".why").hidden = false;
    });
    return { lead: nodes.slice(0, at), rest: nodes.slice(at + 1) };
  }

  // The open question's answers are buttons: the text need not list them too.
  asked(nodes, found) {
    const question = found?.question;
    if (!question?.options.length || !question.text) return nodes;
    return nodes.map((node) => (node.nodeName === "P" && plain(node.textContent).startsWith(plain(question.text)) ? element("p", {}, question.text) : node));
  }

  // Links lead to the shop's own site, or to what this very answer was given as an address; others stay text.
  link(url, nodes, found) {
    const whole = address(url, this.config.origin);
    const item = (found?.items || []).find((entry) => address(entry.url, this.config.origin) === whole);
    const pay = (found?.actions || []).find((action) => address(action.data?.url, this.config.origin) === whole);
    if (!whole || !(item || pay || new URL(whole).origin === this.config.origin)) return element("span", {}, ...nodes);
    return this.anchor(whole, pay ? "checkout" : "item", item ? this.detail(item, found) : {}, {}, nodes);
  }

  anchor(url, kind, detail, attributes, nodes) {
    const blank = this.config.links === "blank";
    const away = blank ? { target: "_blank", rel: "noopener" } : { target: "_top" };
    const press = (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      if (!blank) event.preventDefault();
      this.acts.open(kind, { ...detail, url, here: !blank });
    };
    return element("a", { href: url, ...away, title: this.words.opens, onclick: press, ...attributes }, ...nodes);
  }

  detail(item, found, position) {
    return { id: item.id, title: item.title, price: item.price, currency: item.currency, turn: found?.turn_id || null, position: position ?? null };
  }

  cards(found, turn) {
    if (!found.items.length) return [];
    const cards = found.items.map((item, at) => this.card(item, at + 1, found, turn));
    return [element("ol", { class: known(found) ? "cards known" : "cards", "aria-label": this.words.suggestions, tabindex: "0" }, ...cards)];
  }

  card(item, place, found, turn) {
    const { words, config } = this;
    const detail = this.detail(item, found, place);
    const url = address(item.url, config.origin);
    const image = picture(item.image_url);
    const photo = image
      ? element("img", { src: image, alt: "", loading: "lazy", decoding: "async", referrerpolicy: "no-referrer", onerror: (event) => event.target.replaceWith(this.initial(item)) })
      : this.initial(item);
    const notes = item.disclosures.map((name) => element("span", { class: "disclosure" }, name === "sponsored" ? words.sponsored : name.replaceAll("_", " ")));
    const title = url ? this.anchor(url, "item", detail, {}, [item.title]) : item.title;
    const reasons = item.reasons.filter((reason) => reason.text).map((reason) => reason.text[0].toUpperCase() + reason.text.slice(1));
    const lead = reasons.slice(0, 2).map((text) => element("li", {}, text));
    const rest = reasons.slice(2).map((text) => element("li", {}, text));
    const why = element("details", { class: "why", hidden: !rest.length }, element("summary", {}, words.why), element("p", { class: "told" }), element("ul", {}, ...rest));
    const body = element("div", { class: "body" }, element("h3", {}, title), element("p", { class: "price" }, money(item.price, item.currency, config.locale)),
      lead.length ? element("ul", { class: "because" }, ...lead) : null, why, this.cardActs(item, place, detail, turn, url));
    return element("li", { class: "card", "data-item": item.id }, element("div", { class: "photo" }, photo, element("span", { class: "place", "aria-hidden": "true" }, String(place)), ...notes), body);
  }

  initial(item) {
    return element("span", { class: "initial", "aria-hidden": "true" }, item.title.slice(0, 1));
  }

  cardActs(item, place, detail, turn, url) {
    const { words, config } = this;
    const mark = (event) => element("button", { type: "button", class: "act", "aria-pressed": "false", "aria-label": `${words[event]}: ${item.title}`, title: words[event], "data-act": event,
      onclick: (press) => this.acts.mark(event, detail, press.currentTarget.parentElement) }, icon(event));
    const add = config.cart === "none" ? null : element("button", { type: "button", class: "add", "aria-label": `${words.add}: ${item.title}`,
      onclick: () => this.acts.add(detail, place, turn) }, words.add);
    const view = !add && url ? this.anchor(url, "item", detail, { class: "add" }, [words.open]) : null;
    return element("div", { class: "acts" }, mark("like"), mark("dislike"), element("span", { class: "ack", role: "status" }), add, view);
  }

  notes(found) {
    const nodes = [];
    for (const action of found.actions) {
      const url = address(action.data?.url, this.config.origin);
      if (action.kind === "handoff") nodes.push(element("div", { class: "note" }, element("strong", {}, this.words.handoff), element("p", {}, this.words.handoffText)));
      else if (action.kind === "checkout" && url) nodes.push(this.anchor(url, "checkout", {}, { class: "pay" }, [this.words.checkout]));
    }
    if (found.citations.length) {
      const rows = found.citations.map((cited) => element("li", {}, element("cite", {}, cited.source), element("blockquote", {}, ...markdown(cited.text, (_, inner) => element("span", {}, ...inner)))));
      nodes.push(element("details", { class: "sources" }, element("summary", {}, this.words.sources), element("ul", {}, ...rows)));
    }
    return nodes;
  }

  // What may be pressed next: a confirmation, ways out of a dead end, answers to the open question.
  replies(found, turn) {
    const { words } = this;
    const say = (label, text, look = "reply", count = "") => element("button", { type: "button", class: look, onclick: () => this.acts.say(text) }, label, count ? element("small", {}, count) : null);
    if (found.actions.some((action) => action.kind === "confirm")) {
      return [element("div", { class: "note ask", role: "group", "aria-label": words.confirm }, element("p", {}, words.confirm),
        element("div", { class: "row" }, say(words.yes, words.yesSays, "reply yes"), say(words.no, words.noSays)))];
    }
    const out = found.relaxed.slice(0, 3).map((way) => {
      const labels = way.drop.map((id) => turn.labels?.[id] || id).join(words.and);
      return element("button", { type: "button", class: "reply", onclick: () => this.acts.remove(way.drop, words.drop(labels)) }, words.drop(labels), element("small", {}, words.items(way.matches)));
    });
    const asked = found.actions.find((action) => action.kind === "ask");
    const choices = (asked?.data?.options || []).slice(0, 8).map((option) => say(option.label || option.value, option.label || option.value));
    const options = (found.question?.options || []).map((option) => say(option.label, option.label, "reply", option.count ? words.items(option.count) : ""));
    const all = [...out, ...choices, ...options];
    return all.length ? [element("div", { class: "row", role: "group", "aria-label": words.replies }, ...all)] : [];
  }
}
