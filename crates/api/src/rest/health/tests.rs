use super::*;

#[test]
fn what_is_too_far_behind_is_not_current_but_for_proofs() {
    let current = |index, tiles| is_current(&BTreeMap::from([("index", index), (TILES, tiles)]));
    assert!(current(LAG_MAX, 0));
    assert!(!current(LAG_MAX + 1, 0));
    assert!(current(LAG_MAX, u64::MAX));
}
