//! The description tells of the filters that there are.

use std::collections::BTreeSet;

use annals_domain::query::PARAMETERS;

use super::*;

#[test]
fn every_filter_that_is_read_is_described_and_no_other() {
    let described: BTreeSet<_> = FILTERS.iter().map(|filter| filter.name).collect();
    let read: BTreeSet<_> = PARAMETERS.iter().copied().chain(["q"]).collect();
    assert_eq!(described, read);
}
