// The module as its host uses it.

import { module } from "./page.mjs";

/** A new instance; `put` makes a buffer of bytes, `verify` checks evidence against keys. */
export function load() {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module));
  const put = (bytes) => {
    const at = exports.allocate(bytes.length);
    new Uint8Array(exports.memory.buffer, at, bytes.length).set(bytes);
    return at;
  };
  const verify = (evidence, keys) => {
    const [one, two] = [Buffer.from(evidence), Buffer.from(keys)];
    const [at, keysAt] = [put(one), put(two)];
    const answer = exports.verify(at, one.length, keysAt, two.length);
    const length = new DataView(exports.memory.buffer).getUint32(answer, true);
    const json = Buffer.from(exports.memory.buffer, answer + 4, length).toString();
    exports.release(answer, 4 + length);
    exports.release(at, one.length);
    exports.release(keysAt, two.length);
    return JSON.parse(json);
  };
  return { exports, put, verify };
}
