
// ------------------------------------------------------------------ a dropped product export becomes a shop
const own = { ...boot };
const SHOP = "floorwalker-shop", POLL = 400;
const drop = document.createElement("div");
drop.className = "fw-drop";
drop.hidden = true;
drop.setAttribute("role", "dialog");
drop.setAttribute("aria-live", "polite");
drop.innerHTML = '<div class="fw-drop-box"><p class="fw-drop-title"></p><progress hidden></progress><ul class="fw-drop-report"></ul><button type="button" class="fw-option" hidden></button></div>';
root.append(drop);
const dropped = (name) => drop.querySelector(name);
dropped("button").textContent = word("drop_close");
function showDrop(title, { bar = null, lines = [], close = false } = {}) {
  drop.hidden = false;
  dropped(".fw-drop-title").textContent = title;
  const progress = dropped("progress");
  progress.hidden = bar === null;
  if (bar?.total) { progress.max = bar.total; progress.value = bar.done; } else progress.removeAttribute("value");
  dropped(".fw-drop-report").replaceChildren(...lines.slice(0, 8).map((line) => Object.assign(document.createElement("li"), { textContent: line })));
  dropped("button").hidden = !close;
  dropped("button").textContent = word("drop_close");
  if (close) dropped("button").focus();
}
function enter(id, front) {
  Object.assign(boot, front);
  tab = { session: "", user: "", chips: "", turns: [], ...(remembered(sessionStorage, boot.storage) || {}), shop: id };
  remember(sessionStorage, SHOP, id);
  thread.replaceChildren();
  tab.turns.forEach((turn) => paintTurn(addTurn(turn), { ...turn.pieces, status: "" }));
  part("welcome").hidden = tab.turns.length > 0;
  paintChips(tab.chips);
  translate();
  leave.hidden = id === "";
  leave.textContent = word("drop_leave", { shop: inLanguage(own.shop) });
  keep();
}
const leave = Object.assign(document.createElement("button"), { type: "button", className: "fw-option fw-leave", hidden: true });
leave.textContent = word("drop_leave", { shop: inLanguage(own.shop) });
leave.addEventListener("click", () => { if (running !== null) stop(); enter("", own); input.focus(); });
part("shop").parentElement.after(leave);
let operatorKey = "";
async function ask(path, options = {}) {
  const headers = { ...(options.headers ?? {}), ...(operatorKey ? { Authorization: `Bearer ${operatorKey}` } : {}) };
  const response = await fetch(new URL(`operator/shops${path}`, document.baseURI), { ...options, headers });
  if (response.status === 401 && !options.asked) {
    operatorKey = prompt(word("drop_key")) ?? "";
    if (operatorKey) return ask(path, { ...options, asked: true });
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.error?.message ?? response.statusText);
  return body;
}
async function take(file) {
  try {
    showDrop(word("drop_sending", { file: file.name }), { bar: {} });
    speak(word("drop_sending", { file: file.name }));
    const headers = { "Content-Type": "application/octet-stream", "X-File-Name": encodeURIComponent(file.name) };
    let job = await ask("", { method: "POST", body: file, headers });
    while (job.state === "importing" || job.state === "indexing") {
      const items = (job.state === "importing" ? job.done : job.items).toLocaleString(language);
      const title = word(job.state === "importing" ? "drop_importing" : "drop_indexing", { items });
      showDrop(title, { bar: job.state === "importing" ? {} : job, lines: job.report });
      await new Promise((done) => setTimeout(done, POLL));
      job = await ask(`/${job.id}`);
    }
    if (job.state !== "ready" || !job.boot) return showDrop(word("drop_failed"), { lines: job.report, close: true });
    if (running !== null) stop();
    enter(job.id, job.boot);
    const told = word("drop_ready", { items: job.items.toLocaleString(language) });
    showDrop(told, { lines: job.report, close: true });
    speak(told);
  } catch (error) {
    showDrop(word("drop_failed"), { lines: [error.message], close: true });
  }
}
if (boot.drop) {
  let depth = 0;
  const carries = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const over = (event) => { if (carries(event)) event.preventDefault(); };
  document.addEventListener("dragenter", (event) => { if (carries(event) && !depth++) showDrop(word("drop_here")); });
  document.addEventListener("dragleave", (event) => { if (carries(event) && !--depth) drop.hidden = true; });
  document.addEventListener("dragover", over);
  document.addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    depth = 0;
    drop.hidden = true;
    const [file] = event.dataTransfer.files;
    if (file) take(file);
  });
  const picker = Object.assign(document.createElement("input"), { type: "file", hidden: true, accept: ".csv,.tsv,.txt,.xml,.json,.html,.htm" });
  picker.addEventListener("change", () => { if (picker.files[0]) take(picker.files[0]); picker.value = ""; });
  root.append(picker);
  part("opener").hidden = false;
  commands.open_shop = () => picker.click();
  const before = remembered(sessionStorage, SHOP);
  if (before) ask(`/${encodeURIComponent(before)}`).then((job) => { if (job.boot) enter(before, job.boot); }).catch(() => remember(sessionStorage, SHOP, ""));
}
dropped("button").addEventListener("click", () => { drop.hidden = true; input.focus(); });
drop.addEventListener("keydown", (event) => { if (event.key === "Escape" && !dropped("button").hidden) drop.hidden = true; });
