//! What retention cut off is forgotten when it is told, and not before.

use annals_domain::EventId;

use super::*;
use crate::replica::Cut;

const RUN: EventId = EventId(Uuid::from_u128(0x0a11));

fn cut(entry: &LogEntry) -> Cut {
    Cut { stream: entry.record.stream.clone(), before: entry.revision, run: RUN }
}

async fn note(replica: &dyn LogReplica, entries: &[LogEntry], cuts: Vec<Cut>, place: u64) {
    let checkpoint = Checkpoint { commit: place, prepare: place, event: None };
    let noted = replica.apply_with_cuts(entries.to_vec(), cuts, checkpoint).await;
    noted.expect("the copy works");
}

async fn cut_off(replica: &dyn LogReplica) -> Vec<Position> {
    replica.cut_off(100).await.expect("the copy works")
}

async fn all_of(replica: &dyn LogReplica, stream: &StreamName) -> Vec<LogEntry> {
    let from = Revision(0);
    replica.read_stream(stream, from, Direction::Forwards, 100).await.expect("the copy works")
}

pub(super) async fn what_was_cut_off_is_forgotten_when_it_is_told(replica: &dyn LogReplica) {
    let tenant = fresh_tenant();
    let mut log = Log::behind(replica).await;
    let entries: Vec<_> = (0..6).map(|id| log.entry(&tenant, "cut", id)).collect();
    let other = log.entry(&tenant, "whole", 6);
    let stream = entries[0].record.stream.clone();
    let at: Vec<Position> = entries.iter().map(|entry| entry.position).collect();
    let both = [stream.clone(), other.record.stream.clone()];
    // The records and the cut behind them come in one step.
    let mut batch = entries.clone();
    batch.push(other.clone());
    note(replica, &batch, vec![cut(&entries[3])], log.last + 1).await;
    let told = replica.cuts(&both).await.expect("the copy works");
    assert_eq!(told, [Some(Revision(3)), None]);
    assert_eq!(cut_off(replica).await, at[..3]);
    assert_eq!(
        replica.cut_off(2).await.expect("the copy works").len(),
        2,
        "as many as are asked for"
    );
    let places = replica.before(&stream, Revision(4), 9).await.expect("the copy works");
    let expected: Vec<_> = entries[..4].iter().map(|e| (e.revision, e.position)).collect();
    assert_eq!(places, expected);
    assert_eq!(all_of(replica, &stream).await, entries, "nothing is forgotten by itself");

    replica.forget(&[at[0], at[2], Position(1), Position(u64::MAX)]).await.expect("the copy works");
    assert_eq!(cut_off(replica).await, [at[1]], "what was not told is left");
    replica.forget(&[at[1]]).await.expect("the copy works");
    assert!(cut_off(replica).await.is_empty());
    assert_eq!(all_of(replica, &stream).await, entries[3..]);
    let places = replica.before(&stream, Revision(4), 9).await.expect("the copy works");
    assert_eq!(places, [(Revision(3), at[3])], "what is gone is not told");
    let keys: Vec<RecordKey> = entries.iter().map(|entry| (&entry.record).into()).collect();
    let held = replica.held(&keys).await.expect("the copy works");
    assert!(held.iter().all(Option::is_some), "ids stay taken");
    assert_eq!(
        replica.last_revisions(&both[..1]).await.expect("the copy works"),
        [Some(Revision(5))]
    );

    // A cut that is told again, or was less far, changes nothing; one that is further does.
    note(replica, &[], vec![cut(&entries[3]), cut(&entries[1])], log.last + 2).await;
    assert!(cut_off(replica).await.is_empty());
    note(replica, &[], vec![cut(&entries[5])], log.last + 3).await;
    assert_eq!(cut_off(replica).await, at[3..5]);
    replica.forget(&at[3..5]).await.expect("the copy works");
    assert_eq!(all_of(replica, &stream).await, entries[5..]);
    assert_eq!(all_of(replica, &both[1]).await, [other]);
}

/// What the node removed itself is forgotten before it hears of the cut.
pub(super) async fn what_was_forgotten_before_the_cut_is_not_told(replica: &dyn LogReplica) {
    let tenant = fresh_tenant();
    let mut log = Log::behind(replica).await;
    let entries: Vec<_> = (0..3).map(|id| log.entry(&tenant, "own", id)).collect();
    log.apply(replica, &entries).await;
    replica.forget(&[entries[0].position, entries[1].position]).await.expect("the copy works");
    note(replica, &[], vec![cut(&entries[2])], log.last + 1).await;
    assert!(cut_off(replica).await.is_empty());
    assert_eq!(all_of(replica, &entries[0].record.stream).await, entries[2..]);
}
