//! Trees over a log that a test makes, kept in memory: what is published, and what is found when
//! something was changed.

use std::sync::Arc;

use annals_domain::time::DateTime;
use annals_domain::{Position, Recorded, Revision, StreamName};
use annals_ports::memory::{MemoryEventLog, MemoryTrees};
use annals_ports::trees::{TreeGrowth, TreeStore};
use annals_record::RootKey;
use annals_tlog::tile::{bundles_of, tiles_of};
use annals_tlog::{Entry, SignedCheckpoint, TreeHead, verify_consistency, verify_inclusion};
use tempfile::TempDir;
use tokio::sync::watch;

use super::*;
use crate::TileParts;
use crate::projection::Projection;
use crate::tests::machine::event;

mod crashing;

pub(super) struct Kept {
    pub(super) trees: Arc<MemoryTrees>,
    signer: LogSigner,
    mark: Arc<FileMark>,
    log: MemoryEventLog,
    dir: TempDir,
}

impl Kept {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            trees: Arc::default(),
            signer: LogSigner::new("log.test/annals", RootKey::from_bytes([7; 32])).unwrap(),
            mark: Arc::new(FileMark::new(dir.path().join("tiles.mark"))),
            log: MemoryEventLog::new(),
            dir,
        }
    }

    /// A service that starts.
    pub(super) fn keeper(&self) -> TileKeeper {
        let keeper = TileKeeper::new(self.trees.clone(), self.signer.clone(), self.mark.clone());
        keeper.rewind().unwrap();
        keeper
    }

    fn heads(&self) -> Heads {
        let audit = AuditSettings { interval_seconds: 0, records_per_second: 1 };
        Heads::of(&TileParts {
            store: self.trees.clone(),
            signer: self.signer.clone(),
            mark: self.mark.clone(),
            audit,
            ends: Arc::new(self.log.clone()),
            heads: Arc::new(KeptHeads::new(self.dir.path().join("heads"))),
            publishing: Publishing::default(),
        })
    }

    pub(super) fn tiles(&self) -> Tiles {
        Tiles::new(self.heads(), watch::channel(Default::default()).1)
    }

    pub(super) fn newest(&self) -> PublishedShard {
        self.tiles().shards().unwrap().pop().unwrap()
    }
}

/// The records at the positions, received in the year.
fn records(positions: std::ops::Range<u64>, year: i16) -> Vec<Recorded> {
    positions
        .map(|position| {
            let mut event = event(position, "ann", "signed in");
            event.received_at = DateTime::parse(&format!("{year}-06-01T00:00:00Z")).unwrap();
            Recorded {
                position: Position(position),
                stream: StreamName::person(&event.tenant, "abc"),
                revision: Revision(position),
                event: Arc::new(event),
                header_digest: [(position % 251) as u8; 32],
                erased: Vec::new(),
                stored_schema_version: None,
            }
        })
        .collect()
}

pub(super) fn take(keeper: &TileKeeper, positions: std::ops::Range<u64>, year: i16) {
    let end = Position(positions.end - 1);
    keeper.apply(&records(positions, year), end).unwrap();
    keeper.commit().unwrap();
}

#[test]
fn every_record_is_proven_by_the_checkpoint_that_anybody_can_verify() {
    let kept = Kept::new();
    let keeper = kept.keeper();
    take(&keeper, 1..301, 2026);
    take(&keeper, 301..1001, 2026);
    let shard = kept.newest();
    let signed = SignedCheckpoint::open(shard.checkpoint.as_bytes(), &shard.key).unwrap();
    assert_eq!((signed.checkpoint.size, shard.size), (1000, 1000));
    for position in [1, 2, 256, 257, 300, 301, 999, 1000] {
        let proof = kept.tiles().proof(Position(position)).unwrap().unwrap();
        assert_eq!(proof.index, position - 1);
        let leaf = Entry::of_digest(&[(position % 251) as u8; 32]).leaf_hash();
        verify_inclusion(&leaf, proof.index, proof.size, &proof.path, &shard.root).unwrap();
    }
    assert!(kept.tiles().proof(Position(1001)).unwrap().is_none());
}

#[test]
fn a_stored_tree_that_was_damaged_says_what_to_do() {
    let kept = Kept::new();
    take(&kept.keeper(), 1..301, 2026);
    let damaged = MemoryTrees::default();
    let [mut shard] = kept.trees.shards().unwrap().try_into().unwrap();
    shard.root[0] ^= 1;
    let leaves = (0..2).flat_map(|row| kept.trees.leaves("2026", row).unwrap().unwrap());
    let leaves = leaves.collect();
    let hashes = kept.trees.hashes("2026", 1, 0).unwrap().unwrap();
    let growth = TreeGrowth { shard, size_before: 0, leaves, rows: vec![(1, 0, hashes)] };
    assert!(damaged.grow(&growth).unwrap());
    let keeper = TileKeeper::new(Arc::new(damaged), kept.signer.clone(), kept.mark.clone());
    let told = keeper.rewind().unwrap_err().to_string();
    assert!(told.contains("2026") && told.contains("annals rebuild tiles"), "{told}");
}

#[test]
fn every_checkpoint_is_the_beginning_of_all_that_follow() {
    let kept = Kept::new();
    let keeper = kept.keeper();
    let mut heads = Vec::new();
    let mut position = 1;
    for count in [1, 255, 1, 43, 700] {
        take(&keeper, position..position + count, 2026);
        position += count;
        let shard = kept.newest();
        heads.push(TreeHead { size: shard.size, root: shard.root });
    }
    let newest = heads[heads.len() - 1];
    for old in &heads {
        let proof = kept.tiles().consistency("2026", old.size, newest.size).unwrap().unwrap();
        verify_consistency(old, &newest, &proof).unwrap();
    }
    assert!(kept.tiles().consistency("2026", 0, 5).unwrap().is_none());
    assert!(kept.tiles().consistency("2026", 5, newest.size + 1).unwrap().is_none());
    assert!(kept.tiles().consistency("2025", 1, 2).unwrap().is_none());
}

#[test]
fn every_tile_of_the_published_size_is_served_and_none_beyond() {
    let kept = Kept::new();
    take(&kept.keeper(), 1..70_001, 2026);
    let shard = kept.newest();
    for id in tiles_of(shard.size).chain(bundles_of(shard.size)) {
        let bytes = kept.tiles().file(&shard, id).unwrap().unwrap();
        assert_eq!(bytes.len() % usize::from(id.width), 0, "{id}");
    }
    for beyond in ["tile/0/273.p/113", "tile/0/274", "tile/2/000.p/2", "tile/3/000.p/1"] {
        let id = beyond.parse_tile();
        assert_eq!(kept.tiles().file(&shard, id).unwrap(), None, "{beyond}");
    }
    // What was published of a row before it was longer is served still.
    let earlier = "tile/0/273.p/5".parse_tile();
    assert_eq!(kept.tiles().file(&shard, earlier).unwrap().unwrap().len(), 5 * 32);
}

trait ParseTile {
    fn parse_tile(&self) -> annals_tlog::TileId;
}

impl ParseTile for str {
    fn parse_tile(&self) -> annals_tlog::TileId {
        annals_tlog::TileId::parse(self).unwrap()
    }
}

#[test]
fn a_new_year_begins_a_tree_whose_first_leaf_commits_to_the_last_checkpoint() {
    let kept = Kept::new();
    let keeper = kept.keeper();
    take(&keeper, 1..11, 2026);
    take(&keeper, 11..21, 2027);
    let shards = kept.tiles().shards().unwrap();
    let names: Vec<&str> = shards.iter().map(|shard| shard.name.as_str()).collect();
    assert_eq!(names, ["2026", "2027"]);
    assert_eq!((shards[0].size, shards[1].size), (10, 11));
    let names = |coming: Vec<(String, _)>| coming.into_iter().map(|(name, _)| name);
    assert_eq!(names(kept.tiles().coming(2026).unwrap()).count(), 0);
    assert!(names(kept.tiles().coming(2027).unwrap()).eq(["2028"]));
    assert!(names(kept.tiles().coming(2028).unwrap()).eq(["2028", "2029"]));
    let text = annals_tlog::Note::parse(shards[0].checkpoint.as_bytes()).unwrap();
    let first = kept.trees.leaves("2027", 0).unwrap().unwrap()[0];
    assert_eq!(first, growing::link(text.text()));
    assert_eq!(kept.tiles().proof(Position(11)).unwrap().unwrap().index, 1);
    assert_eq!(kept.tiles().proof(Position(10)).unwrap().unwrap().shard, "2026");
}

#[test]
fn a_restart_goes_on_where_it_was_and_a_batch_that_comes_again_changes_nothing() {
    let kept = Kept::new();
    take(&kept.keeper(), 1..301, 2026);
    let keeper = kept.keeper();
    assert_eq!(keeper.rewind().unwrap(), Position(300));
    take(&keeper, 200..401, 2026);
    assert_eq!(kept.newest().size, 400);
    let whole = Kept::new();
    take(&whole.keeper(), 1..401, 2026);
    assert_eq!(kept.newest().root, whole.newest().root);
}

#[test]
fn a_directory_that_was_put_back_signs_nothing_until_it_is_where_it_was() {
    let kept = Kept::new();
    take(&kept.keeper(), 1..301, 2026);
    let signed = kept.newest();
    // The trees are lost, and the mark is not: it lies elsewhere.
    kept.trees.clear().unwrap();
    let keeper = kept.keeper();
    take(&keeper, 1..201, 2026);
    assert_eq!((kept.newest().size, kept.newest().checkpoint.as_str()), (0, ""));
    take(&keeper, 201..401, 2026);
    let shard = kept.newest();
    let head = |shard: &PublishedShard| TreeHead { size: shard.size, root: shard.root };
    let proof = kept.tiles().consistency("2026", 300, 400).unwrap().unwrap();
    verify_consistency(&head(&signed), &head(&shard), &proof).unwrap();
}

#[test]
fn a_log_that_lost_something_that_was_signed_is_never_signed_again() {
    let kept = Kept::new();
    take(&kept.keeper(), 1..301, 2026);
    kept.trees.clear().unwrap();
    let keeper = kept.keeper();
    // The record at 100 is gone.
    let mut changed = records(1..500, 2026);
    changed.remove(99);
    keeper.apply(&changed, Position(499)).unwrap();
    keeper.commit().unwrap();
    assert_eq!(kept.newest().checkpoint, "");
    take(&kept.keeper(), 500..600, 2026);
    assert_eq!(kept.newest().checkpoint, "");
    assert!(kept.tiles().proof(Position(550)).unwrap().is_none());
}

#[test]
fn two_that_sign_under_one_mark_cannot_both_go_on() {
    let kept = Kept::new();
    let (one, other) = (kept.keeper(), kept.keeper());
    take(&one, 1..11, 2026);
    other.apply(&records(1..12, 2026), Position(11)).unwrap();
    assert!(other.commit().is_err());
    assert_eq!(kept.newest().size, 10);
}
