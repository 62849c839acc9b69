//! A small log with two shards, for the examples and the tests: fixed keys, no clock, no randomness.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{Seek, Write};

use annals_evidence::names::{bundle_key_name, heads_key_name, shard_origin};
use annals_evidence::{
    BundleWriter, EventEvidence, HeadEvidence, HeadsCommitment, Opening, SALT_LEN, ShownPart,
    Summary, policy_of_keys,
};
use annals_tlog::stream_heads::{HeadRow, StreamHeads};
use annals_tlog::{
    Algorithm, Checkpoint, Entry, Hash, Note, ProofFile, SigningKey, inclusion_proof_in_memory,
    root_of,
};
use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

pub(crate) const ORIGIN: &str = "audit.example/demonstration";
pub(crate) const DAY: &str = "2027-01-31";
const SHARDS: [&str; 2] = ["2026", "2027"];
const STREAMS: [&str; 4] = [
    "person-acme.aaaaaaaaaaaaaaaa",
    "person-acme.bbbbbbbbbbbbbbbb",
    "service-acme.cccccccccccccccc",
    "system-acme",
];

/// A record as the log holds it.
#[derive(Clone)]
pub(crate) struct DemoRecord {
    pub(crate) stream: String,
    pub(crate) revision: u64,
    pub(crate) header: Vec<u8>,
    pub(crate) parts: Vec<ShownPart>,
    shard: usize,
    index: u64,
}

/// The log, with all that a bundle needs of it.
#[derive(Clone)]
pub(crate) struct DemoLog {
    pub(crate) records: Vec<DemoRecord>,
    entries: [Vec<Entry>; 2],
}

/// The key of this name; its seed is the digest of the name.
pub(crate) fn key(name: &str) -> Outcome<SigningKey> {
    Ok(SigningKey::from_seed(name, Algorithm::Note, &digest(name.as_bytes()))?)
}

/// All keys of the log.
pub(crate) fn keys() -> Outcome<Vec<SigningKey>> {
    let shards = SHARDS.iter().map(|shard| shard_origin(ORIGIN, shard));
    shards.chain([heads_key_name(ORIGIN), bundle_key_name(ORIGIN)]).map(|name| key(&name)).collect()
}

pub(crate) fn opening() -> Outcome<Opening> {
    let keys: Vec<_> = keys()?.iter().map(|key| key.verifying_key().clone()).collect();
    let scope = serde_json::json!({"interval": ["2026-12-01", DAY], "tenant": "acme"});
    Ok(Opening { origin: ORIGIN.to_owned(), scope, policy: policy_of_keys(&keys)? })
}

impl DemoLog {
    /// A log of so many records, the first two thirds of them in the first shard.
    pub(crate) fn of(count: u64) -> Self {
        let mut log = Self { records: Vec::new(), entries: [Vec::new(), Vec::new()] };
        let mut revisions: BTreeMap<&str, u64> = BTreeMap::new();
        // The second shard begins with a link to the first, which is no record.
        log.entries[1].push(Entry::of_header(b"annals shard link v1"));
        for number in 0..count {
            let digest = digest(&number.to_be_bytes());
            let stream = STREAMS[usize::from(digest[0]) % STREAMS.len()];
            let revision = revisions.entry(stream).or_default();
            let shard = usize::from(3 * number >= 2 * count);
            let parts = parts_of(number);
            let header = header_of(number, stream, &parts).into_bytes();
            let index = u64::try_from(log.entries[shard].len()).unwrap_or(u64::MAX);
            log.entries[shard].push(Entry::of_header(&header));
            let stream = stream.to_owned();
            log.records.push(DemoRecord {
                stream,
                revision: *revision,
                header,
                parts,
                shard,
                index,
            });
            *revision += 1;
        }
        log
    }

    /// The evidence for a record, with the parts of these names.
    pub(crate) fn event(&self, record: &DemoRecord, shown: &[&str]) -> Outcome<EventEvidence> {
        let name = SHARDS[record.shard];
        let leaves = self.leaves(record.shard);
        let checkpoint = Checkpoint {
            origin: shard_origin(ORIGIN, name),
            size: u64::try_from(leaves.len())?,
            root: root_of(&leaves),
        };
        let proof = inclusion_proof_in_memory(record.index, &leaves).ok_or("no such entry")?;
        let is_shown = |part: &&ShownPart| shown.contains(&part.name.as_str());
        Ok(EventEvidence {
            shard: name.to_owned(),
            revision: record.revision,
            header: record.header.clone(),
            parts: record.parts.iter().filter(is_shown).cloned().collect(),
            proof: ProofFile {
                extra: None,
                index: record.index,
                proof,
                checkpoint: checkpoint.sign(&[&key(&checkpoint.origin)?])?.note,
            },
        })
    }

    /// The evidence for where each stream ended when the log had its first `count` records.
    pub(crate) fn heads_after(&self, count: usize) -> Outcome<Vec<HeadEvidence>> {
        let mut rows: BTreeMap<&str, HeadRow> = BTreeMap::new();
        for record in &self.records[..count] {
            let (stream, last_revision) = (record.stream.clone(), record.revision);
            let row = HeadRow { stream, last_revision, entry: Entry::of_header(&record.header) };
            rows.insert(&record.stream, row);
        }
        let last = self.records[..count].last().ok_or("no records")?;
        let heads = StreamHeads::from_rows(rows.values().cloned())?;
        let commitment = HeadsCommitment {
            origin: ORIGIN.to_owned(),
            day: DAY.to_owned(),
            streams: heads.head().size,
            root: heads.head().root,
            shard: SHARDS[last.shard].to_owned(),
            size: last.index + 1,
        };
        let note = sign(&heads_key_name(ORIGIN), commitment.to_string())?;
        let head = |(index, row): (u64, &HeadRow)| {
            let proof = heads.proof(index).ok_or("no such head")?.hashes;
            let proof = ProofFile { extra: None, index, proof, checkpoint: note.clone() };
            Ok(HeadEvidence { row: row.clone(), proof })
        };
        (0..).zip(rows.values()).map(head).collect()
    }

    /// Writes a bundle of all records and the ends of all streams; of every third record all parts are
    /// shown, of the others the description alone.
    pub(crate) fn write<W: Write + Seek>(&self, out: W) -> Outcome<Summary> {
        let mut bundle = BundleWriter::begin(out, opening()?)?;
        for (number, record) in self.records.iter().enumerate() {
            bundle.event(&self.event(record, shown_of(number))?)?;
        }
        for head in self.heads_after(self.records.len())? {
            bundle.head(&head)?;
        }
        Ok(bundle.finish(&key(&bundle_key_name(ORIGIN))?)?)
    }

    fn leaves(&self, shard: usize) -> Vec<Hash> {
        self.entries[shard].iter().map(Entry::leaf_hash).collect()
    }
}

/// A note of this text, signed by the key of this name.
pub(crate) fn sign(name: &str, text: String) -> Outcome<Note> {
    let signature = key(name)?.sign(&text).ok_or("not a key for notes")?;
    Ok(Note::new(text, vec![signature])?)
}

/// Which parts of the n-th record the demonstration shows.
pub(crate) fn shown_of(number: usize) -> &'static [&'static str] {
    if number.is_multiple_of(3) {
        &["actor", "description", "on_behalf_of.10", "on_behalf_of.2"]
    } else {
        &["description"]
    }
}

fn parts_of(number: u64) -> Vec<ShownPart> {
    let name = |part: &str| format!("{part} {number}");
    let mut parts = vec![
        ("actor", format!(r#"{{"type":"user","id":"u-{number}","name":"Zoë \"Z\" Ünal"}}"#)),
        ("client", r#"{"ip":"192.0.2.7"}"#.to_owned()),
        ("description", format!("\"record number {number} of the demonstration\"")),
    ];
    if number.is_multiple_of(6) {
        parts.push(("on_behalf_of.10", r#"{"type":"service","id":"ten"}"#.to_owned()));
        parts.push(("on_behalf_of.2", r#"{"type":"service","id":"two"}"#.to_owned()));
    }
    let part = |(part, json): (&str, String)| {
        let mut salt = [0; SALT_LEN];
        salt.copy_from_slice(&digest(name(part).as_bytes())[..SALT_LEN]);
        ShownPart { name: part.to_owned(), salt, json }
    };
    parts.into_iter().map(part).collect()
}

/// A header in its canonical form; the parts are in the order of their names.
fn header_of(number: u64, stream: &str, parts: &[ShownPart]) -> String {
    let digests = parts.iter().map(|part| {
        let salted = [part.salt.as_slice(), part.name.as_bytes(), part.json.as_bytes()].concat();
        format!("\"{}\":\"{}\"", part.name, BASE64URL_NOPAD.encode(&digest(&salted)))
    });
    let digests = digests.collect::<Vec<_>>().join(",");
    let nonce = BASE64URL_NOPAD.encode(&digest(format!("nonce {number}").as_bytes()));
    format!(
        r#"{{"id":"0194c9e8-0000-7000-8000-{number:012x}","nonce":"{nonce}","occurred_at":"2026-12-24T10:00:00+01:00","operation":"update","outcome":"success","parts":{{{digests}}},"recorded_at":"2026-12-24T09:00:00.000Z","retention":"standard","schema_version":1,"severity":"info","source":"https://app.example","stream":"{stream}","tenant":"acme","type":"user.password.changed","v":1}}"#
    )
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
