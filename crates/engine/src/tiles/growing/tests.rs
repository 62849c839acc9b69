use super::*;

fn leaf(position: u64) -> TreeLeaf {
    TreeLeaf { position: Position(position), digest: [position as u8; 32] }
}

fn leaves(from: u64, to: u64) -> Vec<TreeLeaf> {
    (from..to).map(leaf).collect()
}

fn grown(shard: &mut GrowingShard, from: u64, to: u64, marked: Option<Marked>) -> Signable {
    let (growth, signable) = shard.grow(leaves(from, to), Position(to), marked, false).unwrap();
    assert_eq!((growth.size_before, growth.shard.size), (from, to));
    assert_eq!(growth.shard.root, shard.tree.root().0);
    signable
}

/// The root over so many of the leaves.
fn marked(size: u64) -> Marked {
    let mut tree = GrowingShard::empty("2026".into());
    grown(&mut tree, 0, size, None);
    Marked { size, root: tree.tree.root() }
}

#[test]
fn growing_in_steps_gives_the_tree_that_growing_at_once_gives() {
    let mut steps = GrowingShard::empty("2026".into());
    let mut size = 0;
    for count in [1, 3, 252, 1, 255, 700] {
        let before = (size > 0).then(|| marked(size));
        assert_eq!(grown(&mut steps, size, size + count, before), Signable::Yes);
        size += count;
    }
    assert_eq!(steps.tree.root(), marked(size).root);
}

#[test]
fn a_tree_that_is_smaller_than_what_was_signed_waits_until_it_is_there_again() {
    let mut shard = GrowingShard::empty("2026".into());
    let signed = Some(marked(500));
    assert_eq!(grown(&mut shard, 0, 300, signed), Signable::NotYet);
    assert_eq!(grown(&mut shard, 300, 499, signed), Signable::NotYet);
    // It goes through the size that was signed, and is the same tree there.
    assert_eq!(grown(&mut shard, 499, 700, signed), Signable::Yes);
    assert_eq!(shard.tree.root(), marked(700).root);
}

#[test]
fn a_tree_that_reaches_exactly_what_was_signed_is_signed_again() {
    let mut shard = GrowingShard::empty("2026".into());
    assert_eq!(grown(&mut shard, 0, 500, Some(marked(500))), Signable::Yes);
}

#[test]
fn another_tree_of_a_size_that_was_signed_is_never_signed_nor_is_what_follows() {
    let fork = Marked { root: marked(499).root, ..marked(500) };
    let mut shard = GrowingShard::empty("2026".into());
    assert_eq!(grown(&mut shard, 0, 300, Some(fork)), Signable::NotYet);
    assert_eq!(grown(&mut shard, 300, 700, Some(fork)), Signable::Never { size: 500 });
    assert_eq!(grown(&mut shard, 700, 800, Some(fork)), Signable::Never { size: 500 });
}

#[test]
fn a_signed_tree_under_another_mark_of_its_size_is_a_fork() {
    let mut shard = GrowingShard::empty("2026".into());
    assert_eq!(grown(&mut shard, 0, 500, None), Signable::Yes);
    let fork = Marked { root: marked(499).root, ..marked(500) };
    assert_eq!(grown(&mut shard, 500, 501, Some(fork)), Signable::Never { size: 500 });
}

#[test]
fn only_rows_above_the_leaves_are_stored_each_as_long_as_it_is() {
    let mut shard = GrowingShard::empty("2026".into());
    let (growth, _) =
        shard.grow(leaves(0, 70_000), Position(70_000), Some(marked(300)), false).unwrap();
    let rows: Vec<(u8, u64, usize)> = growth
        .rows
        .iter()
        .map(|(level, number, hashes)| (*level, *number, hashes.len() / 32))
        .collect();
    // The worked example of C2SP tlog-tiles.
    assert_eq!(rows, [(1, 0, 256), (1, 1, 17), (2, 0, 1)]);
}

#[test]
fn years_begin_shards_and_a_clock_that_goes_back_does_not() {
    let new = |year, position| NewLeaf { year, leaf: leaf(position) };
    let events = vec![new(2026, 1), new(2027, 2), new(2026, 3), new(2029, 4)];
    let shards = by_shard(Some(2026), events.clone());
    let expected =
        vec![(2026, vec![leaf(1)]), (2027, vec![leaf(2), leaf(3)]), (2029, vec![leaf(4)])];
    assert_eq!(shards, expected);
    assert_eq!(by_shard(None, events), expected);
    assert_eq!(by_shard(Some(2028), vec![new(2026, 1)]), [(2028, vec![leaf(1)])]);
}

#[test]
fn the_link_commits_to_every_byte_of_the_checkpoint_before() {
    let one = link("log/2026\n5\nAAAA\n");
    assert_ne!(one.digest, link("log/2026\n6\nAAAA\n").digest);
    assert_eq!(one.position, Position::START);
}

#[test]
fn a_shard_that_a_later_one_commits_to_is_signed_again_as_it_was_and_never_larger() {
    let mut whole = GrowingShard::empty("2025".to_owned());
    let (growth, _) = whole.grow(leaves(0, 300), Position(300), None, false).unwrap();
    let marked = Some(Marked { size: 300, root: annals_tlog::Hash(growth.shard.root) });
    let mut shard = GrowingShard::empty("2025".to_owned());
    let mut sign = |from, to| shard.grow(leaves(from, to), Position(to), marked, true).unwrap().1;
    assert_eq!(sign(0, 100), Signable::NotYet);
    assert_eq!(sign(100, 300), Signable::Yes);
    assert_eq!(sign(300, 301), Signable::Never { size: 300 });
    let mut unknown = GrowingShard::empty("2025".to_owned());
    let (_, signable) = unknown.grow(leaves(0, 1), Position(1), None, true).unwrap();
    assert_eq!(signable, Signable::Never { size: 0 });
}
