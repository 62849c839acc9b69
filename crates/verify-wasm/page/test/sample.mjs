// A log of a few events and a proof of one, made with nothing of ours: hashes and signatures are
// Node's. Formats: RFC 6962 and C2SP signed-note, tlog-checkpoint, tlog-proof.

import { createHash, generateKeyPairSync, sign } from "node:crypto";

const ORIGIN = "audit.example/log";
const SIZE = 11;
const INDEX = 6;

const sha256 = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();
const base64 = (bytes) => bytes.toString("base64");
const node = (left, right) => sha256(Buffer.of(1), left, right);

function split(count) {
  let half = 1;
  while (half * 2 < count) half *= 2;
  return half;
}

function rootOf(leaves) {
  if (leaves.length === 1) return leaves[0];
  const half = split(leaves.length);
  return node(rootOf(leaves.slice(0, half)), rootOf(leaves.slice(half)));
}

function pathOf(index, leaves) {
  if (leaves.length === 1) return [];
  const half = split(leaves.length);
  const [left, right] = [leaves.slice(0, half), leaves.slice(half)];
  return index < half
    ? [...pathOf(index, left), rootOf(right)]
    : [...pathOf(index - half, right), rootOf(left)];
}

/** A key pair, its key id, and its text form `name+id+base64`. */
function newKey() {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const bytes = Buffer.concat([Buffer.of(1), publicKey.export({ format: "der", type: "spki" }).subarray(-32)]);
  const id = sha256(Buffer.from(`${ORIGIN}\n`), bytes).subarray(0, 4);
  return { privateKey, id, text: `${ORIGIN}+${id.toString("hex")}+${base64(bytes)}` };
}

/** A proof of one event, its key, and a key that signed nothing of it. */
export function sample(text = `{"event":"${INDEX}","who":"\u00e9 <b>&amp;</b>"}`) {
  const header = (index) => Buffer.from(index === INDEX ? text : `{"event":"${index}"}`);
  const entry = (index) => Buffer.concat([Buffer.of(1), sha256(header(index))]);
  const leaves = Array.from({ length: SIZE }, (_, index) => sha256(Buffer.of(0), entry(index)));
  const checkpoint = `${ORIGIN}\n${SIZE}\n${base64(rootOf(leaves))}\n`;
  const key = newKey();
  const signature = base64(Buffer.concat([key.id, sign(null, Buffer.from(checkpoint), key.privateKey)]));
  const proof = ["c2sp.org/tlog-proof@v1", `extra ${base64(header(INDEX))}`, `index ${INDEX}`,
    ...pathOf(INDEX, leaves).map(base64), "", `${checkpoint}\n\u2014 ${ORIGIN} ${signature}\n`].join("\n");
  return { proof: Buffer.from(proof), key: key.text, otherKey: newKey().text, text };
}

/** The same bytes but for one bit. */
export function changed(bytes, place, bit = 1) {
  if (!(place >= 0 && place < bytes.length)) throw new RangeError(`no byte ${place} to change`);
  const copy = Buffer.from(bytes);
  copy[place] ^= bit;
  return copy;
}
