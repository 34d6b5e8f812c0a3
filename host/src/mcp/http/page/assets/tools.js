// The tools: a list to choose from, and of the chosen one what it is, what its calls took, and a form to try it.

import { make, setText, sync, withCode } from "./dom.js";
import { formOf } from "./form.js";
import * as server from "./server.js";
import { NONE, bytes, count, counted, duration, fuel, share, time } from "./units.js";

export function toolsView(app) {
  const search = make("input", { type: "search", id: "search", placeholder: "Find a tool", "aria-label": "Find a tool", autocomplete: "off", oninput: () => update() });
  const groups = make("div", { class: "groups" });
  const nothing = make("p", { class: "muted", hidden: true });
  const side = make("section", { class: "side", "aria-label": "Tools" }, make("h1", { class: "when-narrow", text: "Tools" }), make("div", { class: "search" }, search, make("kbd", { text: "/", title: "The key / leads here" })), groups, nothing);
  const place = make("section", { class: "detail", "aria-label": "Chosen tool" });
  const element = make("div", { class: "split" }, side, place);
  let shown = null;
  let wanted = "";

  function update() {
    const { tools } = app.state;
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = tools.filter((tool) => {
      const text = `${tool.name} ${tool.title ?? ""} ${tool.description}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const plugins = [...new Set(found.map((tool) => tool.plugin))];
    sync(groups, plugins, (plugin) => plugin, (plugin) => {
      const list = make("ul", { class: "list" });
      const group = make("div", {}, make("h2", { class: "group", text: plugin }), list);
      return { element: group, fill: () => fillList(list, found.filter((tool) => tool.plugin === plugin)) };
    });
    nothing.hidden = found.length > 0;
    setText(nothing, tools.length === 0 ? "No tool is served yet." : "No tool has these words.");
    showDetail();
  }

  function fillList(list, tools) {
    sync(list, tools, (tool) => tool.name, (tool) => {
      const calls = make("span", { class: "calls" });
      const name = make("span", { class: "name", text: tool.name.startsWith(`${tool.plugin}_`) ? tool.name.slice(tool.plugin.length + 1) : tool.name });
      const link = make("a", { href: `#tools/${encodeURIComponent(tool.name)}` }, name, calls);
      return {
        element: make("li", {}, link),
        fill(now) {
          if (now.name === wanted) link.setAttribute("aria-current", "true");
          else link.removeAttribute("aria-current");
          const { calls: made, running } = now.statistics;
          setText(calls, running > 0 ? `${count(running)} running` : made > 0 ? count(made) : "");
        },
      };
    });
  }

  function showDetail() {
    const tool = app.state.tools.find(({ name }) => name === wanted);
    element.classList.toggle("chosen", Boolean(wanted));
    if (!tool) {
      shown = null;
      place.replaceChildren(make("div", { class: "empty" },
        make("h1", { text: wanted ? "This tool is not served" : "Choose a tool" }),
        make("p", { text: wanted ? `No tool is called ${wanted} now. It may have been removed, or be called otherwise.` : "See what it does and what its calls took, and try it with arguments of your own." })));
      return;
    }
    const identity = JSON.stringify([tool.name, tool.title, tool.description, tool.inputSchema, tool.outputSchema, tool.annotations]);
    if (shown?.identity !== identity) {
      const kept = shown?.name === tool.name ? shown.answer : null;
      shown = { identity, name: tool.name, ...detail(app, tool, kept) };
      place.replaceChildren(shown.element);
    }
    shown.update(tool);
  }

  return {
    element,
    update,
    go(parts) {
      const before = wanted;
      wanted = parts[0] ? decodeURIComponent(parts[0]) : "";
      update();
      if (wanted && wanted !== before && before !== "") place.querySelector("h1")?.focus();
    },
    find() {
      search.focus();
      search.select();
    },
  };
}

function chips({ readOnlyHint, destructiveHint, openWorldHint, idempotentHint }) {
  const found = [];
  if (readOnlyHint === true) found.push(["good", "only reads"]);
  else if (destructiveHint === true) found.push(["warn", "may delete or overwrite"]);
  else if (readOnlyHint === false) found.push(["plain", "changes something"]);
  if (openWorldHint === true) found.push(["plain", "reaches the network"]);
  if (idempotentHint === true && readOnlyHint !== true) found.push(["plain", "twice is as once"]);
  return make("p", { class: "chips" }, ...found.map(([kind, text]) => make("span", { class: `chip ${kind}`, text })));
}

const NUMBERS = [
  ["Calls", ({ calls }) => count(calls)],
  ["Errors", ({ calls, errors }) => (calls ? `${count(errors)} (${share(errors, calls)})` : NONE)],
  ["Median time", ({ time: times }) => time(times?.p50Us)],
  ["95 of 100 within", ({ time: times }) => time(times?.p95Us)],
  ["99 of 100 within", ({ time: times }) => time(times?.p99Us)],
  ["Median wait", ({ wait }) => time(wait?.p50Us)],
  ["Most memory", ({ calls, peakMemoryBytes }) => (calls ? bytes(peakMemoryBytes) : NONE)],
  ["Fuel of a run", ({ runs, fuel: used }) => (runs ? fuel(Math.round(used / runs)) : NONE)],
];

function detail(app, tool, kept) {
  const values = NUMBERS.map(() => make("dd"));
  const numbers = make("dl", { class: "numbers" },
    ...NUMBERS.map(([name], at) => make("div", {}, make("dt", { text: name }), values[at])));
  const kinds = make("p", { class: "muted small", hidden: true });
  const trial = trialOf(tool, kept);
  const title = tool.title ?? tool.name;
  const limits = app.state.plugins.find(({ name }) => name === tool.plugin)?.limits;
  const back = make("a", { class: "back", href: "#tools", text: "\u2190 All tools" });
  const element = make("article", {}, back,
    make("header", { class: "head" },
      make("h1", { tabindex: "-1", text: title }),
      make("p", { class: "muted" }, make("code", { text: tool.name }), " of the plugin ", make("b", { text: tool.plugin })),
      chips(tool.annotations)),
    prose(tool.description),
    trial.element,
    make("h2", { text: "What its calls took" }), numbers, kinds,
    limits && make("p", { class: "muted small", text: `One call may hold ${bytes(limits.memoryBytes)} of memory and take ${duration(limits.timeoutMs / 1000)}; then it is stopped, and nothing else is.` }),
    schema("What it takes (JSON Schema)", tool.inputSchema),
    tool.outputSchema && schema("What it answers (JSON Schema)", tool.outputSchema));
  return {
    element,
    answer: trial.answer,
    update({ statistics }) {
      NUMBERS.forEach(([, text], at) => setText(values[at], text(statistics)));
      const found = Object.entries(statistics.errorsByKind).map(([kind, number]) => `${kind.replaceAll("_", " ")}: ${count(number)}`);
      kinds.hidden = found.length === 0;
      setText(kinds, `Errors by kind: ${found.join(", ")}`);
    },
  };
}

// A text whose author broke its lines. Lines that begin an item of a list stay apart.
function prose(text) {
  const paragraphs = text.split(/\n[ \t]*\n/).map((paragraph) => paragraph.replace(/\n(?![ \t]*([-*\u2022]|\d+[.)])[ \t])[ \t]*/g, " "));
  return make("div", { class: "prose" }, ...paragraphs.map((paragraph) => withCode(make("p"), paragraph.trim())));
}

function schema(title, value) {
  return make("details", { class: "schema" }, make("summary", { text: title }), make("pre", { tabindex: "0", text: JSON.stringify(value, null, 2) }));
}

// A form that calls the tool, and its answer.
function trialOf(tool, kept) {
  const form = formOf(tool.inputSchema);
  const run = make("button", { type: "submit", class: "main", text: "Run" });
  const stop = make("button", { type: "button", hidden: true, text: "Stop" });
  const note = make("p", { class: "progress muted", role: "status" });
  const answer = kept ?? make("div", { class: "answer", "aria-live": "polite" });
  const warning = tool.annotations.readOnlyHint !== true && make("p", { class: "muted small", text: "It really runs: what it changes is changed." });
  let running = null;

  async function submit(event) {
    event.preventDefault();
    if (running) return;
    let json;
    try {
      json = form.json();
    } catch (error) {
      answer.replaceChildren(outcome("bad", "Not sent", make("p", { text: error.message })));
      return;
    }
    running = new AbortController();
    run.disabled = true;
    stop.hidden = false;
    setText(note, "Running\u2026");
    const begun = performance.now();
    const onprogress = ({ progress, total, message }) => {
      setText(note, [`Running: ${progress}${total ? ` of ${total}` : ""}`, message].filter(Boolean).join(", "));
    };
    try {
      const result = await server.call(tool, json, { signal: running.signal, onprogress });
      answer.replaceChildren(result.isError ? outcome("bad", "The tool says it failed", ...blocks(result)) : outcome("good", `Answered in ${time((performance.now() - begun) * 1000)}`, ...blocks(result)));
    } catch (error) {
      if (error.name === "AbortError") answer.replaceChildren(outcome("plain", "Stopped", make("p", { text: "The call was ended, and its answer is lost." })));
      else answer.replaceChildren(outcome("bad", error.status ? "Refused" : "No answer", make("p", { class: "said", text: error.message })));
    } finally {
      running = null;
      run.disabled = false;
      stop.hidden = true;
      setText(note, "");
    }
  }

  stop.addEventListener("click", () => running?.abort());
  const element = make("form", {
    class: "trial panel", autocomplete: "off", onsubmit: submit,
    onkeydown: (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.currentTarget.requestSubmit(),
  }, make("h2", { text: "Try it" }), form.element, warning, make("div", { class: "actions" }, run, stop, note), answer);
  return { element, answer };
}

function outcome(kind, title, ...parts) {
  return make("div", { class: `outcome ${kind}` }, make("h3", { text: title }), ...parts);
}

// The answer of a tool, as text: nothing of it is loaded, linked or run.
function blocks(result) {
  const parts = (result.content ?? []).map((block) => {
    if (block.type === "text") return make("pre", { tabindex: "0", text: block.text });
    if (block.type === "resource_link") return make("pre", { tabindex: "0", text: `${block.name}: ${block.uri}` });
    if (block.type === "resource" && typeof block.resource?.text === "string") return make("pre", { tabindex: "0", text: block.resource.text });
    const data = block.data ?? block.resource?.blob ?? "";
    const kind = block.mimeType ?? block.resource?.mimeType ?? "unknown type";
    return make("p", { class: "muted", text: `[${block.type}, ${kind}, ${bytes(Math.floor((data.length * 3) / 4))}]` });
  });
  if (result.structuredContent !== undefined) {
    const json = JSON.stringify(result.structuredContent, null, 2);
    const isSame = (result.content ?? []).some(({ text }) => text === JSON.stringify(result.structuredContent) || text === json);
    if (!isSame || parts.length === 0) parts.push(make("p", { class: "muted small", text: "As data:" }), make("pre", { tabindex: "0", text: json }));
  }
  if (parts.length === 0) parts.push(make("p", { class: "muted", text: `It answered with ${counted(0, "block")}: nothing to show.` }));
  return parts;
}
