//! Verifying a bundle: first that its bytes are canonical, then what its files say.
//!
//! Memory does not grow with the length of events: one line at a time, the small files, and some
//! hundred bytes of each event are kept.

use std::io::{self, Read, Seek};

use annals_tlog::policy::PolicyParseError;
use annals_tlog::{Note, Policy};

use crate::checkpoints::{Checkpoints, ShardCheckpoint};
use crate::event::EventLine;
use crate::head::{HeadLine, LastCommitment};
use crate::manifest::{FileRow, Manifest, ManifestCounts, ShardRow, check_signature};
use crate::names::{
    CHECKPOINTS_PREFIX, EVENTS_FILE, HEADS_FILE, MANIFEST_FILE, POLICY_FILE, SIGNATURE_FILE,
    VERIFY_FILE, is_shard, printable,
};
use crate::problem::Problem;
use crate::report::{Counts, Finding, Findings, KeySource, Report, ShardReport};
use crate::streams::Streams;
use crate::trust::{Keys, Trust};
use crate::zip::{Archive, FileRecord, ReadError};

/// Verifies a bundle. Bytes in memory are read through [`std::io::Cursor`].
///
/// # Errors
/// When the bundle cannot be read. What is wrong with it is no error but a finding.
pub fn verify<B: Read + Seek>(bundle: B, trust: &Trust) -> io::Result<Report> {
    let mut findings = Findings::default();
    let opened = Archive::open(bundle).and_then(|archive| {
        check_names(archive.files())?;
        Ok(archive)
    });
    let Some(archive) = kept(opened, &mut findings, None)? else {
        return Ok(empty_report(trust, findings));
    };
    let mut verifier = Verifier { archive, findings, files: Vec::new() };
    let Some(small) = verifier.small_files()? else {
        return Ok(empty_report(trust, verifier.findings));
    };
    verifier.contents(small, trust)
}

/// The small files that everything else hangs on.
struct SmallFiles {
    manifest: Manifest,
    manifest_bytes: Vec<u8>,
    signature: Vec<u8>,
    policy: Policy,
}

/// Checks the line of a number.
type CheckLine<'c> = dyn FnMut(u64, &[u8]) -> Result<(), Box<Finding>> + 'c;

struct Verifier<B> {
    archive: Archive<B>,
    findings: Findings,
    /// What was measured of each file, to be compared with the manifest.
    files: Vec<FileRow>,
}

impl<B: Read + Seek> Verifier<B> {
    fn contents(mut self, small: SmallFiles, trust: &Trust) -> io::Result<Report> {
        let SmallFiles { manifest, manifest_bytes, signature, policy } = small;
        let keys = trust.or_of_bundle(policy);
        let origin = manifest.origin.as_str();
        if let Err(problem) = check_signature(&signature, origin, &manifest_bytes, &keys) {
            self.findings.add(Finding::of_file(SIGNATURE_FILE, problem));
        }
        let checkpoints = self.checkpoints(origin, &keys)?;
        let mut streams = self.events(&checkpoints)?;
        self.heads(origin, &keys, &mut streams)?;
        for shard in checkpoints.keys().filter(|shard| !streams.has_shard(shard)) {
            let file = format!("{CHECKPOINTS_PREFIX}{shard}");
            self.findings.add(Finding::of_file(&file, Problem::ShardWithoutEvents));
        }
        let (mut reports, contradictions) = streams.verdicts();
        contradictions.into_iter().for_each(|finding| self.findings.add(finding));
        self.compare(&manifest, &streams, &checkpoints);
        if !self.findings.is_empty() {
            reports.clear();
        }
        Ok(Report {
            keys: source_of(trust),
            origin: Some(manifest.origin),
            scope: Some(manifest.scope),
            counts: streams.counts(),
            shards: checkpoints.into_iter().map(shard_report).collect(),
            streams: reports,
            findings: self.findings,
        })
    }

    /// Reads manifest, signature, policy and instructions; none when one of them cannot be read.
    fn small_files(&mut self) -> io::Result<Option<SmallFiles>> {
        let manifest_bytes = self.small_file(MANIFEST_FILE)?;
        let signature = self.small_file(SIGNATURE_FILE)?;
        let policy = self.small_file(POLICY_FILE)?;
        self.small_file(VERIFY_FILE)?;
        let (Some(manifest_bytes), Some(signature), Some(policy)) =
            (manifest_bytes, signature, policy)
        else {
            return Ok(None);
        };
        let manifest = self.right(MANIFEST_FILE, Manifest::parse(&manifest_bytes));
        let policy = self.right(POLICY_FILE, parse_policy(&policy));
        Ok(manifest.zip(policy).map(|(manifest, policy)| SmallFiles {
            manifest,
            manifest_bytes,
            signature,
            policy,
        }))
    }

    fn checkpoints(&mut self, origin: &str, keys: &Keys) -> io::Result<Checkpoints> {
        let mut checkpoints = Checkpoints::new();
        let names = self.archive.files().iter().map(|file| file.name.clone());
        let names: Vec<String> =
            names.filter(|name| name.starts_with(CHECKPOINTS_PREFIX)).collect();
        for name in names {
            let Some(content) = self.small_file(&name)? else { continue };
            let shard = &name[CHECKPOINTS_PREFIX.len()..];
            let checkpoint = Note::parse(&content)
                .map_err(Problem::Note)
                .and_then(|note| ShardCheckpoint::check(origin, shard, note, keys));
            if let Some(checkpoint) = self.right(&name, checkpoint) {
                checkpoints.insert(shard.to_owned(), checkpoint);
            }
        }
        Ok(checkpoints)
    }

    fn events(&mut self, checkpoints: &Checkpoints) -> io::Result<Streams> {
        let mut streams = Streams::default();
        self.lines(EVENTS_FILE, &mut |number, line| {
            let of_line = |problem| Box::new(Finding::of_line(EVENTS_FILE, number, problem));
            let event = EventLine::parse(line).map_err(of_line)?;
            let checked = event.check(checkpoints).and_then(|event| streams.add(&event));
            let place = || Some(event.place());
            checked.map_err(|problem| Box::new(Finding { event: place(), ..*of_line(problem) }))
        })?;
        Ok(streams)
    }

    fn heads(&mut self, origin: &str, keys: &Keys, streams: &mut Streams) -> io::Result<()> {
        let mut last = LastCommitment::default();
        self.lines(HEADS_FILE, &mut |number, line| {
            let of_line = |problem| Box::new(Finding::of_line(HEADS_FILE, number, problem));
            let head = HeadLine::parse(line).map_err(of_line)?;
            let checked = head.check(origin, keys, &mut last);
            let stream = || Some(head.stream.clone());
            checked
                .and_then(|head| streams.claim(head))
                .map_err(|problem| Box::new(Finding { stream: stream(), ..*of_line(problem) }))
        })
    }

    /// Checks each line of a file, until there is one line too many of them.
    fn lines(&mut self, name: &str, check: &mut CheckLine<'_>) -> io::Result<()> {
        let Some(file) = self.file(name) else { return Ok(()) };
        let findings = &mut self.findings;
        let read = self.archive.lines(&file, &mut |number, line| {
            let Err(finding) = check(number, line) else { return true };
            let go_on = !matches!(finding.problem, Problem::TooMany { .. });
            findings.add(*finding);
            go_on
        });
        if let Some(measured) = kept(read, &mut self.findings, Some(name))? {
            self.files.push(FileRow::of(name, &measured));
        }
        Ok(())
    }

    fn small_file(&mut self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let Some(file) = self.file(name) else { return Ok(None) };
        let read = self.archive.small(&file);
        let Some((content, measured)) = kept(read, &mut self.findings, Some(name))? else {
            return Ok(None);
        };
        self.files.push(FileRow::of(name, &measured));
        Ok(Some(content))
    }

    fn file(&self, name: &str) -> Option<FileRecord> {
        self.archive.files().iter().find(|file| file.name == name).cloned()
    }

    fn right<T>(&mut self, file: &str, result: Result<T, Problem>) -> Option<T> {
        let of_file = |problem| Finding::of_file(file, problem);
        result.map_err(|problem| self.findings.add(of_file(problem))).ok()
    }

    /// Compares the manifest with what was read.
    fn compare(&mut self, manifest: &Manifest, streams: &Streams, checkpoints: &Checkpoints) {
        let mut differs = |field| {
            let problem = Problem::ManifestDiffers { field };
            self.findings.add(Finding::of_file(MANIFEST_FILE, problem));
        };
        if manifest.counts != ManifestCounts::of(streams) {
            differs("counts");
        }
        if manifest.shards != ShardRow::of(checkpoints) {
            differs("shards");
        }
        let listed = manifest.files.iter().map(|row| &row.name);
        let signed = |name: &&String| ![MANIFEST_FILE, SIGNATURE_FILE].contains(&name.as_str());
        let held = self.archive.files().iter().map(|file| &file.name).filter(signed);
        if !listed.eq(held) {
            differs("files");
        }
        for row in &manifest.files {
            if !self.files.contains(row) {
                let problem = Problem::FileDiffers { file: printable(&row.name) };
                self.findings.add(Finding::of_file(MANIFEST_FILE, problem));
            }
        }
    }
}

/// Checks that the files of a bundle are there, in their order, and no others.
fn check_names(files: &[FileRecord]) -> Result<(), Problem> {
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    let right = match names.as_slice() {
        [
            EVENTS_FILE,
            HEADS_FILE,
            shards @ ..,
            POLICY_FILE,
            VERIFY_FILE,
            MANIFEST_FILE,
            SIGNATURE_FILE,
        ] => {
            shards.iter().all(|name| name.strip_prefix(CHECKPOINTS_PREFIX).is_some_and(is_shard))
                && shards.is_sorted_by(|a, b| a < b)
        }
        _ => false,
    };
    let found = || printable(&names.join(" "));
    if right { Ok(()) } else { Err(Problem::Files { found: found() }) }
}

fn parse_policy(bytes: &[u8]) -> Result<Policy, Problem> {
    let unreadable = |error: PolicyParseError| printable(&error.to_string());
    let policy = Policy::parse(bytes).map_err(unreadable).map_err(Problem::PolicyUnreadable)?;
    if policy.to_string().as_bytes() == bytes { Ok(policy) } else { Err(Problem::NotCanonical) }
}

/// What was read; none when it is wrong, which becomes a finding.
fn kept<T>(
    read: Result<T, ReadError>,
    findings: &mut Findings,
    file: Option<&str>,
) -> io::Result<Option<T>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(ReadError::Io(error)) => Err(error),
        Err(ReadError::Problem(problem)) => {
            let file = file.map(str::to_owned);
            findings.add(Finding { file, ..Finding::of_archive(problem) });
            Ok(None)
        }
    }
}

fn source_of(trust: &Trust) -> KeySource {
    if trust.is_of_bundle() { KeySource::Bundle } else { KeySource::Caller }
}

fn empty_report(trust: &Trust, findings: Findings) -> Report {
    Report {
        keys: source_of(trust),
        origin: None,
        scope: None,
        counts: Counts::default(),
        shards: Vec::new(),
        streams: Vec::new(),
        findings,
    }
}

fn shard_report((name, shard): (String, ShardCheckpoint)) -> ShardReport {
    let ShardCheckpoint { checkpoint, cosigned, .. } = shard;
    ShardReport { name, size: checkpoint.size, root: checkpoint.root, cosigned }
}

#[cfg(test)]
mod tests;
