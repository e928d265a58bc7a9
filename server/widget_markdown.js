// Markdown as DOM nodes. Nothing is ever parsed as HTML: what is no known mark of Markdown is text.
const ENTITIES = { lt: "<", gt: ">", amp: "&", quot: '"', "#39": "'", nbsp: "\u00a0" };
const INLINE = /\\([\\`*_[\]{}()#+\-.!|~>&:<])|&(#39|lt|gt|amp|quot|nbsp);|`([^`\n]+)`|\[((?:\\.|[^\]\\])*)\]\(([^()\s]*)\)|(\*\*|__)(?=\S)([\s\S]*?\S)\6(?!\*)|([*_])(?=\S)((?:\\.|(?!\8)[^\\])*?\S)\8(?![\w*])|<?(https?:\/\/[^\s<>]+[^\s<>.,;:!?)\]'"”。,])>?/g;
const TAGS = { "**": "strong", __: "strong", "*": "em", _: "em" };

export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// Inline marks of one text; `link(address, nodes)` decides whether an address becomes a link.
function inline(text, link, depth = 0) {
  const nodes = [];
  let at = 0;
  for (const found of depth < 6 ? text.matchAll(INLINE) : []) {
    if (found.index > at) nodes.push(text.slice(at, found.index));
    at = found.index + found[0].length;
    const [whole, escaped, entity, code, label, address, strong, bold, emphasis, slanted, bare] = found;
    if (escaped) nodes.push(escaped);
    else if (entity) nodes.push(ENTITIES[entity]);
    else if (code) nodes.push(element("code", {}, code));
    else if (address !== undefined) nodes.push(link(address, inline(label, link, depth + 1)));
    else if (strong) nodes.push(element(TAGS[strong], {}, ...inline(bold, link, depth + 1)));
    else if (emphasis) nodes.push(element(TAGS[emphasis], {}, ...inline(slanted, link, depth + 1)));
    else if (bare) nodes.push(link(bare, [bare]));
    else nodes.push(whole);
  }
  if (at < text.length) nodes.push(text.slice(at));
  return nodes;
}

const cells = (line) => line.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim());

function table(lines, link) {
  const [head, , ...rows] = lines.map(cells);
  const row = (name, texts) => element("tr", {}, ...texts.map((text) => element(name, name === "th" ? { scope: "col" } : {}, ...inline(text, link))));
  const body = element("tbody", {}, ...rows.map((texts) => row("td", texts)));
  return element("div", { class: "table", tabindex: "0", role: "group" }, element("table", {}, element("thead", {}, row("th", head)), body));
}

const ITEM = /^(\s*)([-*+]|\d{1,3}[.)])\s+(.*)$/;

function list(lines, link) {
  const ordered = /\d/.test(lines[0].match(ITEM)[2]);
  const items = [];
  for (const line of lines) {
    const found = line.match(ITEM);
    if (found && found[1].length < 2) items.push([found[3]]);
    else items.at(-1).push(found ? `• ${found[3]}` : line.trim());
  }
  const drawn = items.map((texts) => element("li", {}, ...texts.flatMap((text, at) => [...(at ? [element("br")] : []), ...inline(text, link)])));
  const first = ordered ? Number.parseInt(lines[0].trim(), 10) : 1;
  return element(ordered ? "ol" : "ul", first > 1 ? { start: String(first) } : {}, ...drawn);
}

// Blocks of a Markdown text as nodes.
export function markdown(source, link) {
  const lines = source.replace(/\r\n?/g, "\n").split("\n");
  const nodes = [];
  let at = 0;
  const take = (test) => {
    const from = at;
    while (at < lines.length && test(lines[at])) at += 1;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at];
    if (!line.trim()) at += 1;
    else if (/^\s*>/.test(line)) {
      const inner = take((each) => /^\s*>/.test(each)).map((each) => each.replace(/^\s*> ?/, ""));
      nodes.push(element("blockquote", {}, ...markdown(inner.join("\n"), link)));
    } else if (/^#{1,6}\s/.test(line)) {
      nodes.push(element("h3", {}, ...inline(line.replace(/^#+\s+/, ""), link)));
      at += 1;
    } else if (/^\s*(-{3,}|\*{3,})\s*$/.test(line)) {
      nodes.push(element("hr"));
      at += 1;
    } else if (line.includes("|") && /^\s*\|?[\s:|-]+\|?\s*$/.test(lines[at + 1] || "") && (lines[at + 1] || "").includes("-")) {
      nodes.push(table(take((each) => each.includes("|")), link));
    } else if (ITEM.test(line)) {
      nodes.push(list(take((each) => ITEM.test(each) || /^\s{2,}\S/.test(each)), link));
    } else {
      const said = take((each) => each.trim() && !/^(\s*>|#{1,6}\s)/.test(each) && !ITEM.test(each));
      nodes.push(element("p", {}, ...said.flatMap((each, place) => [...(place ? [element("br")] : []), ...inline(each.trim(), link)])));
    }
  }
  return nodes;
}
