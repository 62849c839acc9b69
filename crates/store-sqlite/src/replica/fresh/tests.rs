use annals_domain::Revision;
use annals_ports::contract;

use super::*;

fn entries(positions: &[u64]) -> Vec<LogEntry> {
    let entry = |position: &u64| LogEntry {
        position: Position(*position),
        revision: Revision(*position),
        record: contract::record("acme", "s", u128::from(*position), "x"),
    };
    positions.iter().map(entry).collect()
}

fn check(newest: u64, positions: &[u64], expected: &[u64]) {
    assert_eq!(fresh(entries(positions), Position(newest)), Ok(entries(expected)));
}

#[test]
fn what_was_applied_or_comes_twice_is_left_out() {
    check(0, &[], &[]);
    check(0, &[3, 7], &[3, 7]);
    check(5, &[3, 5, 7], &[7]);
    check(9, &[3, 5, 7], &[]);
    check(5, &[7, 9, 9, 12], &[7, 9, 12]);
    check(5, &[7, 9, 3, 5, 7, 9, 12], &[7, 9, 12]);
}

#[test]
fn what_would_be_lost_is_told() {
    let refused = fresh(entries(&[7, 9, 8, 12]), Position(5));
    assert_eq!(refused, Err(OutOfOrder { position: Position(8), after: Position(9) }));
}
