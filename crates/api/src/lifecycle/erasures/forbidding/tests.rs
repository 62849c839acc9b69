//! How reasons are told that are too many for one.

use super::*;

fn laws(count: usize, length: usize) -> Vec<String> {
    (0..count).map(|number| format!("{number:0length$}")).collect()
}

#[test]
fn reasons_that_fit_are_told_whole() {
    assert_eq!(joined(&laws(2, 3)), "000; 001");
    let just = laws(2, (REASON_MAX - 2) / 2);
    assert_eq!(joined(&just), just.join("; "));
    assert_eq!(joined(&just).chars().count(), REASON_MAX);
}

#[test]
fn of_reasons_that_do_not_fit_the_last_are_counted() {
    let told = joined(&laws(200, 240));
    assert!(told.chars().count() <= REASON_MAX, "{told}");
    assert!(told.ends_with("; and 196 more reasons"), "{told}");
    let one_more = laws(2, (REASON_MAX - 2) / 2 + 1);
    assert_eq!(joined(&one_more), format!("{}; and 1 more reasons", one_more[0]));
}

#[test]
fn a_reason_that_is_too_long_by_itself_is_cut() {
    let told = joined(&["é".repeat(REASON_MAX + 1)]);
    assert_eq!(told, "é".repeat(REASON_MAX));
}
