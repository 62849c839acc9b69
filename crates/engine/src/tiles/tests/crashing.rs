//! The keeper of the trees dies at every point at which it can: before and after it raises the mark, and
//! before and after it stores a tree. Whatever it had published before is the beginning of what follows.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use annals_ports::ReadModelError;
use annals_ports::trees::{TreeGrowth, TreeLeaf, TreeShard};
use annals_tlog::consistency_proof;

use super::super::reading::ShardReader;
use super::*;

/// Records of the year before, and of this year.
const RECORDS: [u64; 2] = [300, 290];
/// So many records a commit; odd, so that commits end within rows and a commit spans two years.
const BATCH: u64 = 37;
/// Before and after the mark is raised, before and after a tree is stored.
const STEPS: usize = 4;

/// Dies once, when so many steps were done.
struct Fate {
    left: AtomicUsize,
}

impl Fate {
    fn after(steps: usize) -> Arc<Self> {
        Arc::new(Self { left: AtomicUsize::new(steps) })
    }

    /// Whether it dies here.
    fn strikes(&self) -> bool {
        self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
            == Ok(1)
    }
}

struct MortalMark {
    mark: Arc<FileMark>,
    fate: Arc<Fate>,
}

fn mark_error() -> MarkError {
    MarkError::Malformed { path: "killed".into(), line: 0 }
}

impl Mark for MortalMark {
    fn all(&self) -> Result<BTreeMap<String, Marked>, MarkError> {
        self.mark.all()
    }

    fn raise(&self, origin: &str, from: Option<Marked>, to: Marked) -> Result<bool, MarkError> {
        if self.fate.strikes() {
            return Err(mark_error());
        }
        let raised = self.mark.raise(origin, from, to)?;
        if self.fate.strikes() { Err(mark_error()) } else { Ok(raised) }
    }
}

/// Remembers every tree that was published, and sees to it that it was marked before.
struct MortalTrees {
    trees: Arc<MemoryTrees>,
    signer: LogSigner,
    mark: Arc<FileMark>,
    fate: Arc<Fate>,
    published: Arc<Mutex<Vec<TreeShard>>>,
}

fn store_error() -> ReadModelError {
    ReadModelError { model: TILES, doing: "add leaves", source: "killed".into() }
}

impl TreeStore for MortalTrees {
    fn grow(&self, growth: &TreeGrowth) -> Result<bool, ReadModelError> {
        if self.fate.strikes() {
            return Err(store_error());
        }
        let TreeShard { name, size, root, note, .. } = &growth.shard;
        if !note.is_empty() {
            let marked = self.mark.of(&self.signer.origin(name)).unwrap();
            assert_eq!(marked, Some(Marked { size: *size, root: annals_tlog::Hash(*root) }));
        }
        let grown = self.trees.grow(growth)?;
        let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        published.push(growth.shard.clone());
        if self.fate.strikes() { Err(store_error()) } else { Ok(grown) }
    }

    fn shards(&self) -> Result<Vec<TreeShard>, ReadModelError> {
        self.trees.shards()
    }

    fn leaves(&self, shard: &str, number: u64) -> Result<Option<Vec<TreeLeaf>>, ReadModelError> {
        self.trees.leaves(shard, number)
    }

    fn hashes(&self, shard: &str, level: u8, row: u64) -> Result<Option<Vec<u8>>, ReadModelError> {
        self.trees.hashes(shard, level, row)
    }

    fn leaf_of(&self, position: Position) -> Result<Option<(String, u64)>, ReadModelError> {
        self.trees.leaf_of(position)
    }

    fn keep_cosigned(&self, shard: &str, note: &str) -> Result<(), ReadModelError> {
        self.trees.keep_cosigned(shard, note)
    }

    fn cosigned(&self, shard: &str) -> Result<Option<String>, ReadModelError> {
        self.trees.cosigned(shard)
    }

    fn replace_note(&self, shard: &str, size: u64, note: &str) -> Result<bool, ReadModelError> {
        self.trees.replace_note(shard, size, note)
    }

    fn clear(&self) -> Result<(), ReadModelError> {
        self.trees.clear()
    }
}

/// Feeds all records to keepers, each of which goes on from where the store is, until none dies any more.
/// Answers what was published, and how often one died.
fn live(kept: &Kept, fates: &[usize], batch: u64) -> (Vec<TreeShard>, usize) {
    let published = Arc::new(Mutex::default());
    let mut deaths = 0;
    for steps in fates.iter().copied().chain([usize::MAX]) {
        let fate = Fate::after(steps);
        let mark = Arc::new(MortalMark { mark: kept.mark.clone(), fate: fate.clone() });
        let (trees, published) = (kept.trees.clone(), Arc::clone(&published));
        let (signer, own) = (kept.signer.clone(), kept.mark.clone());
        let store = Arc::new(MortalTrees { trees, signer, mark: own, fate, published });
        let keeper = TileKeeper::new(store, kept.signer.clone(), mark);
        let from = keeper.rewind().unwrap();
        if feed(&keeper, from, batch).is_err() {
            deaths += 1;
        }
    }
    (published.lock().unwrap().clone(), deaths)
}

fn feed(keeper: &TileKeeper, from: Position, batch: u64) -> Result<(), ()> {
    let end = RECORDS[0] + RECORDS[1];
    let mut first = from.0 + 1;
    while first <= end {
        let last = (first + batch - 1).min(end);
        let turn = RECORDS[0] + 1;
        let mut events = records(first..(last + 1).min(turn).max(first), 2025);
        events.extend(records(first.max(turn)..(last + 1).max(turn), 2026));
        events.retain(|recorded| (first..=last).contains(&recorded.position.0));
        keeper.apply(&events, Position(last)).map_err(drop)?;
        keeper.commit().map_err(drop)?;
        first = last + 1;
    }
    Ok(())
}

/// All leaves of a shard.
fn leaves_of(kept: &Kept, shard: &TreeShard) -> Vec<TreeLeaf> {
    let rows = 0..shard.size.div_ceil(256);
    rows.flat_map(|row| kept.trees.leaves(&shard.name, row).unwrap().unwrap()).collect()
}

/// The trees are those of a service that never died, and all that was published leads to them.
fn check(kept: &Kept, published: &[TreeShard], whole: &Kept, how: &str) {
    let (shards, expected) = (kept.trees.shards().unwrap(), whole.trees.shards().unwrap());
    let notes = |shards: &[TreeShard]| shards.iter().map(|s| s.note.clone()).collect::<Vec<_>>();
    assert_eq!(shards, expected, "{how}");
    assert!(notes(&shards).iter().all(|note| !note.is_empty()), "{how}: it is signed again");
    for shard in &shards {
        let leaves = leaves_of(kept, shard);
        assert_eq!(leaves, leaves_of(whole, shard), "{how}");
    }
    for old in published.iter().filter(|old| !old.note.is_empty()) {
        let key = kept.signer.verifying_key(&old.name).unwrap();
        let signed = SignedCheckpoint::open(old.note.as_bytes(), &key).unwrap().checkpoint;
        let new = shards.iter().find(|shard| shard.name == old.name).unwrap();
        let reader = ShardReader { store: &*kept.trees, shard: &new.name };
        let proof = consistency_proof(signed.size, new.size, &reader).unwrap();
        let old = TreeHead { size: signed.size, root: signed.root };
        let new = TreeHead { size: new.size, root: annals_tlog::Hash(new.root) };
        verify_consistency(&old, &new, &proof).unwrap_or_else(|error| panic!("{how}: {error}"));
    }
}

#[test]
fn whenever_the_keeper_dies_the_trees_are_those_of_one_that_never_did() {
    let whole = Kept::new();
    let (published, deaths) = live(&whole, &[], BATCH);
    let commits = published.len();
    assert_eq!((deaths, commits), (0, 17), "16 commits, of which one is of two years");
    let mut died = 0;
    for steps in 1..=commits * STEPS {
        let kept = Kept::new();
        let (published, deaths) = live(&kept, &[steps], BATCH);
        died += deaths;
        check(&kept, &published, &whole, &format!("died at step {steps}"));
    }
    assert_eq!(died, commits * STEPS, "every step was one at which it died");
}

#[test]
fn keepers_that_die_again_and_again_lose_and_fork_nothing() {
    let whole = Kept::new();
    live(&whole, &[], BATCH);
    let mut died = 0;
    for batch in [50, 100, 256, 1000] {
        for steps in 1..=9 {
            let kept = Kept::new();
            // One after the other dies; the last of them lives.
            let fates: Vec<usize> = (0..12).map(|death| 1 + (steps + death * 5) % 11).collect();
            let (published, deaths) = live(&kept, &fates, batch);
            died += deaths;
            check(&kept, &published, &whole, &format!("batches of {batch}, {fates:?}"));
        }
    }
    assert!(died >= 4 * 9, "{died}");
}
