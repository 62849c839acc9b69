//! What holds between two nodes that share one log.

use std::sync::Arc;
use std::time::Duration;

use annals_domain::{Position, Revision};

use super::{Case, fresh_tenant, item};
use crate::event_log::{Appended, Direction, EventLog};

/// How long one node may take to see what the other has appended.
const PATIENCE: Duration = Duration::from_secs(30);
const RECORDS_EACH: u128 = 100;

/// The cases of the suite, for two nodes, whose log may hold records already.
pub fn cases(first: &Arc<dyn EventLog>, second: &Arc<dyn EventLog>) -> Vec<Case> {
    let both = || (Arc::clone(first), Arc::clone(second));
    let (a, b, c) = (both(), both(), both());
    vec![
        Case {
            name: "what_one_node_appends_the_other_reads_at_the_same_place",
            run: Box::pin(what_one_node_appends_the_other_reads_at_the_same_place(a.0, a.1)),
        },
        Case {
            name: "a_record_sent_to_both_nodes_is_stored_once",
            run: Box::pin(a_record_sent_to_both_nodes_is_stored_once(b.0, b.1)),
        },
        Case {
            name: "both_nodes_append_to_one_stream_and_none_is_lost",
            run: Box::pin(both_nodes_append_to_one_stream_and_none_is_lost(c.0, c.1)),
        },
    ]
}

/// Runs the whole suite.
pub async fn run(first: Arc<dyn EventLog>, second: Arc<dyn EventLog>) {
    for case in cases(&first, &second) {
        case.run.await;
    }
}

async fn what_one_node_appends_the_other_reads_at_the_same_place(
    first: Arc<dyn EventLog>,
    second: Arc<dyn EventLog>,
) {
    let tenant = fresh_tenant();
    let sent = item(&tenant, "s", 1, "x");
    let id = sent.records[0].id;
    let stored = store(&first, sent.clone()).await;
    reaches(&second, stored.position).await;
    let found = second.find(&sent.records[0].tenant, id).await.expect("the log works");
    let found = found.expect("the node has caught up");
    assert_eq!((found.position, found.revision), (stored.position, stored.revision));
    assert_eq!(found.record, sent.records[0], "byte for byte");
    let again = store(&second, sent).await;
    assert_eq!(again, Appended { duplicate: true, ..stored }, "an id is known to every node");
}

async fn a_record_sent_to_both_nodes_is_stored_once(
    first: Arc<dyn EventLog>,
    second: Arc<dyn EventLog>,
) {
    let tenant = fresh_tenant();
    for id in 0..20 {
        let (one, other) = tokio::join!(
            store(&first, item(&tenant, "s", id, "x")),
            store(&second, item(&tenant, "s", id, "x")),
        );
        assert_eq!(one.position, other.position, "both are told one place");
        assert_eq!(one.revision, Revision(id as u64), "it is stored once");
    }
}

async fn both_nodes_append_to_one_stream_and_none_is_lost(
    first: Arc<dyn EventLog>,
    second: Arc<dyn EventLog>,
) {
    let tenant = fresh_tenant();
    let write = async |log: Arc<dyn EventLog>, from: u128| {
        let mut last = Position::START;
        for id in from..from + RECORDS_EACH {
            last = last.max(store(&log, item(&tenant, "s", id, "x")).await.position);
        }
        last
    };
    let (one, other) =
        tokio::join!(write(Arc::clone(&first), 0), write(Arc::clone(&second), RECORDS_EACH));
    let name = item(&tenant, "s", 0, "x").stream;
    for log in [&first, &second] {
        reaches(log, one.max(other)).await;
        let all = log.read_stream(&name, Revision(0), Direction::Forwards, 1000).await;
        let all = all.expect("the log works");
        let revisions: Vec<u64> = all.iter().map(|entry| entry.revision.0).collect();
        assert_eq!(revisions, (0..2 * RECORDS_EACH as u64).collect::<Vec<_>>());
        let mut ids: Vec<_> = all.iter().map(|entry| entry.record.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 2 * RECORDS_EACH as usize, "each is stored once");
    }
}

async fn store(log: &Arc<dyn EventLog>, item: crate::event_log::AppendItem) -> Appended {
    let mut answers = log.append(vec![item]).await.expect("the log works");
    answers.remove(0).expect("nothing speaks against this record")[0]
}

/// Waits until a node has the log up to a position.
async fn reaches(log: &Arc<dyn EventLog>, position: Position) {
    let reached = async {
        let mut follower = log.follow(Position(position.0.saturating_sub(1)));
        follower.next(1).await.expect("the log works");
    };
    tokio::time::timeout(PATIENCE, reached).await.expect("the node follows the log");
}
