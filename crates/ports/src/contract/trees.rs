//! What every [`TreeStore`] keeps to.

use annals_domain::Position;

use crate::trees::{ROW_WIDTH, TreeGrowth, TreeLeaf, TreeShard, TreeStore};

/// Runs the whole suite; `make` gives an empty store.
pub fn run(make: impl Fn() -> Box<dyn TreeStore>) {
    an_empty_store_has_nothing(&*make());
    leaves_lie_in_rows_in_their_order(&*make());
    a_row_of_hashes_is_replaced_by_a_longer_one(&*make());
    growth_that_begins_elsewhere_is_refused_and_changes_nothing(&*make());
    shards_are_kept_apart_and_in_order(&*make());
    a_note_is_replaced_only_at_its_size(&*make());
    what_was_cosigned_outlasts_growth(&*make());
    a_cleared_store_begins_anew(&*make());
}

/// Checks that closing and opening again keeps everything. `open` first drops whatever it opened before.
pub fn reopening_keeps_everything(open: impl Fn() -> Box<dyn TreeStore>) {
    let store = open();
    grow(&*store, "2026", 0, 300);
    let shards = store.shards().expect("the store works");
    drop(store);
    let store = open();
    assert_eq!(store.shards().expect("the store works"), shards);
    assert_eq!(row(&*store, "2026", 1).len(), 44);
    grow(&*store, "2026", 300, 1);
    assert_eq!(row(&*store, "2026", 1).len(), 45);
}

fn an_empty_store_has_nothing(store: &dyn TreeStore) {
    assert!(store.shards().expect("the store works").is_empty());
    assert_eq!(store.leaves("2026", 0).expect("the store works"), None);
    assert_eq!(store.hashes("2026", 1, 0).expect("the store works"), None);
    assert_eq!(store.leaf_of(Position(1)).expect("the store works"), None);
}

fn leaves_lie_in_rows_in_their_order(store: &dyn TreeStore) {
    // Over the end of a row, to the end of one, and beyond.
    let mut size = 0;
    for count in [1, 254, 2, 255, 1, 700] {
        grow(store, "2026", size, count);
        size += count;
    }
    for number in 0..size.div_ceil(ROW_WIDTH) {
        let first = number * ROW_WIDTH;
        let expected: Vec<TreeLeaf> =
            (first..(first + ROW_WIDTH).min(size)).map(|index| leaf("2026", index)).collect();
        assert_eq!(row(store, "2026", number), expected, "row {number}");
    }
    assert_eq!(store.leaves("2026", size.div_ceil(ROW_WIDTH)).expect("the store works"), None);
    for index in [0, 1, 255, 256, 511, 512, size - 1] {
        let found = store.leaf_of(leaf("2026", index).position).expect("the store works");
        assert_eq!(found, Some(("2026".to_owned(), index)));
    }
    // Between two records, and behind the last, there is none.
    let beside = Position(leaf("2026", 3).position.0 + 1);
    assert_eq!(store.leaf_of(beside).expect("the store works"), None);
    let behind = Position(leaf("2026", size).position.0);
    assert_eq!(store.leaf_of(behind).expect("the store works"), None);
}

fn a_row_of_hashes_is_replaced_by_a_longer_one(store: &dyn TreeStore) {
    let mut growth = growth("2026", 0, 1);
    growth.rows = vec![(1, 0, vec![1; 32]), (2, 7, vec![2; 64])];
    assert!(store.grow(&growth).expect("the store works"));
    let mut growth = self::growth("2026", 1, 1);
    growth.rows = vec![(1, 0, vec![3; 64])];
    assert!(store.grow(&growth).expect("the store works"));
    assert_eq!(store.hashes("2026", 1, 0).expect("the store works"), Some(vec![3; 64]));
    assert_eq!(store.hashes("2026", 2, 7).expect("the store works"), Some(vec![2; 64]));
    assert_eq!(store.hashes("2026", 1, 1).expect("the store works"), None);
}

fn growth_that_begins_elsewhere_is_refused_and_changes_nothing(store: &dyn TreeStore) {
    grow(store, "2026", 0, 5);
    let before = store.shards().expect("the store works");
    for size_before in [0, 4, 6] {
        assert!(!store.grow(&growth("2026", size_before, 3)).expect("the store works"));
    }
    assert!(!store.grow(&growth("2027", 1, 3)).expect("the store works"));
    assert_eq!(store.shards().expect("the store works"), before);
    assert_eq!(row(store, "2026", 0).len(), 5);
}

fn shards_are_kept_apart_and_in_order(store: &dyn TreeStore) {
    for shard in ["2026", "2027", "2028"] {
        grow(store, shard, 0, 3);
    }
    let names: Vec<String> =
        store.shards().expect("the store works").into_iter().map(|shard| shard.name).collect();
    assert_eq!(names, ["2026", "2027", "2028"]);
    assert_eq!(row(store, "2027", 0), [0, 1, 2].map(|index| leaf("2027", index)));
    let found = store.leaf_of(leaf("2027", 1).position).expect("the store works");
    assert_eq!(found, Some(("2027".to_owned(), 1)));
}

fn a_note_is_replaced_only_at_its_size(store: &dyn TreeStore) {
    grow(store, "2026", 0, 3);
    assert!(!store.replace_note("2026", 2, "older").expect("the store works"));
    assert!(!store.replace_note("2027", 3, "elsewhere").expect("the store works"));
    assert!(store.replace_note("2026", 3, "cosigned").expect("the store works"));
    assert_eq!(store.shards().expect("the store works")[0].note, "cosigned");
}

fn what_was_cosigned_outlasts_growth(store: &dyn TreeStore) {
    store.keep_cosigned("2026", "of no shard").expect("the store works");
    assert_eq!(store.cosigned("2026").expect("the store works"), None);
    grow(store, "2026", 0, 3);
    assert_eq!(store.cosigned("2026").expect("the store works"), None);
    for note in ["cosigned at 2", "cosigned at 3"] {
        store.keep_cosigned("2026", note).expect("the store works");
    }
    grow(store, "2026", 3, 1);
    grow(store, "2027", 0, 1);
    assert_eq!(store.cosigned("2026").expect("the store works").as_deref(), Some("cosigned at 3"));
    assert_eq!(store.cosigned("2027").expect("the store works"), None);
    assert_eq!(store.shards().expect("the store works")[0].note, "checkpoint of 4");
}

fn a_cleared_store_begins_anew(store: &dyn TreeStore) {
    grow(store, "2026", 0, 300);
    store.clear().expect("the store works");
    an_empty_store_has_nothing(store);
    grow(store, "2026", 0, 2);
    assert_eq!(row(store, "2026", 0).len(), 2);
}

fn grow(store: &dyn TreeStore, shard: &str, size_before: u64, count: u64) {
    let grown = store.grow(&growth(shard, size_before, count)).expect("the store works");
    assert!(grown, "{shard} grows from {size_before}");
}

fn growth(shard: &str, size_before: u64, count: u64) -> TreeGrowth {
    let size = size_before + count;
    TreeGrowth {
        shard: TreeShard {
            name: shard.to_owned(),
            size,
            root: [size as u8; 32],
            position: leaf(shard, size - 1).position,
            note: format!("checkpoint of {size}"),
        },
        size_before,
        leaves: (size_before..size).map(|index| leaf(shard, index)).collect(),
        rows: Vec::new(),
    }
}

/// Positions rise by two, and from shard to shard.
fn leaf(shard: &str, index: u64) -> TreeLeaf {
    let year: u64 = shard.parse().expect("a year");
    let position = Position((year << 32) + 2 * index);
    TreeLeaf { position, digest: [(index % 251) as u8; 32] }
}

fn row(store: &dyn TreeStore, shard: &str, number: u64) -> Vec<TreeLeaf> {
    store.leaves(shard, number).expect("the store works").expect("the row is there")
}
