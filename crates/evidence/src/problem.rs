//! What can be wrong with a bundle, each in a sentence.

use annals_tlog::{NoteError, ProofError, ProofFileError, VerifyError};

use crate::limits::{DEPTH_MAX, LINE_LEN_MAX};

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what it is")]
pub enum Problem {
    // The archive and its files.
    #[error("this is not a ZIP archive as Annals writes it: {0}")]
    Archive(&'static str),
    #[error("the archive does not hold the files of a bundle in their order; found {found}")]
    Files { found: String },
    #[error("it has {length} bytes, more than is read")]
    FileTooLong { length: u64 },
    #[error("its content does not have the checksum that the archive names")]
    Checksum,
    #[error("its last line does not end in a newline")]
    LineNotEnded,
    #[error("line {line} is longer than {LINE_LEN_MAX} bytes")]
    LineTooLong { line: u64 },
    #[error("there are more than {max} {what}, which is all that is read")]
    TooMany { what: &'static str, max: u64 },
    // JSON.
    #[error("it is not JSON of the form that a bundle has here")]
    NotJson,
    #[error("the JSON is not in the one form that it may have")]
    NotCanonical,
    #[error("a number in the JSON is not a whole number up to 2^53 - 1")]
    Number,
    #[error("the JSON is nested deeper than {DEPTH_MAX}")]
    TooDeep,
    #[error("the {0} is not base64 in the one form that it may have")]
    Base64(&'static str),
    #[error("the name of the {0} cannot be one")]
    Name(&'static str),
    // Events.
    #[error("the header of the event cannot be read: {0}")]
    Header(String),
    #[error("the header names the stream `{found}`")]
    OtherStream { found: String },
    #[error("the part `{part}` is not what the header vouches for")]
    PartDiffers { part: String },
    #[error("the header has no part `{part}`")]
    UnknownPart { part: String },
    #[error("the part `{part}` is not JSON")]
    PartNotJson { part: String },
    #[error("the parts listed as withheld are not those of the header that are not shown")]
    Withheld,
    #[error("the event is not after the one before it in shard and index")]
    Order,
    #[error("another event of the bundle has the same header")]
    HeaderTwice,
    #[error("the revision is not above that of the stream's event before, which is {before}")]
    RevisionNotRising { before: u64 },
    // Proofs and checkpoints.
    #[error("the proof cannot be read: {0}")]
    ProofUnreadable(ProofFileError),
    #[error("the proof has data beside it, which nothing vouches for")]
    ProofExtra,
    #[error("the proof is of index {found}")]
    ProofIndex { found: u64 },
    #[error("the bundle has no right checkpoint of this shard")]
    NoCheckpoint,
    #[error("the proof leads to another checkpoint than the one in the bundle")]
    OtherCheckpoint,
    #[error("the proof does not hold: {0}")]
    Inclusion(ProofError),
    #[error("no event of the bundle is in this shard")]
    ShardWithoutEvents,
    #[error("this is not a signed note: {0}")]
    Note(NoteError),
    #[error("the signature of `{name}` is not to be believed: {problem}")]
    Signature { name: String, problem: VerifyError },
    #[error("no key of `{name}` is known; ask the operator of the log for it")]
    NoKey { name: String },
    #[error("this is not a checkpoint of `{expected}`")]
    NotCheckpoint { expected: String },
    #[error("the checkpoint is not cosigned as demanded: {0}")]
    Policy(String),
    // Heads and completeness.
    #[error("the commitment to the ends of streams cannot be read: {0}")]
    Commitment(&'static str),
    #[error("the streams are not in their order, or one is there twice")]
    HeadOrder,
    #[error("the bundle has no event of this stream, whose end it claims to show")]
    HeadWithoutEvents,
    #[error("revisions {first} to {last} are missing, but the bundle claims that none is")]
    Missing { first: u64, last: u64 },
    #[error("the stream ends with revision {last}, which is not in the bundle")]
    EndMissing { last: u64 },
    #[error("revision {last} is not the record that was committed to as the stream's last one")]
    EndDiffers { last: u64 },
    #[error("revision {revision} does not lie where the commitment says that the stream ended")]
    EndMisplaced { revision: u64 },
    // Manifest, signature, keys.
    #[error("the format is not one that this program knows")]
    Format,
    #[error("`{field}` in the manifest is not what the bundle holds")]
    ManifestDiffers { field: &'static str },
    #[error("the manifest says of `{file}` another length or SHA-256")]
    FileDiffers { file: String },
    #[error("the text that is signed is not about this manifest and log")]
    OtherManifest,
    #[error("the bundle is to be signed once, and has {found} signatures")]
    SignatureCount { found: usize },
    #[error("the policy cannot be read: {0}")]
    PolicyUnreadable(String),
}
