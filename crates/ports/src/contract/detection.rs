//! What every [`DetectionStore`] keeps to.

use annals_domain::Position;
use annals_domain::detection::SavedRule;

use crate::detection::{DetectionStore, SavedDetection};

/// Runs the whole suite; `make` gives an empty store.
pub fn run(make: impl Fn() -> Box<dyn DetectionStore>) {
    an_empty_store_has_nothing(&*make());
    rules_that_are_not_named_stay(&*make());
    a_rule_with_an_empty_state_goes(&*make());
    a_cleared_store_has_nothing(&*make());
}

/// Checks that closing and opening again keeps everything. `open` first drops whatever it opened before.
pub fn reopening_keeps_everything(open: impl Fn() -> Box<dyn DetectionStore>) {
    let store = open();
    save(&*store, 7, &[("a", "1"), ("b", "2")]);
    let before = load(&*store);
    assert!(before.is_some());
    drop(store);
    assert_eq!(load(&*open()), before);
}

fn an_empty_store_has_nothing(store: &dyn DetectionStore) {
    assert_eq!(load(store), None);
    save(store, 0, &[]);
    assert_eq!(load(store), Some(saved(0, &[])), "the first save counts, also without rules");
}

fn rules_that_are_not_named_stay(store: &dyn DetectionStore) {
    save(store, 3, &[("a", "1"), ("b", "2")]);
    save(store, 9, &[("b", "3"), ("c", "4")]);
    assert_eq!(load(store), Some(saved(9, &[("a", "1"), ("b", "3"), ("c", "4")])));
}

fn a_rule_with_an_empty_state_goes(store: &dyn DetectionStore) {
    save(store, 3, &[("a", "1"), ("b", "2")]);
    save(store, 4, &[("a", ""), ("never-there", "")]);
    assert_eq!(load(store), Some(saved(4, &[("b", "2")])));
}

fn a_cleared_store_has_nothing(store: &dyn DetectionStore) {
    save(store, 3, &[("a", "1")]);
    store.clear().expect("the store works");
    an_empty_store_has_nothing(store);
}

fn saved(position: u64, rules: &[(&str, &str)]) -> SavedDetection {
    let rule = |(rule, state): &(&str, &str)| SavedRule {
        rule: (*rule).to_owned(),
        state: state.as_bytes().to_vec(),
    };
    SavedDetection {
        position: Position(position),
        silent_until: Position(position / 2),
        rules: rules.iter().map(rule).collect(),
    }
}

fn save(store: &dyn DetectionStore, position: u64, rules: &[(&str, &str)]) {
    store.save(&saved(position, rules)).expect("the store works");
}

/// By name, for stores may give them in any order.
fn load(store: &dyn DetectionStore) -> Option<SavedDetection> {
    let mut saved = store.load().expect("the store works")?;
    saved.rules.sort_by(|a, b| a.rule.cmp(&b.rule));
    Some(saved)
}
