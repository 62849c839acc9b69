//! Comparing the log with its Merkle trees, and the trees with what was signed.

use std::collections::BTreeMap;
use std::time::Duration;

use annals_domain::Position;
use annals_ports::trees::{ROW_WIDTH, TreeLeaf, TreeShard, TreeStore};
use annals_ports::{EventLog, LogError, ReadModelError};
use annals_tlog::{Entry, Hash, SignedCheckpoint, Tree, TreeFull};

use super::mark::{Mark, MarkError, Marked};
use super::signing::LogSigner;
use crate::reading::{Stretch, entries_after};

/// Records compared in one step.
const STEP: usize = 1024;
/// More findings are only counted.
const FINDINGS_MAX: usize = 1000;
/// The mark is raised just before its tree is stored: so often it is looked whether that happened.
const LOOKS_MAX: u32 = 20;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// What was found.
#[derive(Debug, Default)]
pub struct TreeReport {
    /// How many leaves there are.
    pub leaves: u64,
    /// Leaves whose record the log does not tell. Retention removes records, and leaves stay.
    pub absent: u64,
    /// What is wrong, at most a thousand: where, and how it shows.
    pub findings: Vec<String>,
    /// How much is wrong.
    pub findings_total: u64,
}

/// The trees could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum TreeCheckError {
    /// The log cannot be read.
    #[error("cannot read the log")]
    Log(#[from] LogError),
    /// The trees cannot be read.
    #[error("cannot read the trees")]
    Trees(#[from] ReadModelError),
    /// The mark cannot be read.
    #[error("cannot read the mark of what was signed")]
    Mark(#[from] MarkError),
    /// A tree is larger than any can be.
    #[error("a tree cannot be built again")]
    Full(#[from] TreeFull),
}

/// Compares every record with its leaf, builds every tree again from its leaves, and checks signatures,
/// roots and the mark. The trees may grow meanwhile. `keep_on` is told how many records were read since it
/// was asked last, and may wait; when it answers no, that is the end, and the rest counts as right.
pub async fn check_trees(
    log: &dyn EventLog,
    trees: &dyn TreeStore,
    signer: &LogSigner,
    mark: &dyn Mark,
    mut keep_on: impl FnMut(usize) -> bool,
) -> Result<TreeReport, TreeCheckError> {
    let mut report = TreeReport::default();
    let marks = check_marks(trees, signer, mark, &mut report).await?;
    let shards = trees.shards()?;
    // What is signed was marked before.
    let marked_by_now = marks_of(signer, mark)?;
    for TreeShard { name, size, .. } in shards.iter().filter(|shard| !shard.note.is_empty()) {
        let marked = marked_by_now.get(name).map_or(0, |marked| marked.size);
        if marked < *size {
            report.add(format!(
                "tree {name}: {size} leaves are signed, and the mark of what was signed knows {marked}: it was \
                 lost or put back"
            ));
        }
    }
    for shard in &shards {
        let marked = marks.get(&shard.name).copied();
        if !check_shard(shard, trees, marked, &mut keep_on, &mut report)? {
            return Ok(report);
        }
        check_note(shard, signer, &mut report);
    }
    let end = shards.last().map_or(Position::START, |shard| shard.position);
    let mut leaves = Leaves { trees, shards: &shards, shard: 0, index: 0, row: Vec::new() };
    let mut next = leaves.next()?;
    let mut position = Position::START;
    while position < end {
        let Stretch { entries, end: read, .. } = entries_after(log, position, STEP).await?;
        if read == position {
            break;
        }
        for entry in entries.iter().filter(|entry| entry.position <= end) {
            while let Some(leaf) = next.filter(|leaf| leaf.position < entry.position) {
                report.absent += u64::from(leaf.position > Position::START);
                next = leaves.next()?;
            }
            let place = || format!("stream {}, revision {}", entry.record.stream, entry.revision);
            match next.filter(|leaf| leaf.position == entry.position) {
                Some(leaf) => {
                    if leaf.digest != entry.record.header_digest() {
                        report.add(format!("{}: its header is not that of its leaf", place()));
                    }
                    next = leaves.next()?;
                }
                None => report.add(format!("{}: it has no leaf in the Merkle tree", place())),
            }
        }
        position = read;
        if !keep_on(entries.len()) {
            return Ok(report);
        }
    }
    let head = position;
    while let Some(leaf) = next {
        match leaf.position > head {
            true => report.add(format!(
                "the log ends at position {head}, and a leaf of the Merkle tree is of a record at \
                 position {}",
                leaf.position
            )),
            false => report.absent += u64::from(leaf.position > Position::START),
        }
        next = leaves.next()?;
    }
    Ok(report)
}

/// Compares what was signed with what is there, and answers with what was signed, by shard.
async fn check_marks(
    trees: &dyn TreeStore,
    signer: &LogSigner,
    mark: &dyn Mark,
    report: &mut TreeReport,
) -> Result<BTreeMap<String, Marked>, TreeCheckError> {
    let marks = marks_of(signer, mark)?;
    let mut short = too_short(trees, &marks)?;
    for _ in 1..LOOKS_MAX {
        if short.is_empty() {
            break;
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
        short = too_short(trees, &marks)?;
    }
    for (name, signed, size) in short {
        report.add(format!(
            "tree {name}: it was signed with {signed} leaves, and {size} are there; if the service was \
             killed while it signed, start it once and verify again, else `annals rebuild tiles` makes the \
             tree again if the log is whole"
        ));
    }
    Ok(marks)
}

/// What was signed of this log, by shard.
fn marks_of(signer: &LogSigner, mark: &dyn Mark) -> Result<BTreeMap<String, Marked>, MarkError> {
    let log = signer.origin("");
    let of_log =
        |(origin, marked): (String, Marked)| Some((origin.strip_prefix(&log)?.to_owned(), marked));
    Ok(mark.all()?.into_iter().filter_map(of_log).collect())
}

/// Trees that are smaller than what was signed, with both sizes.
fn too_short(
    trees: &dyn TreeStore,
    marks: &BTreeMap<String, Marked>,
) -> Result<Vec<(String, u64, u64)>, ReadModelError> {
    let sizes: BTreeMap<String, u64> =
        trees.shards()?.into_iter().map(|shard| (shard.name, shard.size)).collect();
    let short = marks.iter().filter_map(|(name, marked)| {
        let size = sizes.get(name).copied().unwrap_or(0);
        (size < marked.size).then(|| (name.clone(), marked.size, size))
    });
    Ok(short.collect())
}

/// Builds one tree again from its leaves, and compares rows, root and what was signed. Answers whether to go on.
fn check_shard(
    shard: &TreeShard,
    trees: &dyn TreeStore,
    marked: Option<Marked>,
    keep_on: &mut impl FnMut(usize) -> bool,
    report: &mut TreeReport,
) -> Result<bool, TreeCheckError> {
    let name = &shard.name;
    let mut tree = Tree::new();
    for number in 0..shard.size.div_ceil(ROW_WIDTH) {
        let mut leaves = trees.leaves(name, number)?.unwrap_or_default();
        let expected = (shard.size - number * ROW_WIDTH).min(ROW_WIDTH);
        // It may have grown meanwhile.
        leaves.truncate(expected as usize);
        if (leaves.len() as u64) < expected {
            let found = leaves.len();
            report.add(format!(
                "tree {name}, leaves {number}: {found} leaves are there, not {expected}"
            ));
            return Ok(true);
        }
        if !keep_on(leaves.len()) {
            return Ok(false);
        }
        report.leaves += expected;
        let hashes: Vec<Hash> =
            leaves.iter().map(|leaf| Entry::of_digest(&leaf.digest).leaf_hash()).collect();
        let until = marked
            .map(|marked| marked.size)
            .filter(|size| *size > tree.size() && *size <= tree.size() + expected)
            .map_or(0, |size| (size - tree.size()) as usize);
        let mut rows = tree.append(&hashes[..until])?;
        if until > 0 && marked.is_some_and(|marked| marked.root != tree.root()) {
            report.add(format!(
                "tree {name}: with {} leaves it is another tree than was signed",
                tree.size()
            ));
        }
        rows.extend(tree.append(&hashes[until..])?);
        for row in rows.iter().filter(|row| row.id.level() > 0) {
            let stored = trees.hashes(name, row.id.level(), row.id.index)?.unwrap_or_default();
            if !stored.starts_with(&row.bytes) {
                let (level, number) = (row.id.level(), row.id.index);
                report.add(format!("tree {name}, level {level}, row {number}: its hashes differ"));
            }
        }
    }
    if tree.root().0 != shard.root {
        report.add(format!("tree {name}: its leaves have another root than is stored"));
    }
    Ok(true)
}

fn check_note(shard: &TreeShard, signer: &LogSigner, report: &mut TreeReport) {
    let name = &shard.name;
    let checked = match signer.verifying_key(name) {
        Ok(key) => SignedCheckpoint::open(shard.note.as_bytes(), &key)
            .map_err(|error| error.to_string())
            .map(|signed| signed.checkpoint),
        Err(error) => Err(error.to_string()),
    };
    match checked {
        Ok(checkpoint) if checkpoint.size == shard.size && checkpoint.root.0 == shard.root => {}
        Ok(_) => report.add(format!("tree {name}: its checkpoint is of another tree")),
        Err(error) => report.add(format!("tree {name}: its checkpoint does not hold: {error}")),
    }
}

/// All leaves of all shards in order, row by row.
struct Leaves<'a> {
    trees: &'a dyn TreeStore,
    shards: &'a [TreeShard],
    shard: usize,
    index: u64,
    row: Vec<TreeLeaf>,
}

impl Leaves<'_> {
    fn next(&mut self) -> Result<Option<TreeLeaf>, ReadModelError> {
        loop {
            let Some(shard) = self.shards.get(self.shard) else { return Ok(None) };
            let place = (self.index % ROW_WIDTH) as usize;
            if place == 0 && self.index < shard.size {
                let row = self.trees.leaves(&shard.name, self.index / ROW_WIDTH)?;
                self.row = row.unwrap_or_default();
            }
            match self.row.get(place).filter(|_| self.index < shard.size) {
                Some(leaf) => {
                    self.index += 1;
                    return Ok(Some(*leaf));
                }
                None => (self.shard, self.index) = (self.shard + 1, 0),
            }
        }
    }
}

impl TreeReport {
    fn add(&mut self, finding: String) {
        self.findings_total += 1;
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }
}
