//! Order, revisions, conflicts, wholeness.

use super::*;

pub(super) async fn revisions_begin_at_zero_and_positions_rise(log: Arc<dyn EventLog>) {
    let log = &*log;
    let tenant = fresh_tenant();
    let before = head(log).await;
    let batch = vec![
        item(&tenant, "a", 1, "x"),
        item(&tenant, "b", 2, "x"),
        items(&tenant, "a", &[(3, "x"), (4, "x")]),
    ];
    let answers = log.append(batch).await.expect("the log works");
    let mut places = Vec::new();
    for answer in answers {
        places.extend(answer.expect("nothing speaks against these records"));
    }
    let revisions: Vec<u64> = places.iter().map(|place| place.revision.0).collect();
    assert_eq!(revisions, [0, 0, 1, 2], "revisions count within a stream, from 0");
    assert!(places.iter().all(|place| !place.duplicate), "they are new");
    let positions: Vec<Position> = places.iter().map(|place| place.position).collect();
    let of_stream = [positions[0], positions[2], positions[3]];
    assert!(of_stream.is_sorted_by(|a, b| a < b), "positions rise within a stream");
    assert!(positions.iter().all(|position| *position > before), "and lie behind all before");
    let last = positions.iter().max().expect("there are some");
    assert!(head(log).await >= *last, "the head tells what was acked");
}

pub(super) async fn a_batch_of_nothing_is_answered_with_nothing(log: Arc<dyn EventLog>) {
    let log = &*log;
    let before = head(log).await;
    assert!(log.append(Vec::new()).await.expect("the log works").is_empty());
    assert_eq!(head(log).await, before);
}

pub(super) async fn a_stream_that_is_not_as_expected_is_told(log: Arc<dyn EventLog>) {
    let log = &*log;
    let tenant = fresh_tenant();
    let name = item(&tenant, "s", 0, "").stream;
    let refuse = async |expected, actual, id| {
        let refusal = append(log, expecting(expected, item(&tenant, "s", id, "x"))).await;
        let stream = name.clone();
        assert_eq!(refusal, Err(AppendError::WrongRevision { stream, expected, actual }));
    };
    let take = async |expected, revision, id| {
        let taken = store(log, expecting(expected, item(&tenant, "s", id, "x"))).await;
        assert_eq!(taken.revision, Revision(revision));
    };
    refuse(Expected::Last(Revision(0)), None, 1).await;
    take(Expected::Empty, 0, 2).await;
    refuse(Expected::Empty, Some(Revision(0)), 3).await;
    take(Expected::Last(Revision(0)), 1, 4).await;
    refuse(Expected::Last(Revision(0)), Some(Revision(1)), 5).await;
    refuse(Expected::Last(Revision(2)), Some(Revision(1)), 6).await;
    take(Expected::Any, 2, 7).await;
    assert_eq!(revisions(&stream(log, &name).await), [0, 1, 2], "what was refused left nothing");
}

pub(super) async fn an_item_is_stored_whole_or_not_at_all(log: Arc<dyn EventLog>) {
    let log = &*log;
    let tenant = fresh_tenant();
    store(log, item(&tenant, "other", 1, "x")).await;
    let batch = vec![
        items(&tenant, "s", &[(2, "x")]),
        items(&tenant, "s", &[(3, "x"), (4, "x"), (1, "another payload")]),
        items(&tenant, "s", &[(5, "x")]),
    ];
    let name = batch[0].stream.clone();
    let answers = log.append(batch).await.expect("the log works");
    assert!(answers[0].is_ok() && answers[2].is_ok(), "the items beside it are stored");
    assert!(matches!(answers[1], Err(AppendError::IdempotencyConflict { .. })), "{answers:?}");
    let entries = stream(log, &name).await;
    let ids: Vec<u128> = entries.iter().map(|entry| entry.record.id.0.as_u128()).collect();
    assert_eq!(ids, [2, 5], "nothing of the refused item is stored");
    assert_eq!(revisions(&entries), [0, 1], "and it leaves no gap");
    let again = append(log, items(&tenant, "s", &[(3, "x"), (4, "x")])).await;
    assert!(again.is_ok_and(|places| places.iter().all(|place| !place.duplicate)));
}

pub(super) async fn of_writers_that_expect_the_same_revision_one_wins(log: Arc<dyn EventLog>) {
    let log = &log;
    const ROUNDS: u64 = 25;
    let tenant = fresh_tenant();
    let writers: Vec<_> = (0..4u128)
        .map(|writer| {
            let (log, tenant) = (Arc::clone(log), tenant.clone());
            tokio::spawn(async move {
                let mut won = Vec::new();
                for round in 0..ROUNDS {
                    let expected = match round.checked_sub(1) {
                        None => Expected::Empty,
                        Some(last) => Expected::Last(Revision(last)),
                    };
                    let id = writer * 1000 + u128::from(round);
                    let item = expecting(expected, item(&tenant, "s", id, "x"));
                    match append(&*log, item).await {
                        Ok(places) => won.push(places[0].revision.0),
                        Err(AppendError::WrongRevision { .. }) => {}
                        Err(error) => panic!("unexpected: {error}"),
                    }
                }
                won
            })
        })
        .collect();
    let mut won = Vec::new();
    for writer in writers {
        won.extend(writer.await.expect("the writer does not panic"));
    }
    won.sort_unstable();
    assert!(won.is_sorted_by(|a, b| a < b), "no revision is given twice: {won:?}");
    let name = item(&tenant, "s", 0, "").stream;
    assert_eq!(won, revisions(&stream(&**log, &name).await), "who won is stored, who lost is not");
}
