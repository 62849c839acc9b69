//! Verifies a bundle: `cargo run --example verify_bundle -- BUNDLE.zip [KEYS]`. The file of keys has one
//! a line. Ends with 2 when anything is wrong.

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::io::{BufReader, Write, stdout};
use std::process::ExitCode;

use annals_evidence::{Trust, verify};
use annals_tlog::VerifyingKey;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (bundle, trust) = match arguments.as_slice() {
        [bundle] => (bundle, Trust::keys_in_bundle()),
        [bundle, keys] => {
            let keys = fs::read_to_string(keys)?;
            let keys: Result<_, _> = keys.lines().map(VerifyingKey::parse).collect();
            (bundle, Trust::keys(keys?))
        }
        _ => return Err("usage: verify_bundle BUNDLE.zip [KEYS]".into()),
    };
    let report = verify(BufReader::new(File::open(bundle)?), &trust)?;
    write!(stdout(), "{report}")?;
    Ok(ExitCode::from(if report.is_right() { 0 } else { 2 }))
}
