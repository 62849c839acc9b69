//! What is neither proof nor bundle, and keys that are none, are told.

use super::*;
use crate::report::Verdict;

#[test]
fn a_file_of_another_kind_is_refused() {
    for evidence in [b"".as_slice(), b"hello", &[0xff; 100], b"{}", b"PK\x03", b"PK\x05\x06"] {
        let report = check(evidence, b"");
        assert_eq!(report.verdict, Verdict::Refused);
        assert!(report.findings[0].contains("no evidence of a known kind"));
    }
}

#[test]
fn keys_that_cannot_be_used_are_refused_whatever_the_evidence() {
    for evidence in [b"".as_slice(), ZIP, PROOF.as_bytes()] {
        let report = check(evidence, b"{\"vkey\":\"x\"}");
        assert_eq!(report.verdict, Verdict::Refused);
        assert_eq!(
            report.findings,
            ["the text of keys holds `x`, which is no key: \
              the key does not have the form `name+id+base64`"]
        );
    }
}
