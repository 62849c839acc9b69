//! What every [`LogReplica`] keeps to.

mod cutting;
mod following;

use std::collections::HashMap;
use std::sync::Arc;

use annals_domain::{Position, Revision, StreamName, TenantId};
use uuid::Uuid;

use super::{fresh_tenant, record};
use crate::append_plan::{Held, RecordKey};
use crate::event_log::{Direction, LogEntry};
use crate::replica::{Checkpoint, LogReplica};

/// Between the positions of two records.
const GAP: u64 = 137;

/// Runs the whole suite on a copy, which may hold records already.
pub async fn run(replica: Arc<dyn LogReplica>) {
    what_was_applied_is_read_by_every_means(&*replica).await;
    applying_again_changes_nothing(&*replica).await;
    what_is_new_among_what_is_known_is_added(&*replica).await;
    applying_nothing_moves_the_checkpoint(&*replica).await;
    of_two_records_with_one_id_the_first_is_told(&*replica).await;
    the_ends_of_streams_are_told_in_order(&*replica).await;
    what_is_held_is_told_in_order(&*replica).await;
    cutting::what_was_cut_off_is_forgotten_when_it_is_told(&*replica).await;
    cutting::what_was_forgotten_before_the_cut_is_not_told(&*replica).await;
    following::a_follower_yields_everything_once_while_records_are_applied(&replica).await;
    following::a_follower_waits_for_the_next_record(&*replica).await;
}

/// Checks that closing and opening again keeps records and checkpoint. `open` first drops whatever it
/// opened before; the copy it opens first is empty.
pub async fn reopening_keeps_everything(open: impl AsyncFn() -> Arc<dyn LogReplica>) {
    let tenant = fresh_tenant();
    let replica = open().await;
    assert_eq!(replica.checkpoint().await.expect("the copy works"), None, "nothing was copied");
    assert_eq!(head(&*replica).await, Position::START);
    let mut log = Log::behind(&*replica).await;
    let entries: Vec<_> = (0..20).map(|id| log.entry(&tenant, &stream_of(id), id)).collect();
    let first = log.apply(&*replica, &entries).await;
    drop(replica);

    let replica = open().await;
    assert_eq!(replica.checkpoint().await.expect("the copy works"), Some(first));
    assert_eq!(all(&*replica, Position::START).await, entries, "every record at its place");
    assert_eq!(head(&*replica).await, entries[19].position, "reopening keeps the head");
    apply(&*replica, &entries, first).await;
    assert_eq!(all(&*replica, Position::START).await.len(), 20, "nothing is doubled");
    let passed = Checkpoint { commit: first.commit + 1, prepare: first.prepare, event: None };
    apply(&*replica, &[], passed).await;
    let next = log.entry(&tenant, &stream_of(0), 20);
    drop(replica);

    let replica = open().await;
    assert_eq!(replica.checkpoint().await.expect("the copy works"), Some(passed));
    assert_eq!(head(&*replica).await, entries[19].position);
    let last = log.apply(&*replica, std::slice::from_ref(&next)).await;
    assert_eq!(replica.checkpoint().await.expect("the copy works"), Some(last));
    assert_eq!(next.revision, Revision(7));
    let behind = all(&*replica, entries[19].position).await;
    assert_eq!(behind, std::slice::from_ref(&next), "the copy goes on");
    let followed = following::collect(&*replica, entries[9].position, 11, 4).await;
    assert_eq!(followed[..10], entries[10..], "who follows gets what was there before");
    assert_eq!(followed[10], next);
}

async fn what_was_applied_is_read_by_every_means(replica: &dyn LogReplica) {
    let tenant = fresh_tenant();
    let before = head(replica).await;
    let mut log = Log::behind(replica).await;
    let entries: Vec<_> = (0..9).map(|id| log.entry(&tenant, &stream_of(id), id)).collect();
    let checkpoint = log.apply(replica, &entries).await;
    assert_eq!(replica.checkpoint().await.expect("the copy works"), Some(checkpoint));
    assert_eq!(head(replica).await, entries[8].position);
    assert_eq!(all(replica, before).await, entries, "in order of position, byte for byte");
    let page = replica.read_all(entries[3].position, 2).await.expect("the copy is whole");
    assert_eq!(page, entries[4..6], "by pages");
    let between = Position(entries[3].position.0 + 1);
    let page = replica.read_all(between, 1).await.expect("the copy is whole");
    assert_eq!(page, entries[4..5], "from a place between two records");

    let name = &entries[0].record.stream;
    let of_stream: Vec<_> =
        entries.iter().filter(|entry| entry.record.stream == *name).cloned().collect();
    let read = replica.read_stream(name, Revision(0), Direction::Forwards, 100).await;
    assert_eq!(read.expect("the copy is whole"), of_stream, "by stream");
    let read = replica.read_stream(name, Revision(1), Direction::Backwards, 1).await;
    assert_eq!(read.expect("the copy is whole"), of_stream[1..2], "backwards");

    let asked = [entries[5].position, between, entries[0].position, Position(u64::MAX)];
    let read = replica.read_at(&asked).await.expect("the copy is whole");
    assert_eq!(read, [Some(entries[5].clone()), None, Some(entries[0].clone()), None]);
    for entry in &entries {
        let found = replica.find(&entry.record.tenant, entry.record.id).await;
        assert_eq!(found.expect("the copy is whole").as_ref(), Some(entry), "by id");
    }
    let stranger = record(&fresh_tenant(), "s", 1, "x");
    let found = replica.find(&stranger.tenant, stranger.id).await;
    assert_eq!(found.expect("the copy is whole"), None);
}

async fn applying_again_changes_nothing(replica: &dyn LogReplica) {
    let tenant = fresh_tenant();
    let before = head(replica).await;
    let mut log = Log::behind(replica).await;
    let entries: Vec<_> = (0..6).map(|id| log.entry(&tenant, &stream_of(id), id)).collect();
    let middle = log.apply(replica, &entries[..3]).await;
    let last = log.apply(replica, &entries[3..]).await;
    apply(replica, &entries[..3], middle).await;
    apply(replica, &entries, last).await;
    apply(replica, &[], middle).await;
    assert_eq!(all(replica, before).await, entries, "nothing is doubled");
    let held = replica.checkpoint().await.expect("the copy works");
    assert_eq!(held, Some(last), "the checkpoint does not go back");
    assert_eq!(head(replica).await, entries[5].position);
}

async fn what_is_new_among_what_is_known_is_added(replica: &dyn LogReplica) {
    let tenant = fresh_tenant();
    let before = head(replica).await;
    let mut log = Log::behind(replica).await;
    let entries: Vec<_> = (0..6).map(|id| log.entry(&tenant, "s", id)).collect();
    log.apply(replica, &entries[..4]).await;
    log.apply(replica, &entries[2..]).await;
    assert_eq!(all(replica, before).await, entries);
}

async fn applying_nothing_moves_the_checkpoint(replica: &dyn LogReplica) {
    let mut log = Log::behind(replica).await;
    log.apply(replica, &[log.clone().entry(&fresh_tenant(), "s", 1)]).await;
    let before = head(replica).await;
    let held = replica.checkpoint().await.expect("the copy works").expect("it was moved");
    let passed = [
        Checkpoint { commit: held.commit + 5, prepare: held.prepare + 5, event: None },
        Checkpoint { commit: held.commit + 5, prepare: held.prepare + 6, event: None },
        Checkpoint { commit: held.commit + 6, prepare: 0, event: Some(Uuid::from_u128(7)) },
    ];
    for checkpoint in passed {
        apply(replica, &[], checkpoint).await;
        assert_eq!(replica.checkpoint().await.expect("the copy works"), Some(checkpoint));
    }
    assert_eq!(head(replica).await, before, "the head tells the newest record");
}

async fn of_two_records_with_one_id_the_first_is_told(replica: &dyn LogReplica) {
    let tenant = fresh_tenant();
    let before = head(replica).await;
    let mut log = Log::behind(replica).await;
    // In one call and in two, and the stream that comes second is the older one.
    let older = log.entry(&tenant, "b", 1);
    let first = log.entry(&tenant, "a", 2);
    let second = log.entry(&tenant, "b", 2);
    log.apply(replica, &[older.clone(), first.clone(), second.clone()]).await;
    let third = log.entry(&tenant, "c", 2);
    log.apply(replica, std::slice::from_ref(&third)).await;
    let expected = [older, first.clone(), second.clone(), third];
    assert_eq!(all(replica, before).await, expected, "both are kept");
    let read =
        replica.read_stream(&second.record.stream, Revision(0), Direction::Forwards, 9).await;
    assert_eq!(read.expect("the copy is whole").last(), Some(&second));
    let found = replica.find(&first.record.tenant, first.record.id).await;
    assert_eq!(found.expect("the copy is whole").as_ref(), Some(&first));
    let keys = [RecordKey::from(&second.record)];
    let told = replica.held(&keys).await.expect("the copy is whole");
    assert_eq!(told, [Some(held(&first))]);
}

async fn the_ends_of_streams_are_told_in_order(replica: &dyn LogReplica) {
    let tenant = fresh_tenant();
    let mut log = Log::behind(replica).await;
    let entries: Vec<_> = [("a", 1), ("b", 2), ("a", 3), ("a", 4)]
        .map(|(stream, id)| log.entry(&tenant, stream, id))
        .into();
    log.apply(replica, &entries).await;
    let name = |stream: &str| record(&tenant, stream, 0, "").stream;
    let asked = [name("b"), name("nobody"), name("a"), name("b")];
    let told = replica.last_revisions(&asked).await.expect("the copy works");
    assert_eq!(told, [Some(Revision(0)), None, Some(Revision(2)), Some(Revision(0))]);
    assert!(replica.last_revisions(&[]).await.expect("the copy works").is_empty());
}

async fn what_is_held_is_told_in_order(replica: &dyn LogReplica) {
    let tenant = fresh_tenant();
    let mut log = Log::behind(replica).await;
    let entries: Vec<_> = (0..3).map(|id| log.entry(&tenant, &stream_of(id), id)).collect();
    log.apply(replica, &entries).await;
    let known = |index: usize| RecordKey::from(&entries[index].record);
    let changed = RecordKey { fingerprint: [9; 16], ..known(1) };
    let other = TenantId::new(fresh_tenant().as_str()).expect("tests name tenants well");
    let stranger = RecordKey { tenant: other, ..known(0) };
    let asked = [known(2), stranger, known(0), changed, known(2)];
    let told = replica.held(&asked).await.expect("the copy works");
    let expected = [2, 0, 1].map(|index: usize| Some(held(&entries[index])));
    assert_eq!(told, [expected[0], None, expected[1], expected[2], expected[0]]);
    assert!(replica.held(&[]).await.expect("the copy works").is_empty());
}

/// A log elsewhere, which gives positions and revisions.
#[derive(Debug, Clone)]
struct Log {
    last: u64,
    revisions: HashMap<StreamName, u64>,
}

impl Log {
    /// One that goes on behind all that the copy knows of.
    async fn behind(replica: &dyn LogReplica) -> Self {
        let checkpoint = replica.checkpoint().await.expect("the copy works");
        let copied = checkpoint.map_or(0, |checkpoint| checkpoint.commit);
        Self { last: copied.max(head(replica).await.0), revisions: HashMap::new() }
    }

    fn entry(&mut self, tenant: &str, stream: &str, id: u128) -> LogEntry {
        let record = record(tenant, stream, id, &format!("\u{0}ÿ€ payload {stream} {id}"));
        self.last += GAP;
        let next = self.revisions.entry(record.stream.clone()).or_default();
        let revision = Revision(*next);
        *next += 1;
        LogEntry { position: Position(self.last), revision, record }
    }

    /// Applies entries, and tells the checkpoint behind the last.
    async fn apply(&mut self, replica: &dyn LogReplica, entries: &[LogEntry]) -> Checkpoint {
        let last = entries.last().expect("there are some");
        let place = last.position.0;
        let event = Some(last.record.id.0);
        let checkpoint = Checkpoint { commit: place, prepare: place, event };
        apply(replica, entries, checkpoint).await;
        checkpoint
    }
}

async fn apply(replica: &dyn LogReplica, entries: &[LogEntry], checkpoint: Checkpoint) {
    replica.apply(entries.to_vec(), checkpoint).await.expect("the copy works");
}

async fn head(replica: &dyn LogReplica) -> Position {
    replica.head().await.expect("the copy works")
}

/// Everything after a position, at most 1000 records.
async fn all(replica: &dyn LogReplica, after: Position) -> Vec<LogEntry> {
    replica.read_all(after, 1000).await.expect("the copy is whole")
}

fn held(entry: &LogEntry) -> Held {
    let LogEntry { position, revision, ref record } = *entry;
    Held { position, revision, fingerprint: record.fingerprint }
}

fn stream_of(id: u128) -> String {
    format!("s{}", id % 3)
}
