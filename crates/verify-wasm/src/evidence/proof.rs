//! The proof of one event, with its header beside it.

use annals_evidence::Trust;
use annals_tlog::policy::{Verdict as Accepted, Witness};
use annals_tlog::{Entry, ProofFile};

use super::PROOF;
use crate::report::{Line, Report, Verdict, told_in_full};

/// Checks a proof, whose event's header must lie beside it.
pub(super) fn check(evidence: &[u8], trust: Option<&Trust>) -> Report {
    let refused = |finding| Report::refused(Some(PROOF), finding);
    let Some(trust) = trust else {
        let told = "no key was given; paste the key of the log, from where you trust it";
        return refused(told.to_owned());
    };
    let proof = match ProofFile::parse(evidence) {
        Ok(proof) => proof,
        Err(error) => return refused(told_in_full(&error)),
    };
    let counts = vec![
        Line::new("Hashes in the proof", proof.proof.len()),
        Line::new("Signatures under the checkpoint", proof.checkpoint.signatures().len()),
    ];
    let refused = |finding| Report { counts: counts.clone(), ..refused(finding) };
    let Some(header) = &proof.extra else {
        let told = "the proof does not hold the event it is of (no line `extra`)";
        return refused(told.to_owned());
    };
    let origin = proof.checkpoint.text().lines().next().unwrap_or_default();
    let policy = match trust.policy_for(origin) {
        Ok(policy) => policy,
        Err(error) => return refused(told_in_full(&error)),
    };
    match proof.verify(&Entry::of_header(header).leaf_hash(), &policy) {
        Ok(accepted) => Report { counts, ..proven(&proof, header, &accepted) },
        Err(error) => refused(told_in_full(&error)),
    }
}

fn proven(proof: &ProofFile, header: &[u8], accepted: &Accepted<'_>) -> Report {
    let mut facts = vec![
        Line::new("Log", accepted.log.key.name()),
        Line::new("Key that signed", &accepted.log.key),
        Line::new("Index of the event in the log", proof.index),
        Line::new("Events in the log at that time", accepted.checkpoint.size),
        Line::new("Root of the log at that time", accepted.checkpoint.root.to_base64()),
    ];
    let witness = |(witness, time): &(&Witness, u64)| {
        Line::new("Cosigned by", format!("{} at {time} (seconds since 1970)", witness.name))
    };
    facts.extend(accepted.cosigned.iter().map(witness));
    Report {
        facts,
        proven: std::str::from_utf8(header).ok().map(str::to_owned),
        ..Report::begun(Verdict::Proven, Some(PROOF))
    }
}

#[cfg(test)]
mod tests;
