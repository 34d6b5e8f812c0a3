// A server made with the TypeScript SDK, for `cargo xtask bench`: one tool that gives back its text.
// The SDK is the one that the client checks installed.
//
// It speaks over stdio; where its argument is a port, over HTTP, with a session for each client and on Express, as in
// the SDK's own examples.

import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";

const require = createRequire(new URL("../tests/clients/", import.meta.url));
const { McpServer } = require("@modelcontextprotocol/sdk/server/mcp.js");
const { StdioServerTransport } = require("@modelcontextprotocol/sdk/server/stdio.js");
const { createMcpExpressApp } = require("@modelcontextprotocol/sdk/server/express.js");
const { StreamableHTTPServerTransport } = require("@modelcontextprotocol/sdk/server/streamableHttp.js");
const { z } = require("zod");

function echoServer() {
  const server = new McpServer({ name: "bench", version: "0" });
  const inputSchema = { text: z.string() };
  server.registerTool("echo", { description: "Gives back the text.", inputSchema }, ({ text }) => ({
    content: [{ type: "text", text }],
  }));
  return server;
}

function serveHttp(port) {
  const sessions = new Map();
  const begin = async () => {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (session) => void sessions.set(session, transport),
    });
    await echoServer().connect(transport);
    return transport;
  };
  const app = createMcpExpressApp();
  app.all("/mcp", async (request, response) => {
    const transport = sessions.get(request.headers["mcp-session-id"]) ?? (await begin());
    await transport.handleRequest(request, response, request.body);
  });
  app.listen(port, "127.0.0.1");
}

const port = process.argv[2];
if (port) {
  serveHttp(Number(port));
} else {
  await echoServer().connect(new StdioServerTransport());
}
