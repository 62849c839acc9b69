use annals_domain::Revision;
use annals_ports::contract;

use super::*;

fn entry(position: u64) -> LogEntry {
    let record = contract::record("acme", "person-acme.a", u128::from(position), "payload");
    LogEntry { position: Position(position), revision: Revision(0), record }
}

fn positions(entries: &[LogEntry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.position.0).collect()
}

#[test]
fn what_is_here_comes_without_gap_and_what_is_older_does_not_come() {
    let recent = Recent::new(Position(4));
    assert!(recent.after(Position(4), 10).is_empty());
    recent.push((5..=8).map(entry).collect());
    assert_eq!(positions(&recent.after(Position(4), 10)), [5, 6, 7, 8]);
    assert_eq!(positions(&recent.after(Position(6), 1)), [7]);
    assert!(recent.after(Position(3), 10).is_empty(), "4 could be missing");
    assert!(recent.after(Position(8), 10).is_empty());
    assert!(recent.after(Position(u64::MAX), 10).is_empty());
}

#[test]
fn a_place_between_two_positions_is_found() {
    let recent = Recent::new(Position(10));
    recent.push([20, 35, 36, 90].map(entry).into());
    recent.push([1000].map(entry).into());
    assert_eq!(positions(&recent.after(Position(10), 10)), [20, 35, 36, 90, 1000]);
    assert_eq!(positions(&recent.after(Position(19), 10)), [20, 35, 36, 90, 1000]);
    assert_eq!(positions(&recent.after(Position(20), 10)), [35, 36, 90, 1000]);
    assert_eq!(positions(&recent.after(Position(50), 10)), [90, 1000]);
    assert_eq!(positions(&recent.after(Position(999), 10)), [1000]);
    assert!(recent.after(Position(9), 10).is_empty(), "10 could be missing");
}

#[test]
fn no_more_is_kept_than_the_bound() {
    let recent = Recent::new(Position(0));
    let one = entry(10);
    let fitting = BYTES_MAX / weight(&one);
    recent.push(
        (1..=fitting as u64 + 1)
            .map(|n| LogEntry { position: Position(n * 10), ..one.clone() })
            .collect(),
    );
    assert!(recent.after(Position(9), 1).is_empty(), "the one at 10 had to go");
    assert_eq!(recent.after(Position(10), usize::MAX).len(), fitting);
    assert_eq!(recent.after(Position(15), usize::MAX).len(), fitting);
}
