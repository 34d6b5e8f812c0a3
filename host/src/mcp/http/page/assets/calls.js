// The calls as they happen: the last of them, the newest first.

import { make, setText, sync, table, withCode } from "./dom.js";
import { NONE, bytes, counted, fuel, time, timeOfDay } from "./units.js";

const WORDS = {
  answered: "answered", tool_error: "the tool failed", invalid_arguments: "invalid arguments", crash: "crashed", client_gone: "client gone",
  server_ended: "server ended", unknown_tool: "unknown tool", invalid_answer: "unusable answer", too_many: "too many", bad_request: "bad request",
  fuel: "out of fuel", memory: "out of memory", timeout: "out of time", cpu: "out of processor time", rate: "too often", paused: "left alone",
};
const QUIET = ["cancelled", "client_gone", "server_ended"];

export function callsView(app) {
  const choice = make("select", { id: "which", onchange: () => update() },
    make("option", { value: "all", text: "all calls" }), make("option", { value: "failed", text: "those without an answer" }));
  const hold = make("button", { type: "button", "aria-pressed": "false", onclick: pause }, "Hold still");
  const note = make("p", { class: "muted small", role: "status" });
  const { element: list, body } = table("Table of calls", [
    { name: "Came" }, { name: "Tool" }, { name: "Outcome" }, { name: "Who" }, { name: "Client" }, { name: "Time", isNumber: true }, { name: "of it waited", isNumber: true },
    { name: "Fuel", isNumber: true }, { name: "Memory", isNumber: true }, { name: "Version" },
  ]);
  const empty = make("div", { class: "empty" }, make("h2"), make("p"));
  let held = null;

  function pause() {
    held = held ? null : app.state.calls;
    hold.setAttribute("aria-pressed", String(Boolean(held)));
    setText(hold, held ? "Go on" : "Hold still");
    update();
  }

  function update() {
    const all = held ?? app.state.calls;
    const shown = all.filter(({ isAnswered }) => choice.value === "all" || !isAnswered).toReversed();
    list.hidden = shown.length === 0;
    empty.hidden = shown.length > 0;
    setText(empty.firstChild, all.length === 0 ? "No call yet" : "Each of these calls was answered");
    setText(empty.lastChild, all.length === 0 ? "Connect an assistant and ask it for something, or try a tool by hand: each call shows here as it ends." : "Calls that fail, are stopped or are refused show here.");
    setText(note, held ? `Held still; ${counted(app.state.calls.filter(({ number }) => number > (held.at(-1)?.number ?? 0)).length, "call")} since.` : "");
    sync(body, shown, ({ number }) => number, row);
  }

  const element = make("div", {},
    make("header", { class: "head" }, make("h1", { text: "Calls" }),
      withCode(make("p", { class: "muted" }), "The last 200, without what was asked and answered. Who called is, for a token, the digest that `toolrack token list` shows; for a certificate or an access token, one of its key or its subject.")),
    make("div", { class: "actions bar-of" }, make("label", { for: "which", text: "Show" }), choice, hold, note), list, empty);
  return { element, update, go: update };
}

function row(call) {
  const look = call.isAnswered ? "good" : QUIET.includes(call.outcome) ? "plain" : "bad";
  const tool = call.plugin
    ? make("a", { href: `#tools/${encodeURIComponent(call.tool)}`, text: call.tool })
    : make("span", { text: call.tool });
  const number = (text) => make("td", { class: "number", text });
  const entered = call.fuel > 0;
  return {
    element: make("tr", {},
      make("td", { class: "number", text: timeOfDay(call.cameMs) }),
      make("th", { scope: "row" }, tool),
      make("td", {}, make("span", { class: `chip ${look}`, text: WORDS[call.outcome] ?? call.outcome.replaceAll("_", " ") })),
      make("td", { class: "code", text: call.principal || NONE }),
      make("td", { text: call.client ?? NONE }),
      number(time(call.timeUs)), number(time(call.waitUs)), number(entered ? fuel(call.fuel) : NONE), number(entered ? bytes(call.memoryBytes) : NONE),
      make("td", { class: "code", text: call.version ?? NONE })),
  };
}
