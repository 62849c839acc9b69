use annals_ports::contract;

use super::*;

fn entry(id: u128, revision: u64, position: u64) -> LogEntry {
    let record = contract::record("acme", "a", id, "payload");
    LogEntry { position: Position(position), revision: Revision(revision), record }
}

fn add(ahead: &Ahead, entry: &LogEntry) {
    let record = (RecordKey::from(&entry.record), entry.position, entry.revision);
    ahead.add(&entry.record.stream, [record].into_iter());
}

fn held(ahead: &Ahead, entry: &LogEntry) -> Option<Position> {
    let key = RecordKey::from(&entry.record);
    ahead.look(&entry.record.stream, [&key].into_iter()).held[0].map(|held| held.position)
}

fn run(ahead: &Ahead, entry: &LogEntry) -> Option<(u64, u64)> {
    let run = ahead.look(&entry.record.stream, [].into_iter()).run;
    run.map(|(first, last)| (first.0, last.0))
}

fn remove(ahead: &Ahead, entry: &LogEntry) {
    ahead.remove(&[AppliedRecord::from(entry)], entry.position);
}

#[test]
fn a_record_is_here_until_the_copy_has_it() {
    let ahead = Ahead::new(Position(10));
    let first = entry(1, 0, 20);
    add(&ahead, &first);
    assert_eq!(held(&ahead, &first), Some(Position(20)));
    assert_eq!(run(&ahead, &first), Some((0, 0)));
    assert_eq!(*ahead.count().borrow(), 1);
    remove(&ahead, &first);
    assert_eq!(held(&ahead, &first), None);
    assert_eq!(run(&ahead, &first), None);
    assert_eq!((*ahead.count().borrow(), *ahead.applied().borrow()), (0, Position(20)));
}

#[test]
fn what_the_copy_has_already_is_not_added() {
    let ahead = Ahead::new(Position(10));
    let fast = entry(1, 0, 20);
    remove(&ahead, &fast);
    add(&ahead, &fast);
    assert_eq!(held(&ahead, &fast), None, "the subscription was faster than the answer");
}

#[test]
fn the_end_of_a_stream_stays_while_later_records_are_on_their_way() {
    let ahead = Ahead::new(Position::START);
    let (first, second) = (entry(1, 0, 20), entry(2, 1, 30));
    add(&ahead, &first);
    add(&ahead, &second);
    assert_eq!(run(&ahead, &first), Some((0, 1)));
    remove(&ahead, &first);
    assert_eq!(run(&ahead, &first), Some((1, 1)), "of what went before nothing is known here");
    assert_eq!(ahead.newest(), Position(30));
}

#[test]
fn the_distance_of_records_follows_what_comes() {
    let ahead = Ahead::new(Position::START);
    assert_eq!(ahead.positions_per_record(), SPACING, "nothing came yet");
    let batch: Vec<_> = (0..100u64)
        .map(|number| AppliedRecord::from(&entry(u128::from(number), number, 500 * number)))
        .collect();
    ahead.remove(&batch[..SPACING_RECORDS_MIN - 1], Position(1));
    assert_eq!(ahead.positions_per_record(), SPACING, "that is too few to tell");
    ahead.remove(&batch, Position(50_000));
    assert_eq!(ahead.positions_per_record(), 500);
}

#[test]
fn a_run_has_no_gaps() {
    let ahead = Ahead::new(Position::START);
    add(&ahead, &entry(1, 0, 20));
    add(&ahead, &entry(3, 2, 40));
    assert_eq!(run(&ahead, &entry(3, 2, 40)), Some((2, 2)), "nobody told of revision 1");
}

#[tokio::test]
async fn places_are_told_when_all_have_come() {
    let ahead = Ahead::new(Position::START);
    let stream = entry(1, 0, 1).record.stream;
    let mut expecting = ahead.expect(&stream, Revision(5), 2);
    remove(&ahead, &entry(1, 4, 10));
    remove(&ahead, &entry(2, 5, 20));
    assert_eq!(expecting.known(), None, "one is missing");
    remove(&ahead, &entry(3, 6, 30));
    assert_eq!(expecting.places().await.unwrap(), [Position(20), Position(30)]);
}

#[test]
fn whoever_gives_up_waiting_for_places_leaves_nothing_behind() {
    let ahead = Ahead::new(Position::START);
    let stream = entry(1, 0, 1).record.stream;
    drop(ahead.expect(&stream, Revision(5), 2));
    assert!(ahead.lock().waiting.is_empty());
}
