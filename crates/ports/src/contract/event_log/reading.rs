//! What can be read, and how far.

use super::*;

pub(super) async fn what_was_acked_is_found_every_way(log: Arc<dyn EventLog>) {
    let log = &*log;
    let tenant = fresh_tenant();
    let before = head(log).await;
    let sent = items(&tenant, "s", &[(1, "x"), (2, "\u{0}ÿ€ and a longer payload")]);
    let places = append(log, sent.clone()).await.expect("the stream takes anything");
    let expected: Vec<LogEntry> = places
        .iter()
        .zip(&sent.records)
        .map(|(place, record)| LogEntry {
            position: place.position,
            revision: place.revision,
            record: record.clone(),
        })
        .collect();
    assert_eq!(stream(log, &sent.stream).await, expected, "by stream, byte for byte");
    let all = log.read_all(before, 1000).await.expect("the log works");
    let ours: Vec<LogEntry> =
        all.into_iter().filter(|entry| entry.record.stream == sent.stream).collect();
    assert_eq!(ours, expected, "in the whole log");
    for entry in &expected {
        let record = &entry.record;
        let found = log.find(&record.tenant, record.id).await.expect("the log works");
        assert_eq!(found.as_ref(), Some(entry), "by id");
    }
    let stranger = record(&fresh_tenant(), "s", 1, "x");
    assert_eq!(log.find(&stranger.tenant, stranger.id).await.expect("the log works"), None);
    let unknown = record(&tenant, "s", 99, "x");
    assert_eq!(log.find(&unknown.tenant, unknown.id).await.expect("the log works"), None);
}

pub(super) async fn a_stream_is_read_in_both_directions(log: Arc<dyn EventLog>) {
    let log = &*log;
    use Direction::{Backwards, Forwards};
    let tenant = fresh_tenant();
    for id in 0..5 {
        store(log, item(&tenant, "s", id, "x")).await;
        store(log, item(&tenant, "beside", 100 + id, "x")).await;
    }
    let name = item(&tenant, "s", 0, "x").stream;
    let cases: &[(u64, Direction, usize, &[u64])] = &[
        (0, Forwards, 10, &[0, 1, 2, 3, 4]),
        (0, Forwards, 5, &[0, 1, 2, 3, 4]),
        (0, Forwards, 2, &[0, 1]),
        (3, Forwards, 10, &[3, 4]),
        (4, Forwards, 1, &[4]),
        (5, Forwards, 10, &[]),
        (u64::MAX, Forwards, 10, &[]),
        (0, Forwards, 0, &[]),
        (u64::MAX, Backwards, 10, &[4, 3, 2, 1, 0]),
        (4, Backwards, 2, &[4, 3]),
        (2, Backwards, 10, &[2, 1, 0]),
        (0, Backwards, 10, &[0]),
        (9, Backwards, 1, &[4]),
        (4, Backwards, 0, &[]),
    ];
    for (from, direction, limit, expected) in cases {
        let read = log.read_stream(&name, Revision(*from), *direction, *limit).await;
        let read = revisions(&read.expect("the log works"));
        assert_eq!(read, *expected, "from {from}, {direction:?}, at most {limit}");
    }
    let unknown = StreamName::from_stored(&format!("person-{tenant}.nobody"));
    assert!(stream(log, &unknown).await.is_empty(), "an unknown stream is empty");
}

pub(super) async fn missing_positions_are_told_in_their_place(log: Arc<dyn EventLog>) {
    let log = &*log;
    let tenant = fresh_tenant();
    let mut known = Vec::new();
    for id in 0..3 {
        known.push(store(log, item(&tenant, "s", id, "x")).await.position);
    }
    let beyond = Position(head(log).await.0 + 1000);
    let asked =
        [known[2], Position::START, known[0], beyond, known[0], Position(u64::MAX), known[1]];
    let read = log.read_at(&asked).await.expect("the log works");
    let told: Vec<Option<Position>> =
        read.iter().map(|entry| entry.as_ref().map(|entry| entry.position)).collect();
    let expected =
        [Some(known[2]), None, Some(known[0]), None, Some(known[0]), None, Some(known[1])];
    assert_eq!(told, expected);
    assert!(log.read_at(&[]).await.expect("the log works").is_empty());
    let many = vec![known[0]; 250];
    assert_eq!(log.read_at(&many).await.expect("the log works").len(), 250);
}

pub(super) async fn the_whole_log_is_read_in_order_by_pages(log: Arc<dyn EventLog>) {
    let log = &*log;
    let tenant = fresh_tenant();
    let start = head(log).await;
    for id in 0..7 {
        store(log, item(&tenant, &format!("s{id}"), id, "x")).await;
    }
    let all = log.read_all(start, 1000).await.expect("the log works");
    assert!(all.len() >= 7);
    assert!(all.is_sorted_by(|a, b| a.position < b.position), "in order of position");
    let mut paged = Vec::new();
    let mut after = start;
    loop {
        let page = log.read_all(after, 3).await.expect("the log works");
        assert!(page.len() <= 3, "at most as many as asked for");
        let Some(last) = page.last() else { break };
        after = last.position;
        paged.extend(page);
    }
    assert_eq!(paged, all, "pages join without gap or repetition");
    assert!(log.read_all(start, 0).await.expect("the log works").is_empty());
    assert!(log.read_all(Position(u64::MAX), 5).await.expect("the log works").is_empty());
}
