//! Growth by batches gives the tiles and roots that a naive builder gives.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::hash::{empty_root, node_hash};
use crate::testing::{MemoryLog, cases, leaves};
use crate::tile::tiles_of;

/// All tiles of a tree, each level hashed from the whole level below: nothing shared with the tree.
fn naive_tiles(leaves: &[Hash]) -> BTreeMap<String, Vec<u8>> {
    let mut tiles = BTreeMap::new();
    let mut level: Vec<Hash> = leaves.to_vec();
    let mut number = 0;
    while !level.is_empty() {
        for (index, hashes) in level.chunks(256).enumerate() {
            let mut path = format!("tile/{number}/{index:03}");
            if hashes.len() < 256 {
                path += &format!(".p/{}", hashes.len());
            }
            tiles.insert(path, hashes.iter().flat_map(|hash| hash.0).collect());
        }
        level = level.chunks_exact(256).map(naive_root).collect();
        number += 1;
    }
    tiles
}

/// The definition of RFC 6962, word by word.
pub(crate) fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves.len() {
        0 => empty_root(),
        1 => leaves[0],
        length => {
            let mut split = 1;
            while split * 2 < length {
                split *= 2;
            }
            node_hash(&naive_root(&leaves[..split]), &naive_root(&leaves[split..]))
        }
    }
}

fn hash_tiles(log: &MemoryLog, size: u64) -> BTreeMap<String, Vec<u8>> {
    let paths: Vec<String> = tiles_of(size).map(|tile| tile.path()).collect();
    paths.into_iter().map(|path| (path.clone(), log.files[&path].clone())).collect()
}

#[test]
fn every_small_tree_grown_leaf_by_leaf_has_the_naive_tiles_and_root() {
    let all = leaves(1025);
    let mut log = MemoryLog::default();
    for size in 0..=1025u64 {
        log.grow(size);
        let known = &all[..usize::try_from(size).unwrap()];
        assert_eq!(hash_tiles(&log, size), naive_tiles(known), "size {size}");
        assert_eq!(log.tree.root(), naive_root(known), "size {size}");
    }
}

#[test]
fn trees_around_the_second_level_have_the_naive_tiles_and_root() {
    let all = leaves(70_000);
    let mut log = MemoryLog::default();
    for size in [65_535u64, 65_536, 65_537, 70_000] {
        log.grow(size);
        let known = &all[..usize::try_from(size).unwrap()];
        assert_eq!(hash_tiles(&log, size), naive_tiles(known), "size {size}");
        assert_eq!(log.tree.root(), naive_root(known), "size {size}");
        assert_eq!(Tree::load(size, &log.tree.root(), &log), Ok(log.tree.clone()));
    }
}

#[test]
fn the_partial_tiles_of_a_size_are_those_it_was_published_with() {
    let mut log = MemoryLog::default();
    for size in [0u64, 1, 255, 256, 257, 65_536, 65_537, 66_000] {
        log.grow(size);
        let partial = tiles_of(size).filter(|tile| !tile.is_full());
        let expected: Vec<NewTile> =
            partial.map(|id| NewTile { id, bytes: log.files[&id.path()].clone() }).collect();
        assert_eq!(log.tree.partial_tiles(), expected, "size {size}");
    }
}

#[test]
fn an_empty_batch_changes_nothing() {
    let log = MemoryLog::of_size(300);
    let mut tree = log.tree.clone();
    assert_eq!(tree.append(&[]), Ok(Vec::new()));
    assert_eq!(tree, log.tree);
}

#[test]
fn a_tree_loads_from_its_right_edge_alone() {
    let mut log = MemoryLog::of_size(70_000);
    log.files.retain(|path, _| path.contains(".p/"));
    assert_eq!(Tree::load(70_000, &log.tree.root(), &log), Ok(log.tree.clone()));
}

#[test]
fn changed_missing_and_short_tiles_do_not_load() {
    let log = MemoryLog::of_size(300);
    let root = log.tree.root();
    let path = "tile/0/001.p/44";
    let mut changed = log.clone();
    changed.files.get_mut(path).unwrap()[5] ^= 1;
    assert!(matches!(Tree::load(300, &root, &changed), Err(LoadError::RootDiffers { .. })));
    let mut short = log.clone();
    short.files.get_mut(path).unwrap().pop();
    let error = Tree::load(300, &root, &short).unwrap_err();
    assert!(matches!(error, LoadError::Read { source: ReadError::Length { .. }, .. }));
    let mut missing = log.clone();
    missing.files.remove(path);
    let error = Tree::load(300, &root, &missing).unwrap_err();
    assert!(matches!(error, LoadError::Read { source: ReadError::Tile { .. }, .. }));
}

#[test]
fn a_tree_cannot_grow_beyond_the_largest_size() {
    let mut tree = Tree { size: SIZE_MAX, edge: Vec::new() };
    let before = tree.clone();
    assert!(tree.append(&leaves(1)).is_err());
    assert_eq!(tree, before);
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn batches_do_not_matter(cuts in proptest::collection::btree_set(0u64..3_000, 0..12)) {
        let mut grown = MemoryLog::default();
        cuts.iter().chain([&3_000]).for_each(|&size| grown.grow(size));
        let at_once = MemoryLog::of_size(3_000);
        prop_assert_eq!(&grown.tree, &at_once.tree);
        prop_assert_eq!(hash_tiles(&grown, 3_000), hash_tiles(&at_once, 3_000));
    }
}
