//! Writing a bundle: events first, then the ends of streams, then everything else.
//!
//! Each event and head is checked as the verifier checks it, with the keys that go into the bundle, so
//! that no bundle is written that would be refused.

use std::io::{self, Seek, Write};

use annals_tlog::{Note, Policy, SigningKey};
use data_encoding::HEXLOWER;
use serde::Serialize;
use serde_json::Value;

use crate::canonical::to_canonical;
use crate::checkpoints::{Checkpoints, ShardCheckpoint};
use crate::event::{EventEvidence, EventLine};
use crate::head::{HeadEvidence, LastCommitment};
use crate::limits::{LINE_LEN_MAX, SCOPE_LEN_MAX, SMALL_FILE_LEN_MAX};
use crate::manifest::{
    FORMAT, FileRow, Manifest, ManifestCounts, ShardRow, check_signature, signed_text,
};
use crate::names::{
    CHECKPOINTS_PREFIX, EVENTS_FILE, HEADS_FILE, MANIFEST_FILE, POLICY_FILE, SIGNATURE_FILE,
    VERIFY_FILE, is_origin,
};
use crate::problem::Problem;
use crate::report::{Counts, Finding};
use crate::streams::Streams;
use crate::trust::Keys;
use crate::zip::ZipWriter;

/// The content of `VERIFY.txt`, the same in every bundle of this version.
pub const VERIFY_TEXT: &str = include_str!("VERIFY.txt");

/// What a bundle begins with.
#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    /// The origin of the log, without a shard.
    pub origin: String,
    /// What the bundle is about: tenant, filter, interval or person's stream. Any JSON without
    /// fractions, at most [`SCOPE_LEN_MAX`] bytes; no clock is read for it.
    pub scope: Value,
    /// The keys of the shards, of the commitments to heads and of the bundle, and the witnesses.
    pub policy: Policy,
}

/// Writes a bundle. One that is not finished is no bundle.
pub struct BundleWriter<W> {
    zip: ZipWriter<W>,
    opening: Opening,
    keys: Keys,
    checkpoints: Checkpoints,
    streams: Streams,
    last_commitment: LastCommitment,
    heads: u64,
    files: Vec<FileRow>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Events and parts.
    pub counts: Counts,
    /// Streams whose end is proved.
    pub heads: u64,
    /// Length of the archive, bytes.
    pub bytes: u64,
    /// SHA-256 of the manifest, in hexadecimal; with the key of bundles it names the whole content.
    pub manifest_sha256: String,
}

/// Why a bundle was not written. What was written so far is of no use then.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The archive cannot be written, or became too large.
    #[error("cannot write the bundle")]
    Io(#[from] io::Error),
    /// No verifier would accept it.
    #[error("the bundle would not be right: {0}")]
    Refused(Box<Finding>),
    /// The scope is longer than [`SCOPE_LEN_MAX`].
    #[error(
        "the scope has {length} bytes of canonical JSON; a bundle holds at most {SCOPE_LEN_MAX}"
    )]
    ScopeTooLong {
        /// How long it is.
        length: usize,
    },
    /// An event came after the first head.
    #[error("all events must be given to the bundle before the first head")]
    EventAfterHead,
    /// The key signs checkpoints of other logs, but no notes.
    #[error("the key `{0}` is a witness's; a bundle is signed with an Ed25519 note key")]
    WitnessKey(String),
}

impl<W: Write + Seek> BundleWriter<W> {
    /// Begins a bundle where `out` stands.
    ///
    /// # Errors
    /// When origin, scope or policy cannot be in a bundle, or nothing can be written.
    pub fn begin(out: W, opening: Opening) -> Result<Self, WriteError> {
        if !is_origin(&opening.origin) {
            return Err(refused(MANIFEST_FILE)(Problem::Name("log")));
        }
        let length = to_canonical(&opening.scope).map_err(refused(MANIFEST_FILE))?.len();
        if length > SCOPE_LEN_MAX {
            return Err(WriteError::ScopeTooLong { length });
        }
        let mut zip = ZipWriter::new(out)?;
        zip.begin_file(EVENTS_FILE)?;
        Ok(Self {
            zip,
            keys: Keys::of_policy(opening.policy.clone()),
            opening,
            checkpoints: Checkpoints::new(),
            streams: Streams::default(),
            last_commitment: LastCommitment::default(),
            heads: 0,
            files: Vec::new(),
        })
    }

    /// Adds an event. Events come in the order of their shards' names and their indexes.
    ///
    /// # Errors
    /// When it would be refused by a verifier, comes too late, or cannot be written.
    pub fn event(&mut self, event: &EventEvidence) -> Result<(), WriteError> {
        if !self.files.is_empty() {
            return Err(WriteError::EventAfterHead);
        }
        let number = self.streams.counts().events + 1;
        let refuse = |problem| Box::new(Finding::of_line(EVENTS_FILE, number, problem));
        let line = event.to_line().map_err(refuse).map_err(WriteError::Refused)?;
        let checked = self.check_event(event, &line).map_err(|problem| {
            let event = line.check_names().is_ok().then(|| line.place());
            WriteError::Refused(Box::new(Finding { event, ..*refuse(problem) }))
        });
        checked?;
        self.write_line(EVENTS_FILE, number, &line)
    }

    fn check_event(&mut self, event: &EventEvidence, line: &EventLine) -> Result<(), Problem> {
        line.check_names()?;
        if !self.checkpoints.contains_key(&event.shard) {
            let note = event.proof.checkpoint.clone();
            let origin = &self.opening.origin;
            let shard = ShardCheckpoint::check(origin, &event.shard, note, &self.keys)?;
            self.checkpoints.insert(event.shard.clone(), shard);
        }
        self.streams.add(&line.check(&self.checkpoints)?)
    }

    /// Claims that no event of a stream is left out, from the first one given to where the stream
    /// ended. Heads come in the order of their streams' names, after all events.
    ///
    /// # Errors
    /// When it would be refused by a verifier, or cannot be written.
    pub fn head(&mut self, head: &HeadEvidence) -> Result<(), WriteError> {
        self.end_events()?;
        self.heads += 1;
        let line = head.to_line();
        let refuse = |problem| {
            let finding = Finding::of_line(HEADS_FILE, self.heads, problem);
            WriteError::Refused(Box::new(finding))
        };
        line.check_names().map_err(refuse)?;
        let checked = line.check(&self.opening.origin, &self.keys, &mut self.last_commitment);
        let claimed = checked.and_then(|checked| self.streams.claim(checked));
        claimed.map_err(|problem| {
            let stream = Some(line.stream.clone());
            let finding = Finding::of_line(HEADS_FILE, self.heads, problem);
            WriteError::Refused(Box::new(Finding { stream, ..finding }))
        })?;
        self.write_line(HEADS_FILE, self.heads, &line)
    }

    /// Writes the rest and signs the bundle with the key `<origin>/evidence`.
    ///
    /// # Errors
    /// When a stream is not as complete as was claimed, the key is another one than the policy knows,
    /// or nothing can be written.
    pub fn finish(self, key: &SigningKey) -> Result<Summary, WriteError> {
        self.finish_into(key).map(|(summary, _)| summary)
    }

    /// As [`BundleWriter::finish`]; gives back what was written to, which may need an end of its own.
    ///
    /// # Errors
    /// As there.
    pub fn finish_into(mut self, key: &SigningKey) -> Result<(Summary, W), WriteError> {
        self.end_events()?;
        self.end_file(HEADS_FILE)?;
        if let Some(finding) = self.streams.verdicts().1.into_iter().next() {
            return Err(WriteError::Refused(Box::new(finding)));
        }
        let text = |(shard, checkpoint): (&String, &ShardCheckpoint)| {
            (format!("{CHECKPOINTS_PREFIX}{shard}"), checkpoint.note.to_string())
        };
        let checkpoints: Vec<_> = self.checkpoints.iter().map(text).collect();
        for (name, note) in checkpoints {
            self.whole_file(&name, note.as_bytes())?;
        }
        let policy = self.opening.policy.to_string();
        self.whole_file(POLICY_FILE, policy.as_bytes())?;
        self.whole_file(VERIFY_FILE, VERIFY_TEXT.as_bytes())?;
        let manifest = self.manifest().map_err(refused(MANIFEST_FILE))?;
        let signature = self.sign(&manifest, key)?;
        let measured = self.zip.file(MANIFEST_FILE, &manifest)?;
        self.zip.file(SIGNATURE_FILE, signature.to_string().as_bytes())?;
        let (out, bytes) = self.zip.finish()?;
        let summary = Summary {
            counts: self.streams.counts(),
            heads: self.heads,
            bytes,
            manifest_sha256: HEXLOWER.encode(&measured.sha256),
        };
        Ok((summary, out))
    }

    fn manifest(&mut self) -> Result<Vec<u8>, Problem> {
        let manifest = Manifest {
            counts: ManifestCounts::of(&self.streams),
            files: std::mem::take(&mut self.files),
            format: FORMAT.to_owned(),
            origin: self.opening.origin.clone(),
            scope: std::mem::take(&mut self.opening.scope),
            shards: ShardRow::of(&self.checkpoints),
        };
        let bytes = manifest.to_bytes()?;
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let fits = bytes.len() <= SMALL_FILE_LEN_MAX;
        if fits { Ok(bytes) } else { Err(Problem::FileTooLong { length }) }
    }

    fn sign(&self, manifest: &[u8], key: &SigningKey) -> Result<Note, WriteError> {
        let text = signed_text(&self.opening.origin, manifest);
        let not_a_logs = || WriteError::WitnessKey(key.verifying_key().name().to_owned());
        let signature = key.sign(&text).ok_or_else(not_a_logs)?;
        let refuse = refused(SIGNATURE_FILE);
        let note = Note::new(text, vec![signature]).map_err(Problem::Note).and_then(|note| {
            let bytes = note.to_string().into_bytes();
            check_signature(&bytes, &self.opening.origin, manifest, &self.keys).map(|()| note)
        });
        note.map_err(refuse)
    }

    /// Ends the file of events and begins that of heads, unless that was done.
    fn end_events(&mut self) -> io::Result<()> {
        if !self.files.is_empty() {
            return Ok(());
        }
        self.end_file(EVENTS_FILE)?;
        self.zip.begin_file(HEADS_FILE)
    }

    fn end_file(&mut self, name: &str) -> io::Result<()> {
        let measured = self.zip.end_file()?;
        self.files.push(FileRow::of(name, &measured));
        Ok(())
    }

    fn whole_file(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        let measured = self.zip.file(name, content)?;
        self.files.push(FileRow::of(name, &measured));
        Ok(())
    }

    fn write_line<T: Serialize>(
        &mut self,
        file: &str,
        number: u64,
        line: &T,
    ) -> Result<(), WriteError> {
        let mut bytes = serde_json::to_vec(line).map_err(|_| refused(file)(Problem::NotJson))?;
        if bytes.len() > LINE_LEN_MAX {
            return Err(refused(file)(Problem::LineTooLong { line: number }));
        }
        bytes.push(b'\n');
        Ok(self.zip.write(&bytes)?)
    }
}

fn refused(file: &str) -> impl Fn(Problem) -> WriteError {
    move |problem| WriteError::Refused(Box::new(Finding::of_file(file, problem)))
}

#[cfg(test)]
mod tests;
