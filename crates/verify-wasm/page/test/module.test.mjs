// The module on its own: what it offers to its host, and that no call of the host harms it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./module.mjs";
import { module } from "./page.mjs";
import { changed, sample } from "./sample.mjs";

const BUFFER_LEN_MAX = 64 * 1024 * 1024;
const BUFFERS_MAX = 6;
const { proof, key, otherKey, text } = sample();

test("the module imports nothing and exports three functions and its memory", () => {
  const compiled = new WebAssembly.Module(module);
  assert.deepEqual(WebAssembly.Module.imports(compiled), []);
  const functions = WebAssembly.Module.exports(compiled).filter(({ kind }) => kind === "function");
  assert.deepEqual(functions.map(({ name }) => name).sort(), ["allocate", "release", "verify"]);
});

test("a proof that others made is proven", () => {
  const report = load().verify(proof, key);
  assert.equal(report.verdict, "proven", report.findings[0]);
  assert.equal(report.proven, text);
});

test("a proof is refused when any bit of it is changed", () => {
  const { verify } = load();
  for (let place = 0; place < proof.length; place += 1) {
    for (let bit = 1; bit < 256; bit *= 2) {
      assert.equal(verify(changed(proof, place, bit), key).verdict, "refused", `byte ${place}`);
    }
  }
});

test("a proof is refused with the key of somebody else", () => {
  assert.equal(load().verify(proof, otherKey).verdict, "refused");
  assert.equal(load().verify(proof, "").verdict, "refused");
});

test("addresses that are no buffer's get no answer", () => {
  const { exports, put } = load();
  const [at, keysAt] = [put(proof), put(Buffer.from(key))];
  for (const [one, length] of [[0, 0], [at + 1, proof.length], [at, proof.length + 1], [-1, -1]]) {
    assert.equal(exports.verify(one, length, keysAt, key.length), 0);
    exports.release(one, length);
  }
  assert.notEqual(exports.verify(at, proof.length, keysAt, key.length), 0);
  exports.release(at, proof.length);
  assert.equal(exports.verify(at, proof.length, keysAt, key.length), 0);
});

test("buffers are bounded in length and number", () => {
  const { exports } = load();
  const longest = exports.allocate(BUFFER_LEN_MAX);
  assert.notEqual(longest, 0);
  assert.equal(exports.allocate(BUFFER_LEN_MAX + 1), 0);
  assert.equal(exports.allocate(-1), 0);
  for (let count = 1; count < BUFFERS_MAX; count += 1) assert.notEqual(exports.allocate(1), 0);
  assert.equal(exports.allocate(1), 0);
  exports.release(longest, BUFFER_LEN_MAX);
  assert.notEqual(exports.allocate(1), 0);
});

test("the longest file is read and answered", () => {
  assert.equal(load().verify(Buffer.alloc(BUFFER_LEN_MAX), key).verdict, "refused");
});
