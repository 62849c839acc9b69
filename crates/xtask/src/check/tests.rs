//! Tests of counting.

use super::*;

#[test]
fn results_of_several_test_programs_are_shown_and_added_up() {
    let printed = "running 2 tests\n\
        test a ... ok\n\
        test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out\n\
        test result: FAILED. 5 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n";
    let mut shown = Vec::new();
    let counted = show_and_count(printed.as_bytes(), &mut shown).unwrap();
    assert_eq!(counted, Counted { passed: 17, failed: 2 });
    assert_eq!(shown, printed.as_bytes());
}

#[test]
fn output_without_a_result_counts_nothing() {
    let counted = show_and_count(&b"error: no tests\n"[..], &mut Vec::new()).unwrap();
    assert_eq!(counted, Counted::default());
}
