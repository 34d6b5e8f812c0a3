// The page: it keeps what the server tells, and shows the section that the address names.

import { callsView } from "./calls.js";
import { make, setText } from "./dom.js";
import { isUrgent, noticesOf, overviewView } from "./overview.js";
import * as server from "./server.js";
import { toolsView } from "./tools.js";
import { duration } from "./units.js";

const MAX_SAMPLES = 180;
const MAX_CALLS = 200;
const main = document.getElementById("main");
const live = document.getElementById("live");
const forget = document.getElementById("forget");
const nav = document.getElementById("nav");
const foot = document.getElementById("foot");

const app = { state: null, heard: 0 };
const sections = { overview: ["Overview", overviewView], tools: ["Tools", toolsView], calls: ["Calls", callsView] };
const views = {};
let current = null;
let stream = null;
let isDue = false;

const links = Object.entries(sections).map(([name, [title]]) => {
  const badge = make("span", { class: "badge", hidden: true });
  const link = make("a", { href: `#${name}` }, title, badge);
  nav.append(link);
  return { name, link, badge };
});

function route() {
  const [name, ...parts] = location.hash.slice(1).split("/");
  return [Object.hasOwn(sections, name) ? name : "overview", parts];
}

function show() {
  if (!app.state) return;
  const [name, parts] = route();
  views[name] ??= sections[name][1](app);
  if (current !== name) {
    main.replaceChildren(views[name].element);
    current = name;
  }
  for (const { name: own, link } of links) {
    if (own === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = name === "overview" ? "Toolrack" : `${sections[name][0]} \u00b7 Toolrack`;
  views[name].go(parts);
  frame();
}

// The frame around the sections.
function frame() {
  const { state } = app;
  nav.hidden = !state;
  if (!state) return;
  const waiting = noticesOf(state).filter(isUrgent).length;
  const { badge } = links[0];
  badge.hidden = waiting === 0;
  setText(badge, String(waiting));
  badge.setAttribute("aria-label", `${waiting} need your eye`);
  forget.hidden = !server.token.get();
  const seconds = state.server.uptimeSeconds + Math.round((Date.now() - app.heard) / 1000);
  const who = state.viewer.id ? ` You are ${state.viewer.id}.` : "";
  setText(foot, `toolrack ${state.server.version}, up ${duration(Math.max(0, seconds))}.${who}`);
}

// Draws what changed with the next picture of the screen.
function changed() {
  if (isDue || !app.state) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    if (current && app.state) views[current].update();
    frame();
  });
}

function tell(kind, text) {
  live.className = `live ${kind}`;
  setText(live, text);
}

async function load(signal) {
  const state = await server.state(signal);
  for (const tool of state.tools) tool.statistics = state.statistics[tool.name];
  app.state = state;
  app.heard = Date.now();
  if (current) changed();
  else show();
}

function take({ name, data }) {
  const { state } = app;
  if (name === "numbers" && state) {
    for (const tool of state.tools) if (Object.hasOwn(data.tools, tool.name)) tool.statistics = data.tools[tool.name];
    state.server.statistics = data.sum;
  }
  if (name === "call" && state && data.number > (state.calls.at(-1)?.number ?? 0)) {
    state.calls = [...state.calls, data].slice(-MAX_CALLS);
  }
  if (name === "sample" && state) state.samples = [...state.samples, data].slice(-MAX_SAMPLES);
}

// Follows the server for as long as the page is looked at.
async function follow() {
  stream?.abort();
  const own = (stream = new AbortController());
  for (let failures = 0; !own.signal.aborted; ) {
    let said = "";
    try {
      for await (const event of server.changes(own.signal)) {
        if (event.name === "open") {
          failures = 0;
          await load(own.signal);
          tell("on", "Live");
        } else if (event.name === "catalog") await load(own.signal);
        else {
          take(event);
          changed();
        }
      }
    } catch (error) {
      if (own.signal.aborted) return;
      if (error.status === 401 || error.status === 403) return signIn(error);
      failures = Math.max(failures + 1, error.after ?? 0);
      if (error.status) said = error.message || `It answered with status ${error.status}.`;
    }
    if (own.signal.aborted) return;
    tell("off", app.state ? "Not connected; what you see is old" : "Not connected");
    if (!app.state) waiting(said);
    await new Promise((done) => setTimeout(done, Math.min(10, 1 + failures) * 1000));
  }
}

// Says that there is nothing to show yet, and what the server said, if it said anything.
function waiting(said) {
  const title = said ? "The server does not show what runs" : "The server does not answer";
  main.replaceChildren(make("div", { class: "empty waiting" }, make("h1", { text: title }),
    said && make("p", { class: "note bad", text: said }), make("p", { text: "This page asks again every few seconds." })));
}

// Asks for a token. It is kept for this tab, and sent to this server alone.
function signIn(error) {
  app.state = null;
  current = null;
  for (const name of Object.keys(views)) delete views[name];
  const isWrong = Boolean(server.token.get());
  server.token.set("");
  frame();
  forget.hidden = true;
  tell("off", "Signed out");
  const isToken = error.status === 401;
  const input = make("input", { id: "token", type: "password", autocomplete: "off", spellcheck: "false", "aria-describedby": "token-about", required: true });
  const submit = (event) => {
    event.preventDefault();
    server.token.set(input.value.trim());
    tell("", "Connecting");
    follow();
  };
  const form = make("form", { class: "panel sign", onsubmit: submit },
    make("label", { for: "token", text: "Token" }), input,
    make("p", { class: "hint", id: "token-about", text: "It is kept in this tab until you close it, and sent to this server alone." }),
    make("div", { class: "actions" }, make("button", { type: "submit", class: "main", text: "Show what runs" })));
  main.replaceChildren(make("div", { class: "narrow" },
    make("h1", { text: isToken ? "This server wants a token" : "This page may not be shown here" }),
    isToken && isWrong && make("p", { class: "note bad", role: "alert", text: "That token does not count here: it may have been removed, or have expired." }),
    make("p", { class: "prose", text: isToken ? "Whoever runs it makes one with the command below. It shows as much as the token allows." : error.message }),
    isToken && make("pre", { tabindex: "0", text: "toolrack token add NAME" }),
    isToken && form));
  if (isToken) input.focus();
}

forget.addEventListener("click", () => {
  stream?.abort();
  signIn({ status: 401 });
});
addEventListener("hashchange", show);
document.addEventListener("visibilitychange", () => {
  // A page that nobody looks at takes no stream.
  if (document.hidden) {
    stream?.abort();
    tell("off", "Paused");
  } else if (app.state || !main.querySelector("form")) follow();
});
document.addEventListener("keydown", (event) => {
  const isTyped = event.target.matches?.("input, textarea, select");
  if (event.key === "/" && !isTyped && !event.ctrlKey && !event.metaKey && app.state) {
    event.preventDefault();
    if (route()[0] !== "tools") location.hash = "#tools";
    setTimeout(() => views.tools?.find(), 0);
  }
});
setInterval(frame, 1000);
nav.hidden = true;
follow();
