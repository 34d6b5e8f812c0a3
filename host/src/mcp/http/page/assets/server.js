// The server: what it tells of itself, and calls of its tools. The token, where one is needed, is kept for this tab alone.

import { eventsOf } from "./events.js";

const TOKEN = "toolrack-token";
const VERSION = "2026-07-28";
const META = "io.modelcontextprotocol/";

export const token = {
  get: () => sessionStorage.getItem(TOKEN) ?? "",
  set: (text) => (text ? sessionStorage.setItem(TOKEN, text) : sessionStorage.removeItem(TOKEN)),
};

// An answer other than the one that was wanted.
export class Refused extends Error {
  constructor(status, said, after) {
    super(said);
    this.status = status;
    this.after = after;
  }
}

function authorization() {
  return token.get() ? { Authorization: `Bearer ${token.get()}` } : {};
}

async function asked(path, accept, signal) {
  const response = await fetch(path, {
    headers: { Accept: accept, "Toolrack-Page": "1", ...authorization() },
    cache: "no-store",
    credentials: "omit",
    signal,
  });
  if (response.ok) return response;
  const said = (await response.text()).trim();
  throw new Refused(response.status, said, Number(response.headers.get("Retry-After")) || 0);
}

export async function state(signal) {
  return (await asked("page/state", "application/json", signal)).json();
}

// Yields what changes, once the stream is open: first an event `open`.
export async function* changes(signal) {
  const response = await asked("page/events", "text/event-stream", signal);
  yield { name: "open" };
  yield* eventsOf(response);
}

// A value as a header: as it is, or in base64 where it is no visible ASCII.
function encoded(text) {
  if (/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !text.startsWith("=?base64?")) return text;
  const bytes = new TextEncoder().encode(text);
  return `=?base64?${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))}?=`;
}

// The headers that repeat arguments, as the tool asks for.
function repeated(tool, given) {
  const headers = {};
  for (const { header, path } of tool.repeated) {
    let value = given;
    for (const name of path) value = value !== null && typeof value === "object" && Object.hasOwn(value, name) ? value[name] : undefined;
    if (value !== undefined && value !== null && typeof value !== "object") headers[`Mcp-Param-${header}`] = encoded(String(value));
  }
  return headers;
}

// Calls a tool with arguments, which are JSON text, and returns the result. The request is that of any other client.
export async function call(tool, json, { signal, onprogress }) {
  const meta = {
    [`${META}protocolVersion`]: VERSION,
    [`${META}clientInfo`]: { name: "toolrack-page", version: "1" },
    [`${META}clientCapabilities`]: {},
    progressToken: 1,
  };
  const name = JSON.stringify(tool.name);
  // The arguments go as they were written: no number is rounded.
  const params = `{"name":${name},"arguments":${json},"_meta":${JSON.stringify(meta)}}`;
  const response = await fetch("mcp", {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      "MCP-Protocol-Version": VERSION,
      "Mcp-Method": "tools/call",
      "Mcp-Name": encoded(tool.name),
      ...repeated(tool, JSON.parse(json)),
      ...authorization(),
    },
    body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`,
    cache: "no-store",
    credentials: "omit",
    signal,
  });
  if ((response.headers.get("Content-Type") ?? "").startsWith("text/event-stream")) {
    for await (const { data } of eventsOf(response)) {
      if (data.method === "notifications/progress") onprogress(data.params);
      else if (data.id === 1) return answered(response, data);
    }
    throw new Error("the stream ended without an answer");
  }
  const text = await response.text();
  let message;
  try {
    message = JSON.parse(text);
  } catch {
    throw new Refused(response.status, text.trim() || `the server answered with status ${response.status}`, 0);
  }
  return answered(response, message);
}

function answered(response, message) {
  if (message.error) throw new Refused(response.status, message.error.message, 0);
  return message.result;
}
