//! Evidence of any kind that is known: checked, and told as a report.

mod bundle;
mod proof;

use annals_evidence::{FORMAT as BUNDLE, Trust};

use crate::report::{Report, told_in_full};

const PROOF: &str = "c2sp.org/tlog-proof@v1";
/// How a ZIP archive begins that holds a file (PKWARE APPNOTE 6.3.10, section 4.3.7).
const ZIP: &[u8] = b"PK\x03\x04";

/// Checks evidence, as long as it may be, against the keys of those who are believed.
///
/// Never fails: whatever is wrong, with the evidence or the keys, is a finding.
pub(crate) fn check(evidence: &[u8], keys: &[u8]) -> Report {
    let trust = match keys.trim_ascii() {
        b"" => None,
        keys => match Trust::parse(keys) {
            Ok(trust) => Some(trust),
            Err(error) => {
                return Report::refused(None, format!("the text of keys {}", told_in_full(&error)));
            }
        },
    };
    if evidence.starts_with(ZIP) {
        bundle::check(evidence, trust)
    } else if evidence.starts_with(PROOF.as_bytes()) {
        proof::check(evidence, trust.as_ref())
    } else {
        let told = "the file is no evidence of a known kind: neither a ZIP archive, as bundles are, nor a \
                    proof, which begins with";
        Report::refused(None, format!("{told} `{PROOF}`"))
    }
}

#[cfg(test)]
mod tests;
