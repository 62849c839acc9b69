//! What a witness's answer means (C2SP tlog-witness). Pure.

use annals_ports::WitnessAnswer;
use annals_tlog::cosignature::{self, CosignatureError};
use annals_tlog::{Note, VerifyingKey};

/// What a witness was asked to cosign.
pub(super) struct Asked<'a> {
    /// The size it was said to know.
    pub(super) old: u64,
    /// The size of the checkpoint.
    pub(super) size: u64,
    /// The checkpoint.
    pub(super) note: &'a Note,
    /// What verifies its cosignatures.
    pub(super) key: &'a VerifyingKey,
}

/// What it said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// It cosigned: its lines, which were verified.
    Cosigned(String),
    /// It knows another size, from which it is to be asked again.
    Knows(u64),
    /// It does not believe that the log only grew.
    Disputes(Dispute),
    /// It said something else, or nothing that can be used.
    Refuses(Refusal),
}

/// Why a witness does not believe it. If the witness is honest, there are two logs of this name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Dispute {
    #[error("it has another root for the same size")]
    OtherRoot,
    #[error("it saw a tree of {0} leaves, which is more than this log has signed")]
    Larger(u64),
    #[error("the tree that it saw is not the beginning of this one")]
    NotGrown,
}

/// Why there is no cosignature.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("it does not watch this log; give it the shard's `vkey` out of /tlog/log.json")]
    NotWatched,
    #[error("it knows another key of this log; give it the shard's `vkey` out of /tlog/log.json")]
    OtherKey,
    #[error("it refuses the size that it was said to know, and does not tell which it knows")]
    Size,
    #[error("its answer is no cosignature by the key that `integrity.witnesses` names")]
    NotCosigned(#[source] CosignatureError),
    #[error("it answered with status {0}")]
    Status(u16),
}

/// Judges an answer.
pub(super) fn judge(answer: WitnessAnswer, asked: &Asked<'_>) -> Word {
    match answer.status {
        200 => match cosignature::merge(
            &mut asked.note.clone(),
            &answer.body,
            std::slice::from_ref(asked.key),
        ) {
            Ok(_) => Word::Cosigned(answer.body),
            Err(error) => Word::Refuses(Refusal::NotCosigned(error)),
        },
        403 => Word::Refuses(Refusal::OtherKey),
        404 => Word::Refuses(Refusal::NotWatched),
        409 => match size(&answer.body) {
            Some(known) if known > asked.size => Word::Disputes(Dispute::Larger(known)),
            Some(known) if known != asked.old => Word::Knows(known),
            Some(known) if known == asked.size => Word::Disputes(Dispute::OtherRoot),
            Some(_) | None => Word::Refuses(Refusal::Size),
        },
        422 => Word::Disputes(Dispute::NotGrown),
        status => Word::Refuses(Refusal::Status(status)),
    }
}

/// A size as it stands alone in a body.
fn size(body: &str) -> Option<u64> {
    let digits = body.strip_suffix('\n').unwrap_or(body);
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests;
