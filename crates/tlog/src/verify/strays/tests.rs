//! Files the tree does not need are checked all the same.

use super::*;
use crate::testing::{MemoryLog, log_key, public};
use crate::verify::{Demands, Finding, verify_log};

/// A log that published the sizes 100, 300 and 600, with the partial tiles of each.
fn grown() -> MemoryLog {
    let mut log = MemoryLog::default();
    [100, 300, 600].into_iter().for_each(|size| log.grow(size));
    log.publish();
    log
}

fn findings(log: &MemoryLog, published: Option<&[u64]>) -> Vec<Finding> {
    let published = published.map(|sizes| sizes.iter().copied().collect());
    let demands = Demands { published, ..Demands::default() };
    let Ok(report) = verify_log(log, &public(&log_key()), &demands);
    report.findings.kept().to_vec()
}

#[test]
fn partial_tiles_of_earlier_sizes_are_no_findings() {
    let log = grown();
    assert!(log.files.contains_key("tile/0/000.p/100") && log.files.contains_key("tile/1/000.p/1"));
    assert_eq!(findings(&log, None), []);
    assert_eq!(findings(&log, Some(&[100, 300, 600])), []);
}

#[test]
fn a_changed_partial_tile_of_an_earlier_size_is_named() {
    let log = grown();
    let strays = [
        "tile/0/000.p/100",
        "tile/entries/000.p/100",
        "tile/0/001.p/44",
        "tile/entries/001.p/44",
        "tile/1/000.p/1",
    ];
    for path in strays {
        let mut changed = log.clone();
        let bytes = changed.files.get_mut(path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        let found = findings(&changed, None);
        assert_eq!(found.len(), 1, "{path}: {found:?}");
        assert_eq!(found[0].path, path);
        assert!(matches!(found[0].difference, Difference::DiffersFromGrown { .. }));
        changed.files.get_mut(path).unwrap().pop();
        let found = findings(&changed, None);
        assert_eq!(found[0].path, path);
        assert!(matches!(found[0].difference, Difference::Length { .. } | Difference::Bundle(_)));
    }
}

#[test]
fn a_partial_tile_of_a_size_that_was_never_published_is_found() {
    let log = grown();
    let found = findings(&log, Some(&[300, 600]));
    let paths: Vec<&str> = found.iter().map(|finding| finding.path.as_str()).collect();
    assert_eq!(paths, ["tile/0/000.p/100", "tile/entries/000.p/100"]);
    assert!(found.iter().all(|finding| finding.difference == Difference::NeverPublished));
}

#[test]
fn what_lies_beyond_the_tree_or_is_no_tile_is_found() {
    for (path, beyond) in [
        ("tile/0/002", true),
        ("tile/0/002.p/200", true),
        ("tile/0/003.p/1", true),
        ("tile/2/000.p/1", true),
        ("tile/entries/x001/000", true),
        ("tile/63/000.p/1", true),
        ("tile/0/0", false),
        ("tile/data/000", false),
        ("checkpoint.old", false),
        ("notes.txt", false),
    ] {
        let mut log = grown();
        log.files.insert(path.to_owned(), vec![0; 32]);
        let difference =
            if beyond { Difference::BeyondTree { size: 600 } } else { Difference::Unexpected };
        assert_eq!(findings(&log, None), [Finding { path: path.to_owned(), difference }]);
    }
}

#[test]
fn only_the_sizes_between_two_hashes_have_a_partial_tile() {
    let sizes = BTreeSet::from([100, 70_000]);
    assert!(is_of_some_size(TileId::hashes(0, 0, 100), &sizes));
    assert!(!is_of_some_size(TileId::hashes(0, 0, 99), &sizes));
    assert!(is_of_some_size(TileId::hashes(0, 273, 112), &sizes));
    assert!(is_of_some_size(TileId::hashes(1, 1, 17), &sizes));
    assert!(!is_of_some_size(TileId::hashes(1, 1, 16), &sizes));
    assert!(is_of_some_size(TileId::hashes(2, 0, 1), &sizes));
}
