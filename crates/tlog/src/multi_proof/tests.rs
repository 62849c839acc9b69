//! One proof for many entries proves these, and nothing else.

use super::*;
use crate::hash::root_of;
use crate::proof::inclusion_proof;
use crate::testing::{MemoryLog, Random, leaves};

fn chosen(all: &[Hash], indexes: &[u64]) -> Vec<(u64, Hash)> {
    indexes.iter().map(|index| (*index, all[usize::try_from(*index).unwrap()])).collect()
}

#[test]
fn every_choice_of_entries_of_every_small_tree_is_proven() {
    for size in 1..=9_u64 {
        let (log, all) = (MemoryLog::of_size(size), leaves(size));
        let root = root_of(&all);
        for choice in 1..1_u64 << size {
            let indexes: Vec<u64> = (0..size).filter(|bit| choice >> bit & 1 == 1).collect();
            let proof = multi_proof(&indexes, size, &log).unwrap();
            verify_multi(&chosen(&all, &indexes), size, &proof, &root).unwrap();
        }
    }
}

#[test]
fn one_entry_needs_the_hashes_of_its_audit_path() {
    let log = MemoryLog::of_size(70_000);
    for index in [0, 255, 256, 69_999] {
        let mut together = multi_proof(&[index], 70_000, &log).unwrap();
        let mut path = inclusion_proof(index, 70_000, &log).unwrap();
        together.sort();
        path.sort();
        assert_eq!(together, path);
    }
}

#[test]
fn neighbours_share_their_hashes() {
    let log = MemoryLog::of_size(70_000);
    let indexes: Vec<u64> = (1000..2000).collect();
    let proof = multi_proof(&indexes, 70_000, &log).unwrap();
    assert!(proof.len() < 34, "{} hashes for a thousand neighbours", proof.len());
}

#[test]
fn what_was_changed_is_not_proven() {
    let (size, all) = (1000, leaves(1000));
    let (log, root) = (MemoryLog::of_size(size), root_of(&all));
    let mut random = Random(7);
    for _ in 0..200 {
        let mut indexes: Vec<u64> = (0..1 + random.below(20)).map(|_| random.below(size)).collect();
        indexes.sort_unstable();
        indexes.dedup();
        let proof = multi_proof(&indexes, size, &log).unwrap();
        let right = chosen(&all, &indexes);
        verify_multi(&right, size, &proof, &root).unwrap();
        let place = random.below(right.len() as u64) as usize;
        let mut other = right.clone();
        other[place].1.0[5] ^= 1;
        assert!(verify_multi(&other, size, &proof, &root).is_err(), "another leaf");
        let mut other = right.clone();
        other[place].0 += 1;
        assert!(verify_multi(&other, size, &proof, &root).is_err(), "another place");
        assert!(verify_multi(&right[1..], size, &proof, &root).is_err(), "one leaf less");
        let place = random.below(proof.len() as u64) as usize;
        let mut other = proof.clone();
        other[place].0[9] ^= 1;
        assert!(verify_multi(&right, size, &other, &root).is_err(), "another hash");
        let mut other = proof.clone();
        other.push(root);
        assert!(verify_multi(&right, size, &other, &root).is_err(), "a hash too many");
        assert!(verify_multi(&right, size, &proof[1..], &root).is_err(), "a hash too few");
    }
}

#[test]
fn places_that_are_not_in_the_tree_or_do_not_rise_are_refused() {
    let (log, all) = (MemoryLog::of_size(8), leaves(8));
    let root = root_of(&all);
    for indexes in [&[][..], &[8], &[3, 3], &[4, 2]] {
        assert!(multi_proof(indexes, 8, &log).is_err());
        let leaves: Vec<(u64, Hash)> = indexes.iter().map(|index| (*index, all[0])).collect();
        assert!(verify_multi(&leaves, 8, &[], &root).is_err());
    }
}
