use super::*;
use annals_ports::contract;

#[test]
fn the_trees_keep_their_contract() {
    let dir = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    contract::trees::run(|| {
        count.set(count.get() + 1);
        let own = dir.path().join(count.get().to_string());
        std::fs::create_dir(&own).unwrap();
        Box::new(SqliteTrees::open(&own).unwrap())
    });
}

#[test]
fn reopened_trees_keep_everything() {
    let dir = tempfile::tempdir().unwrap();
    contract::trees::reopening_keeps_everything(|| {
        Box::new(SqliteTrees::open(dir.path()).unwrap())
    });
}

#[test]
fn a_row_of_leaves_that_was_cut_short_is_told_and_not_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let trees = SqliteTrees::open(dir.path()).unwrap();
    trees
        .within("damage it", |all| {
            all.execute_batch(
                "INSERT INTO shards VALUES (1, '2026', 1, zeroblob(32), 1, '', NULL);
                 INSERT INTO leaves VALUES (1, 0, 1, zeroblob(7), zeroblob(28));",
            )
        })
        .unwrap();
    assert!(trees.leaves("2026", 0).is_err());
    assert!(trees.leaf_of(Position(1)).is_err());
}

#[test]
fn the_first_records_of_a_later_shard_are_found_beside_its_link() {
    let dir = tempfile::tempdir().unwrap();
    let trees = SqliteTrees::open(dir.path()).unwrap();
    let leaf = |position| TreeLeaf { position: Position(position), digest: [1; HASH] };
    let grow = |name: &str, positions: &[u64]| {
        let shard = TreeShard {
            name: name.into(),
            size: positions.len() as u64,
            root: [2; HASH],
            position: Position(positions[positions.len() - 1]),
            note: String::new(),
        };
        let leaves = positions.iter().map(|position| leaf(*position)).collect();
        trees.grow(&TreeGrowth { shard, size_before: 0, leaves, rows: Vec::new() }).unwrap();
    };
    grow("2026", &[1, 2, 3]);
    // The first belongs to no record: it commits to the shard before.
    grow("2027", &[0, 4, 5]);
    assert_eq!(trees.leaf_of(Position(3)).unwrap(), Some(("2026".into(), 2)));
    assert_eq!(trees.leaf_of(Position(4)).unwrap(), Some(("2027".into(), 1)));
    assert_eq!(trees.leaf_of(Position(5)).unwrap(), Some(("2027".into(), 2)));
}

#[test]
fn trees_of_the_first_version_are_kept_and_take_cosigned_checkpoints() {
    let dir = tempfile::tempdir().unwrap();
    let old = Format { version: 1, upgrades: &[], ..FORMAT };
    let connection = old.open(dir.path()).unwrap();
    connection
        .execute_batch("INSERT INTO shards VALUES (1, '2026', 0, zeroblob(32), 0, 'newest')")
        .unwrap();
    drop(connection);
    let trees = SqliteTrees::open(dir.path()).unwrap();
    let [shard] = trees.shards().unwrap().try_into().unwrap();
    assert_eq!((&*shard.name, &*shard.note), ("2026", "newest"));
    assert_eq!(trees.cosigned("2026").unwrap(), None);
    trees.keep_cosigned("2026", "cosigned").unwrap();
    assert_eq!(trees.cosigned("2026").unwrap().as_deref(), Some("cosigned"));
}
