//! Proofs prove what is so, and nothing else.

use proptest::prelude::*;

use super::*;
use crate::testing::{MemoryLog, Random, cases, leaves};

fn head(leaves: &[Hash], size: u64) -> TreeHead {
    TreeHead { size, root: root_of(&leaves[..usize::try_from(size).unwrap()]) }
}

#[test]
fn every_entry_of_every_small_tree_is_proven() {
    let all = leaves(66);
    for size in 1..=66 {
        let log = MemoryLog::of_size(size);
        let root = head(&all, size).root;
        assert_eq!(root_from_tiles(size, &log), Ok(root));
        for index in 0..size {
            let leaf = &all[usize::try_from(index).unwrap()];
            let proof = inclusion_proof(index, size, &log).unwrap();
            verify_inclusion(leaf, index, size, &proof, &root).unwrap();
            let small = &all[..usize::try_from(size).unwrap()];
            assert_eq!(inclusion_proof_in_memory(index, small), Some(proof.clone()));
            for other in (0..size).filter(|&other| other != index) {
                assert!(verify_inclusion(leaf, other, size, &proof, &root).is_err());
            }
        }
    }
}

#[test]
fn every_pair_of_small_trees_is_proven_consistent() {
    let all = leaves(66);
    let log = MemoryLog::of_size(66);
    for new in 0..=66 {
        // The tiles of the larger log serve the smaller trees, cut to their widths.
        let reader = Cut(&log);
        for old in 0..=new {
            let proof = consistency_proof(old, new, &reader).unwrap();
            verify_consistency(&head(&all, old), &head(&all, new), &proof).unwrap();
        }
    }
}

/// Serves narrower tiles than the log has.
struct Cut<'a>(&'a MemoryLog);

impl TileReader for Cut<'_> {
    type Error = crate::testing::NoTile;

    fn tile(&self, level: u8, index: u64, width: u16) -> Result<Vec<u8>, Self::Error> {
        let size = self.0.tree.size();
        let whole = crate::tile::width_at(size, level, index).unwrap_or(width);
        let mut bytes = self.0.tile(level, index, whole)?;
        bytes.truncate(usize::from(width) * 32);
        Ok(bytes)
    }
}

#[test]
fn what_is_not_in_the_tree_is_refused() {
    let log = MemoryLog::of_size(10);
    let root = log.tree.root();
    let leaf = leaves(1)[0];
    let out = |position, size| ReadError::OutOfTree { position, size };
    assert_eq!(inclusion_proof(10, 10, &log), Err(out(10, 10)));
    assert_eq!(inclusion_proof(0, 0, &log), Err(out(0, 0)));
    assert_eq!(consistency_proof(11, 10, &log), Err(out(11, 10)));
    assert!(inclusion_proof(0, u64::MAX, &log).is_err());
    assert!(consistency_proof(1, u64::MAX, &log).is_err());
    assert!(root_from_tiles(u64::MAX, &log).is_err());
    assert!(verify_inclusion(&leaf, 10, 10, &[], &root).is_err());
    assert!(verify_inclusion(&leaf, 0, 0, &[], &empty_root()).is_err());
    let (old, new) = (TreeHead { size: 11, root }, TreeHead { size: 10, root });
    assert!(verify_consistency(&old, &new, &[]).is_err());
    assert!(tiles_for_inclusion(10, 10).is_empty() && tiles_for_consistency(11, 10).is_empty());
}

#[test]
fn the_largest_trees_are_bounded() {
    let root = leaves(1)[0];
    let long = vec![root; 200];
    let size = SIZE_MAX;
    assert!(verify_inclusion(&root, size - 1, size, &long, &root).is_err());
    assert!(verify_inclusion(&root, size - 1, size, &[], &root).is_err());
    let (old, new) = (TreeHead { size: size - 1, root }, TreeHead { size, root });
    assert!(verify_consistency(&old, &new, &long).is_err());
    assert!(verify_consistency(&old, &new, &[]).is_err());
    for index in [0, 1, size / 2, size - 1] {
        assert!(inclusion_spans(index, size).len() <= PROOF_LEN_MAX);
        // One more than the path, which no tree below 2^62 leaves needs.
        assert!(consistency_spans(index, size).len() <= PROOF_LEN_MAX + 1);
        assert!(consistency_spans(index / 2, size / 2).len() <= PROOF_LEN_MAX);
        assert!(tiles_for_inclusion(index, size).len() <= 256);
    }
}

#[test]
fn the_tiles_that_are_named_are_those_that_are_read() {
    let log = MemoryLog::of_size(70_000);
    let mut random = Random(1);
    for _ in 0..50 {
        let (index, old) = (random.below(70_000), 1 + random.below(70_000));
        let only = |tiles: BTreeSet<TileId>| MemoryLog {
            files: tiles
                .iter()
                .map(|tile| (tile.path(), log.files[&tile.path()].clone()))
                .collect(),
            tree: log.tree.clone(),
        };
        let needed = only(tiles_for_inclusion(index, 70_000));
        assert!(needed.files.len() <= 5, "{}", needed.files.len());
        inclusion_proof(index, 70_000, &needed).unwrap();
        consistency_proof(old, 70_000, &only(tiles_for_consistency(old, 70_000))).unwrap();
        let root = root_from_tiles(70_000, &only(tiles_for_root(70_000)));
        assert_eq!(root, Ok(log.tree.root()));
    }
}

#[test]
fn equal_and_empty_trees_need_no_proof_and_accept_none_but_that() {
    let all = leaves(3);
    let (empty, three) = (head(&all, 0), head(&all, 3));
    let other = TreeHead { root: all[0], ..three };
    verify_consistency(&empty, &empty, &[]).unwrap();
    verify_consistency(&empty, &three, &[]).unwrap();
    verify_consistency(&three, &three, &[]).unwrap();
    assert!(verify_consistency(&three, &other, &[]).is_err());
    assert!(verify_consistency(&empty, &three, &all[..1]).is_err());
    assert!(verify_consistency(&three, &three, &all[..1]).is_err());
    assert!(verify_consistency(&TreeHead { size: 0, root: all[0] }, &three, &[]).is_err());
    assert!(verify_consistency(&empty, &TreeHead { size: 0, root: all[0] }, &[]).is_err());
}

/// All variants of a proof with one bit changed, one hash less or one more.
fn spoilt(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut variants = Vec::new();
    for (place, bit) in (0..proof.len()).flat_map(|place| (0..256).map(move |bit| (place, bit))) {
        let mut variant = proof.to_vec();
        variant[place].0[bit / 8] ^= 1 << (bit % 8);
        variants.push(variant);
    }
    if let Some((_, rest)) = proof.split_last() {
        variants.push(rest.to_vec());
        variants.push(proof[1..].to_vec());
    }
    variants.push([proof, &[empty_root()]].concat());
    variants.push([&[empty_root()], proof].concat());
    variants
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn every_bit_of_a_proof_of_inclusion_counts(size in 1u64..2_000, at: u64) {
        let index = at % size;
        let log = MemoryLog::of_size(size);
        let root = log.tree.root();
        let leaf = crate::testing::entry(index).leaf_hash();
        let proof = inclusion_proof(index, size, &log).unwrap();
        prop_assert!(verify_inclusion(&leaf, index, size, &proof, &root).is_ok());
        for variant in spoilt(&proof) {
            prop_assert!(verify_inclusion(&leaf, index, size, &variant, &root).is_err());
        }
        let other = crate::testing::entry(size).leaf_hash();
        prop_assert!(verify_inclusion(&other, index, size, &proof, &root).is_err());
    }

    #[test]
    fn every_bit_of_a_proof_of_consistency_counts(new in 1u64..2_000, at: u64) {
        let old = at % (new + 1);
        let all = leaves(new);
        let log = MemoryLog::of_size(new);
        let proof = consistency_proof(old, new, &log).unwrap();
        let (old, new) = (head(&all, old), head(&all, new));
        prop_assert!(verify_consistency(&old, &new, &proof).is_ok());
        for variant in spoilt(&proof) {
            prop_assert!(verify_consistency(&old, &new, &variant).is_err());
        }
        for bit in 0..256 {
            let mut changed = old;
            changed.root.0[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(verify_consistency(&changed, &new, &proof).is_err());
            let mut changed = new;
            changed.root.0[bit / 8] ^= 1 << (bit % 8);
            // From nothing, every tree is a continuation.
            let proven = verify_consistency(&old, &changed, &proof).is_ok();
            prop_assert_eq!(proven, old.size == 0);
        }
    }

    #[test]
    fn no_sizes_and_hashes_make_the_checks_panic(
        a: u64, b: u64, count in 0usize..80, byte: u8
    ) {
        let hash = Hash([byte; 32]);
        let proof = vec![hash; count];
        prop_assert!(verify_inclusion(&hash, a, b, &proof, &hash).is_err() || b == 1);
        let (old, new) = (TreeHead { size: a, root: hash }, TreeHead { size: b, root: hash });
        prop_assert!(verify_consistency(&old, &new, &proof).is_err() || a == b);
    }
}
