//! Evidence bundles: audit events with everything that proves them, in one file that can be checked
//! without the log, without a network and without our code.
//!
//! Pure: no clock, no threads, no files of its own. A bundle is written to anything that is [`Write`] and
//! [`Seek`], and read from anything that is [`Read`] and [`Seek`], so also from a
//! [`Cursor`](std::io::Cursor) over bytes in a browser. The same input gives the same bytes.
//!
//! # The archive
//!
//! A ZIP archive without compression, times or extra fields, so that names, order and contents of the
//! files determine every byte; a verifier checks that first. Its files, in this order:
//!
//! | file | content |
//! |---|---|
//! | `events.ndjson` | one line an event, by shard and index: header, shown parts, names of withheld parts, `tlog-proof@v1` |
//! | `heads.ndjson` | one line a stream that is claimed to be complete, by name: last revision, its entry, `tlog-proof@v1` under a [`HeadsCommitment`] |
//! | `checkpoints/<shard>` | the signed checkpoint that all proofs of the shard lead to |
//! | `log.policy` | the keys and witnesses (C2SP tlog-policy); the keys of heads and bundle stand there as logs too |
//! | `VERIFY.txt` | how to check the bundle, in words: [`VERIFY_TEXT`] |
//! | `manifest.json` | canonical JSON (RFC 8785): format, origin, scope, counts, shards, length and SHA-256 of each file above |
//! | `manifest.sig` | a signed note over [`FORMAT`], the origin and the SHA-256 of the manifest, by the key `<origin>/evidence` |
//!
//! The files before the manifest are fixed by their SHA-256 in it, the manifest by its signature, the
//! signature by being the only one there and having one form, and all bytes in between by the check of the
//! archive. So no byte can be changed unnoticed by anybody who has not the key.
//!
//! # Completeness
//!
//! A header names its stream but not its revision. So a revision in a bundle is at first the word of
//! whoever signed it. A head proof makes more of it. Let a signed commitment say that a stream ended
//! with revision R, whose record has entry E: then exactly R + 1 records were ever written to the stream, since
//! revisions begin with 0 and have no gaps. The bundle claims revisions a to R, and the verifier demands:
//!
//! - every event has its own leaf: places in the log strictly rise, and no two headers are alike;
//! - every header, which the leaf commits to, names this stream;
//! - revisions are contiguous, and rise with the place in the log: so there are R - a + 1 events up to R;
//! - the event called R has the entry E, lies before the place that the commitment was made at, and what
//!   is called R + 1 does not.
//!
//! For a = 0 these are R + 1 different records of a stream that has R + 1: all of them, and since both
//! orders agree, each has its own revision. To leave one out, a forger must call another record by its
//! revision, and then one is missing at the end or the record called R is not E.
//!
//! For a > 0 exactly a records of the stream are not in the bundle. Retention may have removed them, or the
//! bundle does not claim them. That they are the earliest is not proved: a forger could leave out a later one and
//! begin with a higher number. The report says so, in numbers ([`Completeness`]).
//!
//! All this is as true as the commitment and the checkpoints: an operator who signs a false one can be
//! found out by witnesses and by older commitments, not by a bundle.
//!
//! [`Write`]: std::io::Write
//! [`Read`]: std::io::Read
//! [`Seek`]: std::io::Seek

#![warn(missing_docs)]

mod canonical;
mod checkpoints;
mod commitment;
mod event;
mod head;
mod header;
pub mod limits;
mod manifest;
pub mod names;
mod problem;
mod report;
mod streams;
mod trust;
mod verify;
mod writer;
mod zip;

#[cfg(test)]
extern crate self as annals_evidence;
#[cfg(test)]
#[path = "../examples/demo/log.rs"]
mod demo;
#[cfg(test)]
mod testing;

pub use commitment::HeadsCommitment;
pub use event::{EventEvidence, ShownPart};
pub use head::HeadEvidence;
pub use header::SALT_LEN;
pub use manifest::FORMAT;
pub use problem::Problem;
pub use report::{Counts, EventPlace, Finding, Findings, KeySource, Report, ShardReport};
pub use streams::{Completeness, StreamReport};
pub use trust::{Cosigned, KEYS_LEN_MAX, KEYS_MAX, KeysError, Trust, policy_of_keys};
pub use verify::verify;
pub use writer::{BundleWriter, Opening, Summary, VERIFY_TEXT, WriteError};
