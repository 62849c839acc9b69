//! Measures the stored form: bytes an event, and time to mask, to seal and to open.
//! `cargo run --release -p annals-record --example measure`

use std::collections::HashMap;
use std::error::Error;
use std::hint::black_box;
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use annals_domain::Event;
use annals_domain::catalogue::Catalogue;
use annals_domain::masking::Masker;
use annals_record::{
    KeyId, Owner, PersonKey, Record, TenantKey, content_digest, open, owners, seal,
};

#[path = "train_dictionary/samples.rs"]
mod samples;

const EVENTS: usize = 5_000;
const ROUNDS: usize = 5;
/// Another one than the dictionaries were trained with.
const SEED: u64 = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let events = samples::events(SEED, EVENTS);
    let tenant_key = TenantKey::generate()?;
    let mut ring = HashMap::<KeyId, Arc<PersonKey>>::new();
    let mut ids = HashMap::<Owner<'_>, KeyId>::new();
    for owner in events.iter().flat_map(owners) {
        let id = tenant_key.pseudonym(&owner);
        ids.insert(owner, id);
        ring.insert(id, Arc::new(PersonKey::generate()?));
    }
    let keys = |owner: &Owner<'_>| {
        let id = ids.get(owner)?;
        Some((*id, Arc::clone(ring.get(id)?)))
    };
    let content = content_digest(b"as sent");
    let seal_one = |event: &Event| seal(event, "standard", &content, &keys);

    let records = events.iter().map(seal_one).collect::<Result<Vec<_>, _>>()?;
    let encoded: Vec<_> = records.iter().map(Record::encode).collect();
    let json = events
        .iter()
        .map(|event| serde_json::to_vec(event).map(|bytes| bytes.len()))
        .sum::<Result<usize, _>>()?;
    let header: usize = records.iter().map(|record| record.header.len()).sum();
    let groups: usize = records.iter().map(|record| record.groups.len()).sum();
    let ciphertext: usize =
        records.iter().flat_map(|record| &record.groups).map(|group| group.ciphertext.len()).sum();
    let stored: usize = encoded.iter().map(Vec::len).sum();
    let mean = |sum: usize| sum as f64 / EVENTS as f64;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "bytes an event: JSON {:.0}, header {:.0}, {:.2} groups with {:.0}, stored {:.0}",
        mean(json),
        mean(header),
        mean(groups),
        mean(ciphertext),
        mean(stored)
    )?;

    let (masker, catalogue) = (Masker::shipped(), Catalogue::shipped());
    let masking_key = tenant_key.masking_key();
    let pseudonym = |rule: &str, value: &str| masking_key.pseudonym(rule, value);
    for _ in 0..ROUNDS {
        let masking = time(events.clone(), |mut event| {
            black_box(masker.mask(&mut event, &catalogue, &pseudonym));
            true
        });
        let sealing = time(&events, |event| seal_one(event).map(black_box).is_ok());
        let encoding = time(&records, |record| !black_box(record.encode()).is_empty());
        let decoding = time(&encoded, |bytes| Record::decode(bytes).map(black_box).is_ok());
        let opening = time(&records, |record| {
            open(record, &|id| ring.get(id).cloned()).map(black_box).is_ok()
        });
        writeln!(
            out,
            "us an event: mask {masking:.2} + seal {sealing:.2} + encode {encoding:.2} = {:.2}, \
             decode {decoding:.2} + open {opening:.2} = {:.2}",
            masking + sealing + encoding,
            decoding + opening
        )?;
    }
    Ok(())
}

/// Microseconds an item.
fn time<I: IntoIterator>(items: I, mut work: impl FnMut(I::Item) -> bool) -> f64 {
    let (mut count, start) = (0, Instant::now());
    for item in items {
        assert!(work(item), "every item can be worked on");
        count += 1;
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(count.max(1))
}
