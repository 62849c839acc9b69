//! Cosignatures: a witness's word, with a time, that a log only grew (C2SP tlog-cosignature, v1).

use crate::key::{Algorithm, SigningKey, VerifyingKey};
use crate::note::{Note, NoteError, Signature, VerifyError, parse_signature_lines};

/// A cosignature that was found right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned<'k> {
    /// Whose it is.
    pub witness: &'k VerifyingKey,
    /// When it was made, seconds since 1970 by the witness's clock.
    pub time: u64,
}

/// Why cosignatures were not taken over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CosignatureError {
    /// The answer of the witness is not made of signature lines.
    #[error("the witness did not answer with signature lines")]
    Lines(#[source] NoteError),
    /// A known witness's cosignature is wrong, or none is there.
    #[error("the witness did not cosign this checkpoint")]
    Signature(#[from] VerifyError),
    /// The checkpoint cannot take more signatures.
    #[error("the checkpoint can take no further cosignature")]
    Full(#[source] NoteError),
}

/// Cosigns the text of a checkpoint; none when the key is not a witness's or the time is not one.
pub fn cosign(text: &str, key: &SigningKey, time: u64) -> Option<Signature> {
    key.cosign(text, time)
}

/// When a cosignature says it was made; none when the signature is too short to be one.
pub fn time_of(signature: &Signature) -> Option<u64> {
    signature.bytes.first_chunk().map(|time| u64::from_be_bytes(*time))
}

/// The cosignatures of known witnesses under a checkpoint; those of others are ignored.
///
/// # Errors
/// When a known witness's cosignature is wrong.
pub fn cosignatures<'k>(
    note: &Note,
    witnesses: &'k [VerifyingKey],
) -> Result<Vec<Cosigned<'k>>, VerifyError> {
    let mut found = Vec::new();
    for signature in note.signatures() {
        let Some(witness) = witness_of(signature, witnesses) else { continue };
        if !witness.verifies(note.text(), signature) {
            return Err(bad_signature(signature));
        }
        found.extend(time_of(signature).map(|time| Cosigned { witness, time }));
    }
    Ok(found)
}

/// Takes the cosignatures of known witnesses out of a witness's answer into the checkpoint, newer
/// ones in the place of older ones; returns how many were taken.
///
/// # Errors
/// When the answer is malformed, has no cosignature of a known witness or a wrong one, or the
/// checkpoint is full; the checkpoint is unchanged then.
pub fn merge(
    note: &mut Note,
    answer: &str,
    witnesses: &[VerifyingKey],
) -> Result<usize, CosignatureError> {
    let lines = answer.strip_suffix('\n').ok_or(CosignatureError::Lines(NoteError::Malformed))?;
    let signatures = parse_signature_lines(lines).map_err(CosignatureError::Lines)?;
    let mut merged = note.clone();
    let (mut known, mut taken) = (0, 0);
    for signature in signatures {
        let Some(witness) = witness_of(&signature, witnesses) else { continue };
        if !witness.verifies(note.text(), &signature) {
            return Err(bad_signature(&signature).into());
        }
        known += 1;
        let older = merged.signatures().iter().find(|other| witness.is_of(other));
        if older.is_none_or(|older| time_of(older) < time_of(&signature)) {
            merged.replace(signature).map_err(CosignatureError::Full)?;
            taken += 1;
        }
    }
    if known == 0 {
        return Err(VerifyError::NotSigned.into());
    }
    *note = merged;
    Ok(taken)
}

fn witness_of<'k>(
    signature: &Signature,
    witnesses: &'k [VerifyingKey],
) -> Option<&'k VerifyingKey> {
    let cosigns = |key: &&VerifyingKey| key.algorithm() == Algorithm::Cosignature;
    witnesses.iter().filter(cosigns).find(|key| key.is_of(signature))
}

fn bad_signature(signature: &Signature) -> VerifyError {
    VerifyError::BadSignature { name: signature.name.clone(), id: signature.id }
}

#[cfg(test)]
mod tests;
