// The demonstration bundle with its keys: `cargo xtask verify-page --test` makes both.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const built = (name) => fileURLToPath(new URL(`../../../../target/${name}`, import.meta.url));
const read = (variable, name) => readFileSync(process.env[variable] ?? built(name));

export const ORIGIN = "audit.example/demonstration";
export const STREAMS = 4;
export const bundle = read("DEMONSTRATION_BUNDLE", "demonstration.zip");
/** All keys, one a line. */
export const keys = read("DEMONSTRATION_KEYS", "demonstration.keys").toString();

const vkeys = keys.trim().split("\n");
const named = (name) => vkeys.find((key) => key.startsWith(`${ORIGIN}/${name}+`));

/** What the log would publish under `/tlog/log.json`. */
export const logJson = JSON.stringify({
  origin: ORIGIN,
  shards: ["2026", "2027"].map((path) => ({ path, vkey: named(path), size: 20 })),
  heads: { vkey: named("heads"), newest: "2027-01-31" },
  evidence: { vkey: named("evidence") },
}, null, 2);

/** All keys but the one of this name. */
export const keysWithout = (name) => vkeys.filter((key) => key !== named(name)).join("\n");
