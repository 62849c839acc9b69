//! Writes a demonstration bundle, and beside it the keys to check it with:
//! `cargo run --example make_bundle -- BUNDLE.zip KEYS [RECORDS]`.

use std::env;
use std::fs::{self, File};
use std::io::{BufWriter, Write, stdout};

#[path = "demo/log.rs"]
mod demo;

fn main() -> demo::Outcome<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (bundle, keys, records) = match arguments.as_slice() {
        [bundle, keys] => (bundle, keys, 30),
        [bundle, keys, records] => (bundle, keys, records.parse()?),
        _ => return Err("usage: make_bundle BUNDLE.zip KEYS [RECORDS]".into()),
    };
    let summary = demo::DemoLog::of(records).write(BufWriter::new(File::create(bundle)?))?;
    let lines = demo::keys()?.iter().map(|key| format!("{}\n", key.verifying_key())).collect();
    fs::write::<_, String>(keys, lines)?;
    writeln!(stdout(), "{} events, {} bytes", summary.counts.events, summary.bytes)?;
    Ok(())
}
