// The first screen: what this server is, how it does, what needs somebody's eye, and its plugins.

import { chart } from "./chart.js";
import { make, setText, sync, table, withCode } from "./dom.js";
import { NONE, bytes, count, counted, duration, share, time } from "./units.js";

const KINDS = {
  held: ["warn", "held back", "Nothing of it is served until a person accepts it."],
  heldVersion: ["warn", "new version held back", "The version that was accepted serves on until a person accepts the new one."],
  refused: ["bad", "refused", "Nothing of it is served."],
  refusedVersion: ["bad", "new version refused", "The version before it serves on."],
  part: ["warn", "in part", "The rest of the plugin is served."],
  unlisted: ["plain", "not listed", "Nothing is wrong; it lacks something that it needs."],
  warning: ["plain", "warning", "It is served all the same."],
  paused: ["bad", "left alone", "It crashed too often. One call tries it again after a while."],
  loading: ["plain", "loading", "It is being compiled."],
};

export function overviewView(app) {
  const address = new URL("mcp", document.baseURI).href;
  const copied = make("span", { class: "muted", role: "status" });
  const copy = make("button", { type: "button", class: "quiet", text: "Copy", onclick: () => navigator.clipboard?.writeText(address).then(() => setText(copied, "Copied"), () => setText(copied, "Select it and copy it by hand")) });
  const intro = make("section", { class: "intro" },
    make("h1", { text: "Tools for AI assistants, each in a box of its own" }),
    make("p", { class: "prose", text: "Assistants that connect here may use the tools below. Each call runs alone, sees only what its plugin was granted, and is stopped when it takes too much time or memory." }),
    make("p", { class: "connect" }, make("span", { text: "Assistants connect to " }), make("code", { text: address }), copy, copied));

  const tiles = [
    ["Tools", ({ tools, plugins }) => [count(tools.length), `in ${counted(plugins.length, "plugin")}`]],
    ["Calls", ({ server: { statistics: all }, server }) => [count(all.calls), all.running > 0 ? `${count(all.running)} running now` : `in ${duration(server.uptimeSeconds)}`]],
    ["Errors", ({ server: { statistics: all } }) => [count(all.errors), all.calls ? `${share(all.errors, all.calls)} of all calls` : "no call yet"]],
    ["Median time", ({ server: { statistics: all } }) => [time(all.time?.p50Us), all.time ? `95 of 100 runs within ${time(all.time.p95Us)}` : "no run yet"]],
    ["Memory", ({ samples }) => [bytes(samples.at(-1)?.memoryBytes), "of the whole server"]],
  ].map(([name, of]) => {
    const value = make("dd");
    const more = make("dd", { class: "more" });
    return { of, value, more, element: make("div", { class: "tile" }, make("dt", { text: name }), value, more) };
  });

  const notices = make("ul", { class: "notices" });
  const attention = make("section", { hidden: true, "aria-labelledby": "attention" }, make("h2", { id: "attention", text: "Needs your eye" }), notices,
    make("p", { class: "muted small" }, "On the server\u2019s own machine, ", make("code", { text: "toolrack status" }), " tells each reason in full, with the command that helps."));

  const remarks = make("ul", { class: "notices" });
  const remarked = make("summary");
  const harmless = make("details", { class: "remarks", hidden: true }, remarked, remarks);

  const charts = [
    [chart("Calls", [
      { label: "each 5 s", className: "one", kind: "bars", of: ({ calls }) => calls },
      { label: "errors", className: "three", kind: "bars", of: ({ errors }) => errors },
    ], (value) => (value === null ? NONE : count(value)), { least: 5 })],
    [chart("Response time", [
      { label: "95 of 100 within", className: "two", kind: "line", of: ({ p95Us }) => p95Us },
      { label: "median", className: "one", kind: "line", of: ({ p50Us }) => p50Us },
    ], time, { isWide: true })],
    [chart("Memory", [{ label: "whole server", className: "one", kind: "area", of: ({ memoryBytes }) => memoryBytes }], bytes, { step: 1024 })],
  ].flat();
  const pictures = make("section", { "aria-label": "The last minutes", class: "charts" }, ...charts.map(({ element }) => element));

  const { element: plugins, body } = table("Table of plugins", [
    { name: "Plugin" }, { name: "State" }, { name: "Version" }, { name: "Tools", isNumber: true }, { name: "Calls", isNumber: true }, { name: "Errors", isNumber: true }, { name: "Most memory", isNumber: true },
  ]);
  const empty = make("div", { class: "empty", hidden: true }, make("h3", { text: "No plugin is served yet" }),
    make("p", { text: "A plugin is a file of Wasm with a small text file beside it. Copy both into the plugin directory: they are served within a second, without a restart." }));
  const whole = make("section", { "aria-labelledby": "plugins" }, make("h2", { id: "plugins", text: "Plugins" }), empty, plugins);
  const limited = make("p", { class: "note", hidden: true, text: "You see the tools that your token allows, and nothing of what others call." });

  function update() {
    const { state } = app;
    for (const { of, value, more } of tiles) {
      const [now, about] = of(state);
      setText(value, now);
      setText(more, about);
    }
    limited.hidden = state.viewer.seesAll;
    pictures.hidden = !state.viewer.seesAll;
    const all = noticesOf(state);
    const found = all.filter(isUrgent);
    attention.hidden = found.length === 0;
    sync(notices, found, ({ id }) => id, begunNotice);
    const rest = all.filter((notice) => !isUrgent(notice));
    harmless.hidden = rest.length === 0;
    setText(remarked, `${counted(rest.length, "remark")}: tools that are not listed, warnings, and what is being loaded`);
    sync(remarks, rest, ({ id }) => id, begunNotice);
    charts.forEach((picture) => picture.update(state.samples));
    empty.hidden = state.plugins.length > 0;
    plugins.hidden = state.plugins.length === 0;
    sync(body, state.plugins, ({ name }) => name, () => begunPlugin(app));
  }

  return {
    element: make("div", {}, intro, limited, make("dl", { class: "tiles" }, ...tiles.map(({ element }) => element)), attention, pictures, whole, harmless),
    update,
    go: update,
  };
}

// True if somebody should look at it: nothing gets better by itself.
export function isUrgent({ kind }) {
  return !["warning", "unlisted", "loading"].includes(kind);
}

// The plugins that are held back, refused or left alone, the worst first, and remarks.
export function noticesOf(state) {
  const all = [
    ...state.notices.map(({ file, kind, tool, reason }) => ({ kind, name: tool ?? file.replace(/\.toml$/, ""), reason: reason.replace(/^held back: /, "") })),
    ...state.plugins.filter(({ paused }) => paused).map(({ name, paused }) => ({ kind: "paused", name, reason: `It crashed ${counted(paused.crashes, "time")} in a row.${paused.reason ? ` The last time: ${paused.reason}` : ""}` })),
    ...state.loading.map((name) => ({ kind: "loading", name, reason: "" })),
  ];
  const order = ["bad", "warn", "plain"];
  return all
    .map((notice) => ({ ...notice, id: JSON.stringify(notice) }))
    .sort((one, other) => order.indexOf(KINDS[one.kind][0]) - order.indexOf(KINDS[other.kind][0]));
}

function begunNotice({ kind, name, reason }) {
  const [look, word, about] = KINDS[kind];
  const [first, ...rest] = reason.split("\n");
  const element = make("li", { class: `notice ${look}` },
    make("p", { class: "what" }, make("b", { text: name }), make("span", { class: `chip ${look}`, text: word })),
    first && withCode(make("p", { class: "reason" }), first),
    rest.length > 0 && make("details", {}, make("summary", { text: "Where, and what helps" }), make("pre", { tabindex: "0", text: rest.join("\n") })),
    make("p", { class: "muted small", text: about }));
  return { element };
}

function begunPlugin(app) {
  const cells = Array.from({ length: 7 }, (_, at) => make(at === 0 ? "th" : "td", at === 0 ? { scope: "row" } : { class: at > 2 && "number" }));
  const state = make("span", { class: "chip" });
  cells[1].append(state);
  return {
    element: make("tr", {}, ...cells),
    fill({ name, version, sha256, paused, file }) {
      const tools = app.state.tools.filter((tool) => tool.plugin === name);
      const sum = (of) => tools.reduce((all, { statistics }) => all + of(statistics), 0);
      const waits = app.state.notices.find((notice) => notice.file === file && ["heldVersion", "refusedVersion"].includes(notice.kind));
      const [look, word] = paused ? KINDS.paused : waits ? [KINDS[waits.kind][0], "serving the one before"] : ["good", "serving"];
      state.className = `chip ${look}`;
      setText(state, word);
      setText(cells[0], name);
      setText(cells[2], version);
      cells[2].className = "code";
      cells[2].title = `SHA-256 of its Wasm: ${sha256}`;
      setText(cells[3], count(tools.length));
      setText(cells[4], count(sum(({ calls }) => calls)));
      setText(cells[5], count(sum(({ errors }) => errors)));
      const most = Math.max(0, ...tools.map(({ statistics }) => statistics.peakMemoryBytes));
      setText(cells[6], most ? bytes(most) : NONE);
    },
  };
}
