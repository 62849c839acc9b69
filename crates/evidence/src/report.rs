//! What a verification found, for programs and for people.

use std::fmt;

use annals_tlog::Hash;
use serde_json::Value;

use crate::limits::FINDINGS_MAX;
use crate::problem::Problem;
use crate::streams::StreamReport;
use crate::trust::Cosigned;

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Where the keys came from.
    pub keys: KeySource,
    /// The origin of the log, when the manifest could be read.
    pub origin: Option<String>,
    /// What the bundle is said to be about, by whoever made it.
    pub scope: Option<Value>,
    /// How much was read and found right.
    pub counts: Counts,
    /// The shards, with their signed sizes and roots.
    pub shards: Vec<ShardReport>,
    /// What the bundle shows of each stream; nothing when anything is wrong.
    pub streams: Vec<StreamReport>,
    /// What is wrong.
    pub findings: Findings,
}

/// Where the keys came from that the signatures were checked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySource {
    /// From the bundle: then it is shown only that it agrees with itself.
    Bundle,
    /// From the caller.
    Caller,
}

/// How much a bundle holds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Events.
    pub events: u64,
    /// Parts of events that are shown.
    pub parts_shown: u64,
    /// Parts of events that are withheld.
    pub parts_withheld: u64,
}

/// A shard of the log, as its checkpoint has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardReport {
    /// Its name.
    pub name: String,
    /// How many entries it had.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// The witnesses of the policy that cosigned it.
    pub cosigned: Vec<Cosigned>,
}

/// Which event a finding is about, as the bundle says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPlace {
    /// Its stream.
    pub stream: String,
    /// Its revision in the stream.
    pub revision: u64,
    /// Its shard.
    pub shard: String,
    /// Its index in the shard.
    pub index: u64,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// In which file; none when it is about the archive itself.
    pub file: Option<String>,
    /// In which line of it, counted from 1.
    pub line: Option<u64>,
    /// With which stream.
    pub stream: Option<String>,
    /// With which event.
    pub event: Option<EventPlace>,
    /// What is wrong.
    pub problem: Problem,
}

impl Finding {
    /// A problem of the archive itself.
    pub(crate) fn of_archive(problem: Problem) -> Self {
        Self { file: None, line: None, stream: None, event: None, problem }
    }

    pub(crate) fn of_file(file: &str, problem: Problem) -> Self {
        Self { file: Some(file.to_owned()), ..Self::of_archive(problem) }
    }

    pub(crate) fn of_line(file: &str, line: u64, problem: Problem) -> Self {
        Self { line: Some(line), ..Self::of_file(file, problem) }
    }

    pub(crate) fn of_stream(file: &str, stream: &str, problem: Problem) -> Self {
        Self { stream: Some(stream.to_owned()), ..Self::of_file(file, problem) }
    }
}

impl fmt::Display for Finding {
    /// Writes it as one sentence, without a full stop.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.as_deref().unwrap_or("the bundle"))?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(EventPlace { stream, revision, shard, index }) = &self.event {
            write!(f, ", stream `{stream}`, revision {revision}, shard `{shard}`, index {index}")?;
        } else if let Some(stream) = &self.stream {
            write!(f, ", stream `{stream}`")?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// What is wrong; the first [`FINDINGS_MAX`] are kept, the others counted.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Findings {
    kept: Vec<Finding>,
    count: u64,
}

impl Findings {
    pub(crate) fn add(&mut self, finding: Finding) {
        self.count += 1;
        if self.kept.len() < FINDINGS_MAX {
            self.kept.push(finding);
        }
    }

    /// The findings that were kept.
    pub fn kept(&self) -> &[Finding] {
        &self.kept
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_right(&self) -> bool {
        self.findings.is_empty()
    }
}

impl fmt::Display for Report {
    /// Writes it as lines for people, the verdict first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_right() {
            writeln!(f, "Everything in the bundle agrees with its signatures.")?;
        } else {
            writeln!(f, "The bundle is NOT right: {} findings.", self.findings.count())?;
        }
        match self.keys {
            KeySource::Bundle => writeln!(
                f,
                "The keys came with the bundle: this shows only that it agrees with itself. \
                 Check again with keys from the operator of the log."
            )?,
            KeySource::Caller => writeln!(f, "The keys did not come with the bundle.")?,
        }
        for finding in self.findings.kept() {
            writeln!(f, "wrong: {finding}")?;
        }
        if let Some(origin) = &self.origin {
            writeln!(f, "log: {origin}")?;
        }
        let Counts { events, parts_shown, parts_withheld } = self.counts;
        writeln!(f, "{events} events; {parts_shown} parts shown, {parts_withheld} withheld")?;
        self.shards.iter().try_for_each(|shard| writeln!(f, "{shard}"))?;
        self.streams.iter().try_for_each(|stream| writeln!(f, "{stream}"))
    }
}

impl fmt::Display for ShardReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, size, root, cosigned } = self;
        write!(f, "shard `{name}`: {size} entries, root {}", root.to_base64())?;
        cosigned.iter().try_for_each(|Cosigned { witness, time }| {
            write!(f, ", cosigned by `{witness}` at {time} seconds since 1970")
        })
    }
}

#[cfg(test)]
mod tests;
