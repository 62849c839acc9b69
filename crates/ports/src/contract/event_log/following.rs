//! From what was there to what comes, without gap or repetition.

use super::*;
use futures_util::poll;

const WRITERS: u128 = 4;
const RECORDS_EACH: u128 = 500;

pub(super) async fn a_follower_yields_everything_once_while_writers_append(log: Arc<dyn EventLog>) {
    let log = &log;
    let tenant = fresh_tenant();
    let start = head(&**log).await;
    for id in 0..50 {
        store(&**log, item(&tenant, "before", 1_000_000 + id, "x")).await;
    }
    let middle = head(&**log).await;
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| tokio::spawn(write(Arc::clone(log), tenant.clone(), writer)))
        .collect();
    let total = 50 + (WRITERS * RECORDS_EACH) as usize;
    let (from_start, from_middle) = tokio::join!(
        collect(&**log, start, &tenant, total, 17),
        collect(&**log, middle, &tenant, total - 50, 256),
    );
    for writer in writers {
        writer.await.expect("the writer does not panic");
    }
    let mut all = Vec::new();
    let mut after = start;
    loop {
        let page = log.read_all(after, 500).await.expect("the log works");
        let Some(last) = page.last() else { break };
        after = last.position;
        all.extend(page.iter().filter(|entry| entry.record.tenant.as_str() == tenant).cloned());
    }
    assert_eq!(all.len(), total, "every record is stored once");
    assert!(from_start == all, "a follower from the start yields the whole log");
    assert!(from_middle == all[50..], "a follower from the middle yields the rest");
}

pub(super) async fn a_follower_waits_for_the_next_record(log: Arc<dyn EventLog>) {
    let log = &*log;
    let tenant = fresh_tenant();
    let mut follower = log.follow(head(log).await);
    {
        let mut waiting = follower.next(10);
        assert!(poll!(waiting.as_mut()).is_pending(), "there is nothing to yield yet");
    }
    let place = store(log, item(&tenant, "s", 1, "x")).await;
    let entries = follower.next(10).await.expect("the log works");
    assert_eq!(entries.last().map(|entry| entry.position), Some(place.position));
}

async fn write(log: Arc<dyn EventLog>, tenant: String, writer: u128) {
    for number in 0..RECORDS_EACH {
        // Some streams are shared, some are the writer's own.
        let stream = format!("s{}", if number % 2 == 0 { 100 } else { writer });
        let id = writer * RECORDS_EACH + number;
        store(&*log, item(&tenant, &stream, id, "a payload of some length")).await;
    }
}

/// Follows until `count` records of the tenant came. Every other call is dropped after its first
/// poll, which must lose nothing.
async fn collect(
    log: &dyn EventLog,
    after: Position,
    tenant: &str,
    count: usize,
    limit: usize,
) -> Vec<LogEntry> {
    let mut follower = log.follow(after);
    let mut collected: Vec<LogEntry> = Vec::new();
    let mut last = after;
    while collected.len() < count {
        let dropped = {
            let mut next = follower.next(limit);
            poll!(next.as_mut())
        };
        let entries = match dropped {
            std::task::Poll::Ready(entries) => entries,
            std::task::Poll::Pending => follower.next(limit).await,
        };
        let entries = entries.expect("the log works");
        assert!((1..=limit).contains(&entries.len()), "some, and at most as many as asked for");
        for entry in entries {
            assert!(entry.position > last, "in order of position, none twice");
            last = entry.position;
            if entry.record.tenant.as_str() == tenant {
                collected.push(entry);
            }
        }
        tokio::task::yield_now().await;
    }
    collected
}
