//! The log against its Merkle trees: what was changed is found, and named.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use annals_domain::catalogue::Catalogue;
use annals_domain::{Position, Revision, StreamName};
use annals_evidence::{HeadEvidence, HeadsCommitment};
use annals_ports::memory::{MemoryEventLog, MemoryTrees};
use annals_ports::trees::{TreeGrowth, TreeLeaf, TreeStore};
use annals_ports::{
    CheckpointSink, Direction, LogError, LogReader, OutgoingCheckpoint, PublishError,
    ReadModelError, StreamEnd, StreamEnds, WitnessAnswer, WitnessClient,
};
use annals_record::RootKey;
use annals_tlog::stream_heads::{HeadProof, verify_head};
use annals_tlog::{Algorithm, Hash, Note, SigningKey, TreeHead, VerifyingKey};
use async_trait::async_trait;
use jiff::civil::date;
use tempfile::TempDir;

use super::machine::{Machine, events, record, settings, start, wait_until_durable};
use crate::TileParts;
use crate::tiles::{
    AuditSettings, FileMark, Heads, HeadsError, KeptHeads, LogSigner, Mark, MarkError, Marked,
    Publishing, TreeReport, Witness, WitnessSettings, check_trees,
};

/// Takes what it is given and never says a word.
struct Silent;

#[async_trait]
impl WitnessClient for Silent {
    async fn add_checkpoint(&self, _: String) -> Result<WitnessAnswer, PublishError> {
        std::future::pending().await
    }
}

#[async_trait]
impl CheckpointSink for Silent {
    fn name(&self) -> &str {
        "silent"
    }

    async fn put(&self, _: &OutgoingCheckpoint) -> Result<(), PublishError> {
        std::future::pending().await
    }
}

fn witness_key() -> VerifyingKey {
    let key = SigningKey::from_seed("witness.test/one", Algorithm::Cosignature, &[3; 32]).unwrap();
    key.verifying_key().clone()
}

/// A log of 600 events and its trees.
struct Sealed {
    machine: Machine,
    trees: Arc<MemoryTrees>,
    signer: LogSigner,
    mark: Arc<FileMark>,
    dir: TempDir,
}

async fn sealed() -> Sealed {
    let dir = tempfile::tempdir().unwrap();
    let trees = Arc::new(MemoryTrees::default());
    let signer = LogSigner::new("log.test/annals", RootKey::from_bytes([7; 32])).unwrap();
    let mark = Arc::new(FileMark::new(dir.path().join("tiles.mark")));
    let machine = Machine::default();
    let mut ports = machine.ports();
    // A witness and a sink that never answer hold up nothing of what follows.
    let publishing = Publishing {
        witnesses: vec![Witness { key: witness_key(), client: Arc::new(Silent) }],
        witnessing: WitnessSettings { interval_seconds: 1, timeout_seconds: 3600, quorum: 0 },
        sinks: vec![Arc::new(Silent)],
        sink_interval_seconds: 1,
    };
    let quiet = parts(&machine, &dir, trees.clone(), signer.clone(), mark.clone());
    ports.tiles = Some(TileParts { publishing, ..quiet });
    let system = start(ports, Catalogue::default(), settings()).await;
    record(&system, events(0, 600)).await;
    let head = machine.log.head().await.unwrap();
    wait_until_durable(&system, head).await;
    system.stop().await;
    Sealed { machine, dir, trees, signer, mark }
}

fn parts(
    machine: &Machine,
    dir: &TempDir,
    store: Arc<MemoryTrees>,
    signer: LogSigner,
    mark: Arc<dyn Mark>,
) -> TileParts {
    let audit = AuditSettings { interval_seconds: 0, records_per_second: 1 };
    let heads = Arc::new(KeptHeads::new(dir.path().join("heads")));
    let (ends, publishing) = (Arc::new(machine.log.memory.clone()), Publishing::default());
    TileParts { store, signer, mark, audit, ends, heads, publishing }
}

impl Sealed {
    async fn check(&self, trees: &dyn TreeStore) -> TreeReport {
        check_trees(&*self.machine.log, trees, &self.signer, &*self.mark, |_| true).await.unwrap()
    }
}

/// Which leaf is changed, and how.
type LeafChange = (u64, fn(&mut TreeLeaf));

/// Trees of which one leaf or one shard was changed.
struct Changed<'a> {
    trees: &'a MemoryTrees,
    leaf: Option<LeafChange>,
    note: Option<&'static str>,
}

impl TreeStore for Changed<'static> {
    fn shards(&self) -> Result<Vec<annals_ports::trees::TreeShard>, ReadModelError> {
        let mut shards = self.trees.shards()?;
        if let Some(note) = self.note {
            note.clone_into(&mut shards[0].note);
        }
        Ok(shards)
    }

    fn leaves(&self, shard: &str, number: u64) -> Result<Option<Vec<TreeLeaf>>, ReadModelError> {
        let mut leaves = self.trees.leaves(shard, number)?;
        if let (Some(leaves), Some((index, change))) = (&mut leaves, self.leaf)
            && index / 256 == number
        {
            change(&mut leaves[(index % 256) as usize]);
        }
        Ok(leaves)
    }

    fn hashes(
        &self,
        shard: &str,
        level: u8,
        number: u64,
    ) -> Result<Option<Vec<u8>>, ReadModelError> {
        self.trees.hashes(shard, level, number)
    }

    fn grow(&self, _: &TreeGrowth) -> Result<bool, ReadModelError> {
        unreachable!("a check changes nothing")
    }

    fn leaf_of(&self, position: Position) -> Result<Option<(String, u64)>, ReadModelError> {
        self.trees.leaf_of(position)
    }

    fn replace_note(&self, _: &str, _: u64, _: &str) -> Result<bool, ReadModelError> {
        unreachable!("a check changes nothing")
    }

    fn keep_cosigned(&self, _: &str, _: &str) -> Result<(), ReadModelError> {
        unreachable!("checking changes nothing")
    }

    fn cosigned(&self, _: &str) -> Result<Option<String>, ReadModelError> {
        unreachable!("checking does not ask for it")
    }

    fn clear(&self) -> Result<(), ReadModelError> {
        unreachable!("a check changes nothing")
    }
}

#[tokio::test]
async fn a_log_is_what_its_trees_say() {
    let sealed = sealed().await;
    let report = sealed.check(&*sealed.trees).await;
    assert_eq!((report.leaves, report.findings_total), (600, 0), "{:?}", report.findings);
}

#[tokio::test(start_paused = true)]
async fn trees_that_are_gone_or_smaller_than_what_was_signed_are_found() {
    let sealed = sealed().await;
    let gone = sealed.check(&MemoryTrees::default()).await;
    let told = gone.findings.join("\n");
    assert!(told.contains("signed with 600 leaves, and 0 are there"), "{told}");
    assert!(told.contains("rebuild tiles"), "{told}");
    let [shard] = sealed.trees.shards().unwrap().try_into().unwrap();
    let raised = Marked { size: 601, root: Hash([1; 32]) };
    let origin = sealed.signer.origin(&shard.name);
    let before = sealed.mark.of(&origin).unwrap();
    assert!(sealed.mark.raise(&origin, before, raised).unwrap());
    let report = sealed.check(&*sealed.trees).await;
    assert!(report.findings[0].contains("601 leaves, and 600 are there"), "{:?}", report.findings);
    assert_eq!(report.findings_total, 1);
}

#[tokio::test]
async fn where_streams_ended_is_committed_to_once_a_day_and_proven() {
    let sealed = sealed().await;
    let Sealed { machine, dir, trees, signer, mark } = &sealed;
    let parts = parts(machine, dir, trees.clone(), signer.clone(), mark.clone());
    let heads = Heads::of(&parts);
    let today = parts.heads.newest().unwrap().map_or(date(2026, 1, 1), |(day, _)| day);
    let tomorrow = today.tomorrow().unwrap();
    let note = heads.commit(tomorrow).await.unwrap().unwrap();
    assert_eq!(heads.commit(tomorrow).await.unwrap(), None, "a day has one");
    let note = Note::parse(note.as_bytes()).unwrap();
    note.verify(std::slice::from_ref(signer.heads_key())).unwrap();
    let commitment = HeadsCommitment::parse(note.text()).unwrap();
    assert_eq!((commitment.size, commitment.day.as_str()), (600, &*tomorrow.to_string()));
    let ends = machine.log.memory.stream_ends(Position(u64::MAX), None, 1000).await.unwrap();
    assert_eq!(commitment.streams, ends.len() as u64);
    let all = ends.iter().map(|end| end.stream.to_string()).collect();
    let proofs = heads.proofs(&all).await.unwrap();
    assert_eq!(proofs.len(), ends.len());
    let head = TreeHead { size: commitment.streams, root: commitment.root };
    for (HeadEvidence { row, proof }, end) in proofs.into_iter().zip(&ends) {
        assert_eq!((&*row.stream, row.last_revision), (end.stream.as_str(), end.revision.0));
        let proof = HeadProof { index: proof.index, hashes: proof.proof };
        verify_head(&row, &proof, &head).unwrap();
    }
    let unknown = ["person-acme.nobody".to_owned()].into();
    assert!(heads.proofs(&unknown).await.unwrap().is_empty());
}

#[tokio::test]
async fn streams_that_did_not_end_as_was_committed_are_not_proven() {
    let sealed = sealed().await;
    let Sealed { machine, dir, trees, signer, mark } = &sealed;
    let parts = parts(machine, dir, trees.clone(), signer.clone(), mark.clone());
    let day = date(2030, 1, 1);
    Heads::of(&parts).commit(day).await.unwrap().unwrap();
    let shorter = TileParts { ends: Arc::new(Shorter(machine.log.memory.clone())), ..parts };
    let error = Heads::of(&shorter).proofs(&["any".to_owned()].into()).await.unwrap_err();
    assert!(matches!(error, HeadsError::Differs(told) if told == day), "{error}");
}

/// A log of which the first stream has lost its end.
struct Shorter(MemoryEventLog);

#[async_trait]
impl StreamEnds for Shorter {
    async fn stream_ends(
        &self,
        up_to: Position,
        after: Option<&StreamName>,
        limit: usize,
    ) -> Result<Vec<StreamEnd>, LogError> {
        let mut ends = self.0.stream_ends(up_to, after, limit).await?;
        if after.is_none() {
            let first = ends.remove(0);
            let before = Revision(first.revision.0 - 1);
            let read = self.0.read_stream(&first.stream, before, Direction::Forwards, 1).await?;
            let (revision, position) = (read[0].revision, read[0].position);
            ends.insert(0, StreamEnd { stream: first.stream, revision, position });
        }
        Ok(ends)
    }
}

/// A mark that cannot be raised for a while.
struct Stuck {
    mark: FileMark,
    failures: AtomicUsize,
}

impl Mark for Stuck {
    fn all(&self) -> Result<BTreeMap<String, Marked>, MarkError> {
        self.mark.all()
    }

    fn raise(&self, origin: &str, from: Option<Marked>, to: Marked) -> Result<bool, MarkError> {
        let left = self.failures.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1));
        match left {
            Ok(_) => {
                let (path, source) = (PathBuf::from("tiles.mark"), ErrorKind::StorageFull.into());
                Err(MarkError::Io { path, doing: "writing it", source })
            }
            Err(_) => self.mark.raise(origin, from, to),
        }
    }
}

#[tokio::test]
async fn no_record_is_left_out_of_the_tree_when_its_checkpoint_could_not_be_signed_at_first() {
    let dir = tempfile::tempdir().unwrap();
    let trees = Arc::new(MemoryTrees::default());
    let signer = LogSigner::new("log.test/annals", RootKey::from_bytes([7; 32])).unwrap();
    let mark = FileMark::new(dir.path().join("tiles.mark"));
    // So often that a projection which may leave out would take the first of two to be at fault.
    let mark = Arc::new(Stuck { mark, failures: AtomicUsize::new(5) });
    let machine = Machine::default();
    let mut ports = machine.ports();
    ports.tiles = Some(parts(&machine, &dir, trees.clone(), signer.clone(), mark.clone()));
    let system = start(ports, Catalogue::default(), settings()).await;
    record(&system, events(0, 2)).await;
    wait_until_durable(&system, machine.log.head().await.unwrap()).await;
    record(&system, events(2, 148)).await;
    wait_until_durable(&system, machine.log.head().await.unwrap()).await;
    assert!(system.queries.progress().iter().all(|progress| progress.parked().is_empty()));
    system.stop().await;
    let log = &*machine.log;
    let report = check_trees(log, &*trees, &signer, &*mark, |_| true).await.unwrap();
    assert_eq!((report.leaves, report.findings_total), (150, 0), "{:?}", report.findings);
    assert_eq!(mark.failures.load(Relaxed), 0);
}

#[tokio::test]
async fn every_change_of_a_leaf_is_found_with_stream_and_revision() {
    let sealed = sealed().await;
    // Leaked for the test: a store outlives whoever uses it.
    let trees: &'static MemoryTrees = Box::leak(Box::default());
    for shard in sealed.trees.shards().unwrap() {
        let rows = 0..shard.size.div_ceil(256);
        let leaves = rows.flat_map(|row| sealed.trees.leaves(&shard.name, row).unwrap().unwrap());
        let leaves = leaves.collect();
        let mut growth = TreeGrowth { leaves, shard, size_before: 0, rows: Vec::new() };
        for row in 0..2 {
            if let Some(hashes) = sealed.trees.hashes(&growth.shard.name, 1, row).unwrap() {
                growth.rows.push((1, row, hashes));
            }
        }
        trees.grow(&growth).unwrap();
    }
    assert_eq!(sealed.check(trees).await.findings_total, 0);
    for index in [0, 1, 255, 256, 599] {
        let leaf: LeafChange = (index, |leaf| leaf.digest[31] ^= 1);
        let changed = Changed { trees, leaf: Some(leaf), note: None };
        let report = sealed.check(&changed).await;
        let told = report.findings.join("\n");
        assert!(told.contains("revision") && told.contains("not that of its leaf"), "{told}");
        assert!(told.contains("another root"), "{told}");
    }
    let moved: LeafChange = (300, |leaf| leaf.position = Position(u64::MAX));
    let report = sealed.check(&Changed { trees, leaf: Some(moved), note: None }).await;
    assert!(report.findings.iter().any(|finding| finding.contains("it has no leaf")));
    let report = sealed.check(&Changed { trees, leaf: None, note: Some("forged") }).await;
    assert!(report.findings.iter().any(|finding| finding.contains("its checkpoint does not hold")));
}
