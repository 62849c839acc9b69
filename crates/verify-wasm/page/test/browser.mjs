// A browser without a network of its own, and the page in it.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { chromium } from "playwright-core";

import { html } from "./page.mjs";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** A directory for files, a server of the page and a browser; `close` ends them all. */
export async function start() {
  const directory = mkdtempSync(join(tmpdir(), "annals-page-"));
  const write = (name, content) => {
    const path = join(directory, name);
    writeFileSync(path, content);
    return path;
  };
  const file = write("verify.html", html);
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(200, { "content-type": "text/html" }).end(html);
  });
  await new Promise((listens) => server.listen(0, "127.0.0.1", listens));
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
  const close = async () => {
    await browser.close();
    server.close();
    rmSync(directory, { recursive: true });
  };
  const addresses = {
    file: pathToFileURL(file).href,
    http: `http://127.0.0.1:${server.address().port}/verify.html`,
  };
  return { asked, addresses, browser, close, write };
}

/** Opens the page, and notes what it asks for and what the browser complains of. */
export async function open(browser, address, options = {}) {
  const page = await browser.newPage(options);
  const noted = { requests: [], complaints: [] };
  page.on("request", (request) => noted.requests.push(request.url()));
  page.on("console", (message) => noted.complaints.push(message.text()));
  page.on("pageerror", (error) => noted.complaints.push(error.message));
  await page.goto(address);
  return { page, noted };
}

/** Drops a file as the operating system does. */
export async function dropFile(page, path, selector) {
  const { x, y, width, height } = await page.locator(selector).boundingBox();
  const at = { x: x + width / 2, y: y + height / 2 };
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  const session = await page.context().newCDPSession(page);
  for (const type of ["dragEnter", "dragOver", "drop"]) {
    await session.send("Input.dispatchDragEvent", { type, ...at, data });
  }
}

/** What an audit of accessibility finds on a page that was opened with `bypassCSP` for its script. */
export async function audit(page) {
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve("axe-core"), "utf8"));
  const { violations } = await page.evaluate(() => axe.run());
  return violations.map(({ id, help }) => `${id}: ${help}`);
}
