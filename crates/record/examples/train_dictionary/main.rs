//! Trains the dictionaries of the stored form:
//! `cargo run -p annals-record --example train_dictionary -- DIRECTORY`
//!
//! A dictionary that was shipped never changes: records cannot be read without it. To ship better
//! ones, train them under the next number and keep the old ones beside them.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use annals_record::{KeyId, PersonKey, TenantKey, content_digest, seal, training};

#[path = "samples.rs"] // so that it finds its words here as well as from the tests
mod samples;

/// How many events to learn from.
const EVENTS: usize = 12_000;
/// Any number; another one gives other events.
const SEED: u64 = 20_260_101;
const HEADERS_LEN_MAX: usize = 8 * 1024;
const PARTS_LEN_MAX: usize = 32 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let directory = PathBuf::from(std::env::args().nth(1).ok_or("name the directory to write to")?);
    let tenant_key = TenantKey::generate()?;
    let mut headers = Vec::new();
    let mut parts = Vec::new();
    for event in samples::events(SEED, EVENTS) {
        let keys = |owner: &annals_record::Owner<'_>| -> Option<(KeyId, Arc<PersonKey>)> {
            Some((tenant_key.pseudonym(owner), Arc::new(PersonKey::generate().ok()?)))
        };
        let record = seal(&event, "standard", &content_digest(b""), &keys)?;
        headers.push(training::header_text(&record));
        parts.extend(training::group_texts(&event)?);
    }
    let write = |name: &str, samples: &[Vec<u8>], len_max: usize| -> Result<(), Box<dyn Error>> {
        let dictionary = zstd::dict::from_samples(samples, len_max)?;
        Ok(std::fs::write(directory.join(name), dictionary)?)
    };
    write("headers-1.zdict", &headers, HEADERS_LEN_MAX)?;
    write("parts-1.zdict", &parts, PARTS_LEN_MAX)
}
