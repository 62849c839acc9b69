//! From what was copied to what comes, without gap or repetition.

use futures_util::poll;

use super::*;

pub(super) async fn a_follower_yields_everything_once_while_records_are_applied(
    replica: &Arc<dyn LogReplica>,
) {
    const RECORDS: usize = 2000;
    let tenant = fresh_tenant();
    let start = head(&**replica).await;
    let mut log = Log::behind(&**replica).await;
    let entries: Vec<_> =
        (0..RECORDS as u128).map(|id| log.entry(&tenant, &stream_of(id), id)).collect();
    log.apply(&**replica, &entries[..50]).await;
    let middle = head(&**replica).await;
    let between = Position(middle.0 + 1);
    let applying = tokio::spawn({
        let (replica, rest) = (Arc::clone(replica), entries[50..].to_vec());
        async move {
            // Calls of different lengths, which overlap as after a reconnection.
            for (index, chunk) in rest.chunks(37).enumerate() {
                let begin = (index * 37).saturating_sub(index % 5);
                log.apply(&*replica, &rest[begin..index * 37 + chunk.len()]).await;
            }
        }
    });
    let (from_start, from_middle, from_between) = tokio::join!(
        collect(&**replica, start, RECORDS, 17),
        collect(&**replica, middle, RECORDS - 50, 256),
        collect(&**replica, between, RECORDS - 50, 1000),
    );
    applying.await.expect("applying does not panic");
    assert!(from_start == entries, "a follower from the start yields everything");
    assert!(from_middle == entries[50..], "a follower from the middle yields the rest");
    assert!(from_between == entries[50..], "also from a place between two records");
}

pub(super) async fn a_follower_waits_for_the_next_record(replica: &dyn LogReplica) {
    let mut log = Log::behind(replica).await;
    let mut follower = replica.follow(head(replica).await);
    {
        let mut waiting = follower.next(10);
        assert!(poll!(waiting.as_mut()).is_pending(), "there is nothing to yield yet");
    }
    let entry = log.entry(&fresh_tenant(), "s", 1);
    log.apply(replica, std::slice::from_ref(&entry)).await;
    assert_eq!(follower.next(10).await.expect("the copy works"), [entry]);
}

/// Follows until `count` records came. Every other call is dropped after its first poll, which must
/// lose nothing.
pub(super) async fn collect(
    replica: &dyn LogReplica,
    after: Position,
    count: usize,
    limit: usize,
) -> Vec<LogEntry> {
    let mut follower = replica.follow(after);
    let mut collected = Vec::new();
    while collected.len() < count {
        let dropped = {
            let mut next = follower.next(limit);
            poll!(next.as_mut())
        };
        let entries = match dropped {
            std::task::Poll::Ready(entries) => entries,
            std::task::Poll::Pending => follower.next(limit).await,
        };
        let entries = entries.expect("the copy works");
        assert!((1..=limit).contains(&entries.len()), "some, and at most as many as asked for");
        collected.extend(entries);
        tokio::task::yield_now().await;
    }
    collected
}
