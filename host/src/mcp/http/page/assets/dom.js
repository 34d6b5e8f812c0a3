// Elements of the page. All text is put in as text: what plugins write is never read as HTML.

const SVG = "http://www.w3.org/2000/svg";

// Makes an element. Properties that begin with `on` are listeners, `text` is its text, others are attributes.
export function make(tag, properties = {}, ...children) {
  return filled(document.createElement(tag), properties, children);
}

// Makes an element of a picture.
export function draw(tag, properties = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), properties, children);
}

function filled(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "text") element.textContent = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Sets a text where it is another one: what is the same stays selected, and nothing is read out again.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Brings the children of `parent` in line with `items`, keeping the elements of those that stay. `begin` makes
// an element with `fill(item)`, which is called each time.
export function sync(parent, items, key, begin) {
  const known = parent.known ?? (parent.known = new Map());
  const wanted = new Set();
  let before = null;
  for (const item of items) {
    const id = key(item);
    if (wanted.has(id)) continue;
    wanted.add(id);
    if (!known.has(id)) known.set(id, begin(item));
    const { element, fill } = known.get(id);
    fill?.(item);
    const next = before ? before.nextSibling : parent.firstChild;
    if (next !== element) parent.insertBefore(element, next);
    before = element;
  }
  for (const [id, { element }] of known) {
    if (!wanted.has(id)) {
      element.remove();
      known.delete(id);
    }
  }
}

// A text with what stands in backticks set as code, within `element`.
export function withCode(element, text) {
  const parts = text.split("`");
  if (parts.length % 2 === 0) parts.splice(0, parts.length, text);
  element.append(...parts.map((part, at) => (at % 2 === 1 ? make("code", { text: part }) : part)));
  return element;
}

// A table that scrolls within itself where it is too wide.
export function table(label, columns) {
  const body = make("tbody");
  const heads = columns.map(({ name, isNumber }) => make("th", { scope: "col", class: isNumber && "number", text: name }));
  const element = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    make("table", {}, make("thead", {}, make("tr", {}, ...heads)), body));
  return { element, body };
}
