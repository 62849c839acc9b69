//! What is left of records that were removed: their places, and that their ids were used.

use uuid::Uuid;

use super::*;

/// The event that tells of the removal; logs only keep its id.
const RUN: EventId = EventId(Uuid::from_u128(0x0a11));

async fn remove(log: &dyn EventLog, positions: &[Position]) -> u64 {
    let events: Vec<_> = positions.iter().copied().map(removable).collect();
    log.remove(RUN, &events).await.expect("the log can remove")
}

/// Three records of a stream.
async fn three(log: &dyn EventLog, tenant: &str) -> Vec<Position> {
    let mut positions = Vec::new();
    for id in 0..3 {
        positions.push(store(log, item(tenant, "s", id, "x")).await.position);
    }
    positions
}

pub(super) async fn what_was_removed_is_told_by_no_reader(log: Arc<dyn EventLog>) {
    let log = &*log;
    let tenant = fresh_tenant();
    let before = head(log).await;
    let at = three(log, &tenant).await;
    assert_eq!(remove(log, &[at[0], at[2]]).await, 2);
    let name = item(&tenant, "s", 0, "x").stream;
    assert_eq!(revisions(&stream(log, &name).await), [1], "by stream");
    let backwards = log.read_stream(&name, Revision(u64::MAX), Direction::Backwards, 1).await;
    assert_eq!(revisions(&backwards.expect("the log works")), [1], "by stream, backwards");
    let all = log.read_all(before, 1).await.expect("the log works");
    assert_eq!(all[0].position, at[1], "a page holds what is there, not what was");
    let read = log.read_at(&at).await.expect("the log works");
    let told: Vec<bool> = read.iter().map(Option::is_some).collect();
    assert_eq!(told, [false, true, false], "by position");
    let gone = record(&tenant, "s", 0, "x");
    assert_eq!(log.find(&gone.tenant, gone.id).await.expect("the log works"), None, "by id");
    assert_eq!(head(log).await, at[2], "the log ends where it ended");
}

pub(super) async fn a_removed_id_stays_used_and_its_stream_goes_on(log: Arc<dyn EventLog>) {
    let log = &*log;
    let tenant = fresh_tenant();
    let at = three(log, &tenant).await;
    remove(log, &at).await;
    let again = store(log, item(&tenant, "s", 1, "x")).await;
    let old = Appended { position: at[1], revision: Revision(1), duplicate: true };
    assert_eq!(again, old, "the old place is told");
    let conflict = append(log, item(&tenant, "s", 1, "other")).await;
    assert!(matches!(conflict, Err(AppendError::IdempotencyConflict { .. })), "{conflict:?}");
    let next = store(log, item(&tenant, "s", 7, "x")).await;
    assert_eq!(next.revision, Revision(3), "numbering has no gap");
    assert!(next.position > at[2], "places are not used again");
}

pub(super) async fn who_follows_passes_over_what_was_removed(log: Arc<dyn EventLog>) {
    let log = &*log;
    let tenant = fresh_tenant();
    let mut follower = log.follow(head(log).await);
    let at = three(log, &tenant).await;
    remove(log, &at).await;
    let kept = store(log, item(&tenant, "s", 7, "x")).await;
    let next = follower.next(10).await.expect("the log works");
    let told: Vec<Position> = next.iter().map(|entry| entry.position).collect();
    assert_eq!(told, [kept.position]);
}

pub(super) async fn only_what_is_there_is_counted_as_removed(log: Arc<dyn EventLog>) {
    let log = &*log;
    let at = three(log, &fresh_tenant()).await;
    let beyond = Position(head(log).await.0 + 1000);
    assert_eq!(remove(log, &[]).await, 0);
    assert_eq!(remove(log, &[at[0], at[0], Position::START, beyond, Position(u64::MAX)]).await, 1);
    assert_eq!(remove(log, &at).await, 2, "the first was removed before");
}
