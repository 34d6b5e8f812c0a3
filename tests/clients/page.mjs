// Drives the page for people in Chromium: `page.mjs SCENE URL ARGUMENT...`. `page.py` says which scenes there are.

import assert from "node:assert/strict";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [scene, mcp, ...rest] = process.argv.slice(2);
const base = new URL("/", mcp).href;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SCREENS = {
  light: { colorScheme: "light", viewport: { width: 1100, height: 820 } },
  dark: { colorScheme: "dark", viewport: { width: 1100, height: 820 } },
  narrow: { colorScheme: "light", viewport: { width: 390, height: 820 } },
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  // Chromium's own sandbox is not for root. Names of the attacker are this machine.
  args: [...(process.geteuid() === 0 ? ["--no-sandbox"] : []), "--disable-gpu", "--disable-dev-shm-usage", "--host-resolver-rules=MAP *.example 127.0.0.1"],
});
try {
  await { open, closed, bare, pictures }[scene](...rest);
} finally {
  await browser.close();
}

// A tab that loads from the server alone, and has nothing to complain of.
async function tab(screen, address = base) {
  const context = await browser.newContext(screen);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const problems = [];
  page.on("console", (message) => message.type() === "error" && !/status of (401|403)/.test(message.text()) && problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(base).origin) problems.push(`it asks ${request.url()}`);
  });
  await page.goto(address);
  return { page, problems, live: () => page.waitForSelector("#live.on") };
}

async function accessible(page, where) {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
  assert.deepEqual(told, [], where);
  assert(passes.length > 10, "axe-core looked at something");
}

async function focused(page) {
  return page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent);
}

// Presses Tab until what has the focus is wanted.
async function tabTo(page, wanted) {
  for (let presses = 0; presses < 40; presses += 1) {
    if (await page.evaluate(wanted)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`the keyboard does not lead to ${wanted}; it is at ${await focused(page)}`);
}

// At a bare address, too, the modules of the page are its own.
async function bare(token) {
  const { page, problems, live } = await tab(SCREENS.light);
  await page.waitForSelector("#token");
  assert.match(await page.textContent("h1"), /wants a token/);
  await page.fill("#token", token);
  await page.keyboard.press("Enter");
  await live();
  await page.locator("tbody tr", { hasText: "hello" }).first().waitFor();
  assert.deepEqual(problems, []);

  // Where its scripts are not given, the page says so.
  const context = await browser.newContext(SCREENS.light);
  const cut = await context.newPage();
  await cut.route("**/*.js", (route) => route.abort());
  await cut.goto(base);
  await cut.waitForSelector(".late", { state: "visible" });
}

async function open(plugins) {
  const { page, problems, live } = await tab(SCREENS.light);
  await live();
  assert.match(await page.textContent("h1"), /Tools for AI assistants/);

  // By keyboard alone: a tool is found, chosen and tried.
  await page.keyboard.press("/");
  await page.waitForFunction(() => document.activeElement.id === "search");
  await page.keyboard.type("hello_greet");
  await tabTo(page, () => document.activeElement.getAttribute("href") === "#tools/hello_greet");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".trial");
  await tabTo(page, () => document.activeElement.matches(".trial input, .trial textarea"));
  await page.keyboard.type("<img src=x onerror=window.hacked=1>");
  await page.keyboard.press("Control+Enter");
  await page.waitForSelector(".outcome.good");
  assert.equal(await page.textContent(".outcome pre"), "Hello, <img src=x onerror=window.hacked=1>!");
  await page.waitForFunction(() => document.querySelector(".numbers dd").textContent === "1");
  await page.click("text=Write JSON instead");
  await page.fill(".trial textarea.code", "{");
  await page.click("text=Run");
  await page.waitForSelector(".outcome.bad");

  // The call is seen, with what it took.
  await page.goto(`${base}#calls`);
  const row = page.locator("tbody tr", { hasText: "hello_greet" }).first();
  await row.waitFor();
  assert.match(await row.textContent(), /answered.*KiB|answered.*MiB/);

  // The words of a plugin are text.
  await page.goto(`${base}#tools/hostile_greet`);
  await page.waitForSelector(".detail .prose");
  assert.match(await page.textContent(".detail .prose"), /<script>window.hacked=1<\/script>/);
  assert.equal(await page.locator(".detail img, .detail script").count(), 0);
  assert.equal(await page.evaluate(() => globalThis.hacked), undefined);

  // A schema that leads back to itself makes a form.
  const fields = await page.evaluate(async () => {
    const { formOf } = await import("/page/form.js");
    const q = { $id: "https://y.example/y", anyOf: [{ $ref: "#/properties/q" }, { type: "null" }], properties: { q: { type: "string" } } };
    return formOf({ type: "object", properties: { q } }).element.querySelectorAll(".field").length;
  });
  assert.equal(fields, 1);

  // A reload is seen without one of the page, and a plugin without its Wasm is told of.
  await page.goto(`${base}#tools`);
  await page.fill("#search", "later");
  copyFileSync(join(plugins, "hello.wasm"), join(plugins, "later.wasm"));
  writeFileSync(join(plugins, "later.toml"), "");
  await page.waitForSelector("a[href='#tools/later_greet']");
  writeFileSync(join(plugins, "lonely.toml"), "");
  await page.goto(`${base}#overview`);
  await page.locator(".notice", { hasText: "lonely" }).waitFor();
  assert.equal(await page.textContent(".badge"), "1");

  for (const [name, screen] of Object.entries(SCREENS)) {
    const other = await tab(screen);
    await other.live();
    for (const section of ["overview", "tools", "tools/text_find", "calls"]) {
      await other.page.goto(`${base}#${section}`);
      await accessible(other.page, `${name} ${section}`);
      const [wide, screenWide] = await other.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert(wide <= screenWide, `${name} ${section}: it is ${wide} wide on ${screenWide}`);
    }
    assert.deepEqual(other.problems, [], name);
  }
  assert.deepEqual(problems, []);
  await attacked();
}

// A site that a browser has open beside it gets nothing, and its name turned to this machine neither.
async function attacked() {
  const site = createServer((_, response) => response.setHeader("Content-Type", "text/html").end("<title>attack</title>"));
  await new Promise((done) => site.listen(0, "127.0.0.1", done));
  const page = await (await browser.newContext()).newPage();
  await page.goto(`http://evil.example:${site.address().port}/`);
  const told = await page.evaluate(async (server) => {
    const seen = {};
    for (const [name, path, options] of [
      ["asked", "page/state", { headers: { "Toolrack-Page": "1" } }],
      ["stream", "page/events", { headers: { "Toolrack-Page": "1" } }],
      ["plain", "page/state", {}],
      ["call", "mcp", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" }],
      ["file", "page/main.js", {}],
    ]) {
      seen[name] = await fetch(server + path, options).then(async (answer) => `read ${await answer.text()}`, () => "refused");
    }
    const frame = document.createElement("iframe");
    frame.src = server;
    document.body.append(frame);
    await new Promise((done) => frame.addEventListener("load", done));
    try {
      seen.frame = frame.contentDocument ? "read" : "refused";
    } catch {
      seen.frame = "refused";
    }
    return seen;
  }, base);
  for (const [name, end] of Object.entries(told)) assert.equal(end, "refused", name);
  const framed = page.frames().find((frame) => frame !== page.mainFrame());
  assert(!framed.url().startsWith(base), `it is shown in a frame: ${framed.url()}`);
  const rebound = await page.goto(`http://evil.example:${new URL(base).port}/`);
  assert.equal(rebound.status(), 403);
  site.close();
}

async function closed(all, some) {
  const { page, problems } = await tab(SCREENS.light);
  await page.waitForSelector("#token");
  await accessible(page, "without a token");
  assert.equal(await page.locator("nav a:visible").count(), 0);
  await page.keyboard.type("trk_wrong");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[role=alert]");
  await page.fill("#token", some);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#live.on");
  await page.goto(`${base}#tools`);
  await page.waitForSelector("a[href='#tools/text_find']");
  assert.equal(await page.locator(".list a").count(), await page.locator(".list a[href^='#tools/text_']").count());
  await page.goto(`${base}#overview`);
  await page.waitForSelector(".note:visible");
  await accessible(page, "with a token that allows some");
  assert.equal(await page.evaluate(() => document.cookie + JSON.stringify({ ...localStorage })), "{}");
  // It is forgotten, and another one counts.
  await page.click("#forget");
  await page.waitForSelector("#token");
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await page.fill("#token", all);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#live.on");
  await page.goto(`${base}#overview`);
  await page.waitForSelector(".charts:visible");
  await accessible(page, "with a token that allows all");
  await page.goto(`${base}#tools/hello_greet`);
  await page.fill(".trial input, .trial textarea", "Ada");
  await page.keyboard.press("Control+Enter");
  await page.waitForSelector(".outcome.good");
  await page.goto(`${base}#calls`);
  const who = (await page.locator("#foot").textContent()).match(/You are (\w+)/)[1];
  await page.locator("tbody tr", { hasText: who }).first().waitFor();
  assert.deepEqual(problems, []);
}

async function pictures(folder) {
  const { page, live } = await tab(SCREENS.light);
  await live();
  const calls = [
    ["hello_greet", { name: "Ada" }],
    ["text_find", { text: "a=1 b=2 ".repeat(200), pattern: "\\w" }],
    ["time_now", { zone: "Europe/Berlin" }],
    ["calc_evaluate", { expression: "2^200" }],
    ["text_count", { text: "hello world ".repeat(500) }],
    ["hello_greet", {}],
  ];
  const end = Date.now() + 115_000;
  for (let at = 0; Date.now() < end; at += 1) {
    // One in forty has no arguments, and fails.
    const pick = Math.floor(Math.random() * 40);
    const [name, given] = calls[pick === 5 ? 5 : pick % 5];
    await page.evaluate(async ([name, json]) => {
      const server = await import("./page/server.js");
      const call = () => server.call({ name, repeated: [] }, json, { onprogress() {} }).catch(() => {});
      await Promise.all([call(), call(), call()]);
    }, [name, JSON.stringify(given)]);
    await page.waitForTimeout(50 + 200 * (1 + Math.sin(at / 12)));
  }
  for (const [name, screen] of Object.entries(SCREENS)) {
    const other = await tab(screen, name === "dark" ? `${base}#tools/text_find` : base);
    await other.live();
    await other.page.waitForTimeout(1_500);
    await other.page.screenshot({ path: join(folder, `page-${name}.png`) });
  }
}
