// Bundles in the module and in the page: proven with keys from outside, and with them alone.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { audit, open, start } from "./browser.mjs";
import { ORIGIN, STREAMS, bundle, keys, keysWithout, logJson } from "./bundle.mjs";
import { load } from "./module.mjs";
import { changed } from "./sample.mjs";

/** The place of a shown text of an event. */
const PLACE = bundle.indexOf("record number 7 of");
let world;
let right;
let wrong;

before(async () => {
  world = await start();
  right = world.write("march.zip", bundle);
  wrong = world.write("changed.zip", changed(bundle, PLACE));
});
after(() => world.close());

/** The page after a check, and its verdict. */
async function checked(file, trusted, options = {}) {
  const { page, noted } = await open(world.browser, world.addresses.file, options);
  await page.locator("#file").setInputFiles(file);
  await page.locator("#keys").fill(trusted);
  await page.locator("#check").click();
  const verdict = await page.locator("#result .verdict").innerText();
  assert.deepEqual(noted.complaints, []);
  return { page, verdict, text: await page.locator("#result").innerText() };
}

test("the module refuses a bundle when any of its bytes is changed", () => {
  const { verify } = load();
  assert.equal(verify(bundle, keys).verdict, "proven");
  for (let place = 0; place < bundle.length; place += 61) {
    assert.equal(verify(changed(bundle, place), keys).verdict, "refused", `byte ${place}`);
    assert.equal(verify(changed(bundle, place), "").verdict, "refused", `byte ${place}`);
  }
});

for (const [form, trusted] of [["one a line", keys], ["as log.json", logJson]]) {
  test(`a bundle is proven with keys from outside, ${form}`, async () => {
    const { page, verdict, text } = await checked(right, trusted);
    assert.match(verdict, /^\u2713 Proven/);
    assert.match(text, /checked with the keys that you gave/);
    for (const told of [ORIGIN, "\"tenant\":\"acme\"", "shard `2026`: 20 entries, root ", "shard `2027`: "]) {
      assert.ok(text.includes(told), told);
    }
    const count = (label) => page.locator(`dt:text-is("${label}") + dd`).innerText();
    assert.equal(await count("Events"), "30");
    assert.equal(await count("Parts of events that are shown"), "50");
    assert.equal(await count("Parts of events that are withheld"), "50");
    const complete = page.locator("li", { hasText: /; complete from revision 0 to \d+ through 2027-01-31$/ });
    assert.equal(await complete.count(), STREAMS);
    await page.close();
  });
}

test("a bundle without keys from outside is not called proven, and the reason is told", async () => {
  const { page, verdict, text } = await checked(right, "");
  assert.match(verdict, /^\? Not proven/);
  assert.match(text, /The keys came with the bundle and not from outside/);
  assert.equal(await page.locator(".proven, .refused").count(), 0);
  await page.close();
});

test("a bundle with one byte changed is refused, with keys from outside and without", async () => {
  for (const trusted of [keys, logJson, ""]) {
    const { page, verdict, text } = await checked(wrong, trusted);
    assert.match(verdict, /^\u2717 Refused/);
    assert.match(text, /Findings\n/);
    assert.ok(!/What it says|Shards of the log|Streams/.test(text), text);
    await page.close();
  }
});

test("a key that is missing or not to be used is named", async () => {
  const missing = await checked(right, keysWithout("heads"));
  assert.match(missing.verdict, /^\u2717 Refused/);
  assert.ok(missing.text.includes(`${ORIGIN}/heads`), missing.text);
  const torn = await checked(right, logJson.slice(0, -1));
  assert.match(torn.verdict, /^\u2717 Refused/);
  assert.match(torn.text, /no whole `log\.json`/);
  await missing.page.close();
  await torn.page.close();
});

for (const colorScheme of ["light", "dark"]) {
  for (const [name, trusted] of [["with", logJson], ["without", ""]]) {
    test(`an audit of accessibility finds nothing in a bundle ${name} keys, ${colorScheme}`, async () => {
      const options = { bypassCSP: true, colorScheme, viewport: { width: 900, height: 1200 } };
      const { page } = await checked(right, trusted, options);
      assert.deepEqual(await audit(page), []);
      const path = `${process.env.PICTURES}/bundle-${name}-${colorScheme}.png`;
      if (process.env.PICTURES) await page.screenshot({ path, fullPage: true });
      await page.close();
    });
  }
}
