//! The verifier of evidence as a WebAssembly module: what the page `verify.html` runs in a browser,
//! without a server and without a network.
//!
//! The module imports nothing, so it can read no clock, no file and no randomness: it is a function
//! from bytes to a report. Its host writes bytes into buffers of the module's memory and gets back JSON:
//!
//! | export | does |
//! |---|---|
//! | `allocate(length)` | makes a buffer; 0 when there is none of that length |
//! | `verify(evidence, length, keys, length)` | checks what two buffers hold; the report, as a buffer of 4 bytes for its length (little-endian) and the JSON |
//! | `release(buffer, length)` | gives a buffer back |
//!
//! `page/` has the page, and `cargo xtask verify-page` puts both into one file.

#![warn(missing_docs)]

mod evidence;
mod exports;
mod memory;
mod report;

#[cfg(test)]
#[path = "../../evidence/examples/demo/log.rs"]
mod demo;
