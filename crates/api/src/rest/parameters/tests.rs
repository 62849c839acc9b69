use super::*;

#[test]
fn percent_encoding_is_undone_and_broken_encoding_is_refused() {
    assert_eq!(decoded("a+b%20c%C3%A9").unwrap(), "a b cé");
    for broken in ["%", "%4", "%zz", "%ff"] {
        assert!(decoded(broken).is_err(), "{broken}");
    }
}

#[test]
fn limits_hold_at_the_edge() {
    assert_eq!(number("limit", "250", 250).unwrap(), 250);
    assert!(number("limit", "251", 250).is_err());
    assert!(number("limit", "0", 250).is_err());
}
