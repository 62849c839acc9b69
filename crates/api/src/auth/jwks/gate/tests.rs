use jiff::Timestamp;

use super::Gate;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[test]
fn one_passes_in_thirty_seconds_however_many_come() {
    let mut gate = Gate::default();
    let passed: Vec<i64> =
        (0..=90).flat_map(|second| [second; 100]).filter(|s| gate.passes(at(1000 + s))).collect();
    assert_eq!(passed, [0, 30, 60, 90]);
}

#[test]
fn a_clock_that_is_set_back_does_not_close_the_gate() {
    let mut gate = Gate::default();
    assert!(gate.passes(at(100_000)));
    assert!(gate.passes(at(1_000)));
    assert!(!gate.passes(at(1_029)));
    assert!(gate.passes(at(1_030)));
}
