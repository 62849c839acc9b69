//! Sent twice, stored once, for ever.

use super::*;

pub(super) async fn the_same_record_later_is_told_its_old_place(log: Arc<dyn EventLog>) {
    let log = &*log;
    let tenant = fresh_tenant();
    let first = store(log, item(&tenant, "s", 1, "x")).await;
    store(log, item(&tenant, "s", 2, "x")).await;
    let again = store(log, item(&tenant, "s", 1, "x")).await;
    assert_eq!(again, Appended { duplicate: true, ..first });
    let name = item(&tenant, "s", 1, "x").stream;
    assert_eq!(stream(log, &name).await.len(), 2, "it is stored once");
}

pub(super) async fn the_same_record_in_one_batch_or_item_is_stored_once(log: Arc<dyn EventLog>) {
    let log = &*log;
    let tenant = fresh_tenant();
    let batch = vec![
        item(&tenant, "s", 1, "x"),
        item(&tenant, "s", 1, "x"),
        items(&tenant, "s", &[(1, "x"), (2, "y"), (2, "y")]),
    ];
    let name = batch[0].stream.clone();
    let mut places = Vec::new();
    for answer in log.append(batch).await.expect("the log works") {
        places.extend(answer.expect("the same content is no conflict"));
    }
    let told: Vec<(u64, bool)> =
        places.iter().map(|place| (place.revision.0, place.duplicate)).collect();
    assert_eq!(told, [(0, false), (0, true), (0, true), (1, false), (1, true)]);
    assert_eq!(places[0].position, places[2].position);
    assert_eq!(places[3].position, places[4].position);
    assert_eq!(revisions(&stream(log, &name).await), [0, 1]);
}

pub(super) async fn an_item_sent_again_is_answered_though_the_stream_went_on(
    log: Arc<dyn EventLog>,
) {
    let log = &*log;
    let tenant = fresh_tenant();
    let sent = expecting(Expected::Empty, items(&tenant, "s", &[(1, "x"), (2, "x")]));
    let first = append(log, sent.clone()).await.expect("the stream is empty");
    store(log, item(&tenant, "s", 3, "x")).await;
    let again = append(log, sent).await.expect("it is the same append");
    assert!(again.iter().all(|place| place.duplicate));
    let places =
        |all: &[Appended]| all.iter().map(|a| (a.position, a.revision)).collect::<Vec<_>>();
    assert_eq!(places(&first), places(&again));
    let partly = expecting(Expected::Empty, items(&tenant, "s", &[(1, "x"), (4, "x")]));
    let refusal = append(log, partly).await;
    assert!(matches!(refusal, Err(AppendError::WrongRevision { .. })), "a new part is checked");
}

pub(super) async fn other_content_under_the_same_id_is_a_conflict(log: Arc<dyn EventLog>) {
    let log = &*log;
    let tenant = fresh_tenant();
    let id = item(&tenant, "s", 1, "x").records[0].id;
    store(log, item(&tenant, "s", 1, "x")).await;
    for (stream, expected) in [("s", Expected::Any), ("s", Expected::Empty), ("t", Expected::Any)] {
        let refusal = append(log, expecting(expected, item(&tenant, stream, 1, "y"))).await;
        assert_eq!(refusal, Err(AppendError::IdempotencyConflict { id }));
    }
    let batch = vec![item(&tenant, "s", 2, "x"), item(&tenant, "s", 2, "y")];
    let answers = log.append(batch).await.expect("the log works");
    assert!(answers[0].is_ok());
    assert!(matches!(answers[1], Err(AppendError::IdempotencyConflict { .. })), "also in a batch");
    let name = item(&tenant, "s", 1, "x").stream;
    assert_eq!(revisions(&stream(log, &name).await), [0, 1]);
}

pub(super) async fn another_tenant_may_use_the_same_id(log: Arc<dyn EventLog>) {
    let log = &*log;
    let (one, other) = (fresh_tenant(), fresh_tenant());
    let first = store(log, item(&one, "s", 1, "x")).await;
    let second = store(log, item(&other, "s", 1, "y")).await;
    assert!(!second.duplicate && second.position > first.position);
    let id = item(&one, "s", 1, "x").records[0].id;
    for (tenant, place) in [(one, first), (other, second)] {
        let tenant = record(&tenant, "s", 1, "x").tenant;
        let found = log.find(&tenant, id).await.expect("the log works").expect("it was stored");
        assert_eq!((found.position, found.record.tenant), (place.position, tenant));
    }
}

pub(super) async fn of_writers_that_send_the_same_record_one_stores_it(log: Arc<dyn EventLog>) {
    let log = &log;
    let tenant = fresh_tenant();
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let (log, item) = (Arc::clone(log), item(&tenant, "s", 1, "x"));
            tokio::spawn(async move { store(&*log, item).await })
        })
        .collect();
    let mut places = Vec::new();
    for writer in writers {
        places.push(writer.await.expect("the writer does not panic"));
    }
    assert_eq!(places.iter().filter(|place| !place.duplicate).count(), 1, "{places:?}");
    assert!(places.iter().all(|place| place.position == places[0].position), "{places:?}");
}
