//! Reports reach the host as they are.

use super::*;

#[test]
fn a_report_is_json_behind_its_length() {
    let counts = vec![Line::new("Events in the log", u64::MAX)];
    let lists = vec![List::new("Streams", vec!["one: whole".to_owned()])];
    let refused = Report::refused(Some("a kind"), "it says \"no\"\n".to_owned());
    let report = Report { counts, lists, notes: vec!["Know this.".to_owned()], ..refused };
    let bytes = report.to_prefixed_json().unwrap();
    let (length, json) = bytes.split_first_chunk().unwrap();
    assert_eq!(u32::from_le_bytes(*length), u32::try_from(json.len()).unwrap());
    assert_eq!(
        std::str::from_utf8(json).unwrap(),
        "{\"verdict\":\"refused\",\"kind\":\"a kind\",\"notes\":[\"Know this.\"],\
         \"counts\":[{\"label\":\"Events in the log\",\"value\":\"18446744073709551615\"}],\
         \"facts\":[],\"lists\":[{\"title\":\"Streams\",\"items\":[\"one: whole\"]}],\
         \"proven\":null,\"findings\":[\"it says \\\"no\\\"\\n\"]}"
    );
}

#[test]
fn an_error_is_told_with_its_causes_and_each_but_once() {
    let error = annals_tlog::Policy::parse(b"log a\nquorum none\n").unwrap_err();
    assert_eq!(
        told_in_full(&error),
        "line 1 of the policy: the key cannot be used: \
         the key does not have the form `name+id+base64`"
    );
    let error = annals_tlog::ProofFile::parse(b"c2sp.org/tlog-proof@v1\nindex 0\n\n").unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(told_in_full(&error), format!("the proof has no checkpoint: {cause}"));
}
