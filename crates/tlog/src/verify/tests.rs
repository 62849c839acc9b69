//! A whole log is found whole, and whatever is done to it is found and named.

use super::*;
use crate::bundle::{decode_bundle, encode_bundle};
use crate::testing::{MemoryLog, Random, log_key, public};
use crate::tile::encode_hashes;
use crate::{TileId, leaf_hash};

fn findings(log: &MemoryLog) -> Vec<Finding> {
    let Ok(report) = verify_log(log, &public(&log_key()), &Demands::default());
    assert_eq!(report.is_whole(), report.findings.kept().is_empty());
    report.findings.kept().to_vec()
}

fn paths(log: &MemoryLog) -> Vec<String> {
    findings(log).into_iter().map(|finding| finding.path).collect()
}

/// Whether a finding names the file, or names it as the tile above or as what grew.
fn names(findings: &[Finding], path: &str) -> bool {
    let quoted = format!("`{path}`");
    findings.iter().any(|finding| finding.to_string().contains(&quoted))
}

#[test]
fn logs_of_all_kinds_of_size_are_whole() {
    for size in [0, 1, 2, 255, 256, 257, 511, 512, 1_025, 65_536, 66_000] {
        let log = MemoryLog::of_size(size);
        let Ok(report) = verify_log(&log, &public(&log_key()), &Demands::default());
        assert!(report.is_whole(), "size {size}: {:?}", report.findings);
        assert_eq!(report.entries, size);
        let tiles = crate::tile::tiles_of(size).count();
        assert_eq!(report.tiles, u64::try_from(tiles).unwrap());
        assert_eq!(report.checkpoint, Some(log.checkpoint()));
    }
}

#[test]
fn every_random_bit_flip_is_found_and_its_file_named() {
    let log = MemoryLog::of_size(1_500);
    let files: Vec<&String> = log.files.keys().collect();
    let sizes: Vec<u64> = log.files.values().map(|f| u64::try_from(f.len()).unwrap()).collect();
    let mut random = Random(42);
    for _ in 0..1_000 {
        // Files are chosen by their lengths, so that each bit of the log is as likely.
        let mut at = random.below(sizes.iter().sum());
        let place = sizes
            .iter()
            .position(|&size| {
                let here = at < size;
                if !here {
                    at -= size;
                }
                here
            })
            .unwrap();
        let mut changed = log.clone();
        let bytes = changed.files.get_mut(files[place]).unwrap();
        bytes[usize::try_from(at).unwrap()] ^= 1 << random.below(8);
        let found = findings(&changed);
        assert!(names(&found, files[place]), "{} at {at}: {found:?}", files[place]);
    }
}

#[test]
fn an_entry_that_was_changed_is_named_by_its_index() {
    let mut log = MemoryLog::of_size(600);
    log.files.get_mut("tile/entries/001").unwrap()[35 * 7 + 20] ^= 1;
    assert_eq!(
        findings(&log),
        [Finding {
            path: "tile/entries/001".to_owned(),
            difference: Difference::Entry { index: 263, count: 1 },
        }]
    );
}

#[test]
fn a_leaf_hash_that_was_changed_is_told_from_a_changed_entry() {
    let mut log = MemoryLog::of_size(600);
    log.files.get_mut("tile/0/001").unwrap()[7 * 32] ^= 1;
    assert_eq!(
        findings(&log),
        [Finding {
            path: "tile/0/001".to_owned(),
            difference: Difference::LeafHash { position: 7, index: 263, count: 1 },
        }]
    );
}

#[test]
fn missing_and_cut_files_are_named() {
    let log = MemoryLog::of_size(600);
    for path in log.files.keys() {
        let mut missing = log.clone();
        missing.files.remove(path);
        assert!(names(&findings(&missing), path), "{path} missing");
        let mut cut = log.clone();
        cut.files.get_mut(path).unwrap().pop();
        assert!(names(&findings(&cut), path), "{path} cut");
        let mut longer = log.clone();
        longer.files.get_mut(path).unwrap().push(0);
        assert!(names(&findings(&longer), path), "{path} longer");
    }
}

#[test]
fn entries_changed_together_with_their_tile_are_found_by_the_tile_above() {
    let mut log = MemoryLog::of_size(600);
    forge_entry(&mut log, 0, 3, b"forged");
    let found = findings(&log);
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].to_string(),
        "`tile/0/000` does not have the hash that `tile/1/000.p/2` holds at 0"
    );
}

#[test]
fn entries_changed_with_all_tiles_above_are_found_by_the_signed_root() {
    let mut log = MemoryLog::of_size(600);
    let hashes = forge_entry(&mut log, 0, 3, b"forged");
    let above = log.files.get_mut("tile/1/000.p/2").unwrap();
    above[..32].copy_from_slice(&crate::root_of(&hashes).0);
    let found = findings(&log);
    assert!(matches!(found[..], [Finding { difference: Difference::RootDiffers { .. }, .. }]));
    assert_eq!(found[0].path, CHECKPOINT_PATH);
}

/// Puts an entry in the place of another, and its hash into the tile.
fn forge_entry(log: &mut MemoryLog, tile: u64, place: usize, forged: &[u8]) -> Vec<crate::Hash> {
    let path = TileId::entries(tile, 256).path();
    let bundle = log.files[&path].clone();
    let mut entries = decode_bundle(&bundle, 256).unwrap();
    entries[place] = forged;
    let hashes: Vec<crate::Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    log.files.insert(path, encode_bundle(&entries).unwrap());
    log.files.insert(TileId::hashes(0, tile, 256).path(), encode_hashes(&hashes));
    hashes
}

#[test]
fn deleted_swapped_doubled_and_inserted_entries_are_found() {
    let log = MemoryLog::of_size(600);
    let mut random = Random(3);
    for case in 0..200 {
        let mut changed = log.clone();
        let path = TileId::entries(random.below(2), 256).path();
        let bundle = log.files[&path].clone();
        let mut entries = decode_bundle(&bundle, 256).unwrap();
        let (a, b) = (random.below(255), random.below(255));
        let (a, b) = (usize::try_from(a).unwrap(), usize::try_from(a.max(b) + 1).unwrap());
        match case % 4 {
            0 => drop(entries.remove(a)),
            1 => entries.swap(a, b),
            2 => entries[b] = entries[a],
            _ => entries.insert(a, b"inserted"),
        }
        let mut bytes = Vec::new();
        entries.iter().for_each(|entry| crate::bundle::push_entry(&mut bytes, entry).unwrap());
        changed.files.insert(path.clone(), bytes);
        assert!(names(&findings(&changed), &path), "case {case}");
    }
}

#[test]
fn a_checkpoint_of_another_size_or_key_is_found() {
    let log = MemoryLog::of_size(600);
    let mut rolled_back = log.clone();
    rolled_back
        .files
        .insert(CHECKPOINT_PATH.to_owned(), MemoryLog::of_size(500).files[CHECKPOINT_PATH].clone());
    // The partial tiles of 600 leaves are beyond the tree of 500, whose own are missing.
    let found = findings(&rolled_back);
    assert!(names(&found, "tile/0/001.p/244") && names(&found, "tile/0/002.p/88"));

    let mut other = log.clone();
    let key = crate::SigningKey::from_seed("other", crate::Algorithm::Note, &[1; 32]).unwrap();
    let checkpoint = Checkpoint { origin: "other".to_owned(), ..log.checkpoint() };
    let note = checkpoint.sign(&[&key]).unwrap().note.to_string();
    other.files.insert(CHECKPOINT_PATH.to_owned(), note.into_bytes());
    let Ok(report) = verify_log(&other, &public(&log_key()), &Demands::default());
    assert_eq!(report.checkpoint, None);
    assert_eq!(paths(&other), [CHECKPOINT_PATH]);
}

#[test]
fn findings_beyond_the_limit_are_counted() {
    let mut log = MemoryLog::of_size(2_000);
    log.files.retain(|path, _| path == CHECKPOINT_PATH);
    let demands = Demands { findings_max: 3, ..Demands::default() };
    let Ok(report) = verify_log(&log, &public(&log_key()), &demands);
    assert_eq!(report.findings.kept().len(), 3);
    assert_eq!(report.findings.left_out(), 8 + 8 + 1 - 3);
    assert!(!report.is_whole());
}
