//! Merkle trees in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use annals_domain::Position;

use super::locked;
use crate::ReadModelError;
use crate::trees::{ROW_WIDTH, TreeGrowth, TreeLeaf, TreeShard, TreeStore};

/// Keeps trees in memory.
#[derive(Debug, Default)]
pub struct MemoryTrees {
    shards: Mutex<Vec<Kept>>,
}

#[derive(Debug)]
struct Kept {
    shard: TreeShard,
    leaves: Vec<TreeLeaf>,
    rows: BTreeMap<(u8, u64), Vec<u8>>,
    cosigned: Option<String>,
}

impl MemoryTrees {
    fn of<T>(&self, shard: &str, read: impl FnOnce(&mut Kept) -> Option<T>) -> Option<T> {
        locked(&self.shards).iter_mut().find(|kept| kept.shard.name == shard).and_then(read)
    }
}

impl TreeStore for MemoryTrees {
    fn shards(&self) -> Result<Vec<TreeShard>, ReadModelError> {
        Ok(locked(&self.shards).iter().map(|kept| kept.shard.clone()).collect())
    }

    fn grow(&self, growth: &TreeGrowth) -> Result<bool, ReadModelError> {
        let mut shards = locked(&self.shards);
        let TreeGrowth { shard, size_before, leaves, rows } = growth;
        let known = shards.iter().position(|kept| kept.shard.name == shard.name);
        if known.map_or(0, |known| shards[known].shard.size) != *size_before {
            return Ok(false);
        }
        let known = known.unwrap_or_else(|| {
            let (leaves, rows) = (Vec::new(), BTreeMap::new());
            shards.push(Kept { shard: shard.clone(), leaves, rows, cosigned: None });
            shards.len() - 1
        });
        let kept = &mut shards[known];
        kept.shard = shard.clone();
        kept.leaves.extend_from_slice(leaves);
        for (level, number, hashes) in rows {
            kept.rows.insert((*level, *number), hashes.clone());
        }
        Ok(true)
    }

    fn leaves(&self, shard: &str, number: u64) -> Result<Option<Vec<TreeLeaf>>, ReadModelError> {
        Ok(self.of(shard, |kept| {
            kept.leaves.chunks(ROW_WIDTH as usize).nth(number as usize).map(<[_]>::to_vec)
        }))
    }

    fn hashes(
        &self,
        shard: &str,
        level: u8,
        number: u64,
    ) -> Result<Option<Vec<u8>>, ReadModelError> {
        Ok(self.of(shard, |kept| kept.rows.get(&(level, number)).cloned()))
    }

    fn leaf_of(&self, position: Position) -> Result<Option<(String, u64)>, ReadModelError> {
        let shards = locked(&self.shards);
        Ok(shards.iter().find_map(|kept| {
            let index = kept.leaves.iter().position(|leaf| leaf.position == position)?;
            Some((kept.shard.name.clone(), index as u64))
        }))
    }

    fn replace_note(&self, shard: &str, size: u64, note: &str) -> Result<bool, ReadModelError> {
        let replaced = self
            .of(shard, |kept| (kept.shard.size == size).then(|| kept.shard.note = note.to_owned()));
        Ok(replaced.is_some())
    }

    fn keep_cosigned(&self, shard: &str, note: &str) -> Result<(), ReadModelError> {
        self.of(shard, |kept| kept.cosigned.replace(note.to_owned()));
        Ok(())
    }

    fn cosigned(&self, shard: &str) -> Result<Option<String>, ReadModelError> {
        Ok(self.of(shard, |kept| kept.cosigned.clone()))
    }

    fn clear(&self) -> Result<(), ReadModelError> {
        locked(&self.shards).clear();
        Ok(())
    }
}
