// The built page, and the module in it. `cargo xtask verify-page` builds it.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const PAGE = process.env.VERIFY_PAGE
  ?? fileURLToPath(new URL("../../../../target/verify.html", import.meta.url));
export const html = readFileSync(PAGE, "utf8");
export const module = Buffer.from(/const WASM = "([^"]+)"/.exec(html)[1], "base64");
