//! Builds the Merkle trees again from the leaves of records, and holds them against what was signed.

use std::collections::BTreeMap;

use annals_domain::Position;
use annals_ports::ReadModelError;
use annals_ports::trees::{TreeGrowth, TreeLeaf, TreeShard, TreeStore};
use annals_tlog::{Entry, Hash, NewTile, SignedCheckpoint, TileKind, Tree, TreeFull, VerifyingKey};
use data_encoding::HEXLOWER;

use super::manifest::TreeEntry;

/// Leaves that are added to a tree at once.
const STEP: usize = 16 * 1024;

/// Under which name the restored log goes on.
pub enum Naming<'a> {
    /// The old one; its checkpoints must be signed, and stay as they are.
    Same(&'a (dyn Fn(&str) -> Option<VerifyingKey> + Send + Sync)),
    /// Another: the trees of that size are signed anew, given shard, size and root.
    New(&'a (dyn Fn(&str, u64, Hash) -> Option<String> + Send + Sync)),
}

/// The records are not those that were signed.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The backup's own entry is malformed.
    #[error("the backup describes the tree {0} in a way that no tree has")]
    Malformed(String),
    /// Another tree.
    #[error("the records of the backup do not have the root of the tree {shard} that was signed")]
    Differs {
        /// Which.
        shard: String,
    },
    /// The checkpoint is not signed.
    #[error("the checkpoint of the tree {0} in the backup is not signed by this log")]
    NotSigned(String),
    /// It cannot be stored.
    #[error("cannot store the Merkle trees")]
    Store(#[from] ReadModelError),
    /// Too many leaves.
    #[error(transparent)]
    Full(#[from] TreeFull),
}

/// Trees that grow while records are read.
pub(super) struct Growing<'a> {
    entries: std::iter::Peekable<std::slice::Iter<'a, TreeEntry>>,
    until: Position,
    naming: &'a Naming<'a>,
    tree: Tree,
    size_stored: u64,
    leaves: Vec<TreeLeaf>,
    began: bool,
    done: Vec<TreeShard>,
}

impl<'a> Growing<'a> {
    /// Trees over the records up to `until`.
    pub(super) fn new(entries: &'a [TreeEntry], until: Position, naming: &'a Naming<'a>) -> Self {
        Self {
            entries: entries.iter().peekable(),
            until,
            naming,
            tree: Tree::new(),
            size_stored: 0,
            leaves: Vec::new(),
            began: false,
            done: Vec::new(),
        }
    }

    /// Adds the leaf of the next record.
    pub(super) fn add(
        &mut self,
        position: Position,
        digest: [u8; 32],
        store: Option<&dyn TreeStore>,
    ) -> Result<(), TreeError> {
        while let Some(entry) = self.entries.next_if(|entry| entry.position < position) {
            self.end(entry, store)?;
        }
        let Some(entry) = self.entries.peek().copied() else { return Ok(()) };
        self.begin(entry)?;
        self.leaves.push(TreeLeaf { position, digest });
        if self.leaves.len() >= STEP {
            self.grow(entry, position, String::new(), store)?;
        }
        Ok(())
    }

    /// Ends all trees, and answers with them.
    pub(super) fn finish(
        mut self,
        store: Option<&dyn TreeStore>,
    ) -> Result<Vec<TreeShard>, TreeError> {
        while let Some(entry) = self.entries.next() {
            self.end(entry, store)?;
        }
        Ok(self.done)
    }

    fn begin(&mut self, entry: &TreeEntry) -> Result<(), TreeError> {
        if !self.began {
            self.began = true;
            if let Some(link) = &entry.link {
                let digest = digest_of(&entry.name, link)?;
                self.leaves.push(TreeLeaf { position: Position::START, digest });
            }
        }
        Ok(())
    }

    fn end(&mut self, entry: &TreeEntry, store: Option<&dyn TreeStore>) -> Result<(), TreeError> {
        let is_whole = entry.position <= self.until;
        if is_whole {
            self.begin(entry)?;
        }
        let (tree, size) = (self.grown()?, self.tree.size() + self.leaves.len() as u64);
        if is_whole && (size != entry.size || tree.root().0 != digest_of(&entry.name, &entry.root)?)
        {
            return Err(TreeError::Differs { shard: entry.name.clone() });
        }
        let note = match self.naming {
            _ if size == 0 => String::new(),
            Naming::Same(_) if !is_whole => String::new(),
            Naming::Same(key) => {
                check_note(entry, tree.root(), *key)?;
                entry.note.clone()
            }
            Naming::New(sign) => sign(&entry.name, size, tree.root()).unwrap_or_default(),
        };
        if size > 0 {
            self.grow(entry, entry.position.min(self.until), note, store)?;
            if let (Some(store), Some(cosigned), Naming::Same(_), true) =
                (store, &entry.cosigned, self.naming, is_whole)
            {
                store.keep_cosigned(&entry.name, cosigned)?;
            }
        }
        (self.tree, self.size_stored, self.began) = (Tree::new(), 0, false);
        Ok(())
    }

    fn grown(&self) -> Result<Tree, TreeError> {
        let mut tree = self.tree.clone();
        tree.append(&hashes(&self.leaves))?;
        Ok(tree)
    }

    fn grow(
        &mut self,
        entry: &TreeEntry,
        position: Position,
        note: String,
        store: Option<&dyn TreeStore>,
    ) -> Result<(), TreeError> {
        let leaves = std::mem::take(&mut self.leaves);
        let tiles = self.tree.append(&hashes(&leaves))?;
        let shard = TreeShard {
            name: entry.name.clone(),
            size: self.tree.size(),
            root: self.tree.root().0,
            position,
            note,
        };
        let size_before = std::mem::replace(&mut self.size_stored, shard.size);
        if self.done.last().is_none_or(|last| last.name != shard.name) {
            self.done.push(shard.clone());
        } else if let Some(last) = self.done.last_mut() {
            last.clone_from(&shard);
        }
        if let Some(store) = store {
            let growth = TreeGrowth { shard, size_before, leaves, rows: rows(tiles) };
            if !store.grow(&growth)? {
                return Err(TreeError::Malformed(entry.name.clone()));
            }
        }
        Ok(())
    }
}

fn hashes(leaves: &[TreeLeaf]) -> Vec<Hash> {
    leaves.iter().map(|leaf| Entry::of_digest(&leaf.digest).leaf_hash()).collect()
}

/// Level, number and hashes of each row above the leaves, each once and as long as it is.
fn rows(tiles: Vec<NewTile>) -> Vec<(u8, u64, Vec<u8>)> {
    let mut rows = BTreeMap::new();
    for NewTile { id, bytes } in tiles {
        if let TileKind::Hashes { level } = id.kind
            && level > 0
        {
            rows.insert((level, id.index), bytes);
        }
    }
    rows.into_iter().map(|((level, number), bytes)| (level, number, bytes)).collect()
}

fn check_note(
    entry: &TreeEntry,
    root: Hash,
    key: &(dyn Fn(&str) -> Option<VerifyingKey> + Send + Sync),
) -> Result<(), TreeError> {
    // None may have been signed: a tree that is larger was signed before, or the service was killed.
    if entry.note.is_empty() {
        return Ok(());
    }
    let not_signed = || TreeError::NotSigned(entry.name.clone());
    let key = key(&entry.name).ok_or_else(not_signed)?;
    let signed =
        SignedCheckpoint::open(entry.note.as_bytes(), &key).map_err(|_| not_signed())?.checkpoint;
    match signed.size == entry.size && signed.root == root {
        true => Ok(()),
        false => Err(not_signed()),
    }
}

fn digest_of(shard: &str, text: &str) -> Result<[u8; 32], TreeError> {
    let malformed = || TreeError::Malformed(shard.to_owned());
    let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| malformed())?;
    bytes.try_into().map_err(|_| malformed())
}
