//! Evidence of any kind that is known: checked, and told as a report.

use annals_tlog::policy::Verdict as Accepted;
use annals_tlog::{Entry, Policy, ProofFile};

use crate::report::{Line, Report, Verdict, told_in_full};
use crate::trust::parse_trust;

const PROOF: &str = "c2sp.org/tlog-proof@v1";

/// Checks evidence, as long as it may be, against the keys of those who are believed.
///
/// Never fails: whatever is wrong, with the evidence or the keys, is a finding.
pub(crate) fn check(evidence: &[u8], keys: &[u8]) -> Report {
    let refused = |finding| Report::refused(None, Vec::new(), finding);
    let policy = match parse_trust(keys) {
        Ok(policy) if policy.logs().is_empty() => {
            let told = "no key was given; paste the key of the log, from where you trust it";
            return refused(told.to_owned());
        }
        Ok(policy) => policy,
        Err(error) => return refused(format!("the keys cannot be used: {}", told_in_full(&error))),
    };
    if !evidence.starts_with(PROOF.as_bytes()) {
        let told = "the file is no evidence of a known kind; a proof begins with";
        return refused(format!("{told} `{PROOF}`"));
    }
    match ProofFile::parse(evidence) {
        Ok(proof) => check_proof(&proof, &policy),
        Err(error) => Report::refused(Some(PROOF), Vec::new(), told_in_full(&error)),
    }
}

/// Checks the proof of one event, whose header must lie beside it.
fn check_proof(proof: &ProofFile, policy: &Policy) -> Report {
    let counts = vec![
        Line::new("Hashes in the proof", proof.proof.len()),
        Line::new("Signatures under the checkpoint", proof.checkpoint.signatures().len()),
    ];
    let Some(header) = &proof.extra else {
        let told = "the proof does not hold the event it is of (no line `extra`)";
        return Report::refused(Some(PROOF), counts, told.to_owned());
    };
    match proof.verify(&Entry::of_header(header).leaf_hash(), policy) {
        Ok(accepted) => proven(proof, header, &accepted, counts),
        Err(error) => Report::refused(Some(PROOF), counts, told_in_full(&error)),
    }
}

fn proven(proof: &ProofFile, header: &[u8], accepted: &Accepted<'_>, counts: Vec<Line>) -> Report {
    let mut facts = vec![
        Line::new("Log", accepted.log.key.name()),
        Line::new("Key that signed", &accepted.log.key),
        Line::new("Index of the event in the log", proof.index),
        Line::new("Events in the log at that time", accepted.checkpoint.size),
        Line::new("Root of the log at that time", accepted.checkpoint.root.to_base64()),
    ];
    let witness = |(witness, time): &(&annals_tlog::policy::Witness, u64)| {
        Line::new("Cosigned by", format!("{} at {time} (seconds since 1970)", witness.name))
    };
    facts.extend(accepted.cosigned.iter().map(witness));
    Report {
        verdict: Verdict::Proven,
        kind: Some(PROOF),
        counts,
        facts,
        proven: std::str::from_utf8(header).ok().map(str::to_owned),
        findings: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
