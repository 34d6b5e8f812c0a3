// A server made with the TypeScript SDK, for `cargo xtask bench`: one tool that gives back its text.
// The SDK is the one that the client checks installed.

import { createRequire } from "node:module";

const require = createRequire(new URL("../tests/clients/", import.meta.url));
const { McpServer } = require("@modelcontextprotocol/sdk/server/mcp.js");
const { StdioServerTransport } = require("@modelcontextprotocol/sdk/server/stdio.js");
const { z } = require("zod");

const server = new McpServer({ name: "bench", version: "0" });
const inputSchema = { text: z.string() };
server.registerTool("echo", { description: "Gives back the text.", inputSchema }, ({ text }) => ({
  content: [{ type: "text", text }],
}));
await server.connect(new StdioServerTransport());
