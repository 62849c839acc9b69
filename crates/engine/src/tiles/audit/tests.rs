use annals_ports::memory::{MemoryEventLog, MemoryTrees};
use annals_ports::trees::{TreeGrowth, TreeShard};
use annals_record::RootKey;

use super::*;
use crate::tiles::{FileMark, KeptHeads, LogSigner, Publishing};

/// An audit of a tree with so many leaves, signed or not.
fn audit_of(size: u64, note: &str) -> (SelfAudit, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(MemoryTrees::default());
    let position = annals_domain::Position(size);
    let (name, root, note) = ("2026".to_owned(), [0; 32], note.to_owned());
    let shard = TreeShard { name, size, root, position, note };
    let growth = TreeGrowth { shard, size_before: 0, leaves: Vec::new(), rows: Vec::new() };
    annals_ports::TreeStore::grow(&*store, &growth).unwrap();
    let log = MemoryEventLog::new();
    let parts = TileParts {
        store,
        signer: LogSigner::new("log.test/annals", RootKey::from_bytes([7; 32])).unwrap(),
        mark: Arc::new(FileMark::new(dir.path().join("tiles.mark"))),
        audit: AuditSettings { interval_seconds: 1, records_per_second: 1 },
        ends: Arc::new(log.clone()),
        heads: Arc::new(KeptHeads::new(dir.path().join("heads"))),
        publishing: Publishing::default(),
    };
    let status = watch::Sender::default();
    (SelfAudit { log: Arc::new(log), parts, status, stopping: CancellationToken::new() }, dir)
}

#[test]
fn a_tree_that_is_not_signed_is_waited_for_as_long_as_it_grows() {
    let (audit, _dir) = audit_of(5, "");
    let mut state = State { next: None, unsigned: None };
    assert!(audit.is_being_made(&mut state), "it was seen for the first time");
    let long_ago = Instant::now() - MAKING_MAX;
    state.unsigned = Some((4, long_ago));
    assert!(audit.is_being_made(&mut state), "it has grown since");
    state.unsigned = Some((5, long_ago));
    assert!(!audit.is_being_made(&mut state), "it stands still");
    state.unsigned = Some((5, long_ago + MAKING_MAX / 2));
    assert!(audit.is_being_made(&mut state), "it stands still not long enough");
}

#[test]
fn a_tree_that_is_signed_is_not_waited_for() {
    let (audit, _dir) = audit_of(5, "signed");
    let mut state = State { next: None, unsigned: Some((4, Instant::now())) };
    assert!(!audit.is_being_made(&mut state));
    assert_eq!(state.unsigned, None);
}
