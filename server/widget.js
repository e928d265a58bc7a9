/* The loader: <script async src="https://SERVER/widget.js" data-locale="en"></script> on any page of an allowed site.
   It draws a button and, when it is pressed, a frame served by SERVER. Plain script, no dependency, no inline style or
   code: the page's own policy needs script-src, frame-src of SERVER and nothing else. See docs/embed.md. */
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script || !script.src || window.Floorwalker) return;
  const base = new URL(".", script.src);
  const options = { ...script.dataset };
  const PHONE = "(max-width: 520px)";
  const OPEN = "floorwalker-open";
  const TEXTS = {
    en: { open: "Chat with us", close: "Close the chat", panel: "Chat", fresh: "A new answer" },
    zh: { open: "咨询客服", close: "关闭对话", panel: "对话", fresh: "有新的回答" },
  };
  const STYLE = `
    :host { all: initial; }
    * { box-sizing: border-box; }
    .root { --accent: var(--floorwalker-accent, #175c4c); --ink: var(--floorwalker-accent-ink, #fff); position: fixed;
      z-index: 2147483000; inset: auto; bottom: calc(20px + env(safe-area-inset-bottom)); right: calc(20px + env(safe-area-inset-right));
      font: 500 15px/1.3 system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
    .root.left { right: auto; left: calc(20px + env(safe-area-inset-left)); }
    button { all: unset; cursor: pointer; position: relative; display: flex; align-items: center; gap: 10px; height: 56px;
      padding: 0 22px 0 18px; border-radius: 28px; background: var(--accent); color: var(--ink);
      box-shadow: 0 2px 6px rgb(20 30 25 / 18%), 0 12px 32px rgb(20 30 25 / 22%); transition: transform .16s, box-shadow .16s; }
    button:hover { transform: translateY(-2px); box-shadow: 0 3px 8px rgb(20 30 25 / 20%), 0 16px 40px rgb(20 30 25 / 26%); }
    button:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
    svg { width: 26px; height: 26px; flex: none; fill: none; stroke: currentcolor; stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round; }
    .dot { position: absolute; top: 2px; right: 4px; width: 14px; height: 14px; border-radius: 50%; background: #d7532f; border: 2px solid #fff; }
    .shut { display: none; }
    .open button { width: 56px; padding: 0; justify-content: center; }
    .open .label, .open .talk { display: none; }
    .open .shut { display: block; }
    .panel { position: absolute; bottom: 72px; right: 0; width: 408px; height: min(680px, calc(100vh - 116px)); height: min(680px, calc(100dvh - 116px));
      border-radius: 20px; overflow: hidden; background: #faf8f4; transform-origin: bottom right;
      box-shadow: 0 0 0 1px rgb(20 30 25 / 7%), 0 8px 24px rgb(20 30 25 / 14%), 0 28px 72px rgb(20 30 25 / 26%); animation: rise .2s cubic-bezier(.2, .8, .3, 1); }
    .left .panel { right: auto; left: 0; transform-origin: bottom left; }
    @keyframes rise { from { opacity: 0; transform: translateY(14px) scale(.97); } }
    [hidden] { display: none !important; }
    iframe { display: block; width: 100%; height: 100%; border: 0; color-scheme: normal; }
    @media ${PHONE} {
      .open.root { inset: 0; }
      .panel { position: fixed; inset: 0; width: 100%; height: 100%; border-radius: 0; }
      .open button { display: none; }
    }
    @media (prefers-color-scheme: dark) { .panel { background: #151613; } }
    @media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
    @media (forced-colors: active) { button { border: 2px solid; } }
    @media print { .root { display: none; } }`;

  let frame = null, ready = false, shown = false, waiting = [], locale = language(options.locale);
  let identity = options.identityToken || null;
  const parts = build();

  function language(wish) {
    const tag = wish || document.documentElement.lang || navigator.language || "en";
    return /^zh/i.test(tag) ? "zh" : "en";
  }

  function element(name, properties, ...children) {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children);
    return node;
  }

  function icon(kind, path) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    svg.setAttribute("class", kind);
    const drawn = document.createElementNS("http://www.w3.org/2000/svg", "path");
    drawn.setAttribute("d", path);
    svg.append(drawn);
    return svg;
  }

  function build() {
    const host = element("div", { id: "floorwalker-widget" });
    const shadow = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    shadow.adoptedStyleSheets = [sheet];
    const label = element("span", { className: "label" });
    const dot = element("span", { className: "dot", hidden: true });
    dot.setAttribute("role", "img");
    const button = element("button", { type: "button", onclick: () => (shown ? close() : open()) },
      icon("talk", "M5 5.5h14a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-7l-4.5 3.5v-3.5H5a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2zM8 10h8M8 13h5"),
      icon("shut", "m6.5 6.5 11 11m0-11-11 11"), label, dot);
    const panel = element("div", { className: "panel", id: "panel", hidden: true });
    panel.setAttribute("role", "dialog");
    button.setAttribute("aria-haspopup", "dialog");
    button.setAttribute("aria-controls", "panel");
    const root = element("div", { className: options.position === "left" ? "root left" : "root" }, panel, button);
    if (/^#[0-9a-f]{3,8}$/i.test(options.accent || "")) root.style.setProperty("--floorwalker-accent", options.accent);
    shadow.append(root);
    return { host, root, panel, button, label, dot };
  }

  function draw() {
    const texts = TEXTS[locale];
    parts.root.lang = locale;
    parts.label.textContent = options.label || texts.open;
    parts.button.setAttribute("aria-label", shown ? texts.close : options.label || texts.open);
    parts.button.setAttribute("aria-expanded", String(shown));
    parts.panel.setAttribute("aria-label", texts.panel);
    parts.dot.setAttribute("aria-label", texts.fresh);
    parts.panel.hidden = !shown;
    parts.root.classList.toggle("open", shown);
    if (frame) frame.title = texts.panel;
    fit();
  }

  // On a phone the panel fills what is seen, also where the page is wider than the screen or a keyboard is up.
  function fit() {
    const seen = window.visualViewport, style = parts.panel.style;
    const full = Boolean(seen && shown && matchMedia(PHONE).matches);
    for (const [name, value] of Object.entries(full ? { width: seen.width, height: seen.height, left: seen.offsetLeft, top: seen.offsetTop } : {})) style.setProperty(name, `${value}px`);
    if (!full) for (const name of ["width", "height", "left", "top"]) style.removeProperty(name);
  }

  function load() {
    if (frame) return;
    const address = new URL("widget", base);
    address.searchParams.set("origin", location.origin);
    frame = element("iframe", { src: address.href, allow: "clipboard-write", referrerPolicy: "origin" });
    // It runs its own scripts in its own origin; only a press of the visitor may lead this page elsewhere.
    frame.setAttribute("sandbox",
      "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation");
    parts.panel.append(frame);
    setTimeout(() => ready || console.warn(`floorwalker: ${address.origin} did not answer. Is ${location.origin} one of its widget origins?`), 20000);
  }

  function send(type, data) {
    const message = { floorwalker: 1, type, ...data };
    if (ready) frame.contentWindow.postMessage(message, base.origin);
    else waiting.push(message);
  }

  function tell(name, detail, cancelable) {
    return window.dispatchEvent(new CustomEvent(`floorwalker:${name}`, { detail, cancelable: Boolean(cancelable) }));
  }

  function remember(open) {
    try { sessionStorage.setItem(OPEN, open ? "1" : ""); } catch { /* the page may keep nothing: it opens closed next time */ }
  }

  function open(quietly) {
    load();
    const was = shown;
    shown = true;
    parts.dot.hidden = true;
    remember(true);
    draw();
    if (quietly !== true) { frame.focus(); send("open"); }
    if (!was) tell("open");
  }

  function close() {
    if (!shown) return;
    shown = false;
    remember(false);
    draw();
    parts.button.focus();
    tell("close");
  }

  function web(address) {
    try {
      const url = new URL(address, location.href);
      return /^https?:$/.test(url.protocol) ? url.href : null;
    } catch { return null; }
  }

  function leave(kind, data) {
    const url = web(data.url);
    if (url && tell(kind, { ...data, url }, true) && data.here) location.assign(url);
  }

  const HEARD = {
    ready() {
      ready = true;
      hello();
      for (const message of waiting.splice(0)) frame.contentWindow.postMessage(message, base.origin);
      tell("ready");
    },
    close,
    item: (data) => leave("item", data),
    checkout: (data) => leave("checkout", data),
    cart: (data) => tell("cart", data),
    mark: (data) => tell(data.event, data),
    handoff: (data) => tell("handoff", data),
    answer(data) { if (!shown) parts.dot.hidden = false; tell("answer", data); },
    "identity-expired": () => tell("identity-expired"),
  };

  function hello() {
    send("hello", { locale, theme: options.theme || "auto", links: options.links === "blank" ? "blank" : "top",
      cart: options.cart || "chat", accent: options.accent || null, open: shown });
    if (identity) send("identify", { token: identity });
  }

  window.addEventListener("message", (event) => {
    // Only our frame, and only while it shows our server's page.
    if (!frame || event.source !== frame.contentWindow || event.origin !== base.origin) return;
    const { floorwalker, type, ...data } = event.data || {};
    if (floorwalker === 1 && typeof type === "string" && Object.hasOwn(HEARD, type)) HEARD[type](data);
  });

  window.Floorwalker = Object.freeze({
    open, close,
    toggle: () => (shown ? close() : open()),
    say(text) { open(); send("say", { text: String(text).slice(0, 4000) }); },
    identify(token) { identity = token ? String(token) : null; if (frame) send("identify", { token: identity }); },
    forget() { identity = null; load(); send("forget"); },
    locale(tag) { locale = language(tag); draw(); if (frame) send("locale", { locale }); },
  });

  function start() {
    document.body.append(parts.host);
    draw();
    let before = false;
    try { before = sessionStorage.getItem(OPEN) === "1"; } catch { /* nothing is kept: start closed */ }
    if (options.open === "true" || (before && !matchMedia(PHONE).matches)) open(true);
  }
  for (const name of ["resize", "scroll"]) window.visualViewport?.addEventListener(name, fit);
  if (document.body) start();
  else document.addEventListener("DOMContentLoaded", start);
})();
