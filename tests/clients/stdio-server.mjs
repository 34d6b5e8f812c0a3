// One process of the server under test: started here, ended here, and held to its side of stdio.
//
// It knows whom a line is for: an answer goes to the request with its id, progress to the request
// that gave its token, a notification of a subscription to the request that opened it.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const EXIT_MS = 5_000;
const SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId";

export class Server {
  #child;
  #fault;
  #claims = new Map();
  #stopping = false;

  /** Takes each line that belongs to no request in flight. */
  unclaimed = () => {};
  /** Resolves when the process has ended. Never rejects. */
  exited;

  constructor(command, args, fault) {
    this.#fault = fault;
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#child.stdin.on("error", () => {});
    createInterface({ input: this.#child.stdout, crlfDelay: 0 }).on("line", (line) => this.#receive(line));
    this.exited = new Promise((resolve) => {
      this.#child.on("error", (error) => {
        fault(`the server did not start: ${error.message}`);
        resolve();
      });
      // "close", not "exit": the last lines are read before anyone hears of the end.
      this.#child.on("close", (code, signal) => {
        if (code !== 0) fault(`the server ended with ${signal ?? `status ${code}`}`);
        else if (!this.#stopping) fault("the server ended although its input was open");
        resolve();
      });
    });
  }

  send(message) {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  /** Sends the lines that concern `request` to `take(line, body)`. */
  claim(request, take) {
    this.#claims.set(key(request.id), { token: request.params?._meta?.progressToken, take });
  }

  release(request) {
    this.#claims.delete(key(request.id));
  }

  /** Ends the server's input and waits for it to go, which it must do by itself. */
  async stop() {
    this.#stopping = true;
    this.#child.stdin.end();
    const timer = setTimeout(() => {
      this.#fault(`the server was alive ${EXIT_MS} ms after the end of its input`);
      this.#child.kill("SIGKILL");
    }, EXIT_MS);
    await this.exited;
    clearTimeout(timer);
  }

  #receive(line) {
    let body;
    try {
      body = JSON.parse(line);
    } catch {
      return this.#fault(`stdout is not JSON: ${line.slice(0, 200)}`);
    }
    if (body.jsonrpc !== "2.0") return this.#fault(`stdout is not JSON-RPC: ${line.slice(0, 200)}`);
    if (body.method === undefined) {
      const claim = this.#claims.get(key(body.id));
      if (claim) return claim.take(line, body);
      // An answer may cross a cancellation on its way; then nobody waits for it any more.
      return this.#stopping ? undefined : this.#fault(`answers no request: ${line.slice(0, 200)}`);
    }
    if (body.id !== undefined) return this.#fault(`the server sent a request: ${line.slice(0, 200)}`);
    const owner = this.#owner(body);
    if (owner) owner.take(line, body);
    else this.unclaimed(line);
  }

  #owner({ params }) {
    const subscription = params?._meta?.[SUBSCRIPTION];
    if (subscription !== undefined) return this.#claims.get(key(subscription));
    if (params?.progressToken === undefined) return undefined;
    return [...this.#claims.values()].find(({ token }) => token === params.progressToken);
  }
}

/** Ids of different types are different ids: `1` is not `"1"`. */
function key(id) {
  return JSON.stringify(id);
}
