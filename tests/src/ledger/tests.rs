//! What counts as a gap.

use serde_json::{Value, json};

use super::gap;

fn at(revision: u64) -> Value {
    json!({ "id": "an id", "stream": "a stream", "revision": revision })
}

#[test]
fn a_missing_revision_is_a_gap_unless_a_fact_of_annals_lies_there() {
    assert_eq!(gap(&[at(0), at(1), at(2)], &[]), None);
    assert!(gap(&[at(0), at(2)], &[]).is_some());
    assert!(gap(&[at(1)], &[]).is_some(), "the first may not be missing either");
    assert_eq!(gap(&[at(0), at(2)], &[at(1)]), None);
    assert_eq!(gap(&[at(2)], &[at(1), at(0)]), None);
    assert!(gap(&[at(0), at(3)], &[at(1)]).is_some(), "each of two needs a fact");
    let elsewhere = json!({ "stream": "another stream", "revision": 1 });
    assert!(gap(&[at(0), at(2)], &[elsewhere]).is_some());
}

#[test]
fn a_revision_that_is_there_twice_is_a_gap() {
    assert!(gap(&[at(0), at(0)], &[]).is_some());
    assert!(gap(&[at(0), at(1), at(1)], &[at(1)]).is_some());
}
