//! Names of tiles and their widths.

use proptest::prelude::*;

use super::*;
use crate::testing::cases;

#[test]
fn paths_are_those_of_the_specification() {
    assert_eq!(TileId::hashes(0, 1_234_067, 256).path(), "tile/0/x001/x234/067");
    assert_eq!(TileId::hashes(0, 273, 112).path(), "tile/0/273.p/112");
    assert_eq!(TileId::entries(0, 256).path(), "tile/entries/000");
    assert_eq!(TileId::entries(1_000, 1).path(), "tile/entries/x001/000.p/1");
    assert_eq!(TileId::hashes(63, u64::MAX, 255).path().len(), 47);
}

#[test]
fn a_tree_of_seventy_thousand_has_the_tiles_of_the_specifications_example() {
    let tiles: Vec<TileId> = tiles_of(70_000).collect();
    let above: Vec<String> = tiles[273..].iter().map(TileId::path).collect();
    assert!(tiles[..273].iter().all(|tile| tile.level() == 0 && tile.is_full()));
    let expected = ["tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"];
    assert_eq!(above, expected);
    assert_eq!(bundles_of(70_000).count(), 274);
    assert_eq!(tiles_of(0).count(), 0);
}

#[test]
fn other_names_for_a_tile_are_refused() {
    let wrong = [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/data/000",
        "tile/8/0/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/001/001",
        "tile/0/x001",
        "tile/0/x001/x001",
        "tile/0/X001/001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000/",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/entries/000.p/1.p/1",
        "tile/0/000\n",
    ];
    for path in wrong {
        assert!(TileId::parse(path).is_err(), "{path:?}");
    }
}

#[test]
fn widths_end_with_the_tree() {
    assert_eq!(width_at(256, 0, 0), Some(256));
    assert_eq!(width_at(256, 0, 1), None);
    assert_eq!(width_at(256, 1, 0), Some(1));
    assert_eq!(width_at(255, 1, 0), None);
    assert_eq!(width_at(u64::MAX, 7, 0), Some(255));
    assert_eq!(width_at(u64::MAX, 8, 0), None);
    assert_eq!(width_at(1, 0, u64::MAX), None);
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn a_path_names_its_tile(level in 0u8..=63, index: u64, width in 1u16..=256, entries: bool) {
        let kind = if entries { TileKind::Entries } else { TileKind::Hashes { level } };
        let tile = TileId { kind, index, width };
        prop_assert_eq!(TileId::parse(&tile.path()), Ok(tile));
    }

    #[test]
    fn no_text_makes_the_reader_of_paths_panic(path in ".{0,80}", tail in "[0-9x/.p]{0,40}") {
        let _ = TileId::parse(&path);
        if let Ok(tile) = TileId::parse(&format!("tile/0/{tail}")) {
            prop_assert_eq!(tile.path(), format!("tile/0/{tail}"));
        }
    }

    #[test]
    fn hashes_of_a_tile_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let width = u16::try_from(bytes.len() / 32).unwrap();
        let read = decode_hashes(&bytes, width);
        prop_assert_eq!(read.is_some(), bytes.len().is_multiple_of(32));
        if let Some(hashes) = read {
            prop_assert_eq!(encode_hashes(&hashes), bytes);
        }
    }
}
