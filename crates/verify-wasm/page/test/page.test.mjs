// The page in a browser, as a person uses it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { audit, dropFile, open, start } from "./browser.mjs";
import { html } from "./page.mjs";
import { changed, sample } from "./sample.mjs";

const { proof, key, otherKey, text } = sample();
const PROVEN = /^\u2713 Proven/;
const REFUSED = /^\u2717 Refused/;
let world;
let right;
let wrong;

before(async () => {
  world = await start();
  right = world.write("event.tlog-proof", proof);
  wrong = world.write("changed.tlog-proof", changed(proof, proof.indexOf("extra ") + 12));
});
after(() => world.close());

const verdictOf = (page) => page.locator("#result .verdict").innerText();

for (const way of ["file", "http"]) {
  test(`over ${way}, a dropped proof is proven and a changed one is refused`, async () => {
    const { page, noted } = await open(world.browser, world.addresses[way]);
    await page.locator("#keys").fill(key);
    await dropFile(page, right, "#drop");
    assert.match(await verdictOf(page), PROVEN);
    assert.equal(await page.locator("#result pre").innerText(), text);
    assert.equal(await page.evaluate(() => document.getElementById("file").files[0].name), "event.tlog-proof");
    assert.equal(await page.locator("#result ul li").count(), 0);
    await dropFile(page, wrong, "h1");
    await page.getByText("File: changed.tlog-proof").waitFor();
    assert.match(await verdictOf(page), REFUSED);
    assert.equal(await page.locator("#result ul li").count(), 1);
    assert.deepEqual(noted, { requests: [world.addresses[way]], complaints: [] });
    await page.close();
  });
}

test("the server was asked for the page and for nothing else", () => {
  assert.deepEqual(world.asked.filter((path) => path !== "/verify.html"), []);
});

test("it is used by keyboard alone", async () => {
  const { page } = await open(world.browser, world.addresses.file);
  const focused = () => page.evaluate(() => document.activeElement.id);
  const choosing = page.waitForEvent("filechooser");
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "file");
  await page.keyboard.press("Enter");
  await (await choosing).setFiles(right);
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "keys");
  await page.keyboard.type(key);
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "check");
  await page.keyboard.press("Enter");
  assert.match(await verdictOf(page), PROVEN);
  await page.close();
});

test("a verdict goes when file or keys are changed", async () => {
  const { page } = await open(world.browser, world.addresses.file);
  await page.locator("#file").setInputFiles(right);
  await page.locator("#keys").fill(key);
  await page.locator("#check").click();
  assert.match(await verdictOf(page), PROVEN);
  await page.locator("#keys").fill(otherKey);
  assert.equal(await page.locator("#result").innerText(), "");
  await page.locator("#check").click();
  assert.match(await verdictOf(page), REFUSED);
  await page.close();
});

test("no file, no key and a file that is too long are refused", async () => {
  const { page } = await open(world.browser, world.addresses.file);
  const finding = async () => {
    await page.locator("#check").click();
    assert.match(await verdictOf(page), REFUSED);
    return page.locator("#result ul li").innerText();
  };
  assert.match(await finding(), /no file was chosen/);
  await page.locator("#file").setInputFiles(right);
  assert.match(await finding(), /no key was given/);
  await page.locator("#keys").fill(key);
  await page.locator("#file").setInputFiles(world.write("longest", Buffer.alloc(64 * 1024 * 1024)));
  assert.match(await finding(), /no evidence of a known kind/);
  await page.locator("#file").setInputFiles(world.write("longer", Buffer.alloc(64 * 1024 * 1024 + 1)));
  assert.match(await finding(), /at most 67108864 are read here/);
  await page.close();
});

test("a module that fails is told as a refusal", async () => {
  const { page } = await open(world.browser, world.addresses.file);
  await page.evaluate(() => {
    WebAssembly.instantiate = () => Promise.reject(new Error("planted"));
  });
  await page.locator("#file").setInputFiles(right);
  await page.locator("#keys").fill(key);
  await page.locator("#check").click();
  assert.match(await verdictOf(page), REFUSED);
  assert.match(await page.locator("#result ul li").innerText(), /could not be done: planted/);
  await page.close();
});

test("the browser lets the page reach no network and run no other script", async () => {
  const { page } = await open(world.browser, world.addresses.http);
  const before = world.asked.length;
  assert.equal(await page.evaluate(() => fetch("/other").then(() => "sent", () => "refused")), "refused");
  const image = () => new Promise((told) => {
    const made = new Image();
    made.onload = () => told("sent");
    made.onerror = () => told("refused");
    made.src = "/image";
  });
  assert.equal(await page.evaluate(image), "refused");
  await page.evaluate(() => {
    const script = document.createElement("script");
    try {
      script.textContent = "document.title = 'ran'";
      document.body.append(script);
    } catch { /* refused even earlier, as it is no trusted type */ }
  });
  assert.equal(await page.title(), "Verify evidence of an audit log");
  assert.equal(world.asked.length, before);
  await page.close();
});

test("a page whose module was exchanged does not run", async () => {
  const other = html.replace(/(const WASM = "A)[^"]/, "$1B");
  assert.notEqual(other, html);
  const address = pathToFileURL(world.write("other.html", other)).href;
  const { page, noted } = await open(world.browser, address);
  assert.match(noted.complaints.join("\n"), /Content Security Policy/);
  await page.locator("#file").setInputFiles(right);
  assert.equal(await page.locator("#file-name").innerText(), "");
  await page.close();
});

for (const colorScheme of ["light", "dark"]) {
  test(`an audit of accessibility finds nothing, ${colorScheme}`, async () => {
    // Only the auditor's script needs to pass the policy.
    const options = { bypassCSP: true, colorScheme, viewport: { width: 900, height: 1000 } };
    const { page } = await open(world.browser, world.addresses.file, options);
    await page.locator("#file").setInputFiles(colorScheme === "light" ? right : wrong);
    await page.locator("#keys").fill(key);
    await page.locator("#check").click();
    await verdictOf(page);
    assert.deepEqual(await audit(page), []);
    if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/${colorScheme}.png` });
    await page.close();
  });
}
