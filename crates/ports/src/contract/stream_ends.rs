//! What every log that tells its streams keeps to ([`StreamEnds`]).

use annals_domain::{Position, StreamName};

use super::{fresh_tenant, item};
use crate::event_log::EventLog;
use crate::stream_ends::{StreamEnd, StreamEnds};

/// Runs the suite on an empty log.
pub async fn run(log: &(impl EventLog + StreamEnds)) {
    assert_eq!(ends(log, Position(u64::MAX), None, 10).await, []);
    let tenant = fresh_tenant();
    let mut expected: Vec<StreamEnd> = Vec::new();
    let mut positions = Vec::new();
    for (id, stream) in ["b", "a", "b", "c", "a", "a"].into_iter().enumerate() {
        let item = item(&tenant, stream, id as u128, "x");
        let name = item.stream.clone();
        let appended = log.append(vec![item]).await.expect("the log works").remove(0);
        let appended = appended.expect("the stream takes anything").remove(0);
        expected.retain(|end| end.stream != name);
        let (revision, position) = (appended.revision, appended.position);
        expected.push(StreamEnd { stream: name, revision, position });
        expected.sort_by(|a, b| a.stream.as_str().cmp(b.stream.as_str()));
        positions.push((position, expected.clone()));
    }
    for (position, expected) in &positions {
        assert_eq!(ends(log, *position, None, 10).await, *expected, "up to {position}");
    }
    assert_eq!(ends(log, Position::START, None, 10).await, []);
    // By pages of each size, also ones at whose end a stream that begins later is passed over.
    for (position, expected) in &positions {
        for limit in 1..=4 {
            let mut read: Vec<StreamEnd> = Vec::new();
            loop {
                let after = read.last().map(|end| end.stream.clone());
                let page = ends(log, *position, after.as_ref(), limit).await;
                let is_last = page.len() < limit;
                read.extend(page);
                if is_last {
                    break;
                }
            }
            assert_eq!(read, *expected, "up to {position}, {limit} at once");
        }
    }
}

async fn ends(
    log: &impl StreamEnds,
    up_to: Position,
    after: Option<&StreamName>,
    limit: usize,
) -> Vec<StreamEnd> {
    log.stream_ends(up_to, after, limit).await.expect("the log works")
}
