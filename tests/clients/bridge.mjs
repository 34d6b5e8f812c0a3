// Joins a client that speaks MCP over streamable HTTP to a server that speaks it over stdio.
//
// Test-only, for the conformance suite. It owns what belongs to HTTP (sessions, headers, status
// codes) and passes every line of the server on as it came. It does not know what the lines mean
// beyond whom they are for, and it holds the server to what the suite cannot see: only JSON-RPC on
// stdout, no answer nobody asked for, exit 0 soon after its input ends.
//
//   node bridge.mjs TOGGLE COMMAND [ARGUMENT...]
//
// TOGGLE is a manifest in the directory being served. The suite asks a server to change its own
// tool list through a tool named `test_trigger_tool_change`; Toolrack has no such tool, its list
// changes when files do, so the bridge takes that manifest away or puts it back.
//
// The first line of output is {"url"}. End of input stops the bridge; it then prints {"processes",
// "faults"} and exits.

import { randomUUID } from "node:crypto";
import { existsSync, renameSync } from "node:fs";
import http from "node:http";
import { Server } from "./stdio-server.mjs";

const REQUEST_MS = 60_000;
const BODY_BYTES = 8 * 1024 * 1024;
const STATELESS = "2026-07-28";
const META = "io.modelcontextprotocol/";

const HEADER_MISMATCH = -32020;
const HTTP_STATUS = {
  [HEADER_MISMATCH]: 400,
  [-32021]: 400,
  [-32022]: 400,
  [-32600]: 400,
  [-32601]: 404,
  [-32602]: 400,
  [-32700]: 400,
};

const [toggle, command, ...args] = process.argv.slice(2);
const faults = [];
/** Processes of the handshake revisions, by session id: one each, for the life of the session. */
const sessions = new Map();
/** Processes of the stateless revision that nobody uses now: one serves one request at a time. */
const idle = [];
const running = new Set();
let started = 0;

function spawn() {
  started += 1;
  const server = new Server(command, args, (fault) => faults.push(fault));
  running.add(server);
  server.exited.then(() => running.delete(server));
  return server;
}

const listener = http.createServer((request, response) => {
  serve(request, response).catch((error) => {
    faults.push(`bridge: ${error.stack}`);
    response.destroy();
  });
});

async function serve(request, response) {
  if (!isLocal(request.headers.host) || !isLocal(request.headers.origin?.replace(/^https?:\/\//, ""))) {
    return reply(response, 403, error(null, -32600, "host or origin is not local"));
  }
  const sessionId = request.headers["mcp-session-id"];
  if (request.method === "POST") return post(request, response, sessionId);
  const session = sessions.get(sessionId);
  if (!session) return reply(response, sessionId ? 404 : 405);
  if (request.method === "GET") return openStream(session, response);
  if (request.method === "DELETE") {
    sessions.delete(sessionId);
    await session.stop();
    return reply(response, 200);
  }
  reply(response, 405);
}

async function post(request, response, sessionId) {
  let message;
  try {
    message = JSON.parse(await read(request));
  } catch (fault) {
    return reply(response, 400, error(null, -32700, String(fault)));
  }
  const modern =
    request.headers["mcp-protocol-version"] === STATELESS ||
    message.params?._meta?.[`${META}protocolVersion`] !== undefined;
  if (modern) return stateless(request, response, message);

  if (message.method === "initialize") {
    const id = randomUUID();
    const server = spawn();
    server.unclaimed = (line) => server.stream?.write(`data: ${line}\n\n`);
    sessions.set(id, server);
    response.setHeader("mcp-session-id", id);
    return exchange(server, message, response, () => 200);
  }
  const server = sessions.get(sessionId);
  if (!server) return reply(response, sessionId ? 404 : 400, error(null, -32600, "no such session"));
  if (message.id === undefined || message.method === undefined) {
    server.send(message);
    return reply(response, 202);
  }
  return exchange(server, message, response, () => 200);
}

async function stateless(request, response, message) {
  const wrong = headerMismatch(request.headers, message);
  if (wrong) return reply(response, 400, error(message.id, HEADER_MISMATCH, wrong));
  if (message.id === undefined) return reply(response, 202);
  if (message.method === "tools/call" && message.params?.name === "test_trigger_tool_change") {
    const gone = `${toggle}.gone`;
    if (existsSync(toggle)) renameSync(toggle, gone);
    else renameSync(gone, toggle);
    const content = [{ type: "text", text: "the manifest was moved" }];
    return reply(response, 200, { jsonrpc: "2.0", id: message.id, result: { resultType: "complete", content } });
  }
  const server = idle.pop() ?? spawn();
  server.unclaimed = (line) => faults.push(`belongs to no request: ${line}`);
  // A subscription is acknowledged before the process has looked at its plugins, and a change is one of a list: so it
  // lists first, as clients do.
  if (message.method === "subscriptions/listen") await lists(server, message.params ?? {});
  const answered = await exchange(server, message, response, (body) => HTTP_STATUS[body.error?.code] ?? 200);
  if (answered) return idle.push(server);

  // The client hung up, which over HTTP is how it cancels. A subscription ends by ending the
  // process instead, to see that the server closes it with a result.
  const listening = message.method === "subscriptions/listen";
  let closed = !listening;
  server.claim(message, (line, { result }) => {
    closed ||= result?.resultType === "complete" && result._meta?.[`${META}subscriptionId`] === message.id;
  });
  if (!listening) {
    server.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: message.id } });
  }
  await server.stop();
  if (!closed) faults.push("subscriptions/listen: no result when the server shut down");
}

/** Resolves once the server has listed its tools, or is gone. */
function lists(server, { _meta }) {
  const request = { jsonrpc: "2.0", id: "the bridge lists", method: "tools/list", params: { _meta } };
  const listed = new Promise((resolve) => server.claim(request, resolve));
  server.send(request);
  return Promise.race([listed, server.exited]).then(() => server.release(request));
}

/** Sends one request and passes on what comes back. Resolves to whether the answer came. */
function exchange(server, message, response, status) {
  return new Promise((resolve) => {
    let finished = false;
    const finish = (answered) => {
      if (finished) return; // the id may be another request's by now
      finished = true;
      clearTimeout(timer);
      server.release(message);
      response.end();
      resolve(answered);
    };
    const timer = setTimeout(() => {
      faults.push(`${message.method}: no answer within ${REQUEST_MS} ms`);
      finish(false);
    }, REQUEST_MS);
    response.on("close", () => finish(false));
    server.exited.then(() => finish(false));

    server.claim(message, (line, body) => {
      const last = body.method === undefined;
      if (last && !response.headersSent) {
        response.writeHead(status(body), { "content-type": "application/json" });
        response.write(line);
      } else {
        if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(`data: ${line}\n\n`);
      }
      if (last) finish(true);
    });
    server.send(message);
  });
}

function openStream(session, response) {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.flushHeaders();
  session.stream?.end();
  session.stream = response;
  response.on("close", () => {
    if (session.stream === response) session.stream = undefined;
  });
  session.exited.then(() => response.end());
}

/** What the stateless revision demands of the headers of a request: that they repeat its body. */
function headerMismatch(headers, { id, method, params }) {
  if (id === undefined) return undefined;
  const version = params?._meta?.[`${META}protocolVersion`];
  if (version !== undefined && headers["mcp-protocol-version"] !== version) {
    return `mcp-protocol-version is not ${version}`;
  }
  if (headers["mcp-method"] !== method) return `mcp-method is not ${method}`;
  const name = method === "resources/read" ? params?.uri : params?.name;
  if (name !== undefined && headers["mcp-name"]?.trim() !== name) return `mcp-name is not ${name}`;
  return undefined;
}

function isLocal(host) {
  return host === undefined || /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host);
}

async function read(request) {
  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > BODY_BYTES) throw new Error("the body is too large");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function error(id, code, message) {
  return { jsonrpc: "2.0", id, error: { code, message } };
}

function reply(response, status, body) {
  response.writeHead(status, body ? { "content-type": "application/json" } : {});
  response.end(body ? JSON.stringify(body) : undefined);
}

listener.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${listener.address().port}/mcp` }));
});

process.stdin.resume();
process.stdin.on("end", async () => {
  listener.close();
  await Promise.all([...running].map((server) => server.stop()));
  listener.closeAllConnections();
  process.stdout.write(`${JSON.stringify({ processes: started, faults })}\n`, () => process.exit(0));
});
